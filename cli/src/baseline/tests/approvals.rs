//! What somebody decides.

use super::*;
use signature_continuity::baseline::Origin;

fn approval() -> Approval {
    Approval {
        by: "ada".to_owned(),
        reason: "TICKET-1".to_owned(),
        at: now(),
    }
}

#[test]
fn an_approval_adds_a_signer_and_revives_a_retired_one() {
    let before = established();
    let newcomer = signer_of(&stranger());
    let after = approve(&before, &newcomer, false, &approval());
    assert_eq!(
        (after.signers.len(), after.generation),
        (2, before.generation + 1)
    );
    let ended = retire(&after, &newcomer.id(), &approval()).unwrap();
    assert_eq!(ended.known().count(), 1);
    assert_eq!(retire(&ended, &newcomer.id(), &approval()), None);
    let revived = approve(&ended, &newcomer, true, &approval());
    let record = revived.record(&newcomer.id()).unwrap();
    assert!(record.alone && record.retired.is_none());
    assert!(matches!(record.origin, Origin::Approved { .. }));
    let [end] = revived.revived.as_slice() else {
        panic!("{:?}", revived.revived);
    };
    assert_eq!((&end.id, &end.retired.by), (&newcomer.id(), &approval().by));
    // As every part of a baseline it survives being written.
    let json = serde_json::to_string(&revived).unwrap();
    assert_eq!(Baseline::from_json(&json, &repository()), Ok(revived));
}

#[test]
fn an_approval_can_begin_a_baseline_that_only_time_establishes() {
    let signer = signer_of(&release());
    let before = approved_anew(repository(), &signer, true, &approval());
    assert_eq!((before.generation, before.established), (1, None));
    let (after, _) = learned(learn(Some(&before), &[], now() + DAY));
    assert_eq!(after.established, Some(now() + DAY));
}

#[test]
fn one_digest_is_allowed_for_a_while() {
    let after = allow(&established(), &digest("v3"), now() + DAY, &approval());
    assert!(after.allowed(&digest("v3"), now()).is_some());
    assert!(after.allowed(&digest("v3"), now() + DAY).is_none());
    // It stays on the record for a month.
    let (later, _) = learned(learn(Some(&after), &[], now() + DAY * 32));
    assert_eq!(later.allowed, []);
}

//! What is only declared, and does not run.

use super::*;
use signature_continuity::baseline::Origin;
use signature_continuity::settings::Settings;

#[test]
fn it_begins_nothing() {
    let seen = image("v1", &[by(release())]);
    let sights = [declared(&seen).unwrap()];
    assert_eq!(
        learn_sights(None, &sights, now(), None),
        UpdateResult::Nothing("what does not run teaches nothing")
    );
}

#[test]
fn it_adds_nobody_whoever_introduces_whom() {
    let before = first();
    let word = by(release()).introducing(id(&third()));
    for seen in [
        image("v2", &[by(stranger())]),
        image("v2", &[word.clone(), by(third())]),
        image("v2", &[by(release()), by(stranger()).at(now() - DAY)]),
    ] {
        let sights = [declared(&seen).unwrap()];
        let after = match learn_sights(Some(&before), &sights, now(), None) {
            UpdateResult::Learned { baseline, .. } => *baseline,
            UpdateResult::Unchanged | UpdateResult::Nothing(_) => before.clone(),
        };
        assert_eq!(signers(&after), [id(&release())]);
        assert_eq!(after.candidates, []);
    }
    // Where it runs, the same word counts.
    let (after, _) = learned(learn(
        Some(&before),
        &[image("v2", &[word, by(third())])],
        now(),
    ));
    assert!(matches!(
        after.record(&id(&third())).unwrap().origin,
        Origin::Introduced(_)
    ));
}

#[test]
fn by_a_known_signer_it_is_verified_and_teaches_no_provenance() {
    let mut before = first();
    before.provenance = Default::default();
    let seen = image("v2", &[by(release())]);
    let sights = [declared(&seen).unwrap()];
    let (after, news) = learned(learn_sights(
        Some(&before),
        &sights,
        now() + TimeDelta::hours(1),
        None,
    ));
    assert!(after.verified(&digest("v2")).is_some());
    assert_eq!(news, [BaselineEvent::Verified(digest("v2"))]);
    assert_eq!(after.provenance, before.provenance);
    assert_eq!((after.signers[0].digests, after.established), (2, None));
    // Running, it does.
    let (after, _) = learned(learn(Some(&before), &[seen], now()));
    assert_ne!(after.provenance, before.provenance);
}

#[test]
fn the_first_digest_of_an_approved_signer_that_runs_teaches_where_it_was_built() {
    let approval = Approval {
        by: "ada".to_owned(),
        reason: "TICKET-1".to_owned(),
        at: now() + DAY,
    };
    let mut before = approve(&established(), &signer_of(&branch(1)), true, &approval);
    before.provenance = Default::default();
    let seen = image("v7", &[by(branch(1))]);
    let sights = [declared(&seen).unwrap()];
    let (ahead, _) = learned(learn_sights(Some(&before), &sights, now() + DAY, None));
    assert_eq!(ahead.provenance, before.provenance);
    let (after, _) = learned(learn(Some(&ahead), &[seen], now() + DAY));
    assert_ne!(after.provenance, before.provenance);
    assert_eq!(after.record(&id(&branch(1))).unwrap().digests, 1);
}

/// Whoever signed it, and whether or not it would be the first: what does not run says nothing of where a signer builds.
#[test]
fn a_release_to_come_teaches_no_provenance() {
    let approval = Approval {
        by: "ada".to_owned(),
        reason: "TICKET-1".to_owned(),
        at: now() + DAY,
    };
    let elsewhere = || release().with_extension(11, "self-hosted");
    for (mut before, signer) in [
        // An established baseline, a cold one, and one whose signer was approved and never ran.
        (established(), elsewhere()),
        (first(), elsewhere()),
        (
            approve(&established(), &signer_of(&branch(1)), true, &approval),
            branch(1),
        ),
    ] {
        for known in [before.provenance.clone(), Default::default()] {
            before.provenance = known.clone();
            let seen = image("v7", &[by(signer.clone())]);
            let sights = [declared(&seen).unwrap()];
            let (after, news) = learned(ahead(
                Some(&before),
                &sights,
                &Settings::default(),
                now() + DAY,
            ));
            assert_eq!(news, [BaselineEvent::Verified(digest("v7"))]);
            assert_eq!(after.provenance, known);
        }
    }
}

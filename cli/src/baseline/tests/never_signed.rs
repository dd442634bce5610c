//! Repositories that were seen running and never signed.

use super::*;
use crate::observation::ObservedImage;
use signature_continuity::posture::Rank;

fn before() -> Baseline {
    Baseline::new(repository(), Rank::Unsigned, now())
}

#[test]
fn the_first_signature_begins_it_and_its_clock() {
    let late = now() + DAY * 40;
    let signed = [image("v1", &[by(release())])];
    let (after, news) = learned(learn(Some(&before()), &signed, late));
    assert_eq!(signers(&after), [id(&release())]);
    assert_eq!((after.first_seen, after.established), (late, None));
    assert_eq!((after.rank, after.generation), (Rank::Keyless, 1));
    assert_eq!(news[0], BaselineEvent::Repository);
    let (after, _) = learned(learn(Some(&after), &signed, late + DAY));
    assert_eq!(after.established, Some(late + DAY));
}

#[test]
fn no_past_establishes_it() {
    let past: Vec<ObservedImage> = [0, 20, 40]
        .map(|n| image(&format!("r{n}"), &[by(release()).at(now() + DAY * n)]))
        .into();
    let late = now() + DAY * 41;
    let lesson = learn_with(Some(&before()), &[past[2].clone()], late, Some(&past));
    let (after, _) = learned(lesson);
    assert_eq!(after.established, None);
    assert_eq!(after.unsigned_until, Some(late));
    // Nor later.
    let lesson = learn_with(Some(&after), &[past[2].clone()], late, Some(&past));
    assert_eq!(lesson, UpdateResult::Unchanged);
    // One that is new is.
    let lesson = learn_with(None, &[past[2].clone()], late, Some(&past));
    assert_eq!(learned(lesson).0.established, Some(late));
}

#[test]
fn what_proves_nobody_leaves_it_as_it_is() {
    for seen in [
        unproven("v1", Posture::Unsigned),
        unproven("v1", Posture::Unverifiable),
        image("v1", &[by(release()).elsewhere()]),
    ] {
        let late = now() + DAY * 40;
        assert_eq!(
            learn(Some(&before()), &[seen], late),
            UpdateResult::Unchanged
        );
    }
    let seen = image("v1", &[by(release())]);
    let sights = [declared(&seen).unwrap()];
    let lesson = learn_sights(Some(&before()), &sights, now(), None);
    assert_eq!(lesson, UpdateResult::Unchanged);
}

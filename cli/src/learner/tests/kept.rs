//! What is kept of a run, and what one object's refusal costs.

use super::super::outcome::MOST_SHOWN;
use super::*;
use crate::inventory::LeftOut;

fn state(shelf: &Shelf) -> LearnerState {
    shelf.state().unwrap().unwrap()
}

#[test]
fn a_run_that_found_nothing_out_is_none() {
    let shelf = Shelf::default();
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    run(&shelf, &observer, &["v1"]);
    let silent = shown(&[("v1", unproven("v1", Posture::Unknown))]);
    let later = now() + TimeDelta::days(3);
    let outcome = run_at(&shelf, &silent, &["v1"], Options::default(), later);
    assert!(outcome.is_blind());
    assert_eq!(state(&shelf).state.last_run, now());
    run_at(&shelf, &observer, &["v1"], Options::default(), later);
    assert_eq!(state(&shelf).state.last_run, later);
}

#[test]
fn drift_is_kept_until_a_run_finds_none() {
    let shelf = Shelf::default();
    let observer = shown(&[
        ("v1", image("v1", &[by(release())])),
        ("v2", image("v2", &[by(stranger())])),
    ]);
    run(&shelf, &observer, &["v1"]);
    assert_eq!(state(&shelf).found.map(|found| found.drifting), Some(0));
    run(&shelf, &observer, &["v2"]);
    let found = state(&shelf).found.unwrap();
    assert_eq!(found.drifting, 1);
    assert_eq!(found.images[0].image, format!("{API}:v2"));
    assert!(found.images[0].drift.contains("signer"), "{found:?}");
    // A part that does not look at it does not say that it is gone.
    let part = Options {
        share: Share::Part,
        ..Options::default()
    };
    run_at(&shelf, &observer, &["v1"], part, now());
    assert_eq!(state(&shelf).found.map(|found| found.drifting), Some(1));
    run(&shelf, &observer, &["v1"]);
    assert_eq!(state(&shelf).found.map(|found| found.drifting), Some(0));
}

#[test]
fn objects_that_refuse_are_each_told_and_the_rest_goes_on() {
    let shelf = Shelf::default();
    let mut observer = shown(&[]);
    let mut images = Vec::new();
    for n in 0..15 {
        let spelled = format!("ghcr.io/acme/a{n}:v1");
        observer
            .images
            .insert(spelled.clone(), image("v1", &[by(release())]));
        images.push(Image {
            reference: spelled.parse(),
            spelled,
            ..running(&["v1"]).remove(0)
        });
    }
    shelf.refusing.store(12, Ordering::SeqCst);
    let outcome = run_images(&shelf, &observer, images, Options::default(), now());
    assert_eq!(outcome.failures.len(), 12, "{:?}", outcome.failures);
    assert_eq!((outcome.begun, outcome.images), (3, 15));
}

#[test]
fn what_there_is_no_room_for_is_counted_and_its_drift_too() {
    let shelf = Shelf::default();
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    let outcome = run(&shelf, &observer, &["v1"]);
    let entry = outcome.entries[0].clone();
    let mut strange = entry.clone();
    strange.found = Err("no way in".to_owned());
    let mut many = Outcome::default();
    many.take(vec![entry; MOST_SHOWN - 1]);
    assert_eq!(many.left_out(), LeftOut::default());
    many.take(vec![strange; 3]);
    let expected = LeftOut {
        unreached: 0,
        unlisted: 2,
        unlisted_drifting: 2,
    };
    assert_eq!((many.images, many.left_out()), (MOST_SHOWN + 2, expected));
    assert!(many.has_drift());
}

#[test]
fn digests_are_kept_of_what_would_change_and_not_of_what_did() {
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    for dry_run in [true, false] {
        let shelf = Shelf::default();
        let options = Options {
            dry_run,
            ..Options::default()
        };
        let outcome = run_at(&shelf, &observer, &["v1"], options, now());
        assert_eq!(outcome.changes[0].after.verified.is_empty(), !dry_run);
        assert_eq!(outcome.changes[0].after.generation, 1);
    }
}

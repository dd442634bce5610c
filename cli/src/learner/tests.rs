//! The learner on a store in memory.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod kept;
mod time;
mod unseen;
mod world;

use super::*;
use crate::baseline::tests::make::{by, digest, image, now, release, stranger, unproven};
use crate::baseline::{Approval, retire};
use crate::observation::ObservedImage;
use crate::store::LearnerState;
use chrono::TimeDelta;
use signature_continuity::drift::Drift;
use signature_continuity::posture::Posture;
use std::collections::BTreeSet;
use std::sync::atomic::AtomicUsize;
use world::{API, Shelf, run, run_at, run_images, running, shown};

#[test]
fn what_runs_is_learned_and_the_state_is_written() {
    let shelf = Shelf::default();
    let observer = shown(&[
        ("v1", image("v1", &[by(release())])),
        ("v0", unproven("v0", Posture::Unsigned)),
    ]);
    let outcome = run(&shelf, &observer, &["v1", "v0"]);
    assert_eq!((outcome.begun, outcome.images), (1, 2));
    assert!(!outcome.has_drift());
    assert_eq!(shelf.baseline().generation, 1);
    let state = shelf.state().unwrap().unwrap();
    assert_eq!((state.state.baselines, state.state.last_run), (1, now()));
}

#[test]
fn nothing_changed_means_nothing_written() {
    let shelf = Shelf::default();
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    run(&shelf, &observer, &["v1"]);
    let outcome = run(&shelf, &observer, &["v1"]);
    assert_eq!(outcome.changes, []);
    assert_eq!(shelf.writes.load(Ordering::SeqCst), 1);
}

#[test]
fn a_dry_run_shows_what_would_be_and_writes_nothing() {
    let shelf = Shelf::default();
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    let options = Options {
        dry_run: true,
        ..Options::default()
    };
    let outcome = run_at(&shelf, &observer, &["v1"], options, now());
    assert_eq!(outcome.changes.len(), 1);
    assert_eq!(shelf.writes.load(Ordering::SeqCst), 0);
    assert_eq!(shelf.state().unwrap(), None);
}

#[test]
fn drift_is_told_on_every_run_and_teaches_nothing() {
    let shelf = Shelf::default();
    let mut observer = shown(&[("v1", image("v1", &[by(release())]))]);
    run(&shelf, &observer, &["v1"]);
    let tomorrow = now() + TimeDelta::days(1);
    run_at(&shelf, &observer, &["v1"], Options::default(), tomorrow);
    assert!(shelf.baseline().is_established(tomorrow));
    observer = shown(&[("v2", image("v2", &[by(stranger())]))]);
    for _ in 0..3 {
        let outcome = run_at(&shelf, &observer, &["v2"], Options::default(), tomorrow);
        assert!(outcome.has_drift());
        assert!(matches!(
            outcome.entries[0].learner_drift(),
            Some(Drift::Signer(_))
        ));
        assert!(matches!(
            outcome.entries[0].found.as_ref().unwrap().if_enforced,
            crate::inventory::IfEnforced::Reject(_)
        ));
    }
    assert_eq!(shelf.baseline().signers.len(), 1);
}

#[test]
fn what_somebody_else_wrote_in_between_is_read_again() {
    let shelf = Shelf {
        disturbed: AtomicUsize::new(3),
        ..Shelf::default()
    };
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    let outcome = run(&shelf, &observer, &["v1"]);
    assert_eq!(outcome.conflicts, 3);
    assert!(outcome.failures.is_empty());
    // What the others left out is there: nobody's word was written over.
    assert!(shelf.baseline().log.is_some());
}

#[test]
fn who_is_always_slower_says_so() {
    let shelf = Shelf {
        disturbed: AtomicUsize::new(1000),
        ..Shelf::default()
    };
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    let outcome = run(&shelf, &observer, &["v1"]);
    assert_eq!(outcome.failures.len(), 1);
}

#[test]
fn lost_baselines_are_reported_and_nothing_begins_cold() {
    let shelf = Shelf::default();
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    run(&shelf, &observer, &["v1"]);
    shelf.baselines.lock().unwrap().clear();
    for _ in 0..2 {
        let outcome = run(&shelf, &observer, &["v1"]);
        assert_eq!((outcome.lost, outcome.begun), (1, 0));
        assert!(
            outcome.failures[0].contains("is lost"),
            "{:?}",
            outcome.failures
        );
    }
    let options = Options {
        accept_lost: BTreeSet::from([API.parse().unwrap()]),
        ..Options::default()
    };
    let outcome = run_at(&shelf, &observer, &["v1"], options, now());
    assert_eq!(outcome.begun, 1);
    assert_eq!(run(&shelf, &observer, &["v1"]).lost, 0);
}

#[test]
fn a_loss_by_name_holds_up_nobody_else() {
    let shelf = Shelf::default();
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    run(&shelf, &observer, &["v1"]);
    let api: Repository = API.parse().unwrap();
    let lost = shelf.baselines.lock().unwrap().remove(&api).unwrap();
    let memory = StoreSnapshot::recall(&shelf).unwrap();
    assert_eq!((memory.lost(), memory.lost_without_a_name()), (1, 0));
    assert_eq!(memory.hold(&api, Lookup::Absent), Lookup::Lost);
    // Back again, it is as it was.
    shelf.put(lost.0);
    assert_eq!(StoreSnapshot::recall(&shelf).unwrap().lost(), 0);
}

/// As many baselines as before: the count alone would say that none is missing.
#[test]
fn one_begun_while_another_was_deleted_hides_no_loss() {
    let shelf = Shelf::default();
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    run(&shelf, &observer, &["v1"]);
    let api: Repository = API.parse().unwrap();
    let (lost, _) = shelf.baselines.lock().unwrap().remove(&api).unwrap();
    let mut other = serde_json::to_value(&lost).unwrap();
    other["repository"] = "ghcr.io/acme/web".into();
    let web: Repository = "ghcr.io/acme/web".parse().unwrap();
    shelf.put(Baseline::from_json(&other.to_string(), &web).unwrap());
    let state = shelf.state().unwrap().unwrap();
    assert_eq!(state.state.baselines, 1);
    assert_eq!(shelf.baselines.lock().unwrap().len(), 1);

    let outcome = run(&shelf, &observer, &["v1"]);
    assert_eq!((outcome.lost, outcome.begun), (1, 0));
    assert!(!shelf.baselines.lock().unwrap().contains_key(&api));
}

#[test]
fn a_store_of_an_earlier_version_is_named_whole_at_the_first_run() {
    let shelf = Shelf::default();
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    run(&shelf, &observer, &["v1"]);
    shelf.names.lock().unwrap().clear();
    // By the count alone: any repository may be the one that is missing.
    let other = shelf.baselines.lock().unwrap().clone();
    shelf.baselines.lock().unwrap().clear();
    let outcome = run(&shelf, &observer, &["v1"]);
    assert_eq!((outcome.lost, outcome.begun), (1, 0));
    assert!(outcome.held_back.contains(&API.parse().unwrap()));
    *shelf.baselines.lock().unwrap() = other;
    run(&shelf, &observer, &["v1"]);
    shelf.baselines.lock().unwrap().clear();
    let memory = StoreSnapshot::recall(&shelf).unwrap();
    assert_eq!((memory.lost(), memory.lost_without_a_name()), (1, 0));
}

#[test]
fn what_does_not_parse_is_left_alone_and_reported() {
    let shelf = Shelf::default();
    let api: Repository = API.parse().unwrap();
    shelf
        .broken
        .lock()
        .unwrap()
        .insert(api, "expected version 1, got 2".to_owned());
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    let outcome = run(&shelf, &observer, &["v1"]);
    assert_eq!(shelf.writes.load(Ordering::SeqCst), 0);
    assert!(
        outcome.notes.iter().any(|note| note.contains("got 2")),
        "{:?}",
        outcome.notes
    );
    assert!(outcome.has_drift());
}

#[test]
fn a_run_begins_only_so_many() {
    let shelf = Shelf::default();
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    let options = Options {
        most_new: 0,
        ..Options::default()
    };
    let outcome = run_at(&shelf, &observer, &["v1"], options, now());
    assert_eq!((outcome.begun, outcome.surplus), (0, 1));
}

#[test]
fn an_interrupted_run_says_so_and_leaves_the_state_as_it_was() {
    let shelf = Shelf::default();
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    let learner = Learner {
        store: &shelf,
        settings: &Settings::default(),
        observer: &observer,
        options: Options::default(),
        now: now(),
        stop: &AtomicBool::new(true),
    };
    let outcome = learner.run(running(&["v1"]), &|_| {}).unwrap();
    assert!(outcome.interrupted);
    assert_eq!(shelf.state().unwrap(), None);
}

#[test]
fn a_long_past_establishes_and_is_examined_once_a_day() {
    let shelf = Shelf::default();
    let day = TimeDelta::days(1);
    let releases: Vec<(String, ObservedImage)> = [0, 20, 40]
        .iter()
        .map(|n| {
            let signature = by(release()).at(now() - day * (50 - n));
            (format!("v{n}"), image(&format!("v{n}"), &[signature]))
        })
        .collect();
    let named: Vec<(&str, ObservedImage)> = releases
        .iter()
        .map(|(t, s)| (t.as_str(), s.clone()))
        .collect();
    let mut observer = shown(&named);
    observer.tags = releases.iter().map(|(tag, _)| tag.clone()).collect();
    let options = |history| Options {
        history,
        ..Options::default()
    };
    let outcome = run_at(&shelf, &observer, &["v40"], options(History::Daily), now());
    assert!(outcome.failures.is_empty());
    assert_eq!(shelf.baseline().established, Some(now()));
    assert_eq!(observer.listed.load(Ordering::SeqCst), 1);
    // Once established there is nothing to examine; while cold, once a day.
    shelf.baselines.lock().unwrap().clear();
    shelf.names.lock().unwrap().clear();
    *shelf.state.lock().unwrap() = None;
    observer.tags.truncate(1);
    for (history, expected) in [
        (History::Daily, 2),
        (History::Daily, 2),
        (History::Again, 3),
    ] {
        run_at(&shelf, &observer, &["v40"], options(history), now());
        assert_eq!(observer.listed.load(Ordering::SeqCst), expected);
    }
}

#[test]
fn a_release_to_come_is_verified_and_the_learner_counts_as_not_run() {
    let shelf = Shelf::default();
    let observer = shown(&[
        ("v1", image("v1", &[by(release())])),
        ("v2", image("v2", &[by(release()).bundled()])),
    ]);
    run(&shelf, &observer, &["v1"]);
    let state = shelf.state().unwrap();
    let learner = Learner {
        store: &shelf,
        settings: &Settings::default(),
        observer: &observer,
        options: Options::default(),
        now: now() + TimeDelta::days(9),
        stop: &AtomicBool::new(false),
    };
    learner.ahead_of(running(&["v2"]), &|_| {}).unwrap();
    assert!(shelf.baseline().verified(&digest("v2")).is_some());
    assert_eq!(shelf.baseline().established, None);
    assert_eq!(shelf.state().unwrap(), state);
}

#[test]
fn a_retired_signer_coming_back_is_drift_and_is_not_learned() {
    let shelf = Shelf::default();
    let observer = shown(&[
        ("v1", image("v1", &[by(release())])),
        ("v2", image("v2", &[by(release())])),
    ]);
    run(&shelf, &observer, &["v1"]);
    let approval = Approval {
        by: "ada".to_owned(),
        reason: "leaked".to_owned(),
        at: now(),
    };
    let before = shelf.baseline();
    let signer = before.signers[0].id();
    shelf.put(retire(&before, &signer, &approval).unwrap());
    let later = now() + TimeDelta::days(3);
    let outcome = run_at(&shelf, &observer, &["v2"], Options::default(), later);
    assert!(outcome.has_drift());
    assert!(shelf.baseline().record(&signer).unwrap().retired.is_some());
}

#[test]
fn many_unverifiable_images_look_like_a_broken_trust_root() {
    for (images, unverifiable, expected) in
        [(3, 3, false), (4, 2, true), (4, 1, false), (100, 49, false)]
    {
        assert_eq!(looks_broken(images, unverifiable), expected);
    }
}

//! What a run does not see, or cannot write.

use super::world::Shown;
use super::*;
use crate::baseline::tests::make::with_problem;
use signature_continuity::proof::Problem;
use std::collections::BTreeSet;

#[test]
fn a_part_of_what_runs_establishes_nothing() {
    let shelf = Shelf::default();
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    run(&shelf, &observer, &["v1"]);
    let tomorrow = now() + TimeDelta::days(1);
    let part = Options {
        share: Share::Part,
        ..Options::default()
    };
    for tags in [&["v1"][..], &[]] {
        run_at(&shelf, &observer, tags, part.clone(), tomorrow);
        assert_eq!(shelf.baseline().established, None);
    }
    run_at(&shelf, &observer, &[], Options::default(), tomorrow);
    assert!(shelf.baseline().established.is_some());
}

#[test]
fn a_repository_that_could_not_be_read_is_not_one_of_which_nothing_runs() {
    let shelf = Shelf::default();
    let observer = shown(&[
        ("v1", image("v1", &[by(release())])),
        ("old", unproven("old", Posture::Unsigned)),
    ]);
    run(&shelf, &observer, &["v1"]);
    let tomorrow = now() + TimeDelta::days(1);
    // Its first read fails, the next ones do not.
    shelf.unreadable.store(1, Ordering::SeqCst);
    run_at(
        &shelf,
        &observer,
        &["v1", "old"],
        Options::default(),
        tomorrow,
    );
    assert_eq!(shelf.baseline().established, None);
    run_at(
        &shelf,
        &observer,
        &["v1", "old"],
        Options::default(),
        tomorrow,
    );
    assert!(shelf.baseline().tolerated(&digest("old")).is_some());
}

#[test]
fn what_is_only_declared_is_not_tolerated() {
    let shelf = Shelf::default();
    let observer = shown(&[
        ("v1", image("v1", &[by(release())])),
        ("evil", unproven("evil", Posture::Unknown)),
    ]);
    run(&shelf, &observer, &["v1"]);
    let mut images = running(&["v1", "evil"]);
    images[1].running = None;
    let tomorrow = now() + TimeDelta::days(1);
    run_images(&shelf, &observer, images, Options::default(), tomorrow);
    assert!(shelf.baseline().established.is_some());
    assert_eq!(shelf.baseline().tolerated, []);
}

#[test]
fn a_baseline_that_vanishes_during_a_run_is_not_begun_again() {
    let shelf = Shelf::default();
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    run(&shelf, &observer, &["v1"]);
    shelf.vanishing.store(true, Ordering::SeqCst);
    let outcome = run(&shelf, &observer, &["v1"]);
    assert_eq!(outcome.begun, 0);
    assert!(
        outcome.failures[0].contains("is lost"),
        "{:?}",
        outcome.failures
    );
}

#[test]
fn one_object_that_cannot_be_written_holds_up_no_other() {
    let shelf = Shelf::default();
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    shelf.refusing.store(1, Ordering::SeqCst);
    let outcome = run(&shelf, &observer, &["v1"]);
    assert_eq!(outcome.failures.len(), 1);
    assert_eq!(run(&shelf, &observer, &["v1"]).begun, 1);
}

#[test]
fn a_state_that_cannot_be_read_begins_nothing_and_stops_nothing() {
    let shelf = Shelf::default();
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    run(&shelf, &observer, &["v1"]);
    shelf.stateless.store(true, Ordering::SeqCst);
    let tomorrow = now() + TimeDelta::days(1);
    let outcome = run_at(&shelf, &observer, &["v1"], Options::default(), tomorrow);
    assert!(
        outcome.notes.iter().any(|n| n.contains("--accept-lost")),
        "{:?}",
        outcome.notes
    );
    assert!(shelf.baseline().is_established(tomorrow));
    // A new count would say that nothing was lost: the next run is as careful, until somebody says otherwise.
    shelf.stateless.store(false, Ordering::SeqCst);
    let last_run = |shelf: &Shelf| shelf.state().unwrap().unwrap().state.last_run;
    assert_eq!(last_run(&shelf), now());
    shelf.stateless.store(true, Ordering::SeqCst);
    let meant = Options {
        accept_lost: BTreeSet::from([API.parse().unwrap()]),
        ..Options::default()
    };
    run_at(&shelf, &observer, &["v1"], meant, tomorrow);
    shelf.stateless.store(false, Ordering::SeqCst);
    assert_eq!(last_run(&shelf), tomorrow);
}

#[test]
fn what_runs_without_a_known_digest_is_waited_for_and_what_is_named_is_not() {
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    let tomorrow = now() + TimeDelta::days(1);
    for (hidden, is_established) in [(true, false), (false, true)] {
        let shelf = Shelf::default();
        run(&shelf, &observer, &["v1"]);
        let mut images = running(&["v1", "nothing-there"]);
        images[1].running = None;
        images[1].hidden = hidden;
        let outcome = run_images(&shelf, &observer, images, Options::default(), tomorrow);
        assert_eq!(shelf.baseline().is_established(tomorrow), is_established);
        let told = outcome.notes.iter().any(|note| {
            note.contains("is not established yet") && note.contains("Pod prod/nothing-there")
        });
        assert_eq!(told, hidden, "{:?}", outcome.notes);
    }
}

#[test]
fn what_is_tolerated_is_forgotten_although_nothing_of_the_repository_runs_any_more() {
    let shelf = Shelf::default();
    let observer = shown(&[
        ("v1", image("v1", &[by(release())])),
        ("old", unproven("old", Posture::Unsigned)),
    ]);
    run(&shelf, &observer, &["v1"]);
    let after = |days: i64, tags: &[&str]| {
        let at = now() + TimeDelta::days(days);
        run_at(&shelf, &observer, tags, Options::default(), at);
        shelf.baseline().tolerated(&digest("old")).is_some()
    };
    assert!(after(1, &["v1", "old"]));
    assert!(after(30, &[]));
    assert!(!after(31, &[]));
}

#[test]
fn a_store_that_refuses_everything_leaves_what_was_found_out() {
    let shelf = Shelf::default();
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    shelf.refusing.store(usize::MAX, Ordering::SeqCst);
    let outcome = run(&shelf, &observer, &["v1"]);
    assert_eq!(outcome.entries.len(), 1);
    // The baseline and the learner's own state.
    assert_eq!(outcome.failures.len(), 2, "{:?}", outcome.failures);
    assert_eq!(outcome.changes, []);
}

#[test]
fn a_signed_image_that_teaches_nothing_is_told_of_with_the_way_out() {
    let shelf = Shelf::default();
    let observer = shown(&[("v1", image("v1", &[by(release()).elsewhere()]))]);
    for _ in 0..2 {
        let outcome = run(&shelf, &observer, &["v1"]);
        assert_eq!((outcome.begun, outcome.notes.len()), (0, 1));
        assert!(
            outcome.notes[0].contains("`aliases`"),
            "{:?}",
            outcome.notes
        );
    }
    // Nothing is told of what teaches.
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    assert_eq!(run(&shelf, &observer, &["v1"]).notes, [""; 0]);
}

#[test]
fn a_list_of_tags_without_its_end_establishes_nothing_and_is_told_of() {
    let shelf = Shelf::default();
    let day = TimeDelta::days(1);
    let releases: Vec<(String, ObservedImage)> = [0, 20, 40]
        .map(|n| {
            (
                format!("v{n}"),
                image(
                    &format!("v{n}"),
                    &[by(release()).at(now() - day * (50 - n))],
                ),
            )
        })
        .into();
    let named: Vec<(&str, ObservedImage)> = releases
        .iter()
        .map(|(tag, seen)| (tag.as_str(), seen.clone()))
        .collect();
    let mut observer = shown(&named);
    observer.tags = releases.iter().map(|(tag, _)| tag.clone()).collect();
    observer.more_tags = true;
    let options = Options {
        history: History::Again,
        ..Options::default()
    };
    run_at(&shelf, &observer, &["v40"], options.clone(), now());
    assert_eq!(shelf.baseline().established, None);
    let learner = Learner {
        store: &shelf,
        settings: &Settings::default(),
        observer: &observer,
        options: Options::default(),
        now: now(),
        stop: &AtomicBool::new(false),
    };
    let (images, notes) = learner.newest_tags(2).unwrap();
    assert_eq!(images.len(), 2);
    assert!(notes[0].contains("first 10000 tags"), "{notes:?}");
    // To its end, the same past counts.
    observer.more_tags = false;
    run_at(&shelf, &observer, &["v40"], options, now());
    assert_eq!(shelf.baseline().established, Some(now()));
}

#[test]
fn lists_that_are_too_long_are_trimmed_where_nothing_runs_too() {
    let shelf = Shelf::default();
    let observer = shown(&[("v1", image("v1", &[by(release())]))]);
    run(&shelf, &observer, &["v1"]);
    let tomorrow = now() + TimeDelta::days(1);
    run_at(&shelf, &observer, &["v1"], Options::default(), tomorrow);
    let mut long = shelf.baseline();
    for n in 0..40 {
        let mut entry = long.verified[0].clone();
        entry.digest = digest(&format!("r{n}"));
        long.verified.push(entry);
    }
    shelf.put(long);
    run_at(&shelf, &observer, &[], Options::default(), tomorrow);
    assert_eq!(shelf.baseline().verified.len(), 32);
}

#[test]
fn a_registry_that_refuses_to_say_what_refers_to_its_images_is_told_of_once() {
    let shelf = Shelf::default();
    let refused = |tag: &str| {
        let mut seen = image(tag, &[by(release())]);
        seen.notes.push(crate::observation::Note::ReferrersRefused);
        seen
    };
    let observer = shown(&[("v1", refused("v1")), ("v2", refused("v2"))]);
    let outcome = run(&shelf, &observer, &["v1", "v2"]);
    // What is proven there teaches all the same.
    assert_eq!((outcome.begun, outcome.notes.len()), (1, 1));
    assert!(outcome.notes[0].starts_with("ghcr.io: the registry refuses"));
}

/// Behind an alias nobody may be able to reach the name that the baseline has.
#[test]
fn registries_are_asked_and_commands_printed_by_the_name_that_pods_spell() {
    let settings = Settings::parse(
        br#"{"aliases": [{"from": "mirror.example/ghcr/**", "to": "ghcr.io/**"}]}"#,
    )
    .unwrap();
    let spelled = "mirror.example/ghcr/acme/api";
    let mut images = running(&["v1", "odd"]);
    for image in &mut images {
        image.spelled = image.spelled.replace(API, spelled);
        image.reference = image.spelled.parse();
    }
    let seen = [
        ("v1", image("v1", &[by(release())])),
        (
            "odd",
            with_problem(unproven("odd", Posture::Unverifiable), Problem::UnknownKey),
        ),
    ];
    let observer = Shown {
        images: seen
            .into_iter()
            .map(|(tag, seen)| (format!("{spelled}:{tag}"), seen))
            .collect(),
        tags: vec!["v1".to_owned()],
        ..Shown::default()
    };
    let shelf = Shelf::default();
    let learner = Learner {
        store: &shelf,
        settings: &settings,
        observer: &observer,
        options: Options::default(),
        now: now(),
        stop: &AtomicBool::new(false),
    };
    let outcome = learner.run(images, &|_| {}).unwrap();
    assert_eq!(shelf.baseline().repository.as_str(), API);
    let [note] = outcome.notes.as_slice() else {
        panic!("{:?}", outcome.notes);
    };
    assert!(
        note.contains(&format!("`continuity approve {spelled} KEYFILE")),
        "{note}"
    );

    let (images, notes) = learner.newest_tags(2).unwrap();
    assert_eq!(notes, [""; 0]);
    assert_eq!(
        observer.asked.lock().unwrap().as_slice(),
        [spelled.to_owned()]
    );
    let names: Vec<_> = images.iter().map(|image| &image.spelled).collect();
    assert_eq!(names, [&format!("{spelled}:v1")]);
}

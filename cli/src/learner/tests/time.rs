//! Runs that do not reach everything: their time is over, or strangers' is.

use super::*;
use crate::inventory::TimeLimits;
use crate::observation::Observe;
use continuity_registry::Tags;
use signature_continuity::observe::Observation;
use signature_continuity::posture::Cause;
use signature_continuity::reference::ImageReference;
use std::time::{Duration, Instant};

/// Registries of which some hang for a while.
struct Slow {
    /// How long a look takes where an answer comes.
    answer: Duration,
    asked: Mutex<Vec<String>>,
}

impl Observe for Slow {
    fn observe(&self, reference: &ImageReference, _: &Lookup) -> Result<ObservedImage, String> {
        let spelled = reference.spelled();
        self.asked.lock().unwrap().push(spelled.to_owned());
        if spelled.starts_with("dead") {
            std::thread::sleep(Duration::from_millis(20));
            let mut silent = unproven("v1", Posture::Unknown);
            silent.observation = Observation::unknown(None, Cause::Outage, None);
            return Ok(silent);
        }
        std::thread::sleep(self.answer);
        Ok(image("v1", &[by(release())]))
    }
}

impl crate::observation::RepositoryObserver for Slow {
    fn tags(&self, _: &ImageReference, _: usize) -> Result<Tags, String> {
        Err("it does not answer".to_owned())
    }
}

fn slow(milliseconds: u64) -> Slow {
    Slow {
        answer: Duration::from_millis(milliseconds),
        asked: Mutex::default(),
    }
}

fn images(names: impl Iterator<Item = String>) -> Vec<Image> {
    let images = names.map(|name| {
        let spelled = format!("{name}:v1");
        Image {
            reference: spelled.parse(),
            spelled,
            ..running(&["v1"]).remove(0)
        }
    });
    images.collect()
}

fn learn(
    shelf: &Shelf,
    observer: &Slow,
    names: &[String],
    time: TimeLimits,
    at: DateTime<Utc>,
) -> Outcome {
    let learner = Learner {
        store: shelf,
        settings: &Settings::default(),
        observer,
        options: Options {
            concurrency: 2,
            time,
            ..Options::default()
        },
        now: at,
        stop: &AtomicBool::new(false),
    };
    learner.run(images(names.iter().cloned()), &|_| {}).unwrap()
}

fn strangers(milliseconds: u64) -> TimeLimits {
    TimeLimits {
        end: None,
        strangers: Some(Duration::from_millis(milliseconds)),
    }
}

fn until(milliseconds: u64) -> TimeLimits {
    TimeLimits {
        end: Some(Instant::now() + Duration::from_millis(milliseconds)),
        strangers: None,
    }
}

#[test]
fn hosts_that_never_answer_hold_up_nobody_else_and_no_host_for_good() {
    let shelf = Shelf::default();
    let api = vec![API.to_owned()];
    learn(&shelf, &slow(0), &api, TimeLimits::default(), now());
    let mut names: Vec<String> = (0..40).map(|n| format!("dead{n:02}.example/a")).collect();
    names.push("new.example/a".to_owned());
    names.extend(api);
    let observer = slow(0);
    let new: Repository = "new.example/a".parse().unwrap();
    let mut runs = 0;
    while !shelf.baselines.lock().unwrap().contains_key(&new) {
        runs += 1;
        assert!(runs < 12, "the new one is never reached");
        observer.asked.lock().unwrap().clear();
        let later = now() + TimeDelta::days(runs);
        let outcome = learn(&shelf, &observer, &names, strangers(60), later);
        // The known one is among the first that are begun at once.
        let asked = observer.asked.lock().unwrap().clone();
        let mut first = asked.iter().take(Options::default().concurrency);
        assert!(
            first.any(|asked| *asked == format!("{API}:v1")),
            "{asked:?}"
        );
        assert!(outcome.images < 15, "{}", outcome.images);
        assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
        let told = |note: &String| note.contains("no repository has a baseline");
        assert!(outcome.notes.iter().any(told), "{:?}", outcome.notes);
        assert_eq!(shelf.state().unwrap().unwrap().state.last_run, later);
    }
    // What it takes is the same for each.
    assert!(runs > 1 || observer.asked.lock().unwrap().len() < names.len());
}

#[test]
fn a_run_whose_time_is_over_saves_what_it_found_and_the_next_one_goes_on() {
    let shelf = Shelf::default();
    let names: Vec<String> = (0..24).map(|n| format!("ghcr.io/acme/a{n:02}")).collect();
    let mut runs = 0;
    while shelf.baselines.lock().unwrap().len() < names.len() {
        runs += 1;
        assert!(runs < 60, "some are never reached");
        let at = now() + TimeDelta::seconds(runs);
        let outcome = learn(&shelf, &slow(10), &names, until(100), at);
        let state = shelf.state().unwrap().unwrap();
        assert_eq!(state.state.last_run, at);
        let reached = outcome.images + outcome.ended.unreached + outcome.ended.unreached_strangers;
        assert_eq!(reached, names.len());
        assert_eq!(state.cursor.is_empty(), !outcome.ended.is_incomplete());
        if outcome.ended.unreached > 0 {
            let told = |why: &String| why.contains("--run-timeout");
            assert!(outcome.failures.iter().any(told), "{:?}", outcome.failures);
        }
    }
    assert!(runs > 1);
}

#[test]
fn what_was_not_reached_is_no_repository_of_which_nothing_runs() {
    let shelf = Shelf::default();
    let names = vec![API.to_owned()];
    learn(&shelf, &slow(0), &names, TimeLimits::default(), now());
    let tomorrow = now() + TimeDelta::days(2);
    let outcome = learn(&shelf, &slow(0), &names, until(0), tomorrow);
    assert_eq!((outcome.images, outcome.ended.unreached), (0, 1));
    assert_eq!(shelf.baseline().established, None);
    // It found nothing out, so it is none.
    assert!(outcome.is_blind());
    assert_eq!(shelf.state().unwrap().unwrap().state.last_run, now());
    learn(&shelf, &slow(0), &names, TimeLimits::default(), tomorrow);
    assert!(shelf.baseline().established.is_some());
}

#[test]
fn a_run_that_found_nothing_out_leaves_only_where_it_ended() {
    let shelf = Shelf::default();
    let api = vec![API.to_owned()];
    learn(&shelf, &slow(0), &api, TimeLimits::default(), now());
    let before = shelf.state().unwrap().unwrap();
    let dead: Vec<String> = (0..20).map(|n| format!("dead{n:02}.example/a")).collect();
    let later = now() + TimeDelta::days(1);
    let outcome = learn(&shelf, &slow(0), &dead, strangers(30), later);
    assert!(outcome.is_blind());
    let after = shelf.state().unwrap().unwrap();
    assert!(!after.cursor.is_empty());
    assert_eq!(
        LearnerState {
            cursor: before.cursor.clone(),
            ..after
        },
        before
    );
}

#[test]
fn a_past_that_cannot_be_examined_is_told_of_and_due_again() {
    let shelf = Shelf::default();
    let observer = slow(0);
    let learner = Learner {
        store: &shelf,
        settings: &Settings::default(),
        observer: &observer,
        options: Options {
            history: History::Daily,
            ..Options::default()
        },
        now: now(),
        stop: &AtomicBool::new(false),
    };
    for _ in 0..2 {
        let outcome = learner
            .run(images([API.to_owned()].into_iter()), &|_| {})
            .unwrap();
        let expected = format!(
            "{API}: its past was not examined, since its tags could not be listed: it does not answer"
        );
        assert_eq!(outcome.notes, [expected]);
    }
}

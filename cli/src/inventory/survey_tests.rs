#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::baseline::tests::make::established;
use crate::inventory::sample;
use rstest::rstest;
use serde_json::{Value, json};
use signature_continuity::digest::Digest;
use signature_continuity::drift::Drift;
use signature_continuity::observe::Observation;
use signature_continuity::posture::Cause;
use std::collections::BTreeSet;

/// Sees nothing anywhere, and says which it was asked about.
#[derive(Default)]
struct Blind {
    asked: Mutex<Vec<String>>,
}

impl Observe for Blind {
    fn observe(&self, reference: &ImageReference, _: &Lookup) -> Result<ObservedImage, String> {
        self.asked
            .lock()
            .unwrap()
            .push(reference.spelled().to_owned());
        if reference.spelled().contains("hidden") {
            return Err("no way\u{202e} in".to_owned());
        }
        let digest = Digest::of(reference.spelled().as_bytes());
        let observation = Observation::unknown(Some(digest), Cause::Outage, None);
        Ok(ObservedImage {
            as_policy: observation.clone(),
            index_as_policy: None,
            observation,
            signatures: Vec::new(),
            platforms: Vec::new(),
            attestations: 0,
            notes: Vec::new(),
        })
    }
}

fn image(spelled: &str) -> Image {
    sample::declared(spelled, &["prod/a"])
}

fn familiarity(repository: &Repository) -> Familiarity {
    match repository.as_str() {
        "a.example/3" => Familiarity::Repository,
        _ => Familiarity::Registry,
    }
}

fn groups(images: &[&str], concurrency: usize, stop: bool) -> (Vec<Group>, Vec<String>) {
    let images = images.iter().map(|spelled| image(spelled)).collect();
    groups_of(images, &Settings::default(), concurrency, stop)
}

fn groups_of(
    images: Vec<Image>,
    settings: &Settings,
    concurrency: usize,
    stop: bool,
) -> (Vec<Group>, Vec<String>) {
    let observer = Blind::default();
    let stop = AtomicBool::new(stop);
    let survey = Survey {
        settings,
        observer: &observer,
        concurrency,
        now: DateTime::from_timestamp(1_795_000_000, 0).unwrap(),
        stop: &stop,
        further: None,
        familiarity: &familiarity,
        time: TimeLimits::default(),
        cursor: &Cursor::default(),
    };
    let mut groups = Vec::new();
    survey
        .run(images, &|_| Lookup::Absent, &|_| {}, |group| {
            groups.push(group);
            Ok::<(), ()>(())
        })
        .unwrap();
    (groups, observer.asked.into_inner().unwrap())
}

#[test]
fn every_image_comes_back_once_with_those_of_its_repository() {
    let images = [
        "nginx:1",
        "docker.io/library/nginx:2",
        "r.example/a:1",
        "r.example/hidden:1",
        "UPPER/:",
    ];
    for concurrency in [1, 3, 16] {
        let (groups, _) = groups(&images, concurrency, false);
        let mut spelled: Vec<&str> = groups
            .iter()
            .flat_map(|g| g.entries.iter().map(|e| e.image.spelled.as_str()))
            .collect();
        spelled.sort_unstable();
        let mut expected = images.to_vec();
        expected.sort_unstable();
        assert_eq!(spelled, expected);
        let nginx = groups.iter().find(|g| {
            g.repository
                .as_ref()
                .is_some_and(|r| r.as_str() == "docker.io/library/nginx")
        });
        assert_eq!(nginx.unwrap().entries.len(), 2);
    }
}

#[test]
fn who_has_something_to_lose_comes_first_and_registries_take_turns() {
    let images = ["a.example/1", "a.example/2", "a.example/3", "b.example/1"];
    let (_, asked) = groups(&images, 1, false);
    assert_eq!(
        asked,
        ["a.example/3", "a.example/1", "b.example/1", "a.example/2"]
    );
}

#[test]
fn what_cannot_be_looked_at_is_an_entry_that_says_why_in_plain_characters() {
    let (groups, _) = groups(&["r.example/hidden:1"], 1, false);
    let entry = groups.first().unwrap().entries.first().unwrap();
    assert_eq!(entry.found.as_ref().unwrap_err(), "no way? in");
    assert!(!entry.is_rejected() && crate::learner::is_drift(entry));
}

/// What is no reference could be of any repository; what the registry's client does not take is of its own.
#[rstest]
#[case::nothing(json!([]), false, false)]
#[case::everything(json!([{}]), true, true)]
#[case::its_namespace(json!([{"namespaces": ["prod"]}]), true, true)]
#[case::another_namespace(json!([{"namespaces": ["staging"]}]), false, false)]
#[case::its_repository(json!([{"namespaces": ["prod"], "repositories": ["r.example/*"]}]), true, true)]
#[case::another_repository(json!([{"namespaces": ["prod"], "repositories": ["ghcr.io/**"]}]), true, false)]
#[case::another_of_everything(json!([{"repositories": ["ghcr.io/**"]}]), true, false)]
fn what_cannot_be_looked_at_is_rejected_where_a_scope_of_it_is_enforced(
    #[case] enforce: Value,
    #[case] no_reference: bool,
    #[case] not_taken: bool,
) {
    let settings = json!({ "enforce": enforce }).to_string();
    let settings = Settings::parse(settings.as_bytes()).unwrap();
    let is_named = enforce.to_string().contains("namespaces");
    for (spelled, expected) in [("UPPER/:", no_reference), ("r.example/hidden:1", not_taken)] {
        for places in [image(spelled).places, BTreeSet::new()] {
            // What is of no place is of no namespace that has a name.
            let expected = expected && !(places.is_empty() && is_named);
            let images = vec![Image {
                places,
                ..image(spelled)
            }];
            let (groups, _) = groups_of(images, &settings, 1, false);
            let entry = groups.first().unwrap().entries.first().unwrap();
            assert!(entry.found.is_err() && entry.drifts_at_admission());
            assert_eq!(
                (entry.enforced, entry.is_rejected()),
                (expected, expected),
                "{spelled} {:?}",
                entry.image.places
            );
        }
    }
}

#[test]
fn when_it_is_to_stop_nothing_further_is_begun() {
    let (groups, asked) = groups(&["a.example/1", "b.example/1"], 2, true);
    assert!(groups.is_empty() && asked.is_empty());
}

#[test]
fn a_failure_ends_the_survey_with_it() {
    let observer = Blind::default();
    let survey = Survey {
        settings: &Settings::default(),
        observer: &observer,
        concurrency: 2,
        now: Utc::now(),
        stop: &AtomicBool::new(false),
        further: None,
        familiarity: &familiarity,
        time: TimeLimits::default(),
        cursor: &Cursor::default(),
    };
    let images: Vec<Image> = (0..100)
        .map(|n| image(&format!("r.example/i{n}")))
        .collect();
    let ended = survey.run(images, &|_| Lookup::Absent, &|_| {}, |_| Err("full"));
    assert_eq!(ended, Err("full"));
    assert!(observer.asked.into_inner().unwrap().len() < 100);
}

/// Plain HTTP may be another registry: nobody is asked, and nothing is learned, as the policy has it.
#[test]
fn another_spelling_of_a_known_name_is_judged_as_that_and_asked_nowhere() {
    let observer = Blind::default();
    let now = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
    let known: Repository = "ghcr.io/acme/api".parse().unwrap();
    let mut baseline = established();
    baseline.repository = known.clone();
    let lookup = |repository: &Repository| {
        if *repository == known {
            Lookup::Usable(Box::new(baseline.clone()))
        } else {
            Lookup::Absent
        }
    };
    let survey = Survey {
        settings: &Settings::default(),
        observer: &observer,
        concurrency: 1,
        now,
        stop: &AtomicBool::new(false),
        further: None,
        familiarity: &|_| Familiarity::Registry,
        time: TimeLimits::default(),
        cursor: &Cursor::default(),
    };
    let mut entries = Vec::new();
    let images = ["ghcr.io:80/acme/api:v1", "ghcr.io:80/acme/other:v1"].map(image);
    survey
        .run(images.to_vec(), &lookup, &|_| {}, |group| {
            entries.extend(group.entries);
            Ok::<(), ()>(())
        })
        .unwrap();
    assert_eq!(
        *observer.asked.lock().unwrap(),
        ["ghcr.io:80/acme/other:v1"]
    );
    let of = |name: &str| {
        let entry = entries
            .iter()
            .find(|entry| entry.image.spelled.contains(name));
        entry.unwrap().found.as_ref().unwrap()
    };
    let api = of("acme/api");
    assert_eq!(api.repository, known);
    assert_eq!(
        api.assessment.drifts,
        [Drift::Undetermined(Cause::Answer, None)]
    );
    assert_eq!(api.seen.observation.unknown, Some((Cause::Answer, None)));
    assert_eq!(api.seen.observation.digest, None);
    assert_eq!(
        of("acme/other").repository.as_str(),
        "ghcr.io:80/acme/other"
    );
}

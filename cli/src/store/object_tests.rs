#![allow(clippy::unwrap_used, reason = "tests")]

use chrono::{DateTime, TimeDelta, Utc};
use rstest::rstest;
use signature_continuity::digest::Digest;

use super::*;
use crate::store::testing::baseline;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

fn map_of(object: &Object) -> ConfigMapData {
    ConfigMapData {
        labels: object.labels.clone(),
        data: object.data.clone(),
    }
}

#[test]
fn what_is_written_can_be_read() {
    let baseline = baseline("ghcr.io/acme/api");
    let object = Object::of_baseline(&baseline).unwrap();
    assert_eq!(object, Object::of_baseline(&baseline).unwrap());
    let listed = listed(&object.name, &map_of(&object)).unwrap();
    assert_eq!(listed.baseline, Ok(Box::new(baseline)));
}

#[rstest]
#[case::unlabelled(|name, map: &mut ConfigMapData| { map.labels.clear(); name }, "expected the label")]
#[case::elsewhere(|_, _: &mut ConfigMapData| "continuity-x".to_owned(), "expected the name continuity-")]
#[case::no_repository(|name, map: &mut ConfigMapData| { map.data.remove("repository"); name }, "expected data.repository")]
#[case::newer(|name, map: &mut ConfigMapData| {
    map.data.insert("baseline.json".to_owned(), "{\"version\": 2}".to_owned());
    name
}, "expected version 1, got 2")]
fn what_cannot_be_used_is_listed_with_its_reason(
    #[case] edit: fn(String, &mut ConfigMapData) -> String,
    #[case] expected: &str,
) {
    let object = Object::of_baseline(&baseline("ghcr.io/acme/api")).unwrap();
    let mut map = map_of(&object);
    let name = edit(object.name, &mut map);
    let why = listed(&name, &map).unwrap().baseline.unwrap_err();
    assert!(why.contains(expected), "{why}");
}

#[test]
fn what_is_no_baseline_is_not_listed() {
    let map = ConfigMapData::default();
    for name in ["kube-root-ca.crt", STATE_NAME, "continuity-x"] {
        assert_eq!(listed(name, &map), None);
    }
}

#[test]
fn the_state_comes_back_without_what_there_is_no_room_for() {
    let day = now().date_naive();
    let mut state = LearnerState {
        found: None,
        cursor: Default::default(),
        state: State {
            version: VERSION,
            last_run: now(),
            baselines: 2,
        },
        examined: BTreeMap::new(),
    };
    state
        .examined
        .insert("ghcr.io/acme/old".parse().unwrap(), day);
    let object = Object::of_state(&state, "directory").unwrap();
    assert_eq!(super::state(&object.data), Ok(state.clone()));

    for number in 0..20_000 {
        let repository = format!("ghcr.io/acme/a-rather-long-name/number-{number}");
        state
            .examined
            .insert(repository.parse().unwrap(), day + TimeDelta::days(1));
    }
    let object = Object::of_state(&state, "directory").unwrap();
    let read = super::state(&object.data).unwrap();
    assert!((5_000..20_000).contains(&read.examined.len()));
    assert!(read.examined.values().all(|it| *it > day));
}

#[test]
fn a_state_of_a_later_version_is_recognised() {
    let data = |text: &str| map([("state.json", text.to_owned())]);
    assert!(is_newer_state(&data("{\"version\": 2, \"other\": 1}")));
    assert!(!is_newer_state(&data("{\"version\": 1}")));
    assert!(!is_newer_state(&data("{")));
    assert!(
        state(&data(
            "{\"version\": 2, \"lastRun\": \"2026-11-01T00:00:00Z\", \"baselines\": 1}"
        ))
        .is_err()
    );
}

#[test]
fn an_object_is_never_too_large_to_be_kept() {
    let mut large = baseline("ghcr.io/acme/api");
    let record = large.signers.first().unwrap().id();
    large.verified = (0..10_000_u32)
        .map(|number| {
            let digest = Digest::of(&number.to_be_bytes());
            signature_continuity::baseline::Verified::new(digest, &record, now())
        })
        .collect();
    let error = Object::of_baseline(&large).unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
}

#[test]
fn only_a_usable_one_that_it_follows_is_replaced() {
    let before = baseline("ghcr.io/acme/api");
    let mut after = before.clone();
    let there = Lookup::Usable(Box::new(before));
    assert!(may_replace(&there, &after).is_err());
    after.generation += 1;
    assert!(may_replace(&there, &after).is_ok());
    assert!(may_replace(&Lookup::Unusable("?".to_owned()), &after).is_err());
}

#[test]
fn where_a_run_ended_is_kept_and_nothing_else_depends_on_it() {
    let cursor = serde_json::from_str(
        "{\"registries\": {\"ghcr.io\": {\"known\": \"ghcr.io/acme/api\"}}, \"stranger\": \"x.example\"}",
    );
    let mut state = LearnerState {
        found: None,
        cursor: cursor.unwrap(),
        state: State {
            version: VERSION,
            last_run: now(),
            baselines: 2,
        },
        examined: BTreeMap::new(),
    };
    let mut object = Object::of_state(&state, "directory").unwrap();
    assert_eq!(super::state(&object.data), Ok(state.clone()));
    object
        .data
        .insert("cursor.json".to_owned(), "{\"registries\": 7}".to_owned());
    state.cursor = crate::inventory::Cursor::default();
    assert_eq!(super::state(&object.data), Ok(state.clone()));
    let object = Object::of_state(&state, "directory").unwrap();
    assert!(!object.data.contains_key("cursor.json"));
}

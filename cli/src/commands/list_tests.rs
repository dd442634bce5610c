//! What is listed, and how it looks.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::store::{Location, Revision, testing};
use chrono::TimeDelta;
use rstest::rstest;
use signature_continuity::baseline::Retired;

fn now() -> DateTime<Utc> {
    testing::baseline("a/b").first_seen + TimeDelta::days(40)
}

fn baselines() -> Vec<Baseline> {
    let mut established = testing::baseline("ghcr.io/acme/api");
    established.established = Some(established.first_seen);
    let mut retired = testing::baseline("ghcr.io/acme/web");
    retired.signers[0].retired = Some(Retired {
        at: now(),
        by: "ada".to_owned(),
        reason: "leaked".to_owned(),
    });
    vec![established, retired]
}

fn store() -> (tempfile::TempDir, std::sync::Arc<dyn Store>) {
    let directory = tempfile::tempdir().unwrap();
    let store = Location::Directory(directory.path().to_owned())
        .open("ns", true)
        .unwrap();
    store
        .write(&testing::baseline("ghcr.io/acme/api"), &Revision::Absent)
        .unwrap();
    (directory, store)
}

#[test]
fn looks_well() {
    let (directory, store) = store();
    let piped = Terminal {
        columns: None,
        colours: false,
    };
    let text = table(&baselines(), store.as_ref(), piped, now());
    let text = text.replace(&directory.path().display().to_string(), "STORE");
    insta::assert_snapshot!(text, @r"
    REPOSITORY        STATE            AGE  SIGNED BY                                      ID
    ghcr.io/acme/api  established      40d  gh acme/api release tags                       6321cc25784c
    ghcr.io/acme/web  not established  40d  gh acme/api release tags (retired 2026-10-31)  6321cc25784c
    2 baselines in dir:STORE: 1 established.
    ");
}

#[test]
fn machines_get_the_inventorys_fields() {
    let unusable = vec![("continuity-0".to_owned(), "expected a label".to_owned())];
    let text = as_json(&baselines(), &unusable, now()).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["baselines"][0]["repository"], "ghcr.io/acme/api");
    assert_eq!(value["baselines"][0]["state"], "established");
    assert!(value["baselines"][1]["signers"][0]["retired"].is_string());
    assert_eq!(value["unusable"][0]["name"], "continuity-0");
}

#[rstest]
#[case::all(None, &["ghcr.io/acme/api", "docker.io/library/nginx"])]
#[case::glob(Some("ghcr.io/**"), &["ghcr.io/acme/api"])]
#[case::one(Some("nginx"), &["docker.io/library/nginx"])]
#[case::none(Some("ghcr.io/acme/ap"), &[])]
fn filters_by_repository(#[case] filter: Option<&str>, #[case] expected: &[&str]) {
    let filter = Filter::parse(filter, &Settings::default()).unwrap();
    let all = ["ghcr.io/acme/api", "docker.io/library/nginx"];
    let found: Vec<&str> = all.into_iter().filter(|it| filter.matches(it)).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_filter_that_means_nothing_is_refused() {
    for text in ["ghcr.io/ACME/a b", "ghcr.io/***/x"] {
        assert!(
            Filter::parse(Some(text), &Settings::default()).is_err(),
            "{text}"
        );
    }
}

//! Requests that were recorded where something went wrong.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::answer::Answer;
use crate::guest::judge;
use crate::testing::{FakeHost, settings};
use rstest::rstest;
use serde_json::{Value, json};
use std::path::Path;

/// What becomes of a recorded review in an enforced namespace.
fn judged(file: &str) -> Answer {
    let path = Path::new(env!("RECORDINGS")).join("turn-2").join(file);
    let json = std::fs::read(path).unwrap();
    let review: Value = serde_json::from_slice(&json).unwrap();
    let settings = settings(json!({"enforce": [{}]}));
    let request = review.get("request").unwrap().clone();
    judge(&FakeHost::new(), &settings, request)
}

#[rstest]
#[case::scale("made/reviews/scale.json", None, 0)]
#[case::blank_in_a_template("made/reviews/openshift-space-image.json", None, 1)]
#[case::blank_with_null_options("cases/blank-image-in-template/review.json", None, 1)]
#[case::other_digest_in_a_pod("made/reviews/sha512-digest.json", Some(403), 0)]
#[cfg_attr(not(recordings), ignore = "needs the recordings beside the project")]
fn recorded_reviews_are_judged(
    #[case] file: &str,
    #[case] code: Option<u16>,
    #[case] warnings: usize,
) {
    let answer = judged(file);
    assert_eq!(answer.rejection.as_ref().map(|(code, _)| *code), code);
    assert_eq!(answer.warnings.len(), warnings, "{:?}", answer.warnings);
    if let Some((_, text)) = answer.rejection {
        assert!(text.contains("expected sha256: and 64"), "{text}");
    }
}

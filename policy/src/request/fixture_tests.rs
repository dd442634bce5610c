//! Requests that were recorded where something went wrong, where they are there.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::answer::Answer;
use crate::guest::judge;
use crate::testing::{FakeHost, settings};
use rstest::rstest;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What becomes of a recorded review in an enforced namespace; `None` where the recordings are not there.
fn judged(file: &str) -> Option<Answer> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures/turn-2");
    let Ok(json) = std::fs::read(folder.join(file)) else {
        eprintln!("skipped: {} is not there", folder.join(file).display());
        return None;
    };
    let review: Value = serde_json::from_slice(&json).unwrap();
    let settings = settings(json!({"enforce": [{}]}));
    let request = review.get("request").unwrap().clone();
    Some(judge(&FakeHost::new(), &settings, request))
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
    let Some(answer) = judged(file) else { return };
    assert_eq!(answer.rejection.as_ref().map(|(code, _)| *code), code);
    assert_eq!(answer.warnings.len(), warnings, "{:?}", answer.warnings);
    if let Some((_, text)) = answer.rejection {
        assert!(text.contains("expected sha256: and 64"), "{text}");
    }
}

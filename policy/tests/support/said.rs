//! What people read of an answer about one image of a repository with a past.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests; each of them takes its part"
)]

use super::{FakeHost, GITHUB, RELEASE, baseline, keyless_layer, leaf, pod, settings, signer};
use serde_json::{Value, json};
use signature_continuity::answer::Answer;
use signature_continuity::guest::judge;

pub const REPOSITORY: &str = "ghcr.io/acme/api";
pub const IMAGE: &str = "ghcr.io/acme/api:v1.9.0";

/// A host with an established baseline, signed by the release workflow since 2025-03-02.
pub fn host() -> FakeHost {
    let mut host = FakeHost::default();
    let mut learned = baseline(REPOSITORY, &[signer(GITHUB, RELEASE)]);
    learned.log =
        Some(serde_json::from_value(json!({"earliest": "2025-03-02T11:00:00Z"})).unwrap());
    host.learn(&learned);
    host.learner_ran("2026-11-22T00:00:00Z");
    host
}

pub fn enforced() -> Value {
    json!({"enforce": [{}]})
}

/// Pushes the image, signed by somebody whose key the host knows.
pub fn sign(host: &mut FakeHost, issuer: &str, san: &str) {
    let leaf = leaf(issuer, san);
    let layer = keyless_layer(REPOSITORY, &super::digest(IMAGE), &leaf);
    host.push(REPOSITORY, "v1.9.0", &[layer]);
    host.signed.insert(leaf.pem());
}

pub fn judged(host: &FakeHost, fields: &Value, request: Value) -> Answer {
    let containers = request.pointer("/object/spec/containers");
    let several = containers
        .and_then(Value::as_array)
        .is_some_and(|all| all.len() > 1);
    let answer = judge(host, &settings(fields), request);
    if let Some((_, message)) = &answer.rejection {
        // What is said of further images comes on top.
        let longest = if several { 1000 } else { 900 };
        assert!(
            message.chars().count() <= longest,
            "{} characters",
            message.chars().count()
        );
    }
    assert!(answer.warnings.len() <= 10);
    assert!(answer.warnings.iter().all(|warning| warning.len() <= 256));
    answer
}

pub fn shown(answer: &Answer) -> String {
    let mut text = match &answer.rejection {
        Some((code, message)) => format!("{code}\n{message}\n"),
        None => "admitted\n".to_owned(),
    };
    for warning in &answer.warnings {
        text.push_str(&format!("warning: {warning}\n"));
    }
    for (key, value) in &answer.annotations {
        text.push_str(&format!("{key}: {value}\n"));
    }
    text
}

pub fn logged(answer: &Answer) -> String {
    let mut text = String::new();
    for line in &answer.lines {
        text.push_str(&format!("warning={} {}\n", line.is_warning, line.message));
        for (key, value) in &line.fields {
            text.push_str(&format!("  {key}: {value}\n"));
        }
    }
    text
}

pub fn deny(host: &FakeHost) -> String {
    shown(&judged(host, &enforced(), pod(&[IMAGE])))
}

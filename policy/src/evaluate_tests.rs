#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::answer::answer;
use crate::baseline::{Baseline, ConfigMapData, Verified};
use crate::digest::Digest;
use crate::drift::Drift;
use crate::host_error::{HostError, Outage};
use crate::posture::Posture;
use crate::testing::{
    Failure, FakeHost, REPOSITORY, baseline, digest, established, evaluated, google, keyless, now,
    pod, release, request, settings, signer_of, workload,
};
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

#[path = "evaluate_tests/attacks.rs"]
mod attacks;
#[path = "evaluate_tests/beside.rs"]
mod beside;
#[path = "evaluate_tests/budget.rs"]
mod budget;
#[path = "evaluate_tests/exceptions.rs"]
mod exceptions;
#[path = "evaluate_tests/lost.rs"]
mod lost;
#[path = "evaluate_tests/never_admitted.rs"]
mod never_admitted;
#[path = "evaluate_tests/objects.rs"]
mod objects;
#[path = "evaluate_tests/trust_control.rs"]
mod trust_control;
#[path = "evaluate_tests/ways_around.rs"]
mod ways_around;

/// A host that has learned [`REPOSITORY`], with images `v1` (good), `v2` (unsigned) and `v3` (a stranger's).
fn learned_host() -> FakeHost {
    let host = FakeHost::new();
    host.learn(&learned());
    host.state(r#"{"version":1,"lastRun":"2026-03-01T00:00:00Z","baselines":1}"#);
    for tag in ["v1", "v2", "v3"] {
        host.tag(REPOSITORY, tag, &digest(tag));
    }
    let sign = |tag: &str, identity: &continuity_testkit::Identity| {
        let signature = keyless(identity, &digest(tag));
        host.sign(REPOSITORY, &digest(tag), &[signature.layer().unwrap()]);
    };
    sign("v1", &release("v1"));
    sign("v3", &google("dev@acme.example"));
    host
}

fn learned() -> Baseline {
    established(&[signer_of(&release("v1"))])
}

fn enforced() -> Settings {
    settings(json!({"enforce": [{}]}))
}

fn at_tag(tag: &str) -> String {
    format!("{REPOSITORY}:{tag}")
}

fn at_digest(tag: &str) -> String {
    format!("{REPOSITORY}@{}", digest(tag))
}

fn reports<'e, 'a>(evaluation: &'e Evaluation<'a>) -> &'e [ImageReport<'a>] {
    match &evaluation.outcome {
        Outcome::Images(images) => images,
        Outcome::MirrorPod | Outcome::Nothing | Outcome::Unreadable(_) => &[],
    }
}

/// The deciding drift of each image, `-` where there is none, and the code of the answer.
fn told(evaluation: &Evaluation<'_>) -> (Vec<String>, Option<u16>) {
    let tell = |report: &ImageReport<'_>| match &report.finding {
        Ok(finding) => finding
            .drift()
            .map_or_else(|| "-".to_owned(), Drift::to_string),
        Err(_) => "unreadable".to_owned(),
    };
    let drifts = reports(evaluation).iter().map(tell).collect();
    let code = answer(evaluation).rejection.map(|(code, _)| code);
    (drifts, code)
}

fn evaluated_to(
    host: &FakeHost,
    settings: &Settings,
    images: &[&str],
) -> (Vec<String>, Option<u16>) {
    told(&evaluated(host, settings, images))
}

fn stranger() -> String {
    format!(
        "signer {}",
        signer_of(&google("dev@acme.example")).id().short()
    )
}

#[rstest]
#[case::good("v1", "-".to_owned(), None)]
#[case::unsigned("v2", "unsigned".to_owned(), Some(403))]
#[case::stranger("v3", stranger(), Some(403))]
fn one_image(#[case] tag: &str, #[case] drift: String, #[case] code: Option<u16>) {
    for image in [at_tag(tag), at_digest(tag)] {
        let result = evaluated_to(&learned_host(), &enforced(), &[&image]);
        assert_eq!(result, (vec![drift.clone()], code));
        // Elsewhere the same is admitted.
        for fields in [
            json!({}),
            json!({"enforce": []}),
            json!({"enforce": [{"namespaces": ["x"]}]}),
        ] {
            let result = evaluated_to(&learned_host(), &settings(fields), &[&image]);
            assert_eq!(result, (vec![drift.clone()], None));
        }
    }
}

/// The host calls of each path, in order.
#[rstest]
#[case::known_digest("v1", true, &["config-map"])]
#[case::known_digest_by_tag("v1", false, &["config-map", "digest"])]
fn what_a_verified_digest_costs(
    #[case] tag: &str,
    #[case] by_digest: bool,
    #[case] calls: &[&str],
) {
    let host = learned_host();
    let mut baseline = learned();
    baseline.verified.push(Verified::new(
        digest(tag),
        &signer_of(&release("v1")).id(),
        now(),
    ));
    host.learn(&baseline);
    let image = if by_digest {
        at_digest(tag)
    } else {
        at_tag(tag)
    };
    let settings = enforced();
    let evaluation = evaluated(&host, &settings, &[&image]);
    assert_eq!(told(&evaluation), (vec!["-".to_owned()], None));
    assert_eq!(host.kinds(), calls);
    assert_eq!(usize::try_from(evaluation.calls).unwrap(), calls.len());
}

#[test]
fn what_a_new_repository_costs() {
    let host = learned_host();
    let settings = enforced();
    let evaluation = evaluated(
        &host,
        &settings,
        &["ghcr.io/new/app:v1", "ghcr.io/new/app:v2"],
    );
    assert_eq!(
        told(&evaluation),
        (vec!["new".to_owned(), "new".to_owned()], None)
    );
    // Its baseline, the names of those that were signed, and whether anybody learns.
    assert_eq!(host.kinds(), ["config-map"; 3]);
    assert!(host.calls()[1].contains("/continuity-names-"));
    assert!(host.calls()[2].ends_with("/continuity-state"));
    assert_eq!(evaluation.notes, [] as [String; 0]);
    assert_eq!(answer(&evaluation).warnings, [] as [String; 0]);
}

#[rstest]
#[case::never_ran(None, true)]
#[case::ran(
    Some(r#"{"version":1,"lastRun":"2026-02-23T00:00:00Z","baselines":1}"#),
    false
)]
#[case::seven_days_ago(
    Some(r#"{"version":1,"lastRun":"2026-02-22T12:00:00Z","baselines":1}"#),
    false
)]
#[case::and_a_second(
    Some(r#"{"version":1,"lastRun":"2026-02-22T11:59:59Z","baselines":1}"#),
    true
)]
#[case::long_ago(
    Some(r#"{"version":1,"lastRun":"2026-02-22T00:00:00Z","baselines":1}"#),
    true
)]
#[case::unreadable(Some("{"), true)]
fn says_when_nobody_learns(#[case] state: Option<&str>, #[case] says: bool) {
    let host = FakeHost::new();
    if let Some(state) = state {
        host.state(state);
    }
    let settings = enforced();
    let evaluation = evaluated(&host, &settings, &["ghcr.io/new/app:v1"]);
    assert_eq!(told(&evaluation), (vec!["new".to_owned()], None));
    assert_eq!(evaluation.notes.len(), usize::from(says));
}

#[test]
fn nothing_is_said_of_the_learner_where_nothing_is_new() {
    let host = learned_host();
    evaluated(&host, &enforced(), &[&at_tag("v1")]);
    assert!(
        !host
            .calls()
            .iter()
            .any(|call| call.ends_with("/continuity-state"))
    );
}

#[test]
fn spellings_share_one_lookup_and_images_of_one_text_one_report() {
    let host = FakeHost::new();
    let images = [
        "nginx",
        "docker.io/nginx:1",
        "index.docker.io/library/nginx:1",
        "nginx",
    ];
    let settings = enforced();
    let evaluation = evaluated(&host, &settings, &images);
    assert_eq!(reports(&evaluation).len(), 3);
    assert_eq!(host.kinds(), ["config-map"; 3]);
}

#[test]
fn all_baselines_come_first_and_established_ones_before_the_others() {
    let host = learned_host();
    let mut cold = Baseline::new(
        "ghcr.io/cold/app".parse().unwrap(),
        crate::posture::Rank::Keyless,
        now(),
    );
    cold.signers = learned().signers;
    host.learn(&cold);
    let settings = enforced();
    let evaluation = evaluated(
        &host,
        &settings,
        &["ghcr.io/cold/app:v1", "ghcr.io/new/app:v1", &at_tag("v1")],
    );
    let calls = host.calls();
    assert_eq!(
        host.kinds()[..5],
        [
            "config-map",
            "config-map",
            "config-map",
            "config-map",
            "digest"
        ]
    );
    assert_eq!(calls[4], format!("digest {}", at_tag("v1")));
    assert!(
        calls
            .iter()
            .skip(5)
            .any(|call| call == "digest ghcr.io/cold/app:v1")
    );
    // The reports stay in the order of the request.
    let spelled: Vec<&str> = reports(&evaluation)
        .iter()
        .map(|r| r.image.spelled.as_str())
        .collect();
    assert_eq!(spelled[0], "ghcr.io/cold/app:v1");
    assert_eq!(spelled[2], at_tag("v1"));
}

#[test]
fn pinned_repositories_come_first_too() {
    let host = learned_host();
    let mut cold = baseline(&[signer_of(&release("v1"))]);
    cold.repository = "ghcr.io/cold/app".parse().unwrap();
    host.learn(&cold);
    let settings = settings(
        json!({"pins": [{"repositories": ["quay.io/pinned/*"], "anyOf": [
        {"issuer": "https://accounts.google.com", "subject": "a@acme.example"}]}]}),
    );
    evaluated(
        &host,
        &settings,
        &["ghcr.io/cold/app:v1", "quay.io/pinned/app:v1"],
    );
    assert_eq!(host.calls()[3], "digest quay.io/pinned/app:v1");
}

#[test]
fn what_is_certain_decides_the_code() {
    let host = learned_host();
    host.fail(
        &format!("digest {}", at_tag("v1")),
        Failure::Error(HostError::Answer),
    );
    let settings = settings(json!({"enforce": [{}], "onUndetermined": "deny"}));
    let (_, again) = evaluated_to(&host, &settings, &[&at_tag("v1")]);
    assert_eq!(again, Some(500));
    for images in [[at_tag("v1"), at_tag("v2")], [at_tag("v2"), at_tag("v1")]] {
        let (_, code) = evaluated_to(&host, &settings, &[&images[0], &images[1]]);
        assert_eq!(code, Some(403));
    }
}

#[test]
fn entries_of_enforce_count_for_their_repositories_only() {
    let fields = json!({"enforce": [{"repositories": ["ghcr.io/other/**"]}]});
    assert_eq!(
        evaluated_to(&learned_host(), &settings(fields), &[&at_tag("v2")]).1,
        None
    );
    let fields = json!({"enforce": [{"repositories": ["ghcr.io/acme/*"]}]});
    assert_eq!(
        evaluated_to(&learned_host(), &settings(fields), &[&at_tag("v2")]).1,
        Some(403)
    );
}

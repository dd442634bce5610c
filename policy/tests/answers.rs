//! What people read: denials, warnings, audit annotations and log lines, as snapshots.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use insta::assert_snapshot;
use serde_json::{Value, json};
use signature_continuity::baseline::STATE_NAME;
use support::said::{IMAGE, REPOSITORY, deny, enforced, host, judged, logged, shown, sign};
use support::{
    FakeHost, GITHUB, GOOGLE, KEY, RELEASE, baseline, key, key_layer, keyless_layer, leaf, pod,
    signer,
};

#[test]
fn says_nothing_about_a_known_signer() {
    let mut host = host();
    sign(&mut host, GITHUB, RELEASE);
    let answer = judged(&host, &enforced(), pod(&[IMAGE]));
    assert_snapshot!("none", format!("{}{}", shown(&answer), logged(&answer)));
}

#[test]
fn denies_another_signer() {
    let mut host = host();
    sign(&mut host, GOOGLE, "dev@acme.example");
    let answer = judged(&host, &enforced(), pod(&[IMAGE]));
    assert_snapshot!("signer", format!("{}{}", shown(&answer), logged(&answer)));
}

#[test]
fn denies_lost_signatures() {
    let mut host = host();
    host.push(REPOSITORY, "v1.9.0", &[]);
    assert_snapshot!("unsigned", deny(&host));
}

#[test]
fn denies_weaker_evidence() {
    let mut host = host();
    let layer = key_layer(REPOSITORY, &support::digest(IMAGE), KEY);
    host.push(REPOSITORY, "v1.9.0", &[layer]);
    host.signed.insert(KEY.to_owned());
    assert_snapshot!("downgrade-stranger", deny(&host));
    host.learn(&baseline(REPOSITORY, &[signer(GITHUB, RELEASE), key()]));
    assert_snapshot!("downgrade-key", deny(&host));
}

#[test]
fn denies_what_cannot_be_verified_and_what_contradicts_itself() {
    let mut host = host();
    sign(&mut host, GITHUB, RELEASE);
    host.foreign = true;
    assert_snapshot!("downgrade-unverifiable", deny(&host));
    host.foreign = false;
    // In order in itself, and nobody confirms it: that is no word against whoever signed.
    host.signed.clear();
    assert_snapshot!("undetermined-answer", deny(&host));
    let mut moved = keyless_layer(REPOSITORY, &support::digest(IMAGE), &leaf(GITHUB, RELEASE));
    moved["digest"] = json!(support::digest("another payload"));
    host.push(REPOSITORY, "v1.9.0", &[moved]);
    assert_snapshot!("invalid", deny(&host));
}

#[test]
fn denies_what_is_not_pinned() {
    let mut host = host();
    let mut fields = enforced();
    fields["pins"] = json!([{"repositories": ["ghcr.io/acme/**"], "anyOf": [{"publicKey": KEY}]}]);
    sign(&mut host, GITHUB, RELEASE);
    assert_snapshot!("pin-signer", shown(&judged(&host, &fields, pod(&[IMAGE]))));
    host.manifests.clear();
    assert_snapshot!(
        "pin-unsigned",
        shown(&judged(&host, &fields, pod(&[IMAGE])))
    );
}

#[test]
fn says_what_may_be_unseen_to_the_audience_of_warnings_too() {
    let mut host = host();
    host.push(REPOSITORY, "v1.9.0", &[]);
    assert_snapshot!(
        "unsigned-warned",
        shown(&judged(&host, &json!({}), pod(&[IMAGE])))
    );
    let mut template = pod(&[IMAGE]);
    template["kind"]["kind"] = json!("Deployment");
    let spec = template["object"]["spec"].take();
    template["object"]["spec"] = json!({"template": {"spec": spec}});
    assert_snapshot!(
        "unsigned-template",
        shown(&judged(&host, &enforced(), template))
    );
}

#[test]
fn says_who_ended_a_signer() {
    let mut host = host();
    let mut learned = baseline(
        REPOSITORY,
        &[signer(GITHUB, RELEASE), signer(GOOGLE, "dev@acme.example")],
    );
    learned.signers[0].retired = serde_json::from_value(
        json!({"at": "2026-11-20T00:00:00Z", "by": "jane@acme.example", "reason": "workflow token leaked, T-9"}),
    )
    .unwrap();
    host.learn(&learned);
    sign(&mut host, GITHUB, RELEASE);
    assert_snapshot!("signer-retired", deny(&host));
}

#[test]
fn what_differs_between_two_long_names_is_not_cut_away() {
    let workflow = format!(
        "https://github.com/acme/api/.github/workflows/{}.yml",
        "release-".repeat(40)
    );
    let learned = signer(GITHUB, &format!("{workflow}@refs/heads/release-1"));
    let mut host = host();
    host.learn(&baseline(REPOSITORY, &[learned]));
    sign(
        &mut host,
        GITHUB,
        &format!("{workflow}@refs/heads/release-2"),
    );
    let text = deny(&host);
    let said = |start: &str| {
        let line = text.lines().find(|line| line.starts_with(start)).unwrap();
        line.trim_start_matches(start).to_owned()
    };
    assert!(
        said("before: ").contains("release-1 (GitHub Actions)"),
        "{text}"
    );
    assert!(
        said("now: ").contains("release-2 (GitHub Actions)"),
        "{text}"
    );
    assert!(
        text.contains("refPatterns with fold: refs/heads/release-*"),
        "{text}"
    );
}

#[test]
fn names_further_images() {
    let mut host = host();
    sign(&mut host, GOOGLE, "dev@acme.example");
    let mut also = baseline("docker.io/library/nginx", &[signer(GITHUB, RELEASE)]);
    host.learn(&also);
    host.push("docker.io/nginx", "latest", &[]);
    also.repository = "quay.io/acme/db".parse().unwrap();
    also.established = None;
    host.learn(&also);
    host.push("quay.io/acme/db", "15", &[]);
    let images = [
        "nginx",
        IMAGE,
        "quay.io/acme/db:15",
        "new.example/x@sha256:0",
        "new.example/x",
    ];
    assert_snapshot!("several", shown(&judged(&host, &enforced(), pod(&images))));
    assert_snapshot!(
        "several-warned",
        shown(&judged(&host, &json!({}), pod(&images)))
    );
}

#[test]
fn warns_about_cold_baselines() {
    let mut host = host();
    let mut learned = baseline(REPOSITORY, &[signer(GITHUB, RELEASE)]);
    learned.established = None;
    host.learn(&learned);
    sign(&mut host, GOOGLE, "dev@acme.example");
    assert_snapshot!("not-established", deny(&host));
}

#[test]
fn reports_to_the_audit_scanner_alone() {
    let mut host = host();
    sign(&mut host, GOOGLE, "dev@acme.example");
    let fields = json!({"unenforced": "report"});
    assert!(judged(&host, &fields, pod(&[IMAGE])).rejection.is_none());
    let mut request = pod(&[IMAGE]);
    request["userInfo"] = json!({});
    assert_snapshot!("reported", shown(&judged(&host, &fields, request.clone())));
    // What is enforced is not called a report.
    assert_snapshot!(
        "audited",
        shown(&judged(&host, &enforced(), request.clone()))
    );
    let mut both = enforced();
    both["unenforced"] = json!("report");
    let (_, text) = judged(&host, &both, request).rejection.unwrap();
    assert!(
        text.contains("is enforced") && !text.contains("report"),
        "{text}"
    );
}

#[test]
fn tells_of_exceptions_before_and_after_their_end() {
    let mut host = host();
    host.push(REPOSITORY, "v1.9.0", &[]);
    let with = |expires: &str| {
        let mut fields = enforced();
        fields["exceptions"] = json!([{"repository": REPOSITORY, "accepts": "unsigned", "reason": "TICKET-12", "expires": expires}]);
        fields
    };
    let say = |fields: &Value| shown(&judged(&host, fields, pod(&[IMAGE])));
    assert_snapshot!("exception-expires", say(&with("2026-11-30")));
    assert_snapshot!("exception-expired", say(&with("2026-11-21")));
    assert!(!say(&with("2027-03-31")).contains("warning"));
}

#[test]
fn says_when_nobody_learns() {
    let mut host = host();
    let say = |host: &FakeHost| shown(&judged(host, &enforced(), pod(&["ghcr.io/acme/new"])));
    assert!(!say(&host).contains("warning"));
    host.learner_ran("2026-11-15T11:59:59Z");
    assert_snapshot!("learner-gone", say(&host));
    host.config_maps.remove(STATE_NAME);
    assert_snapshot!("learner-never", say(&host));
}

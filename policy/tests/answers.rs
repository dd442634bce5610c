//! What people read: denials, warnings, audit annotations and log lines, as snapshots.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use chrono::TimeDelta;
use insta::assert_snapshot;
use serde_json::{Value, json};
use signature_continuity::answer::Answer;
use signature_continuity::baseline::{
    ConfigMapData, NAMES_KEY, Names, STATE_NAME, Shard, config_map_name,
};
use signature_continuity::guest::judge;
use signature_continuity::host_error::{HostError, Outage};
use support::{
    FakeHost, GITHUB, GOOGLE, KEY, RELEASE, baseline, key, key_layer, keyless_layer, leaf, pod,
    settings, signer,
};

const REPOSITORY: &str = "ghcr.io/acme/api";
const IMAGE: &str = "ghcr.io/acme/api:v1.9.0";

/// A host with an established baseline, signed by the release workflow since 2025-03-02.
fn host() -> FakeHost {
    let mut host = FakeHost::default();
    let mut learned = baseline(REPOSITORY, &[signer(GITHUB, RELEASE)]);
    learned.log =
        Some(serde_json::from_value(json!({"earliest": "2025-03-02T11:00:00Z"})).unwrap());
    host.learn(&learned);
    host.learner_ran("2026-11-22T00:00:00Z");
    host
}

fn enforced() -> Value {
    json!({"enforce": [{}]})
}

/// Pushes the image, signed by somebody whose key the host knows.
fn sign(host: &mut FakeHost, issuer: &str, san: &str) {
    let leaf = leaf(issuer, san);
    let layer = keyless_layer(REPOSITORY, &support::digest(IMAGE), &leaf);
    host.push(REPOSITORY, "v1.9.0", &[layer]);
    host.signed.insert(leaf.pem());
}

fn judged(host: &FakeHost, fields: &Value, request: Value) -> Answer {
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

fn shown(answer: &Answer) -> String {
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

fn logged(answer: &Answer) -> String {
    let mut text = String::new();
    for line in &answer.lines {
        text.push_str(&format!("warning={} {}\n", line.is_warning, line.message));
        for (key, value) in &line.fields {
            text.push_str(&format!("  {key}: {value}\n"));
        }
    }
    text
}

fn deny(host: &FakeHost) -> String {
    shown(&judged(host, &enforced(), pod(&[IMAGE])))
}

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
fn asks_to_try_again_when_the_registry_does_not_answer() {
    let mut host = host();
    host.failing
        .insert(IMAGE.to_owned(), HostError::Outage(Outage::RateLimit));
    let fields = json!({"enforce": [{}], "onUndetermined": "deny"});
    assert_snapshot!(
        "undetermined-outage",
        shown(&judged(&host, &fields, pod(&[IMAGE])))
    );
    let fields = json!({"enforce": [{}], "onUndetermined": "admit"});
    assert_snapshot!(
        "undetermined-outage-admitted",
        shown(&judged(&host, &fields, pod(&[IMAGE])))
    );
}

#[test]
fn asks_to_try_again_when_time_is_spent() {
    let mut host = host();
    sign(&mut host, GITHUB, RELEASE);
    host.slow = TimeDelta::milliseconds(500);
    assert_snapshot!("undetermined-limit", deny(&host));
}

#[test]
fn says_what_is_wrong_with_a_baseline() {
    let mut host = host();
    sign(&mut host, GITHUB, RELEASE);
    let name = config_map_name(&REPOSITORY.parse().unwrap());
    host.config_maps
        .insert(name.clone(), Ok(ConfigMapData::default()));
    assert_snapshot!("undetermined-baseline", deny(&host));
    assert_snapshot!(
        "undetermined-baseline-warned",
        shown(&judged(&host, &json!({}), pod(&[IMAGE])))
    );
    host.config_maps.insert(name, Err(HostError::NotGranted));
    assert_snapshot!("undetermined-not-granted", deny(&host));
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
fn says_how_a_lost_baseline_comes_back() {
    let mut host = host();
    let repository = REPOSITORY.parse().unwrap();
    host.config_maps.remove(&config_map_name(&repository));
    let shard = Shard::of(&repository);
    let mut names = Names::new(shard);
    names.insert(&repository).unwrap();
    let map = ConfigMapData {
        data: [(NAMES_KEY.to_owned(), names.encode())].into(),
        ..ConfigMapData::default()
    };
    host.config_maps.insert(shard.config_map_name(), Ok(map));
    assert_snapshot!("undetermined-lost", deny(&host));
    assert_snapshot!(
        "undetermined-lost-warned",
        shown(&judged(&host, &json!({}), pod(&[IMAGE])))
    );
}

#[test]
fn names_the_account_that_may_not_read_baselines() {
    let mut host = host();
    let name = config_map_name(&REPOSITORY.parse().unwrap());
    let account = "system:serviceaccount:kubewarden:policy-server-default".to_owned();
    host.config_maps
        .insert(name, Err(HostError::Forbidden(account)));
    assert_snapshot!("undetermined-forbidden", deny(&host));
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
fn tells_a_broken_trust_root_from_a_change() {
    let mut host = host();
    sign(&mut host, GITHUB, RELEASE);
    host.foreign = true;
    let control = support::digest("control");
    let name = "ghcr.io/acme/control";
    let layer = keyless_layer(name, &control, &leaf(GITHUB, RELEASE));
    let manifest = json!({"layers": [layer]}).to_string();
    host.manifests.insert(
        format!("{name}:{}", control.signature_tag()),
        manifest.into_bytes(),
    );
    let mut fields = enforced();
    fields["trustControl"] =
        json!({"image": format!("{name}@{control}"), "issuer": GITHUB, "subject": RELEASE});
    assert_snapshot!(
        "undetermined-trust-root",
        shown(&judged(&host, &fields, pod(&[IMAGE])))
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
fn a_request_that_does_not_parse_as_a_whole_is_still_its_users() {
    let host = host();
    let report = json!({"unenforced": "report"});
    let mut odd = pod(&[IMAGE]);
    odd["options"] = json!("none");
    assert!(judged(&host, &report, odd.clone()).rejection.is_none());
    let (code, text) = judged(&host, &enforced(), odd.clone()).rejection.unwrap();
    assert_eq!(code, 403);
    assert!(text.contains("of the Pod"), "{text}");
    odd["operation"] = json!("DELETE");
    assert!(judged(&host, &enforced(), odd).rejection.is_none());
}

#[test]
fn answers_about_objects_without_images_to_judge() {
    let host = host();
    let mut mirror = pod(&[IMAGE]);
    mirror["object"]["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
    mirror["object"]["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": "1"}]);
    mirror["userInfo"]["username"] = json!("system:node:n1");
    assert_snapshot!("mirror-pod", shown(&judged(&host, &enforced(), mirror)));
    let mut broken = pod(&[IMAGE]);
    broken["object"]["spec"]["containers"] = json!("none");
    assert_snapshot!(
        "unreadable-object",
        shown(&judged(&host, &enforced(), broken.clone()))
    );
    assert_snapshot!(
        "unreadable-object-warned",
        shown(&judged(&host, &json!({}), broken))
    );
    let mut unknown = pod(&[IMAGE]);
    unknown["kind"]["kind"] = json!("Pod\nSandbox\u{202e}");
    assert_snapshot!("unknown-kind", shown(&judged(&host, &enforced(), unknown)));
    let mut gone = pod(&[IMAGE]);
    gone["operation"] = json!("DELETE");
    assert_snapshot!("nothing", shown(&judged(&host, &enforced(), gone)));
    assert_snapshot!(
        "no-request",
        shown(&judged(
            &host,
            &enforced(),
            json!({"namespace": "prod", "object": 1, "kind": 2})
        ))
    );
}

#[test]
fn denies_references_that_do_not_parse() {
    let host = host();
    assert_snapshot!(
        "unreadable-reference",
        shown(&judged(&host, &enforced(), pod(&["Not\u{202e} an\nimage"])))
    );
    assert_snapshot!(
        "unreadable-reference-warned",
        shown(&judged(&host, &json!({}), pod(&["Not\u{202e} an\nimage"])))
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

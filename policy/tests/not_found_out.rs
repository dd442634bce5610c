//! What people read of what could not be found out: registries, baselines and requests that give no answer.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use chrono::TimeDelta;
use insta::assert_snapshot;
use serde_json::json;
use signature_continuity::baseline::{ConfigMapData, NAMES_KEY, Names, Shard, config_map_name};
use signature_continuity::host_error::{HostError, Outage};
use support::said::{IMAGE, REPOSITORY, deny, enforced, host, judged, shown, sign};
use support::{GITHUB, RELEASE, keyless_layer, leaf, pod};

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

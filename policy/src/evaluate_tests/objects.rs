//! Kinds, operations, and what cannot be read.

use super::*;

const POD: &[&str] = &["spec"];
const TEMPLATE: &[&str] = &["spec", "template", "spec"];
const CRON: &[&str] = &["spec", "jobTemplate", "spec", "template", "spec"];

fn evaluated_object(
    settings: &Settings,
    kind: &str,
    operation: &str,
    object: &Value,
    old: &Value,
) -> (Vec<String>, Option<u16>) {
    let host = learned_host();
    told(&evaluate(
        &host,
        settings,
        &request(kind, operation, object, old),
    ))
}

#[rstest]
#[case("Pod", POD)]
#[case("ReplicationController", TEMPLATE)]
#[case("Deployment", TEMPLATE)]
#[case("ReplicaSet", TEMPLATE)]
#[case("StatefulSet", TEMPLATE)]
#[case("DaemonSet", TEMPLATE)]
#[case("Job", TEMPLATE)]
#[case("CronJob", CRON)]
fn every_kind_is_judged(#[case] kind: &str, #[case] path: &[&str]) {
    let settings = enforced();
    let bad = workload(path, &[&at_tag("v1"), &at_tag("v3")]);
    let create = evaluated_object(&settings, kind, "CREATE", &bad, &Value::Null);
    assert_eq!(create, (vec!["-".to_owned(), stranger()], Some(403)));
    // An UPDATE is judged on what it adds.
    let good = workload(path, &[&at_tag("v1")]);
    let update = evaluated_object(&settings, kind, "UPDATE", &bad, &good);
    assert_eq!(update, (vec![stranger()], Some(403)));
    let same = evaluated_object(&settings, kind, "UPDATE", &bad, &bad);
    assert_eq!(same, (vec![], None));
    let rolled_back = evaluated_object(&settings, kind, "UPDATE", &good, &bad);
    assert_eq!(rolled_back, (vec![], None));
    // An old object that cannot be read excuses nothing.
    let unread = evaluated_object(&settings, kind, "UPDATE", &bad, &json!({"spec": 7}));
    assert_eq!(unread.1, Some(403));
}

/// A workload is not rejected for what is only missing: its pods are, and until then somebody who sees more may look.
#[rstest]
#[case("Pod", POD, Some(403))]
#[case("Deployment", TEMPLATE, None)]
#[case("Job", TEMPLATE, None)]
#[case("CronJob", CRON, None)]
fn what_is_not_proven_is_left_to_the_pods(
    #[case] kind: &str,
    #[case] path: &[&str],
    #[case] code: Option<u16>,
) {
    let settings = enforced();
    for (image, drift) in [
        (at_tag("v2"), "unsigned"),
        ("Not An Image".to_owned(), "unreadable"),
    ] {
        let host = learned_host();
        let object = workload(path, &[&image]);
        let request = request(kind, "CREATE", &object, &Value::Null);
        let evaluation = evaluate(&host, &settings, &request);
        assert_eq!(told(&evaluation), (vec![drift.to_owned()], code));
        let warnings = answer(&evaluation).warnings;
        assert_eq!(warnings.len(), usize::from(code.is_none()), "{warnings:?}");
    }
    let host = learned_host();
    host.fail("config-map", Failure::Error(HostError::Answer));
    let request = request(
        kind,
        "CREATE",
        &workload(path, &[&at_tag("v1")]),
        &Value::Null,
    );
    let again = code.map(|_| 500);
    assert_eq!(told(&evaluate(&host, &settings, &request)).1, again);
}

#[rstest]
#[case::init(json!({"initContainers": [{"name": "a", "image": "IMAGE"}], "containers": []}))]
#[case::ephemeral(json!({"containers": [], "ephemeralContainers": [{"name": "a", "image": "IMAGE"}]}))]
#[case::volume(json!({"containers": [], "volumes": [{"name": "a", "image": {"reference": "IMAGE"}}]}))]
fn every_place_of_an_image_is_judged(#[case] spec: Value) {
    let spec = spec.to_string().replace("IMAGE", &at_tag("v2"));
    let object = json!({"spec": serde_json::from_str::<Value>(&spec).unwrap()});
    let result = evaluated_object(&enforced(), "Pod", "CREATE", &object, &Value::Null);
    assert_eq!(result, (vec!["unsigned".to_owned()], Some(403)));
}

#[rstest]
#[case::unknown_kind("Gadget", json!({"spec": {"containers": []}}))]
#[case::lower_case("pod", json!({"spec": {"containers": []}}))]
#[case::no_spec("Pod", json!({}))]
#[case::null("Pod", Value::Null)]
#[case::containers_no_list("Pod", json!({"spec": {"containers": {"image": "x"}}}))]
#[case::image_no_text("Pod", json!({"spec": {"containers": [{"image": 7}]}}))]
#[case::in_another_place("Deployment", json!({"spec": {"containers": []}}))]
fn what_does_not_parse(#[case] kind: &str, #[case] object: Value) {
    for (fields, code) in [
        (json!({"enforce": [{}]}), Some(403)),
        (
            json!({"enforce": [{"repositories": ["ghcr.io/other/*"]}]}),
            Some(403),
        ),
        (json!({"enforce": [{"namespaces": ["staging"]}]}), None),
        (json!({}), None),
    ] {
        let settings = settings(fields);
        let host = learned_host();
        let request = request(kind, "CREATE", &object, &Value::Null);
        let evaluation = evaluate(&host, &settings, &request);
        assert!(matches!(evaluation.outcome, Outcome::Unreadable(_)));
        let answer = answer(&evaluation);
        assert_eq!(answer.rejection.map(|(code, _)| code), code);
        assert!(!answer.warnings.is_empty());
        assert_eq!(host.calls(), [] as [String; 0]);
    }
}

#[rstest]
#[case::empty("")]
#[case::upper_case("ghcr.io/Acme/api")]
#[case::trailing_dot("ghcr.io./acme/api")]
#[case::sha512("ghcr.io/acme/api@sha512:aa")]
#[case::short_digest("ghcr.io/acme/api@sha256:aa")]
#[case::line_break("ghcr.io/acme/api\n:v1")]
#[case::scheme("https://ghcr.io/acme/api")]
#[case::bidi("ghcr.io/acme/\u{202e}ipa")]
fn references_that_do_not_parse(#[case] image: &str) {
    let good = at_tag("v1");
    for (fields, code) in [(json!({"enforce": [{}]}), Some(403)), (json!({}), None)] {
        let settings = settings(fields);
        let result = evaluated_to(&learned_host(), &settings, &[image, &good]);
        assert_eq!(
            result,
            (vec!["unreadable".to_owned(), "-".to_owned()], code)
        );
    }
}

/// Something else fills in what a template leaves open, and the pod is judged when it is made.
#[rstest]
#[case::empty(json!(""))]
#[case::blank(json!(" "))]
#[case::missing(Value::Null)]
#[case::placeholder(json!("REPLACE_ME"))]
#[case::unrendered(json!("{{ .Values.image }}"))]
#[case::local_image(json!(format!("sha256:{}", "a".repeat(64))))]
#[case::sha512(json!(format!("ghcr.io/acme/api@sha512:{}", "a".repeat(128))))]
fn what_is_no_reference_in_a_template_is_admitted_with_a_warning(#[case] image: Value) {
    let host = learned_host();
    let settings = enforced();
    let spec = json!({"containers": [{"name": "c", "image": image}]});
    for (kind, object, code) in [
        (
            "Deployment",
            json!({"spec": {"template": {"spec": spec}}}),
            None,
        ),
        (
            "CronJob",
            json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}}),
            None,
        ),
        ("Pod", json!({"spec": spec}), Some(403)),
    ] {
        let request = request(kind, "CREATE", &object, &Value::Null);
        let evaluation = evaluate(&host, &settings, &request);
        assert_eq!(told(&evaluation), (vec!["unreadable".to_owned()], code));
        let warnings = answer(&evaluation).warnings;
        assert_eq!(warnings.len(), usize::from(code.is_none()), "{warnings:?}");
        assert_eq!(host.calls(), [] as [String; 0]);
    }
}

#[test]
fn an_image_volume_without_reference_is_one_that_is_filled_in() {
    let spec = json!({"containers": [], "volumes": [{"name": "v", "image": {}}]});
    let object = json!({"spec": {"template": {"spec": spec}}});
    let result = evaluated_object(&enforced(), "StatefulSet", "CREATE", &object, &Value::Null);
    assert_eq!(result, (vec!["unreadable".to_owned()], None));
    let object = json!({"spec": spec});
    let result = evaluated_object(&enforced(), "Pod", "CREATE", &object, &Value::Null);
    assert_eq!(result, (vec!["unreadable".to_owned()], Some(403)));
}

/// What a template leaves open hides nothing beside it.
#[test]
fn other_images_of_such_a_template_are_judged() {
    let bad = workload(TEMPLATE, &[" ", &at_tag("v2")]);
    let (drifts, _) = evaluated_object(&enforced(), "Deployment", "CREATE", &bad, &Value::Null);
    assert_eq!(drifts, ["unreadable", "unsigned"]);
}

#[rstest]
#[case::scale("Scale", json!({"spec": {"replicas": 3}}))]
#[case::eviction("Eviction", json!({"metadata": {"name": "x"}}))]
#[case::binding("Binding", json!({"target": {"kind": "Node", "name": "n"}}))]
fn objects_without_a_pod_template_are_admitted(#[case] kind: &str, #[case] object: Value) {
    let result = evaluated_object(&enforced(), kind, "CREATE", &object, &Value::Null);
    assert_eq!(result, (vec![], None));
}

#[test]
fn a_reference_that_only_the_host_rejects() {
    for (fields, code) in [
        (json!({"enforce": [{}]}), Some(403)),
        (
            json!({"enforce": [{"repositories": ["ghcr.io/acme/*"]}]}),
            Some(403),
        ),
        (
            json!({"enforce": [{"repositories": ["ghcr.io/other/*"]}]}),
            None,
        ),
        (json!({}), None),
    ] {
        let host = learned_host();
        host.fail("digest", Failure::Text("invalid reference format"));
        let result = evaluated_to(&host, &settings(fields), &[&at_tag("v1")]);
        assert_eq!(result, (vec!["unreadable".to_owned()], code));
    }
}

/// A digest by another algorithm is no reference where a tag means it, as where it is spelled.
#[rstest]
#[case::sha512(format!("sha512:{}", "a".repeat(128)), ("unreadable", 403))]
#[case::sha384(format!("sha384:{}", "a".repeat(96)), ("unreadable", 403))]
// What is no digest at all is an answer that nobody understands.
#[case::short("sha256:aa".to_owned(), ("undetermined (answer)", 500))]
#[case::no_digest("v2".to_owned(), ("undetermined (answer)", 500))]
fn a_tag_that_means_another_digest(#[case] digest: String, #[case] expected: (&str, u16)) {
    let (drift, code) = expected;
    let drifts = vec![drift.to_owned()];
    for (kind, path, enforced_code) in [("Pod", POD, Some(code)), ("Deployment", TEMPLATE, None)] {
        for (fields, code) in [
            (json!({"enforce": [{}]}), enforced_code),
            (
                json!({"enforce": [{}], "onUndetermined": "admit"}),
                enforced_code,
            ),
            (json!({}), None),
        ] {
            let host = learned_host();
            host.tag_of(REPOSITORY, "v1", &digest);
            let object = workload(path, &[&at_tag("v1")]);
            let settings = settings(fields);
            let request = request(kind, "CREATE", &object, &Value::Null);
            let evaluation = evaluate(&host, &settings, &request);
            assert_eq!(told(&evaluation), (drifts.clone(), code), "{kind}");
            assert_eq!(
                host.kinds(),
                ["config-map", "digest"],
                "nothing of it is asked for"
            );
            let warnings = answer(&evaluation).warnings;
            assert_eq!(warnings.len(), usize::from(code.is_none()), "{warnings:?}");
        }
    }
}

#[rstest]
#[case::delete("DELETE")]
#[case::connect("CONNECT")]
fn operations_that_run_nothing(#[case] operation: &str) {
    let bad = workload(POD, &[&at_tag("v2")]);
    let result = evaluated_object(&enforced(), "Pod", operation, &bad, &Value::Null);
    assert_eq!(result, (vec![], None));
}

#[test]
fn an_operation_that_nobody_knows_is_judged_in_full() {
    let bad = workload(POD, &[&at_tag("v2")]);
    let result = evaluated_object(&enforced(), "Pod", "PATCH", &bad, &bad);
    assert_eq!(result.1, Some(403));
}

fn mirror_pod(user: &str) -> KubernetesAdmissionRequest {
    let mut object = workload(POD, &[&at_tag("v2")]);
    object["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "abc"});
    object["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "Node", "name": "worker-1", "uid": "1"}]);
    let mut request = request("Pod", "CREATE", &object, &Value::Null);
    request.user_info.username = user.to_owned();
    request
}

#[test]
fn a_mirror_pod_is_admitted_with_a_warning_if_a_node_made_it() {
    let (host, settings) = (learned_host(), enforced());
    let evaluation = evaluate(&host, &settings, &mirror_pod("system:node:worker-1"));
    let answer = answer(&evaluation);
    assert_eq!((answer.rejection, answer.warnings.len()), (None, 1));
    assert_eq!(host.calls(), [] as [String; 0]);
    // From anybody else the annotation means nothing.
    for user in [
        "dev@acme.example",
        "system:serviceaccount:prod:default",
        "xsystem:node:a",
    ] {
        let evaluation = evaluate(&host, &settings, &mirror_pod(user));
        assert_eq!(told(&evaluation).1, Some(403), "{user}");
    }
}

/// The audit scanner's requests carry no user name.
#[rstest]
#[case::warn(json!({}), "", None)]
#[case::report(json!({"unenforced": "report"}), "", Some(403))]
#[case::report_somebody(json!({"unenforced": "report"}), "dev@acme.example", None)]
#[case::enforced(json!({"unenforced": "report", "enforce": [{}]}), "", Some(403))]
fn the_audit_scanner(#[case] fields: Value, #[case] user: &str, #[case] code: Option<u16>) {
    let settings = settings(fields);
    let mut request = pod(&[&at_tag("v2")]);
    request.user_info.username = user.to_owned();
    let host = learned_host();
    assert_eq!(told(&evaluate(&host, &settings, &request)).1, code);
    // What changed is good news for nobody, and what is good is not reported.
    let mut request = pod(&[&at_tag("v1")]);
    request.user_info.username = user.to_owned();
    assert_eq!(told(&evaluate(&host, &settings, &request)).1, None);
}

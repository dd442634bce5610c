#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::tests::{KINDS, containers, images, object, request};
use super::*;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
fn looks_at_nothing_where_nothing_would_run(#[values("DELETE", "CONNECT")] operation: &str) {
    assert_eq!(
        look(&request("Whatever", operation, Value::Null)),
        Ok(Looked::Nothing)
    );
}

/// Kinds that are not known, with a pod template somewhere.
#[rstest]
#[case::rollout("Rollout", json!({"spec": {"template": {"spec": {"containers": []}}}}))]
#[case::pod_template("PodTemplate", json!({"template": {"spec": {"initContainers": [{"image": "x"}]}}}))]
#[case::lower_case("pod", json!({"spec": {"containers": [{"image": "x"}]}}))]
#[case::list("List", json!({"items": [{"kind": "Pod", "spec": {"ephemeralContainers": []}}]}))]
#[case::deep("Workflow", json!({"spec": {"a": [{"b": {"c": [[{"containers": [1]}]]}}]}}))]
#[case::named_like_a_subresource("Scale", json!({"spec": {"containers": []}}))]
#[case::no_object("Rollout", Value::Null)]
#[case::text("Rollout", json!("x"))]
#[case::no_kind("", json!({"spec": {}}))]
fn rejects_kinds_with_pods_that_it_does_not_know(#[case] kind: &str, #[case] object: Value) {
    for (operation, sub_resource) in [("CREATE", ""), ("UPDATE", "scale"), ("PATCH", "eviction")] {
        let mut request = request(kind, operation, object.clone());
        request.sub_resource = sub_resource.to_owned();
        assert_eq!(
            look(&request),
            Err(RequestError::UnknownKind {
                kind: kind.to_owned()
            })
        );
    }
}

#[test]
fn the_name_of_a_kind_is_shown_plainly() {
    let error = look(&request("Po\nd\u{202e}", "CREATE", Value::Null)).unwrap_err();
    let kind = "Po?d?".to_owned();
    assert_eq!(error, RequestError::UnknownKind { kind });
}

/// Objects that name no image, whatever they are and wherever they are sent.
#[rstest]
#[case::scale("Scale", "scale", json!({"spec": {"replicas": 3}, "status": {"selector": "a=b"}}))]
#[case::eviction("Eviction", "eviction", json!({"metadata": {"name": "x"}, "deleteOptions": {}}))]
#[case::binding("Binding", "binding", json!({"target": {"kind": "Node", "name": "n"}}))]
#[case::token("TokenRequest", "token", json!({"spec": {"audiences": ["a"]}}))]
#[case::config_map("ConfigMap", "", json!({"data": {"containers": "[]"}}))]
#[case::empty("Whatever", "", json!({}))]
fn lets_be_what_names_no_image(
    #[case] kind: &str,
    #[case] sub_resource: &str,
    #[case] object: Value,
) {
    for operation in ["CREATE", "UPDATE", "PATCH"] {
        let mut request = request(kind, operation, object.clone());
        request.sub_resource = sub_resource.to_owned();
        assert_eq!(look(&request), Ok(Looked::Nothing));
    }
}

/// A subresource whose object is a pod or a workload is looked at like that one.
#[rstest]
#[case::status("Deployment", "status")]
#[case::resize("Pod", "resize")]
#[case::ephemeral("Pod", "ephemeralcontainers")]
fn a_subresource_hides_nothing(#[case] kind: &str, #[case] sub_resource: &str) {
    let mut request = request(kind, "UPDATE", object(kind, &containers(&["nginx"])));
    request.sub_resource = sub_resource.to_owned();
    assert_eq!(images(&request), ["nginx"]);
}

#[rstest]
#[case::absent("Pod", Value::Null, "object", "an object")]
#[case::text("Pod", json!("x"), "object", "an object")]
#[case::no_spec("Pod", json!({}), "object.spec", "an object")]
#[case::list_for_spec("Pod", json!({"spec": []}), "object.spec", "an object")]
#[case::no_template("Deployment", json!({"spec": {}}), "object.spec.template", "an object")]
#[case::null_template("ReplicaSet", json!({"spec": {"template": null}}), "object.spec.template", "an object")]
#[case::deep("CronJob", json!({"spec": {"jobTemplate": {"spec": {"template": 1}}}}), "object.spec.jobTemplate.spec.template", "an object")]
#[case::containers("Pod", json!({"spec": {"containers": {}}}), "object.spec.containers", "a list")]
#[case::init("Pod", json!({"spec": {"initContainers": "x"}}), "object.spec.initContainers", "a list")]
#[case::ephemeral("Pod", json!({"spec": {"ephemeralContainers": 1}}), "object.spec.ephemeralContainers", "a list")]
#[case::volumes("Pod", json!({"spec": {"volumes": true}}), "object.spec.volumes", "a list")]
#[case::container_as_list("Pod", json!({"spec": {"containers": [["name", "image"]]}}), "object.spec.containers[0]", "an object")]
#[case::container_null("Pod", json!({"spec": {"containers": [{"image": "a"}, null]}}), "object.spec.containers[1]", "an object")]
#[case::image_number("Pod", json!({"spec": {"containers": [{"image": 5}]}}), "object.spec.containers[0].image", "a text")]
#[case::image_list("Pod", json!({"spec": {"containers": [{"image": ["a"]}]}}), "object.spec.containers[0].image", "a text")]
#[case::name_number("Pod", json!({"spec": {"containers": [{"image": "a", "name": 5}]}}), "object.spec.containers[0].name", "a text")]
#[case::volume_image("Pod", json!({"spec": {"volumes": [{"image": "a"}]}}), "object.spec.volumes[0].image", "an object")]
#[case::volume_reference("Pod", json!({"spec": {"volumes": [{"image": {"reference": {}}}]}}), "object.spec.volumes[0].image.reference", "a text")]
#[case::metadata("Pod", json!({"spec": {}, "metadata": []}), "object.metadata", "an object")]
#[case::annotations("Pod", json!({"spec": {}, "metadata": {"annotations": "x"}}), "object.metadata.annotations", "an object")]
fn rejects_other_shapes_with_their_path(
    #[case] kind: &str,
    #[case] object: Value,
    #[case] path: &str,
    #[case] expected: &'static str,
) {
    let error = look(&request(kind, "CREATE", object)).unwrap_err();
    assert_eq!(
        error,
        RequestError::Unparsable {
            kind: kind.to_owned(),
            path: path.to_owned(),
            expected
        }
    );
    assert_eq!(
        error.to_string(),
        format!("expected {expected} at {path} of the {kind}")
    );
}

#[test]
fn reads_null_lists_as_empty() {
    let pod = json!({"containers": null, "initContainers": null, "volumes": null, "ephemeralContainers": null});
    assert!(images(&request("Job", "CREATE", object("Job", &pod))).is_empty());
}

/// A pod with the annotation of a static pod's copy, and these owners.
fn annotated(kind: &str, user: &str, owners: Value) -> KubernetesAdmissionRequest {
    let mut object = object(kind, &containers(&["nginx"]));
    object["metadata"] = json!({
        "annotations": {"kubernetes.io/config.mirror": "0b1c"}, "ownerReferences": owners,
    });
    let mut request = request(kind, "CREATE", object);
    request.user_info.username = user.to_owned();
    request
}

fn owner(api_version: &str, kind: &str, name: &str) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "name": name, "uid": "1", "controller": true})
}

#[rstest]
#[case::node("Pod", "system:node:worker-1", true)]
#[case::audit_scanner("Pod", "", true)]
#[case::anybody("Pod", "alice", false)]
#[case::named_alike("Pod", "system:nodes", false)]
#[case::other_node("Pod", "system:node:worker-2", false)]
#[case::workload("Deployment", "system:node:worker-1", false)]
fn accepts_mirror_pods_only_from_those_that_make_them(
    #[case] kind: &str,
    #[case] user: &str,
    #[case] mirror: bool,
) {
    let request = annotated(kind, user, json!([owner("v1", "Node", "worker-1")]));
    assert_eq!(look(&request).unwrap() == Looked::MirrorPod, mirror);
}

#[rstest]
#[case::nobody(json!([]))]
#[case::absent(Value::Null)]
#[case::workload(json!([owner("apps/v1", "ReplicaSet", "worker-1")]))]
#[case::other_node(json!([owner("example.com/v1", "Node", "worker-1")]))]
#[case::lower_case(json!([owner("v1", "node", "worker-1")]))]
#[case::unnamed(json!([{"apiVersion": "v1", "kind": "Node"}]))]
fn a_mirror_pod_belongs_to_a_node(
    #[values("system:node:worker-1", "")] user: &str,
    #[case] owners: Value,
) {
    assert_eq!(images(&annotated("Pod", user, owners)), ["nginx"]);
    let owned = annotated("Pod", user, json!([owner("v1", "Node", "worker-1")]));
    assert_eq!(look(&owned), Ok(Looked::MirrorPod));
}

#[test]
fn a_nodes_other_pods_are_looked_at() {
    let mut request = request(
        "Pod",
        "CREATE",
        json!({"metadata": {"annotations": {}}, "spec": {"containers": []}}),
    );
    request.user_info.username = "system:node:worker-1".to_owned();
    assert_eq!(look(&request), Ok(Looked::Images(Vec::new())));
}

#[test]
fn the_context_tells_who_and_what() {
    let mut request = request(
        "Pod",
        "UPDATE",
        json!({"metadata": {"generateName": "api-\u{200b}"}}),
    );
    request.user_info.groups.insert("dev".to_owned());
    request.dry_run = true;
    let context = AdmissionContext::of(&request);
    assert_eq!(context.namespace, "prod");
    assert_eq!(context.operation, Operation::Update);
    assert_eq!(context.kind, "Pod");
    assert_eq!(context.name, "api-?");
    assert_eq!(context.user.as_deref(), Some("alice"));
    assert!(context.groups.contains("dev") && context.dry_run);
    request.user_info.username = String::new();
    request.object["metadata"]["name"] = json!("api-0");
    let context = AdmissionContext::of(&request);
    assert_eq!((context.user, context.name.as_str()), (None, "api-0"));
    request.name = "api-1".to_owned();
    assert_eq!(AdmissionContext::of(&request).name, "api-1");
}

/// Objects that are nearly of a known shape: where a wrong kind of value could slip through.
fn nearly(depth: u32) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from)
    ];
    leaf.prop_recursive(depth, 40, 4, |inner| {
        let key = proptest::sample::select(vec![
            "metadata",
            "annotations",
            "kubernetes.io/config.mirror",
            "spec",
            "template",
            "jobTemplate",
            "containers",
            "initContainers",
            "volumes",
            "image",
            "reference",
            "name",
        ]);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..5).prop_map(|map| Value::Object(
                map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn is_total(kind in proptest::sample::select(&KINDS[..]), new in nearly(6), old in nearly(6)) {
        let mut request = request(kind, "UPDATE", new);
        request.old_object = old;
        let _ = AdmissionContext::of(&request);
        if let Err(error) = look(&request) {
            prop_assert!(error.to_string().len() < 300);
        }
    }
}

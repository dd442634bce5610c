#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use rstest::rstest;
use serde_json::json;

use super::*;

fn server() -> ServerAddress<'static> {
    ServerAddress {
        host: "127.0.0.1",
        port: 8443,
        authority: "PEM\n",
        left_out: None,
    }
}

fn rules() -> Value {
    json!([{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}])
}

#[test]
fn takes_what_kubewarden_takes_where_nothing_is_said() {
    let configuration = configuration("audit", json!({"rules": rules()}), &server()).unwrap();
    assert_eq!(
        configuration,
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {
                "name": "clusterwide-audit",
                "labels": {"app.kubernetes.io/managed-by": "continuity-harness"},
            },
            "webhooks": [{
                "name": "clusterwide-audit.kubewarden.admission",
                "admissionReviewVersions": ["v1"],
                "clientConfig": {
                    "url": "https://127.0.0.1:8443/validate/clusterwide-audit",
                    "caBundle": "UEVNCg==",
                },
                "rules": rules(),
                "failurePolicy": "Fail",
                "matchPolicy": "Equivalent",
                "namespaceSelector": {"matchExpressions": [
                    {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kubewarden"]},
                ]},
                "sideEffects": "None",
                "timeoutSeconds": 10,
            }],
        })
    );
}

#[test]
fn says_what_the_definition_says() {
    let expression =
        json!({"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["prod"]});
    let spec = json!({
        "rules": rules(), "failurePolicy": "Ignore", "matchPolicy": "Exact", "timeoutSeconds": 5,
        "sideEffects": "NoneOnDryRun", "mutating": true,
        "namespaceSelector": {"matchExpressions": [expression], "matchLabels": {"dropped": "yes"}},
        "objectSelector": {"matchLabels": {"a": "b"}},
        "matchConditions": [{"name": "n", "expression": "true"}],
    });
    let server = ServerAddress {
        left_out: Some("security"),
        ..server()
    };
    let configuration = configuration("enforce", spec.clone(), &server).unwrap();
    assert_eq!(configuration["kind"], "MutatingWebhookConfiguration");
    let webhook = &configuration["webhooks"][0];
    for field in [
        "failurePolicy",
        "matchPolicy",
        "timeoutSeconds",
        "sideEffects",
        "objectSelector",
        "matchConditions",
    ] {
        assert_eq!(webhook[field], spec[field], "{field}");
    }
    let selector = &webhook["namespaceSelector"];
    assert_eq!(
        selector["matchExpressions"][0]["values"],
        json!(["security"])
    );
    assert_eq!(selector["matchExpressions"][1], expression);
    assert_eq!(selector.get("matchLabels"), None);
}

#[test]
fn leaves_no_namespace_out_where_the_definition_wants_all() {
    let spec = json!({"rules": rules(), "allowInsideAdmissionControllerNamespace": true});
    let configuration = configuration("a", spec, &server()).unwrap();
    assert_eq!(configuration["webhooks"][0]["namespaceSelector"], json!({}));
}

#[test]
fn asks_for_rules() {
    let error = configuration("a", json!({"rules": []}), &server()).unwrap_err();
    assert!(error.to_string().contains("has no `rules`"), "{error}");
}

#[test]
fn writes_one_document_for_each_policy() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let policy = |name: &str| {
        format!(
            "kind: ClusterAdmissionPolicy\nmetadata: {{name: {name}}}\nspec: {{rules: [{{}}]}}\n"
        )
    };
    let text = format!("kind: Namespace\n---\n{}---\n{}", policy("a"), policy("b"));
    std::fs::write(file.path(), text).unwrap();
    let yaml = webhook_configurations([file.path()], &server()).unwrap();
    let names: Vec<Value> = yaml_serde::Deserializer::from_str(&yaml)
        .map(|it| Value::deserialize(it).unwrap()["metadata"]["name"].clone())
        .collect();
    assert_eq!(names, ["clusterwide-a", "clusterwide-b"]);
}

#[rstest]
#[case("127.0.0.1", "127.0.0.1:1")]
#[case("::1", "[::1]:1")]
#[case("a.example", "a.example:1")]
fn spells_addresses_as_urls_do(#[case] host: &str, #[case] expected: &str) {
    assert_eq!(url_authority(host, 1), expected);
}

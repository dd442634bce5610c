//! A manifest, as the API server would ask about it when it is applied for the first time.

use serde_json::{Value, json};

/// Made up, and the same each time, so that recorded answers can be compared.
const UID: &str = "00000000-0000-4000-8000-000000000000";
const USER: &str = "continuity-run";

/// The CREATE request for a manifest.
pub(super) fn create_request(mut object: Value) -> Value {
    let text = |object: &Value, pointer: &str| {
        let value = object.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let kind = text(&object, "/kind");
    let api_version = text(&object, "/apiVersion");
    let (group, version) = api_version
        .split_once('/')
        .unwrap_or(("", api_version.as_str()));
    let namespace = if is_cluster_wide(&kind) {
        Value::Null
    } else {
        let named = text(&object, "/metadata/namespace");
        Value::from(if named.is_empty() {
            "default".to_owned()
        } else {
            named
        })
    };
    if let (Some(Value::Object(metadata)), Value::String(_)) =
        (object.get_mut("metadata"), &namespace)
    {
        metadata.insert("namespace".to_owned(), namespace.clone());
    }
    let gvk = json!({ "group": group, "version": version, "kind": kind });
    let gvr = json!({ "group": group, "version": version, "resource": plural(&kind) });
    json!({
        "uid": UID,
        "kind": gvk,
        "resource": gvr,
        "requestKind": gvk,
        "requestResource": gvr,
        "name": text(&object, "/metadata/name"),
        "namespace": namespace,
        "operation": "CREATE",
        "userInfo": { "username": USER, "groups": ["system:authenticated"] },
        "object": object,
        "oldObject": null,
        "dryRun": false,
        "options": { "apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions" },
    })
}

/// The plural as the API server names it, for the kinds that follow English.
fn plural(kind: &str) -> String {
    let kind = kind.to_ascii_lowercase();
    match kind.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if kind.ends_with("ints") => kind,
        _ if kind.ends_with(['s', 'x']) || kind.ends_with("ch") => format!("{kind}es"),
        _ => format!("{kind}s"),
    }
}

fn is_cluster_wide(kind: &str) -> bool {
    kind.starts_with("Cluster")
        || matches!(
            kind,
            "Namespace"
                | "Node"
                | "PersistentVolume"
                | "StorageClass"
                | "PriorityClass"
                | "CustomResourceDefinition"
                | "ValidatingWebhookConfiguration"
                | "MutatingWebhookConfiguration"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_plurals_of_workloads() {
        for (kind, expected) in [
            ("Pod", "pods"),
            ("CronJob", "cronjobs"),
            ("Ingress", "ingresses"),
            ("NetworkPolicy", "networkpolicies"),
            ("Gateway", "gateways"),
            ("Endpoints", "endpoints"),
            ("DaemonSet", "daemonsets"),
        ] {
            assert_eq!(plural(kind), expected);
        }
    }
}

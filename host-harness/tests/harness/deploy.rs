//! The manifests of `deploy/`: each of its type's fields, settings that the module accepts, pods as Pod Security wants them,
//! and one list of namespaces.

use std::collections::BTreeSet;

use host_harness::capabilities::{Capabilities, HostOptions};
use host_harness::engine::{Engine, EngineOptions};
use host_harness::evaluation::Evaluation;
use host_harness::module::PolicyModule;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

use crate::manifests::{OVERLAYS, name, objects, parse, root};

/// Kubernetes' own objects of all overlays, and what remains of them as their type of today reads them.
fn typed(object: &Value) -> Option<Result<Value, String>> {
    fn as_type<T: DeserializeOwned + Serialize>(object: &Value) -> Result<Value, String> {
        let typed: T = serde_json::from_value(object.clone()).map_err(|error| error.to_string())?;
        Ok(serde_json::to_value(typed).unwrap())
    }
    let kind = (
        object["apiVersion"].as_str().unwrap(),
        object["kind"].as_str().unwrap(),
    );
    Some(match kind {
        ("v1", "ConfigMap") => as_type::<ConfigMap>(object),
        ("v1", "Namespace") => as_type::<Namespace>(object),
        ("v1", "Service") => as_type::<Service>(object),
        ("v1", "ServiceAccount") => as_type::<ServiceAccount>(object),
        ("apps/v1", "Deployment") => as_type::<Deployment>(object),
        ("batch/v1", "CronJob") => as_type::<CronJob>(object),
        ("networking.k8s.io/v1", "NetworkPolicy") => as_type::<NetworkPolicy>(object),
        ("policy/v1", "PodDisruptionBudget") => as_type::<PodDisruptionBudget>(object),
        ("rbac.authorization.k8s.io/v1", "ClusterRole") => as_type::<ClusterRole>(object),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding") => {
            as_type::<ClusterRoleBinding>(object)
        }
        ("rbac.authorization.k8s.io/v1", "Role") => as_type::<Role>(object),
        ("rbac.authorization.k8s.io/v1", "RoleBinding") => as_type::<RoleBinding>(object),
        // Those of operators have their definitions in the end-to-end tests.
        ("policies.kubewarden.io/v1", "ClusterAdmissionPolicy" | "PolicyServer")
        | ("monitoring.coreos.com/v1", "PrometheusRule" | "ServiceMonitor") => return None,
        other => panic!("nothing holds a schema against {other:?}"),
    })
}

#[test]
fn every_field_is_one_of_its_type() {
    for overlay in OVERLAYS {
        for object in objects(overlay) {
            let Some(read) = typed(&object) else { continue };
            // What the type does not know is gone.
            assert_eq!(read.as_ref(), Ok(&object), "{overlay}: {}", name(&object));
        }
    }
}

#[test]
fn a_field_that_is_none_of_its_type_is_seen() {
    let objects = objects("watch");
    let deployment = objects.iter().find(|it| it["kind"] == "Deployment");
    let mut deployment = deployment.unwrap().clone();
    deployment["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = json!({});
    assert_ne!(typed(&deployment).unwrap(), Ok(deployment));
}

/// The policies of an overlay, by the last word of their names.
fn policies(overlay: &str) -> Vec<(String, Value)> {
    let policies: Vec<_> = objects(overlay)
        .into_iter()
        .filter(|object| object["kind"] == "ClusterAdmissionPolicy")
        .map(|policy| {
            let name = policy["metadata"]["name"].as_str().unwrap();
            let name = name.strip_prefix("signature-continuity-").unwrap();
            (name.to_owned(), policy["spec"].clone())
        })
        .collect();
    policies
}

#[test]
fn policies_say_what_hosts_would_otherwise_assume() {
    let metadata = std::fs::read_to_string(root().join("metadata.yml")).unwrap();
    let [metadata] = parse(&metadata).try_into().unwrap();
    for overlay in ["audit", "enforce", "learn", "watch", "watch-enforce"] {
        let expected: &[_] = if overlay.ends_with("enforce") {
            &["audit", "enforce"]
        } else {
            &["audit"]
        };
        let policies = policies(overlay);
        let names: Vec<_> = policies.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, expected, "{overlay}");
        for (name, spec) in &policies {
            let (mode, failure) = match name.as_str() {
                "audit" => ("monitor", "Ignore"),
                _ => ("protect", "Fail"),
            };
            for (field, expected) in [
                ("mode", json!(mode)),
                ("failurePolicy", json!(failure)),
                ("policyServer", json!("signature-continuity")),
                ("timeoutSeconds", json!(10)),
                ("timeoutEvalSeconds", json!(5)),
                ("backgroundAudit", json!(true)),
                ("mutating", json!(false)),
                ("rules", metadata["rules"].clone()),
                (
                    "contextAwareResources",
                    metadata["contextAwareResources"].clone(),
                ),
            ] {
                assert_eq!(spec[field], expected, "{overlay}: {name}: {field}");
            }
            // The text of a denial is ours.
            assert!(spec.get("message").is_none());
        }
    }
}

#[test]
fn the_enforced_namespaces_are_one_list() {
    for overlay in ["enforce", "watch-enforce"] {
        let [(_, audit), (_, enforce)] = policies(overlay).try_into().unwrap();
        let selector = |spec: &Value| spec["namespaceSelector"]["matchExpressions"].clone();
        let namespaces = &selector(&enforce)[0]["values"];
        assert_eq!(namespaces, &json!(["prod"]));
        let expected = |operator: &str| json!([{"key": "kubernetes.io/metadata.name", "operator": operator, "values": namespaces}]);
        assert_eq!(selector(&enforce), expected("In"));
        assert_eq!(selector(&audit), expected("NotIn"));
        // All that the selector lets through is enforced.
        assert_eq!(
            enforce["settings"]["enforce"],
            json!([{"namespaces": namespaces}])
        );
    }
    for overlay in ["audit", "learn", "watch"] {
        let [(_, audit)] = policies(overlay).try_into().unwrap();
        let everywhere = json!([{"key": "kubernetes.io/metadata.name", "operator": "Exists"}]);
        assert_eq!(audit["namespaceSelector"]["matchExpressions"], everywhere);
    }
}

#[test]
fn the_learner_has_the_settings_that_are_applied() {
    for overlay in ["audit", "enforce", "learn", "watch", "watch-enforce"] {
        let objects = objects(overlay);
        let kept: Vec<_> = objects
            .iter()
            .filter(|object| object["kind"] == "ConfigMap")
            .collect();
        let [map] = kept.as_slice() else {
            panic!("{overlay}: {kept:?}")
        };
        let [learners] = parse(map["data"]["policy.yaml"].as_str().unwrap())
            .try_into()
            .unwrap();
        let (policy, applied) = policies(overlay).pop().unwrap();
        assert_eq!(
            learners["spec"]["settings"], applied["settings"],
            "{overlay}"
        );
        let full = format!("signature-continuity-{policy}");
        assert_eq!(learners["metadata"]["name"], json!(full), "{overlay}");
        // A changed file has another name, which rolls the pods that mount it.
        let mounted = pods(&objects).pop();
        if let Some((_, pod)) = mounted {
            assert_eq!(
                pod["volumes"][0]["configMap"]["name"], map["metadata"]["name"],
                "{overlay}"
            );
        }
    }
}

#[test]
fn the_module_accepts_the_settings() {
    let engine = Engine::new(&EngineOptions::cached()).unwrap();
    let module = std::env::var_os("POLICY_WASM")
        .map_or_else(|| root().join("policy.wasm"), std::path::PathBuf::from);
    let evaluation = Evaluation::new(PolicyModule::read(&engine, &module).unwrap());
    let host: Arc<dyn Capabilities> = Arc::new(HostOptions::new().start().unwrap());
    let validate = |settings: &Value| evaluation.validate_settings(settings, Arc::clone(&host));
    let mut seen = BTreeSet::new();
    for overlay in OVERLAYS {
        for (name, spec) in policies(overlay) {
            validate(&spec["settings"])
                .unwrap_or_else(|error| panic!("{overlay}: {name}: {error}"));
            seen.insert(name);
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["audit", "enforce"]);
    // A typing error would be seen.
    assert!(validate(&json!({"unenforced": "report", "buget": "2500ms"})).is_err());
}

/// Pod specifications with the names of what makes the pods.
fn pods(objects: &[Value]) -> Vec<(String, Value)> {
    let pod = |object: &Value| match object["kind"].as_str().unwrap() {
        "Deployment" => Some(object["spec"]["template"]["spec"].clone()),
        "CronJob" => Some(object["spec"]["jobTemplate"]["spec"]["template"]["spec"].clone()),
        _ => None,
    };
    objects
        .iter()
        .filter_map(|object| Some((name(object), pod(object)?)))
        .collect()
}

#[test]
fn pods_are_as_pod_security_restricts_them() {
    let mut seen = BTreeSet::new();
    for overlay in OVERLAYS {
        let objects = objects(overlay);
        for (name, pod) in pods(&objects) {
            let security = &pod["securityContext"];
            assert_eq!(security["runAsNonRoot"], true, "{name}");
            // An image's user by name cannot be told from root.
            assert!(security["runAsUser"].as_u64().unwrap() > 0, "{name}");
            assert_eq!(security["seccompProfile"]["type"], "RuntimeDefault");
            for field in ["hostNetwork", "hostPID", "hostIPC", "initContainers"] {
                assert!(pod.get(field).is_none(), "{name}: {field}");
            }
            for volume in pod["volumes"].as_array().unwrap() {
                let allowed = ["configMap", "emptyDir", "secret"];
                assert!(allowed.iter().any(|kind| volume.get(kind).is_some()));
            }
            for container in pod["containers"].as_array().unwrap() {
                let expected = json!({
                    "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": {"drop": ["ALL"]},
                });
                assert_eq!(container["securityContext"], expected, "{name}");
                assert!(container["resources"]["limits"]["memory"].is_string());
            }
            seen.insert(name);
        }
        for namespace in objects.iter().filter(|it| it["kind"] == "Namespace") {
            let enforced = &namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"];
            assert_eq!(enforced, "restricted", "{overlay}");
        }
    }
    let expected = ["continuity-learn", "continuity-watch"].map(|name| {
        let kind = if name.ends_with("watch") {
            "Deployment"
        } else {
            "CronJob"
        };
        format!("{kind}/signature-continuity/{name}")
    });
    assert_eq!(seen, BTreeSet::from(expected));
}

/// Whoever reads a role reads all that it grants: nothing by wildcard, no secrets, nobody deletes ConfigMaps.
#[test]
fn roles_grant_by_name_and_nobody_deletes_baselines() {
    for overlay in OVERLAYS {
        for role in objects(overlay) {
            if !["Role", "ClusterRole"].contains(&role["kind"].as_str().unwrap()) {
                continue;
            }
            for rule in role["rules"].as_array().unwrap() {
                let text = rule.to_string();
                assert!(!text.contains('*') && !text.contains("secrets"), "{text}");
                let of_maps = text.contains("\"configmaps\"");
                assert!(!(of_maps && text.contains("delete")), "{text}");
                assert!(!of_maps || role["kind"] == "Role", "{text}");
            }
        }
    }
}

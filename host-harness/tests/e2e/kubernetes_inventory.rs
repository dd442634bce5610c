//! The images of a cluster, on a real API server without nodes: a status is what the test writes into it.

use continuity_cli::inventory::{Image, cluster_images};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::api_server::{ApiServer, api_server};

const ONE: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

fn apply(server: &ApiServer, object: &Value) {
    server.apply(&object.to_string());
}

fn workload(namespace: &str, kind: &str, name: &str, replicas: u32, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": kind, "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "c", "image": image}]},
            },
        },
    })
}

fn pod(
    server: &ApiServer,
    namespace: &str,
    name: &str,
    owner: Option<(&str, &str)>,
    image: &str,
    id: &str,
) {
    let mut object = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "initContainers": [{"name": "init", "image": "registry.example/acme/init:v1"}],
            "containers": [{"name": "c", "image": image}],
        },
    });
    if let Some((kind, owner)) = owner {
        object["metadata"]["ownerReferences"] = json!([
            {"apiVersion": "apps/v1", "kind": kind, "name": owner, "uid": "1", "controller": true}]);
    }
    apply(server, &object);
    let status = json!({"status": {"phase": "Running", "containerStatuses": [
        {"name": "c", "image": image, "imageID": id, "ready": true, "restartCount": 0}]}});
    let pods: Api<Pod> = Api::namespaced(server.client("admin"), namespace);
    server
        .wait(pods.patch_status(name, &PatchParams::default(), &Patch::Merge(status)))
        .unwrap();
}

fn shown(images: &[Image]) -> Vec<String> {
    images
        .iter()
        .map(|image| {
            let places: Vec<_> = image
                .places
                .iter()
                .map(|place| format!("{} {}/{}", place.kind, place.namespace, place.name))
                .collect();
            let asked = image.reference.as_ref().unwrap().spelled();
            format!("{asked} in {}", places.join(", "))
        })
        .collect()
}

#[test]
fn pods_and_what_is_scaled_to_zero() {
    let server = api_server();
    server.create_namespace("shop");
    let api = "registry.example/acme/api:v1";
    apply(server, &workload("shop", "Deployment", "api", 3, api));
    let mut set = workload("shop", "ReplicaSet", "api-1", 3, api);
    set["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": "api", "uid": "1", "controller": true}]);
    apply(server, &set);
    apply(
        server,
        &workload(
            "shop",
            "Deployment",
            "asleep",
            0,
            "registry.example/acme/asleep:v1",
        ),
    );
    let running = format!("registry.example/acme/api@{ONE}");
    for name in ["api-1-a", "api-1-b", "api-1-c"] {
        pod(
            server,
            "shop",
            name,
            Some(("ReplicaSet", "api-1")),
            api,
            &running,
        );
    }
    pod(
        server,
        "shop",
        "alone",
        None,
        "registry.example/acme/alone:v1",
        "sha256:1234",
    );

    let (images, notes) = cluster_images(&server.cluster("learner"), Some("shop")).unwrap();
    assert_eq!(
        shown(&images),
        [
            format!("registry.example/acme/api:v1@{ONE} in Deployment shop/api"),
            "registry.example/acme/alone:v1 in Pod shop/alone".to_owned(),
            "registry.example/acme/asleep:v1 in Deployment shop/asleep".to_owned(),
            "registry.example/acme/init:v1 in Deployment shop/api, Pod shop/alone".to_owned(),
        ]
    );
    // This API server is older than CronJobs in batch/v1: that is said, not passed over.
    assert!(
        notes.iter().any(|note| note.contains("no cronjobs")),
        "{notes:?}"
    );
}

#[test]
fn more_pods_than_one_page_has() {
    let server = api_server();
    server.create_namespace("crowd");
    let pods: String = (0..520)
        .map(|number| {
            let pod = json!({
                "apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "crowd", "name": format!("p{number}")},
                "spec": {"containers": [{"name": "c", "image": format!("registry.example/crowd:{}", number % 7)}]},
            });
            format!("---\n{pod}\n")
        })
        .collect();
    server.apply(&pods);
    let (images, _) = cluster_images(&server.cluster("admin"), Some("crowd")).unwrap();
    assert_eq!(images.len(), 7);
    let places: usize = images.iter().map(|image| image.places.len()).sum();
    assert_eq!(places, 520);
}

#[test]
fn what_may_not_be_listed_is_said() {
    let server = api_server();
    // Pods are the inventory: without them there is none.
    let error = cluster_images(&server.cluster("approver"), None).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("ada@acme.example may not list pods in all namespaces: grant it: `kubectl create clusterrolebinding"),
        "{text}"
    );
    // Without the rest it is one of pods, and says so.
    server.create_namespace("partly");
    server.apply(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: pods, namespace: partly}\n\
         rules: [{apiGroups: [\"\"], resources: [pods], verbs: [list]}]\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: pods, namespace: partly}\n\
         roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: pods}\n\
         subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: nobody@acme.example}]\n",
    );
    pod(server, "partly", "a", None, "registry.example/a:1", "");
    let (images, notes) = cluster_images(&server.cluster("nobody"), Some("partly")).unwrap();
    assert_eq!(images.len(), 2);
    assert!(
        notes.iter().any(|note| note.starts_with("deployments without pods are not in this inventory: nobody@acme.example may not list deployments")),
        "{notes:?}"
    );
}

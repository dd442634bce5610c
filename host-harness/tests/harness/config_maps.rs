//! ConfigMaps, in the host's words.

use std::sync::Arc;

use continuity_cli::store::DirectorySource;
use host_harness::capabilities::{Capabilities as _, HostOptions, HostRequest};
use serde_json::{Value, json};

use crate::hosts::message;

fn config_map(name: &str, namespace: Option<&str>, masks: Option<&[&str]>) -> HostRequest {
    HostRequest::KubernetesGetResource {
        api_version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        name: name.to_owned(),
        namespace: namespace.map(str::to_owned),
        disable_cache: false,
        field_masks: masks.map(|masks| masks.iter().map(|&mask| mask.to_owned()).collect()),
    }
}

#[test]
fn reads_config_maps() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.yaml");
    std::fs::write(
        &path,
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: ns, labels: {l: x}}\ndata: {k: v}\n",
    )
    .unwrap();
    let store = Arc::new(DirectorySource::open(directory.path()).unwrap());
    let host = HostOptions::new()
        .store(store)
        .without_caches()
        .start()
        .unwrap();
    let ask =
        |request| -> Value { serde_json::from_slice(&host.answer(&request).unwrap()).unwrap() };
    assert_eq!(
        ask(config_map("a", Some("ns"), None))["metadata"]["labels"],
        json!({"l": "x"})
    );
    assert_eq!(
        ask(config_map("a", Some("ns"), Some(&["data.k"]))),
        json!({"data": {"k": "v"}})
    );
    assert_eq!(
        message(&host, &config_map("b", Some("ns"), None)),
        "Cannot find v1/ConfigMap named 'b' inside of namespace 'Some(\"ns\")'"
    );
    assert_eq!(
        message(&host, &config_map("a", None, None)),
        "Resource v1/ConfigMap is namespaced, but no namespace was provided"
    );
    std::fs::write(&path, "{").unwrap();
    let text = message(&host, &config_map("a", Some("ns"), None));
    assert!(text.ends_with("a.yaml` is not YAML"), "{text}");
}

#[test]
fn has_no_config_maps_without_a_store() {
    let host = HostOptions::new().start().unwrap();
    assert_eq!(
        message(&host, &config_map("a", Some("ns"), None)),
        "kube::Client was not initialized properly"
    );
}

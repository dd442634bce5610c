//! Host calls before they are answered: grants, unknown calls.

use std::sync::{Arc, Mutex};

use continuity_cli::definition::Resource;
use host_harness::capabilities::{
    Capabilities, Dispatcher, Grants, HostCapabilities, HostError, HostRequest,
};
use host_harness::engine::{FixedClock, HostCallbacks as _, SystemClock, WallClock as _};
use rstest::rstest;
use serde_json::json;

/// Remembers what it was asked, and answers `{}`.
#[derive(Default)]
struct Spy(Mutex<Vec<HostRequest>>);

impl Capabilities for Spy {
    fn answer(&self, request: &HostRequest) -> Result<Vec<u8>, HostError> {
        self.0.lock().unwrap().push(request.clone());
        Ok(b"{}".to_vec())
    }
}

fn config_maps() -> Grants {
    Grants::all_calls([Resource {
        api_version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
    }])
}

fn get_resource(kind: &str) -> String {
    json!({
        "api_version": "v1", "kind": kind, "name": "n", "namespace": "ns", "label_selector": null,
        "field_selector": null, "disable_cache": true, "field_masks": ["data"]
    })
    .to_string()
}

#[rstest]
#[case::binding(
    "other",
    "oci",
    "v1/manifest_digest",
    "\"a\"",
    "unknown binding: other"
)]
#[case::namespace("kubewarden", "nowhere", "x", "\"a\"", "unknown namespace: nowhere")]
#[case::operation(
    "kubewarden",
    "oci",
    "v9/verify",
    "\"a\"",
    "unknown operation: v9/verify"
)]
#[case::list(
    "kubewarden",
    "kubernetes",
    "list_resources_all",
    "{}",
    "unknown operation: list_resources_all"
)]
#[case::lookup(
    "kubewarden",
    "net",
    "v1/dns_lookup_host",
    "\"a\"",
    "unknown operation: v1/dns_lookup_host"
)]
#[case::tracing("kubewarden", "tracing", "shout", "{}", "unknown operation: shout")]
fn refuses_what_it_does_not_know(
    #[case] binding: &str,
    #[case] namespace: &str,
    #[case] operation: &str,
    #[case] payload: &str,
    #[case] expected: &str,
) {
    let spy = Arc::new(Spy::default());
    let dispatcher = Dispatcher::new(
        Grants::everything(),
        Arc::clone(&spy) as _,
        Arc::new(SystemClock),
    );
    let answer = dispatcher.call(binding, namespace, operation, payload.as_bytes());
    assert_eq!(answer.unwrap_err(), expected);
    assert_eq!(*spy.0.lock().unwrap(), []);
}

#[test]
fn refuses_what_is_not_granted_before_it_looks_at_the_payload() {
    let grants = Grants {
        capabilities: HostCapabilities::parse(["oci/v1/*", "kubernetes/get_resource"]).unwrap(),
        ..Grants::default()
    };
    let dispatcher = Dispatcher::new(grants, Arc::new(Spy::default()), Arc::new(SystemClock));
    let call = |namespace, operation, payload: &str| {
        dispatcher.call("kubewarden", namespace, operation, payload.as_bytes())
    };
    assert_eq!(
        call("oci", "v2/verify", "no json").unwrap_err(),
        "Policy has not been granted access to the 'oci/v2/verify' host capability. The violation has been reported."
    );
    assert_eq!(
        call("kubernetes", "get_resource", &get_resource("ConfigMap")).unwrap_err(),
        "Policy has not been granted access to Kubernetes v1/ConfigMap resources. The violation has been reported."
    );
    assert!(
        call("oci", "v1/manifest_digest", "no json")
            .unwrap_err()
            .starts_with("expected ident")
    );
    assert!(call("oci", "v1/manifest_digest", "\"a\"").is_ok());
    // Log lines need no grant.
    assert!(call("tracing", "log", "{}").is_ok());
}

#[test]
fn passes_granted_calls_on_and_counts_them() {
    let spy = Arc::new(Spy::default());
    let clock = Arc::new(FixedClock::new(
        std::time::Duration::ZERO,
        std::time::Duration::from_secs(1),
    ));
    let dispatcher = Dispatcher::new(
        config_maps(),
        Arc::clone(&spy) as _,
        Arc::clone(&clock) as _,
    );
    let call = |namespace, operation, payload: &str| {
        dispatcher.call("kubewarden", namespace, operation, payload.as_bytes())
    };
    call("oci", "v1/oci_manifest", "\"r/a:b\"").unwrap();
    call("kubernetes", "get_resource", &get_resource("ConfigMap")).unwrap();
    call("kubernetes", "get_resource", &get_resource("Secret")).unwrap_err();
    call("tracing", "log", r#"{"level": "INFO", "message": "m"}"#).unwrap();
    let v1 =
        json!({"SigstorePubKeyVerify": {"image": "i", "pub_keys": ["k"], "annotations": null}});
    let v2 = json!({"type": "SigstorePubKeyVerify", "image": "i", "pub_keys": ["k"], "annotations": null});
    call("oci", "v1/verify", &v1.to_string()).unwrap();
    call("oci", "v2/verify", &v2.to_string()).unwrap();
    let asked = spy.0.lock().unwrap();
    assert_eq!(asked.len(), 4);
    assert_eq!(asked[2], asked[3]);
    assert_eq!(
        dispatcher.calls().into_iter().collect::<Vec<_>>(),
        [
            ("kubernetes/get_resource", 1),
            ("oci/v1/oci_manifest", 1),
            ("oci/v2/verify", 2)
        ]
    );
    assert_eq!(clock.now(), std::time::Duration::from_secs(4));
    assert_eq!(dispatcher.log().take()[0].message, "m");
}

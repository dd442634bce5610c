//! `serve` beside Kubewarden's policy-server: the same policies, the same requests, and answers compared.
//!
//! Ignored unless it is asked for, so that nothing counts as compared that was not: `scripts/e2e.sh` asks where there is a
//! policy-server (POLICY_SERVER, or on PATH), and says so where there is none.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};
use signature_continuity::baseline::Format;

use super::api_server::own_api_server;
use super::cluster_lab::{keep, pod, policy, rule};
use super::lab::{Lab, signer_by_identity};
use super::policy_server::PolicyServer;

fn policies(lab: &Lab) -> String {
    let policy = |name: &str, mut more: Value| {
        more["rules"] = json!([rule("", "pods", &["*"])]);
        policy(lab, name, more)
    };
    [
        policy("enforce", json!({"mode": "protect"})),
        policy("monitor", json!({"mode": "monitor"})),
        policy("spoken", json!({"message": "see the wiki"})),
        policy("short", json!({"timeoutEvalSeconds": 1})),
        policy(
            "short-monitor",
            json!({"timeoutEvalSeconds": 1, "mode": "monitor"}),
        ),
        policy("ungranted", json!({"contextAwareResources": []})),
    ]
    .join("---\n")
}

fn request(operation: &str, object: Value) -> Value {
    let kind = json!({"group": "", "version": "v1", "kind": "Pod"});
    let resource = json!({"group": "", "version": "v1", "resource": "pods"});
    json!({
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": kind, "resource": resource,
        "requestKind": kind, "requestResource": resource, "name": "api", "namespace": "prod",
        "operation": operation, "userInfo": {"username": "ada", "groups": ["system:authenticated"]},
        "object": object, "oldObject": null, "dryRun": false,
        "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
    })
}

fn review(request: &Value) -> Vec<u8> {
    let review =
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
    review.to_string().into_bytes()
}

/// A registry that accepts, says nothing, and hangs up after a while.
fn slow_registry() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_secs(3));
                drop(stream);
            });
        }
    });
    address
}

#[test]
#[ignore = "compares with Kubewarden's policy-server, named by POLICY_SERVER"]
fn both_give_the_same_answers() {
    let real = PolicyServer::real().expect("POLICY_SERVER names policy-server");
    let lab = Lab::start();
    let api_server = own_api_server();
    lab.release("acme/api", "v1");
    lab.push("acme/api", "v2");
    let known = lab.baseline("acme/api", signer_by_identity(), vec![Format::Cosign2]);
    keep(api_server, &known);
    let slow = format!("{}/acme/slow", slow_registry());
    let mut hangs = known;
    hangs.repository = slow.parse().unwrap();
    keep(api_server, &hangs);
    let manifest = policies(&lab);
    let servers = [None, Some(real)]
        .map(|program| PolicyServer::start_as(&lab, api_server, &manifest, program));
    let both = |path: &str, content_type: Option<&str>, body: Vec<u8>| {
        servers
            .each_ref()
            .map(|server| server.post(path, content_type, body.clone()))
    };

    let create = |image: &str| request("CREATE", pod("prod", "api", image));
    let [v1, v2] = ["v1", "v2"].map(|tag| create(&lab.image("acme/api", tag)));
    let mut update = create(&lab.image("acme/api", "v2"));
    update["operation"] = json!("UPDATE");
    update["oldObject"] = v1["object"].clone();
    let mut unnamed = v2.clone();
    unnamed["userInfo"] = json!({});
    let mut extended = v1.clone();
    extended["unknown"] = json!(1);
    let slow = create(&format!("{slow}:v1"));
    let mut allowed = Vec::new();
    for (path, request) in [
        ("/validate/clusterwide-enforce", &v1),
        ("/validate/clusterwide-enforce", &v2),
        ("/validate/clusterwide-enforce", &update),
        ("/validate/clusterwide-enforce", &extended),
        (
            "/validate/clusterwide-enforce",
            &create("ghcr.io/acme/new:v1"),
        ),
        ("/validate/clusterwide-enforce", &create("not an image")),
        (
            "/validate/clusterwide-enforce",
            &request("DELETE", Value::Null),
        ),
        (
            "/validate/clusterwide-enforce",
            &request("CREATE", json!({"kind": "Pod", "spec": 1})),
        ),
        ("/validate/clusterwide-monitor", &v2),
        ("/audit/clusterwide-monitor", &v2),
        ("/audit/clusterwide-enforce", &unnamed),
        ("/validate/clusterwide-spoken", &v2),
        ("/audit/clusterwide-spoken", &v2),
        ("/validate/clusterwide-ungranted", &v2),
        ("/validate/clusterwide-short", &slow),
        ("/validate/clusterwide-short-monitor", &slow),
    ] {
        let [ours, theirs] = both(path, Some("application/json"), review(request));
        assert_eq!(ours, theirs, "{path}: {request:#}");
        assert_eq!(ours.0, 200, "{path}");
        allowed.push(ours.1["response"]["allowed"].as_bool().unwrap());
        if path == "/validate/clusterwide-short" {
            let message = &ours.1["response"]["status"]["message"];
            assert!(
                message.as_str().unwrap().contains("interrupted"),
                "{message}"
            );
        }
    }
    assert!(
        allowed.contains(&true) && allowed.contains(&false),
        "{allowed:?}"
    );

    // What is no answer of a policy has the same status; the words are their own.
    let json = Some("application/json");
    let mut padded = v1.clone();
    padded["object"]["metadata"]["annotations"] = json!({"a": "x".repeat(2 << 20)});
    let mut without_user = v1.clone();
    without_user.as_object_mut().unwrap().remove("userInfo");
    let deep = format!("{{\"request\":{{\"object\":{}", "[".repeat(100_000));
    for (path, content_type, body, status) in [
        ("/validate/clusterwide-absent", json, review(&v1), 404),
        ("/nowhere/clusterwide-enforce", json, review(&v1), 404),
        ("/validate/clusterwide-enforce", None, review(&v1), 415),
        (
            "/validate/clusterwide-enforce",
            Some("text/plain"),
            review(&v1),
            415,
        ),
        (
            "/validate/clusterwide-enforce",
            Some("application/a+json"),
            review(&v1),
            200,
        ),
        ("/validate/clusterwide-enforce", json, b"{".to_vec(), 400),
        ("/validate/clusterwide-enforce", json, Vec::new(), 400),
        (
            "/validate/clusterwide-enforce",
            json,
            deep.into_bytes(),
            400,
        ),
        ("/validate/clusterwide-enforce", json, b"{}".to_vec(), 422),
        (
            "/validate/clusterwide-enforce",
            json,
            review(&without_user),
            422,
        ),
        ("/validate/clusterwide-enforce", json, review(&padded), 413),
    ] {
        let [ours, theirs] = both(path, content_type, body).map(|(status, _)| status);
        assert_eq!((ours, theirs), (status, status), "{path} {content_type:?}");
    }
}

//! API servers that are busy, forgetful, or none.

use continuity_cli::kubernetes::Cluster;
use continuity_cli::store::{KubernetesBaselines, Store as _, StoreError};
use rstest::rstest;
use serde_json::{Value, json};
use signature_continuity::baseline::{Lookup, config_map_name};
use signature_continuity::reference::Repository;

use continuity_testkit::server::{Answer, Server};

const LIST: &str = "/api/v1/namespaces/ns/configmaps";

fn store(server: &Server) -> KubernetesBaselines {
    let directory = tempfile::tempdir().unwrap();
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "a",
        "clusters": [{"name": "a", "cluster": {"server": server.url("")}}],
        "users": [{"name": "a", "user": {}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
    });
    let path = directory.path().join("kubeconfig");
    std::fs::write(&path, kubeconfig.to_string()).unwrap();
    KubernetesBaselines::new(Cluster::by_kubeconfig(&path, None).unwrap(), "ns")
}

fn repository() -> Repository {
    "ghcr.io/acme/api".parse().unwrap()
}

fn object() -> String {
    format!("{LIST}/{}", config_map_name(&repository()))
}

fn refusal(code: u16, reason: &str, details: Value) -> Answer {
    let status = json!({
        "apiVersion": "v1", "kind": "Status", "status": "Failure",
        "code": code, "reason": reason, "message": reason, "details": details,
    });
    Answer::new(code, status.to_string()).header("content-type", "application/json")
}

#[test]
fn only_the_servers_own_not_found_is_absent() {
    let server = Server::start();
    let store = store(&server);
    let details = json!({"kind": "configmaps", "name": "x"});
    server.on(&object(), refusal(404, "NotFound", details));
    assert_eq!(store.read(&repository()).unwrap().lookup, Lookup::Absent);
}

#[rstest]
#[case::some_proxy(Answer::new(404, "<html>not here</html>"))]
#[case::some_json(Answer::new(404, "{}"))]
#[case::other_resource(refusal(404, "NotFound", json!({"kind": "widgets"})))]
#[case::unauthorized(refusal(401, "Unauthorized", json!({})))]
#[case::login_page(Answer::new(200, "<html>log in</html>"))]
fn anything_else_in_between_is_an_error(#[case] answer: Answer) {
    let server = Server::start();
    let store = store(&server);
    server.on(&object(), answer);
    let error = store.read(&repository()).unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_busy_server_is_asked_again_so_often() {
    let server = Server::start();
    let store = store(&server);
    server.on(&object(), Answer::new(503, "busy"));
    let error = store.read(&repository()).unwrap_err();
    assert!(error.to_string().contains("refused (503): busy"), "{error}");
    assert_eq!(server.requests().len(), 5);
}

#[test]
fn a_list_whose_place_was_forgotten_is_begun_anew_and_never_cut_short() {
    let server = Server::start();
    let store = store(&server);
    let page = json!({"apiVersion": "v1", "kind": "ConfigMapList", "metadata": {"continue": "there"},
        "items": [{"metadata": {"name": config_map_name(&repository())}}]});
    let first = format!("{LIST}?&limit=500");
    server.on(&first, Answer::new(200, page.to_string()));
    let second = format!("{LIST}?&limit=500&continue=there");
    server.on(&second, refusal(410, "Expired", json!({})));
    let error = store.list().unwrap_err();
    assert!(error.to_string().contains("try again"), "{error}");
    assert_eq!(server.requests().len(), 6);

    // Once it goes through, what was read twice is there once.
    let last = json!({"apiVersion": "v1", "kind": "ConfigMapList", "metadata": {}, "items": []});
    server.on(&second, Answer::new(200, last.to_string()));
    assert_eq!(store.list().unwrap().len(), 1);
}

//! Which cluster's baselines are meant, and whom a cluster takes the user for.

use assert_cmd::Command;
use continuity_testkit::server::{Answer, Server};
use serde_json::{Value, json};

const STATE: &str = "/api/v1/namespaces/signature-continuity/configmaps/continuity-state";
pub const CONFIG_MAPS: &str = "/api/v1/namespaces/signature-continuity/configmaps";

/// Two clusters, and a kubeconfig whose current context is staging.
pub struct Clusters {
    pub prod: Server,
    pub staging: Server,
    pub files: tempfile::TempDir,
}

pub fn json_answer(code: u16, value: &Value) -> Answer {
    Answer::new(code, value.to_string()).header("content-type", "application/json")
}

pub fn absent(kind: &str) -> Answer {
    json_answer(
        404,
        &json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": 404,
            "reason": "NotFound", "message": "not found", "details": {"kind": kind, "name": "x"}}),
    )
}

/// A list of these objects.
pub fn list_of(kind: &str, version: &str, items: &[Value]) -> Answer {
    json_answer(
        200,
        &json!({"apiVersion": version, "kind": kind, "metadata": {}, "items": items}),
    )
}

fn list(kind: &str, version: &str) -> Answer {
    list_of(kind, version, &[])
}

impl Clusters {
    pub fn new() -> Self {
        let (prod, staging) = (Server::start(), Server::start());
        let cluster = |name: &str, server: &Server| json!({"name": name, "cluster": {"server": server.url("")}});
        let context =
            |name: &str, of: &str| json!({"name": name, "context": {"cluster": of, "user": "ada"}});
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "staging",
            "clusters": [cluster("prod", &prod), cluster("staging", &staging)],
            "users": [{"name": "ada", "user": {}}],
            "contexts": [context("prod", "prod"), context("prod-again", "prod"), context("staging", "staging")],
        });
        let files = tempfile::tempdir().unwrap();
        std::fs::write(files.path().join("kubeconfig"), kubeconfig.to_string()).unwrap();
        for server in [&prod, &staging] {
            server.on(STATE, absent("configmaps"));
            for digit in "0123456789abcdef".chars() {
                let names = format!("{CONFIG_MAPS}/continuity-names-{digit}");
                server.on(&names, absent("configmaps"));
            }
            server.on(
                &format!("{CONFIG_MAPS}?&limit=500"),
                list("ConfigMapList", "v1"),
            );
            server.on("/api/v1/pods?&limit=500", list("PodList", "v1"));
            for (group, kinds) in [
                (
                    "apps",
                    &["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"][..],
                ),
                ("batch", &["CronJob", "Job"][..]),
            ] {
                for kind in kinds {
                    let path = format!("/apis/{group}/v1/{}s?&limit=500", kind.to_lowercase());
                    server.on(&path, list(&format!("{kind}List"), &format!("{group}/v1")));
                }
            }
            let path = "/api/v1/replicationcontrollers?&limit=500";
            server.on(path, list("ReplicationControllerList", "v1"));
        }
        Self {
            prod,
            staging,
            files,
        }
    }

    pub fn call(&self, arguments: &[&str]) -> (i32, String) {
        let trust = self.files.path().join("trust.json");
        let sigstore = continuity_testkit::PrivateSigstore::new().unwrap();
        std::fs::write(&trust, sigstore.trust_config_json()).unwrap();
        let output = Command::cargo_bin("continuity")
            .unwrap()
            .env_remove("CONTINUITY_STORE")
            .env("KUBECONFIG", self.files.path().join("kubeconfig"))
            .env("CONTINUITY_SIGSTORE_TRUST_CONFIG", &trust)
            .args(arguments)
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap(),
            String::from_utf8(text).unwrap(),
        )
    }
}

pub fn asked_for_baselines(server: &Server) -> bool {
    server.requests().iter().any(|it| it.contains(CONFIG_MAPS))
}

#[test]
fn what_runs_in_one_cluster_is_learned_into_its_own_baselines() {
    let clusters = Clusters::new();
    let (_, text) = clusters.call(&["learn", "--kubernetes=prod", "--dry-run"]);
    assert!(asked_for_baselines(&clusters.prod), "{text}");
    assert!(clusters.staging.requests().is_empty(), "{text}");
    assert!(
        text.contains("kubernetes:prod") && text.contains("not of the current context staging"),
        "{text}"
    );
}

#[test]
fn a_store_of_another_cluster_is_told_and_establishes_nothing() {
    let clusters = Clusters::new();
    let arguments = ["learn", "--kubernetes=prod", "--dry-run", "--store"];
    let (_, text) = clusters.call(&[&arguments[..], &["kubernetes"]].concat());
    assert!(asked_for_baselines(&clusters.staging), "{text}");
    assert!(text.contains("another cluster"), "{text}");
    assert!(text.contains("nothing becomes established"), "{text}");
    // Another name of the same cluster is the same cluster.
    let (_, text) = clusters.call(&[&arguments[..], &["kubernetes:prod-again"]].concat());
    assert!(!text.contains("another cluster"), "{text}");
}

#[test]
fn images_from_elsewhere_are_held_against_the_current_contexts_baselines() {
    let clusters = Clusters::new();
    let image = "127.0.0.1:1/acme/api:v1";
    let (status, text) = clusters.call(&["inventory", "--images", image]);
    assert!(asked_for_baselines(&clusters.staging), "{text}");
    assert!(!text.contains("no baselines were looked up"), "{text}");
    // A store that cannot be read is no store without baselines.
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("cannot be read"), "{text}");
    // Where there is no baseline it is new.
    let name =
        signature_continuity::baseline::config_map_name(&"127.0.0.1:1/acme/api".parse().unwrap());
    let object = format!("{CONFIG_MAPS}/{name}");
    clusters.staging.on(&object, absent("configmaps"));
    let (status, text) = clusters.call(&["inventory", "--images", image]);
    assert_eq!(status, 0, "{text}");
}

#[test]
fn without_any_cluster_a_list_is_looked_at_without_baselines() {
    let clusters = Clusters::new();
    std::fs::remove_file(clusters.files.path().join("kubeconfig")).unwrap();
    let image = "127.0.0.1:1/acme/api:v1";
    let (status, text) = clusters.call(&["inventory", "--images", image]);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("no baselines were looked up"), "{text}");
    // What is about a cluster needs one.
    let (status, _) = clusters.call(&["inventory"]);
    assert_eq!(status, 1);
}

#[test]
fn check_asks_about_the_account_of_the_policy_server() {
    let clusters = Clusters::new();
    let namespace = "/api/v1/namespaces/signature-continuity";
    let own = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews?";
    let others = "/apis/authorization.k8s.io/v1/subjectaccessreviews?";
    let review = |kind: &str, allowed: bool| {
        json_answer(
            201,
            &json!({"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": {}, "status": {"allowed": allowed}}),
        )
    };
    let server = &clusters.staging;
    server.on(own, review("SelfSubjectAccessReview", true));
    server.on(others, review("SubjectAccessReview", false));
    server.on(namespace, absent("namespaces"));
    let call = || clusters.call(&["check", "--policy-server", "kubewarden/policy-server"]);
    let (status, text) = call();
    assert_eq!(status, 1, "{text}");
    assert!(
        text.contains("FAILS  policy server")
            && text.contains("--role continuity-reader --serviceaccount kubewarden:policy-server"),
        "{text}"
    );
    assert!(
        text.contains("FAILS  namespace")
            && text.contains("kubectl create namespace signature-continuity"),
        "{text}"
    );
    server.on(others, review("SubjectAccessReview", true));
    let there = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "signature-continuity"}});
    server.on(namespace, json_answer(200, &there));
    let (status, text) = call();
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("ok     policy server"), "{text}");
    assert!(text.contains("ok     namespace"), "{text}");
    let (status, _) = clusters.call(&["check", "--policy-server", "nobody"]);
    assert_eq!(status, 2);
}

#[test]
fn who_decides_is_whom_the_api_server_takes_the_user_for() {
    let clusters = Clusters::new();
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews?";
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview",
        "status": {"userInfo": {"username": "ada@acme.example"}}});
    clusters.staging.on(path, json_answer(201, &review));
    let full = "{issuer: \"https://accounts.google.com\", subject: \"dev@acme.example\"}";
    let key = |extra: &[&str]| {
        let arguments = [
            "approve",
            "ghcr.io/acme/api",
            full,
            "--reason",
            "T",
            "--yes",
        ];
        clusters.call(&[&arguments[..], extra].concat())
    };
    let name =
        signature_continuity::baseline::config_map_name(&"ghcr.io/acme/api".parse().unwrap());
    let object = format!("{CONFIG_MAPS}/{name}");
    clusters.staging.on(&object, absent("configmaps"));
    // What is shown is what would be written; the write itself is refused here.
    let (_, text) = key(&[]);
    assert!(text.contains("\"by\": \"ada@acme.example\""), "{text}");
    let (_, text) = key(&["--by", "ops"]);
    assert!(
        text.contains("\"by\": \"ops (ada@acme.example)\""),
        "{text}"
    );
    // A server that does not say leaves it to the user to say so.
    clusters.staging.on(path, absent("widgets"));
    let (status, text) = key(&[]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("--by NAME"), "{text}");
}

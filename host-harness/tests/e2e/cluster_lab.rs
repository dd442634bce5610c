//! A cluster to try policies in: a real API server that calls them, a registry, a private Sigstore, and what answers
//! AdmissionReviews between them.

use std::time::{Duration, Instant};

use continuity_cli::store::{KubernetesBaselines, Revision, Store as _};
use hyper::Request;
use hyper::body::Bytes;
use kube::client::Body;
use serde_json::{Value, json};
use signature_continuity::baseline::Baseline;

use super::api_server::{ApiServer, NAMESPACE, own_api_server};
use super::lab::Lab;
use super::policy_server::PolicyServer;

pub struct ClusterLab {
    pub lab: Lab,
    pub api_server: &'static ApiServer,
    pub policy_server: PolicyServer,
}

/// What an API server says.
#[derive(Debug)]
pub struct ApiAnswer {
    pub status: u16,
    /// The texts of its warning headers, in order.
    pub warnings: Vec<String>,
    pub body: Value,
}

impl ApiAnswer {
    /// A Status's message; empty where it is none.
    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    /// What the policy said, of a rejection by this webhook.
    pub fn denial(&self, policy: &str) -> &str {
        let before = format!(
            "admission webhook \"clusterwide-{policy}.kubewarden.admission\" denied the request: "
        );
        let message = self.message();
        message
            .strip_prefix(&before)
            .unwrap_or_else(|| panic!("no denial: {self:#?}"))
    }
}

impl ClusterLab {
    /// Starts everything, with these namespaces and policies, and waits until requests in each namespace are judged.
    pub fn start(namespaces: &[&str], policies: impl FnOnce(&Lab) -> String) -> Self {
        let lab = Lab::start();
        let api_server = own_api_server();
        for namespace in namespaces {
            api_server.create_namespace(namespace);
        }
        let policy_server = PolicyServer::start(&lab, api_server, &policies(&lab));
        let cluster = Self {
            lab,
            api_server,
            policy_server,
        };
        cluster.api_server.apply(cluster.policy_server.webhooks());
        for namespace in namespaces {
            cluster.wait_until_judged(namespace);
        }
        cluster
    }

    /// A webhook is called some moments after it was applied.
    fn wait_until_judged(&self, namespace: &str) {
        // Nobody has a baseline of it, so no registry is asked.
        let image = format!("registry.invalid/probe/{namespace}:v1");
        let until = Instant::now() + Duration::from_secs(60);
        while !self.policy_server.log().contains(&image) {
            let path = format!("/api/v1/namespaces/{namespace}/pods?dryRun=All");
            let answer = self.send("admin", "POST", &path, &pod(namespace, "probe", &image));
            assert!(
                Instant::now() < until,
                "{answer:#?}\n{}",
                self.policy_server.log()
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Puts a baseline where the learner would.
    pub fn keep(&self, baseline: &Baseline) {
        keep(self.api_server, baseline);
    }

    pub fn create_pod(&self, namespace: &str, name: &str, image: &str) -> ApiAnswer {
        let path = format!("/api/v1/namespaces/{namespace}/pods");
        self.send("admin", "POST", &path, &pod(namespace, name, image))
    }

    /// Merges a patch into a pod.
    pub fn patch_pod(&self, namespace: &str, name: &str, patch: &Value) -> ApiAnswer {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
        self.send("admin", "PATCH", &path, patch)
    }

    /// Asks the API server itself, so that its warnings are seen too.
    pub fn send(&self, account: &str, method: &str, path: &str, body: &Value) -> ApiAnswer {
        let content_type = if method == "PATCH" {
            "application/strategic-merge-patch+json"
        } else {
            "application/json"
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", content_type)
            .body(Body::from(body.to_string().into_bytes()))
            .unwrap();
        let client = self.api_server.client(account);
        self.api_server.wait(async {
            let answer = client.send(request).await.unwrap();
            let warnings = answer.headers().get_all("warning");
            let warnings = warnings
                .iter()
                .map(|it| warning(&String::from_utf8_lossy(it.as_bytes())))
                .collect();
            let status = answer.status().as_u16();
            let bytes: Bytes = answer.into_body().collect_bytes().await.unwrap();
            ApiAnswer {
                status,
                warnings,
                body: serde_json::from_slice(&bytes).unwrap(),
            }
        })
    }
}

/// Puts a baseline where the learner would.
pub fn keep(api_server: &ApiServer, baseline: &Baseline) {
    KubernetesBaselines::new(api_server.cluster("admin"), NAMESPACE)
        .write(baseline, &Revision::Absent)
        .unwrap();
}

/// A ClusterAdmissionPolicy with the lab's module and authorities, which enforces everywhere but for what `more` says of its
/// spec, as YAML.
pub fn policy(lab: &Lab, name: &str, more: Value) -> String {
    let mut policy = json!({
        "apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "policyServer": "continuity", "module": "registry://ghcr.io/acme/signature-continuity:v1",
            "mutating": false,
            "contextAwareResources": [{"apiVersion": "v1", "kind": "ConfigMap"}],
            "timeoutEvalSeconds": 5, "timeoutSeconds": 10,
            "settings": settings(lab, json!([{}])),
        },
    });
    for (field, value) in more.as_object().unwrap() {
        policy["spec"][field] = value.clone();
    }
    yaml_serde::to_string(&policy).unwrap()
}

/// Settings with the lab's authorities.
pub fn settings(lab: &Lab, enforce: Value) -> Value {
    json!({
        "certificateAuthorities": [lab.sigstore.chain_pem()], "enforce": enforce, "budget": "2500ms",
    })
}

/// One rule of a policy.
pub fn rule(group: &str, resource: &str, operations: &[&str]) -> Value {
    json!({
        "apiGroups": [group], "apiVersions": ["v1"], "resources": [resource], "operations": operations,
    })
}

/// A pod that names one image.
pub fn pod(namespace: &str, name: &str, image: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": [{"name": "main", "image": image}]},
    })
}

/// The text of `299 - "text"`.
fn warning(header: &str) -> String {
    let quoted = header.strip_prefix("299 - ").unwrap_or(header);
    let text = quoted.trim().trim_matches('"');
    text.replace("\\\"", "\"").replace("\\\\", "\\")
}

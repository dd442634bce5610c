//! What answers an API server's AdmissionReviews: `continuity-harness serve`, or Kubewarden's own policy-server where
//! POLICY_SERVER names it. Both are given the same policies, certificate, registry, trust root and account.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use continuity_registry::runtime;
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use super::api_server::{ApiServer, free_ports};
use super::lab::Lab;

/// The account that `deploy/rbac.yaml` lets read baselines.
const ACCOUNT: &str = "policy-server";
const POLICIES: &str = "served-policies.yaml";
const POLICIES_OF_POLICY_SERVER: &str = "policies.yml";
const WEBHOOKS: &str = "webhooks.yaml";
const LOG: &str = "policy-server.log";

pub struct PolicyServer {
    child: Child,
    log: PathBuf,
    webhooks: String,
}

impl PolicyServer {
    /// Serves all ClusterAdmissionPolicies of a manifest, with the lab's module, and returns once it is ready.
    pub fn start(lab: &Lab, api_server: &ApiServer, manifest: &str) -> Self {
        let [port, probe] = free_ports();
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        lab.write("tls.crt", &certificate.pem());
        lab.write("tls.key", &key.serialize_pem());
        lab.write(POLICIES, manifest);
        lab.write(POLICIES_OF_POLICY_SERVER, &for_policy_server(lab, manifest));
        let mut kubeconfig: Value =
            serde_json::from_slice(&std::fs::read(api_server.kubeconfig()).unwrap()).unwrap();
        kubeconfig["current-context"] = json!(ACCOUNT);
        lab.write("kubeconfig", &kubeconfig.to_string());

        // Also where the real one serves: it writes no webhooks.
        let mut harness = lab.harness();
        harness.args(["serve", "--policy", POLICIES, "--module", "policy.wasm"]);
        harness.args(["--webhook-configuration", WEBHOOKS]);
        let mut child = start(lab, &mut harness, port, probe);
        if let Some(program) = Self::real() {
            let _ = child.kill();
            let _ = child.wait();
            let mut real = Command::new(program);
            real.current_dir(lab.path(""));
            real.args([
                "--policies",
                POLICIES_OF_POLICY_SERVER,
                "--policy-timeout",
                "2",
            ]);
            real.args([
                "--policies-download-dir",
                ".",
                "--sigstore-cache-dir",
                "sigstore",
            ]);
            child = start(lab, &mut real, port, probe);
        }
        Self {
            child,
            log: lab.path(LOG),
            webhooks: std::fs::read_to_string(lab.path(WEBHOOKS)).unwrap(),
        }
    }

    /// Kubewarden's own program, where there is one.
    pub fn real() -> Option<PathBuf> {
        std::env::var_os("POLICY_SERVER").map(PathBuf::from)
    }

    /// What an API server needs to call it, as YAML.
    pub fn webhooks(&self) -> &str {
        &self.webhooks
    }

    /// All that it said so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Ends it, as whatever ends a pod at once.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for PolicyServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// With the flags that both programs have.
fn start(lab: &Lab, command: &mut Command, port: u16, probe: u16) -> Child {
    let log = std::fs::File::create(lab.path(LOG)).unwrap();
    let mut child = command
        .env("KUBECONFIG", lab.path("kubeconfig"))
        .env_remove("CONTINUITY_STORE")
        .args(["--addr", "127.0.0.1", "--port", &port.to_string()])
        .args(["--readiness-probe-port", &probe.to_string()])
        .args(["--cert-file", "tls.crt", "--key-file", "tls.key"])
        .args(["--sources-path", "sources.yaml"])
        .args(["--sigstore-trust-config", "trust.json"])
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(120);
    let said = || std::fs::read_to_string(lab.path(LOG)).unwrap_or_default();
    loop {
        let url = format!("http://127.0.0.1:{probe}/readiness");
        let answer = runtime::wait(async move { reqwest::get(url).await }).unwrap();
        if answer.is_ok_and(|it| it.status().is_success()) {
            return child;
        }
        let ended = child.try_wait().unwrap();
        assert!(
            ended.is_none() && Instant::now() < until,
            "{ended:?}: {}",
            said()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The policies as Kubewarden's controller writes them down for its servers.
fn for_policy_server(lab: &Lab, manifest: &str) -> String {
    let mut policies = Map::new();
    for document in yaml_serde::Deserializer::from_str(manifest) {
        let document = Value::deserialize(document).unwrap();
        if document["kind"] != "ClusterAdmissionPolicy" {
            continue;
        }
        let spec = &document["spec"];
        let mut policy = json!({
            "module": format!("file://{}", lab.path("policy.wasm").display()),
            "policyMode": spec["mode"].as_str().unwrap_or("protect"),
            "allowedToMutate": spec["mutating"].as_bool().unwrap_or_default(),
            "hostCapabilities": ["*"],
        });
        for field in [
            "settings",
            "contextAwareResources",
            "message",
            "timeoutEvalSeconds",
        ] {
            if let Some(value) = spec.get(field) {
                policy[field] = value.clone();
            }
        }
        let name = document["metadata"]["name"].as_str().unwrap();
        policies.insert(format!("clusterwide-{name}"), policy);
    }
    yaml_serde::to_string(&policies).unwrap()
}

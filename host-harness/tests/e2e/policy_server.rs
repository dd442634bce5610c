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
/// As the documentation calls it.
const WEBHOOKS: &str = "webhooks.yaml";

pub struct PolicyServer {
    child: Child,
    port: u16,
    files: Files,
    authority: String,
    webhooks: String,
}

/// Names of files in the lab, of one server.
struct Files {
    prefix: u16,
    lab: PathBuf,
}

impl Files {
    fn path(&self, name: &str) -> PathBuf {
        self.lab.join(format!("{}-{name}", self.prefix))
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl PolicyServer {
    /// Serves all ClusterAdmissionPolicies of a manifest, with the lab's module, and returns once it is ready.
    pub fn start(lab: &Lab, api_server: &ApiServer, manifest: &str) -> Self {
        Self::start_as(lab, api_server, manifest, Self::real())
    }

    /// The same, with this program of Kubewarden, or with none.
    pub fn start_as(
        lab: &Lab,
        api_server: &ApiServer,
        manifest: &str,
        real: Option<PathBuf>,
    ) -> Self {
        let [port, probe] = free_ports();
        let files = Files {
            prefix: port,
            lab: lab.path(""),
        };
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        files.write("tls.crt", &certificate.pem());
        files.write("tls.key", &key.serialize_pem());
        let policies = files.write("policies.yaml", manifest);
        let mut kubeconfig: Value =
            serde_json::from_slice(&std::fs::read(api_server.kubeconfig()).unwrap()).unwrap();
        kubeconfig["current-context"] = json!(ACCOUNT);
        files.write("kubeconfig", &kubeconfig.to_string());

        // Also where the real one serves: it writes no webhooks.
        let mut harness = lab.harness();
        harness.args(["serve", "--module", "policy.wasm", "--policy"]);
        harness.arg(policies);
        harness.args(["--webhook-configuration", WEBHOOKS]);
        let mut child = start(&files, &mut harness, port, probe);
        // Read at once: the next server of this lab writes over it.
        let webhooks = std::fs::read_to_string(lab.path(WEBHOOKS)).unwrap();
        if let Some(program) = real {
            let _ = child.kill();
            let _ = child.wait();
            let policies = files.write("policies.yml", &for_policy_server(lab, manifest));
            let mut real = Command::new(program);
            real.current_dir(lab.path(""));
            real.arg("--policies").arg(policies);
            real.args([
                "--policies-download-dir",
                ".",
                "--sigstore-cache-dir",
                "sigstore",
            ]);
            child = start(&files, &mut real, port, probe);
        }
        Self {
            child,
            port,
            webhooks,
            authority: certificate.pem(),
            files,
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
        std::fs::read_to_string(self.files.path("log")).unwrap_or_default()
    }

    /// What it answers without an API server between: status and body, which need not be JSON.
    pub fn post(&self, path: &str, content_type: Option<&str>, body: Vec<u8>) -> (u16, Value) {
        let url = format!("https://127.0.0.1:{}{path}", self.port);
        let authority = reqwest::Certificate::from_pem(self.authority.as_bytes()).unwrap();
        let client = reqwest::Client::builder()
            .tls_certs_only([authority])
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        let mut request = client.post(url).body(body);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        runtime::wait(async move {
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            let body = answer.bytes().await.unwrap();
            (status, serde_json::from_slice(&body).unwrap_or_default())
        })
        .unwrap()
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
fn start(files: &Files, command: &mut Command, port: u16, probe: u16) -> Child {
    let log = std::fs::File::create(files.path("log")).unwrap();
    let mut child = command
        .env("KUBECONFIG", files.path("kubeconfig"))
        .env_remove("CONTINUITY_STORE")
        .args(["--addr", "127.0.0.1", "--port", &port.to_string()])
        .args(["--readiness-probe-port", &probe.to_string()])
        .arg("--cert-file")
        .arg(files.path("tls.crt"))
        .arg("--key-file")
        .arg(files.path("tls.key"))
        .args(["--policy-timeout", "2"])
        .args(["--sources-path", "sources.yaml"])
        .args(["--sigstore-trust-config", "trust.json"])
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(120);
    let said = || std::fs::read_to_string(files.path("log")).unwrap_or_default();
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

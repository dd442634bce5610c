//! A replica of the watcher, and what it is shown: pods that run, workloads that declare, releases in bundles.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use chrono::Utc;
use continuity_cli::store::{KubernetesBaselines, Store as _};
use continuity_registry::runtime;
use continuity_testkit::sigstore::{Bundle, SIGN_PREDICATE};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use signature_continuity::baseline::Baseline;
use signature_continuity::reference::Repository;

use super::api_server::{ApiServer, NAMESPACE, free_ports};
use super::lab::{Lab, identity};

const PATIENCE: Duration = Duration::from_secs(30);

/// One replica.
pub struct Watcher {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Watcher {
    pub fn start(lab: &Lab, server: &ApiServer, name: &str, arguments: &[&str]) -> Self {
        let mut kubeconfig: Value =
            serde_json::from_slice(&std::fs::read(server.kubeconfig()).unwrap()).unwrap();
        kubeconfig["current-context"] = json!("learner");
        let kubeconfig = lab.write("learner-kubeconfig", &kubeconfig.to_string());
        let [port] = free_ports();
        let log = lab.path(&format!("{name}.log"));
        let child = lab
            .continuity()
            .env("KUBECONFIG", kubeconfig)
            .args(["-v", "watch", "--policy", "settings.json"])
            .args(["--sources-path", "sources.yaml"])
            .args(["--sigstore-trust-config", "trust.json"])
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .args(["--identity", name, "--address", "127.0.0.1"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self { child, port, log }
    }

    pub fn wait_until_ready(&mut self) {
        let until = Instant::now() + Duration::from_secs(60);
        while self.ask("/readyz").0 != 200 {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < until,
                "{ended:?}: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where it is served.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The status and the text; 0 where nobody answers.
    pub fn ask(&self, path: &str) -> (u16, String) {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let answer = runtime::wait(async move {
            let answer = reqwest::get(url).await.ok()?;
            Some((answer.status().as_u16(), answer.text().await.ok()?))
        });
        answer.unwrap().unwrap_or_default()
    }

    pub fn inventory(&self) -> Value {
        let (status, text) = self.ask("/inventory.json");
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The value of one series.
    pub fn metric(&self, series: &str) -> f64 {
        let (_, text) = self.ask("/metrics");
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        let line = line.unwrap_or_else(|| panic!("no {series} in:\n{text}"));
        line.trim().parse().unwrap()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Ends it as a cluster ends a pod.
    pub fn end(&mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        let told = std::process::Command::new("kill")
            .args(["-TERM", &pid])
            .status();
        assert!(told.unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The cluster's baselines, as the admin reads them.
pub fn store(server: &ApiServer) -> KubernetesBaselines {
    KubernetesBaselines::new(server.cluster("admin"), NAMESPACE)
}

/// The baseline of one of the lab's repositories.
pub fn baseline(server: &ApiServer, lab: &Lab, repository: &str) -> Option<Baseline> {
    let repository: Repository = lab.registry.name(repository).parse().unwrap();
    let stored = store(server).read(&repository).unwrap();
    stored.lookup.baseline().cloned()
}

/// Waits until there is something.
pub fn eventually<T>(what: &str, watchers: &[&Watcher], mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        let logs: Vec<String> = watchers.iter().map(|one| one.log()).collect();
        assert!(Instant::now() < until, "{what}:\n{}", logs.join("\n---\n"));
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A pod that runs an image with this digest, by its status.
pub fn run_pod(server: &ApiServer, namespace: &str, name: &str, image: &str, digest: &str) {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": name},
        "spec": {"containers": [{"name": "c", "image": image}]},
    });
    server.apply(&pod.to_string());
    let repository = image
        .split('@')
        .next()
        .unwrap()
        .rsplit_once(':')
        .map_or(image, |(name, _)| name);
    let status = json!({"status": {"phase": "Running", "containerStatuses": [
        {"name": "c", "image": image, "imageID": format!("{repository}@{digest}"), "ready": true, "restartCount": 0}]}});
    let pods: Api<Pod> = Api::namespaced(server.client("admin"), namespace);
    server
        .wait(pods.patch_status(name, &PatchParams::default(), &Patch::Merge(status)))
        .unwrap();
}

pub fn deployment(namespace: &str, name: &str, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "c", "image": image}]},
            },
        },
    })
}

/// A release in a bundle, which no host can prove to a policy.
pub fn bundle_release(lab: &Lab, repository: &str, tag: &str) -> String {
    let digest = lab.push(repository, tag);
    let leaf = lab.sigstore.issue(&identity(), Utc::now()).unwrap();
    let log = lab.sigstore.log();
    let bundle = Bundle::proven_by_leaf(&leaf, &digest, SIGN_PREDICATE, log, Utc::now()).unwrap();
    lab.registry
        .push_bundles(repository, &digest, &[bundle])
        .unwrap();
    digest
}

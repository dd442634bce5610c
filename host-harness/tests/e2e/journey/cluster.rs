//! A cluster, a registry, and who does what Kubewarden's controller and nodes do.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use continuity_testkit::sigstore::digest_of;
use continuity_testkit::{Identity, Signer};
use serde_json::{Value, json};

use super::super::api_server::{ApiServer, own_api_server};
use super::super::lab::{Lab, identity, program};
use super::super::manifests::{OVERLAYS, objects, root};
use super::super::policy_server::PolicyServer;
use super::super::replica::{bundle_release, run_pod};

/// The registry that the document speaks of: as many characters as the one of the tests, so that columns stay.
const REGISTRY: &str = "reg.example.com";
/// Where the watcher's image is.
const PUBLISHED: &str = "ghcr.io";
const WATCHER: &str = "signature-continuity/continuity";
const NAMESPACES: [&str; 2] = ["prod", "dev"];
const WEBHOOKS: &str = "app.kubernetes.io/managed-by=continuity-harness";
/// What this API server says, which is of 1.20, and this registry, which is of before the referrers API, and no other would.
const NOTES: [&str; 3] = [
    "note: cannot create selfsubjectreviews in all namespaces: kubernetes does not serve them",
    "note: this API server has no cronjobs",
    "the registry has no API for what refers to an image; the tag that stands in for it was looked at",
];

/// A cluster, a registry, and who does what controllers and nodes do.
pub(super) struct Journey {
    lab: Lab,
    server: &'static ApiServer,
    served: Option<(Value, PolicyServer)>,
}

impl Journey {
    pub(super) fn begin() -> Self {
        let (lab, server) = (Lab::start(), own_api_server());
        server.create_namespace("kubewarden");
        for namespace in NAMESPACES {
            server.create_namespace(namespace);
        }
        let definitions = root().join("host-harness/tests/e2e/deploy/definitions.yaml");
        server.apply(&std::fs::read_to_string(definitions).unwrap());
        let journey = Self {
            lab,
            server,
            served: None,
        };
        journey.place_programs();
        journey.place_manifests();
        let established = journey.shell(
            "kubectl wait --for=condition=Established --timeout=60s customresourcedefinitions --all",
        );
        assert_eq!(established.0, 0, "{established:?}");
        journey.publish();
        journey
    }

    fn place_programs(&self) {
        let bin = self.lab.path("bin");
        std::fs::create_dir(&bin).unwrap();
        let kubectl = std::env::var_os("KUBECTL").expect("make e2e sets KUBECTL");
        let link = |target: PathBuf, name: &str| {
            std::os::unix::fs::symlink(target, bin.join(name)).unwrap();
        };
        link(program("continuity"), "continuity");
        link(PathBuf::from(kubectl), "kubectl");
    }

    /// `deploy/rendered`, with the authorities of this Sigstore in the settings, for an API server of 1.20.
    fn place_manifests(&self) {
        std::fs::create_dir_all(self.lab.path("deploy/rendered")).unwrap();
        for overlay in OVERLAYS {
            let mut text = String::new();
            for mut object in objects(overlay) {
                match object["kind"].as_str().unwrap() {
                    "CronJob" => object["apiVersion"] = json!("batch/v1beta1"),
                    "PodDisruptionBudget" => object["apiVersion"] = json!("policy/v1beta1"),
                    "ClusterAdmissionPolicy" => {
                        object["spec"]["settings"]["certificateAuthorities"] =
                            json!([self.lab.sigstore.chain_pem()]);
                    }
                    "Deployment" => {
                        let image =
                            &mut object["spec"]["template"]["spec"]["containers"][0]["image"];
                        let published = image.as_str().unwrap().strip_prefix(PUBLISHED).unwrap();
                        *image = json!(format!("{}{published}", self.lab.registry.host()));
                    }
                    _ => {}
                }
                text.push_str("---\n");
                text.push_str(&yaml_serde::to_string(&object).unwrap());
            }
            self.lab
                .write(&format!("deploy/rendered/{overlay}.yaml"), &text);
        }
    }

    /// What there is before: one repository with a long past, a young one, and one that nobody signs.
    fn publish(&self) {
        let now = Utc::now();
        for (tag, days) in [("v1", 90), ("v2", 60), ("v3", 20)] {
            self.release("acme/api", tag, &identity(), now - TimeDelta::days(days));
        }
        self.release("acme/web", "v1", &identity(), now);
        self.lab.push("acme/tools", "v1");
        for (namespace, name, repository, tag) in [
            ("prod", "api", "acme/api", "v3"),
            ("prod", "web", "acme/web", "v1"),
            ("dev", "tools", "acme/tools", "v1"),
        ] {
            let image = self.lab.image(repository, tag);
            run_pod(
                self.server,
                namespace,
                name,
                &image,
                &self.digest(repository, tag),
            );
        }
        let workflow = Identity::github(
            "signature-continuity/signature-continuity",
            "release.yml",
            "refs/tags/v0.1.0",
        );
        self.release(WATCHER, "v0.1.0", &workflow, now);
        // What comes later, by somebody else.
        let stranger = Identity::google("dev@acme.example");
        self.release("acme/api", "v4", &stranger, now);
    }

    /// The next release, by the same signer, as cosign 3 publishes it.
    pub(super) fn release_in_a_bundle(&self) {
        bundle_release(&self.lab, "acme/api", "v5");
    }

    fn release(&self, repository: &str, tag: &str, signer: &Identity, at: DateTime<Utc>) {
        let digest = self.lab.push(repository, tag);
        let signature = Signer::keyless(&self.lab.sigstore, signer);
        let name = self.lab.registry.name(repository);
        let signature = signature.sign(&name, &digest, at).unwrap();
        let layers = [signature.layer().unwrap()];
        self.lab
            .registry
            .push_signature(repository, &digest, &layers)
            .unwrap();
    }

    fn digest(&self, repository: &str, tag: &str) -> String {
        digest_of(
            &self
                .lab
                .registry
                .manifest(repository, tag)
                .unwrap()
                .unwrap(),
        )
    }

    /// Its status, and what it prints.
    pub(super) fn shell(&self, command: &str) -> (i32, String) {
        let command = command.replace(REGISTRY, self.lab.registry.host());
        let path = format!("{}:/usr/bin:/bin", self.lab.path("bin").display());
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!("{{ {command}\n}} 2>&1"))
            .current_dir(self.lab.path(""))
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.lab.path(""))
            .env("KUBECONFIG", self.server.kubeconfig())
            .env("CONTINUITY_SOURCES_PATH", "sources.yaml")
            .env("CONTINUITY_SIGSTORE_TRUST_CONFIG", "trust.json")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), self.as_published(&said))
    }

    /// With the names that the document has, and without what only this cluster and this registry say.
    fn as_published(&self, said: &str) -> String {
        let host = self.lab.registry.host();
        let local = format!("{host}/{WATCHER}");
        let lines = said
            .lines()
            .filter(|line| !NOTES.iter().any(|note| line.contains(note)));
        let lines = lines.map(|line| {
            let Some(at) = line.find(&local) else {
                return line.to_owned();
            };
            let published = line.replace(&local, &format!("{PUBLISHED}/{WATCHER}"));
            // The column keeps its width.
            let rest = &published[at..];
            let (Some(end), true) = (rest.find("  "), line.contains("   ")) else {
                return published;
            };
            let room = " ".repeat(host.len() - PUBLISHED.len());
            format!("{}{}{room}{}", &published[..at], &rest[..end], &rest[end..])
        });
        let mut said: String = lines.map(|line| line + "\n").collect();
        said = said.replace(host, REGISTRY);
        said
    }

    fn list(&self, what: &str) -> Vec<Value> {
        let (status, said) = self.shell(&format!("kubectl get {what} --output json"));
        assert_eq!(status, 0, "{said}");
        let mut list: Value = serde_json::from_str(&said).unwrap();
        serde_json::from_value(list["items"].take()).unwrap()
    }

    /// What Kubewarden's controller does: the policies that there are, are served, and no others.
    pub(super) fn reconcile(&mut self) {
        let policies: BTreeMap<String, Value> = self
            .list("clusteradmissionpolicies")
            .into_iter()
            .map(|policy| {
                let name = policy["metadata"]["name"].as_str().unwrap().to_owned();
                let policy = json!({
                    "apiVersion": policy["apiVersion"], "kind": policy["kind"],
                    "metadata": {"name": name}, "spec": policy["spec"],
                });
                (name, policy)
            })
            .collect();
        let policies = json!(policies);
        if self
            .served
            .as_ref()
            .is_some_and(|(served, _)| *served == policies)
        {
            return;
        }
        let all = policies.as_object().unwrap().values();
        let manifest: Vec<String> = all.map(|it| yaml_serde::to_string(it).unwrap()).collect();
        let next = (!manifest.is_empty())
            .then(|| PolicyServer::start(&self.lab, self.server, &manifest.join("---\n")));
        let (status, said) = self.shell(&format!(
            "kubectl delete validatingwebhookconfigurations --selector {WEBHOOKS}"
        ));
        assert_eq!(status, 0, "{said}");
        // The API server hears of it a moment later.
        std::thread::sleep(Duration::from_secs(2));
        self.served = None;
        if let Some(next) = next {
            self.server.apply(next.webhooks());
            self.wait_until_judged(&next, &policies);
            self.served = Some((policies, next));
        }
    }

    fn wait_until_judged(&self, server: &PolicyServer, policies: &Value) {
        let until = Instant::now() + Duration::from_secs(60);
        let policies = policies.as_object().unwrap();
        for namespace in NAMESPACES {
            if !policies.values().any(|it| selects(it, namespace)) {
                continue;
            }
            let image = format!("registry.invalid/probe/{namespace}:v1");
            while !server.log().contains(&image) {
                let probe = format!(
                    "kubectl run probe --namespace {namespace} --image {image} --dry-run=server"
                );
                let said = self.shell(&probe);
                assert!(Instant::now() < until, "{said:?}\n{}", server.log());
                std::thread::sleep(Duration::from_millis(200));
            }
        }
    }

    /// What nodes do: pods run.
    pub(super) fn run_pods(&self) {
        for pod in self.list("pods --all-namespaces") {
            if pod["status"]["phase"] == "Running" {
                continue;
            }
            let metadata = &pod["metadata"];
            let image = pod["spec"]["containers"][0]["image"].as_str().unwrap();
            let (name, tag) = image.rsplit_once(':').unwrap();
            let repository = name.strip_prefix(REGISTRY).unwrap().trim_start_matches('/');
            let digest = self.digest(repository, tag);
            let repository = self.lab.registry.name(repository);
            let status = json!({"status": {"phase": "Running", "containerStatuses": [{
                "name": pod["spec"]["containers"][0]["name"],
                "image": format!("{repository}:{tag}"), "imageID": format!("{repository}@{digest}"),
                "ready": true, "restartCount": 0,
            }]}});
            let path = format!(
                "/api/v1/namespaces/{}/pods/{}/status",
                metadata["namespace"].as_str().unwrap(),
                metadata["name"].as_str().unwrap()
            );
            self.patch(&path, &status);
        }
    }

    fn patch(&self, path: &str, patch: &Value) {
        let request = hyper::Request::patch(path)
            .header("content-type", "application/merge-patch+json")
            .body(patch.to_string().into_bytes())
            .unwrap();
        let client = self.server.client("admin");
        self.server
            .wait(async { client.request::<Value>(request).await.unwrap() });
    }
}

/// Whether a policy is asked about a namespace, by its name.
fn selects(policy: &Value, namespace: &str) -> bool {
    let expressions = &policy["spec"]["namespaceSelector"]["matchExpressions"];
    expressions.as_array().unwrap().iter().all(|expression| {
        assert_eq!(expression["key"], "kubernetes.io/metadata.name");
        let names = expression["values"].as_array();
        let is_named = names.is_some_and(|names| names.contains(&json!(namespace)));
        match expression["operator"].as_str().unwrap() {
            "In" => is_named,
            "NotIn" => !is_named,
            "Exists" => true,
            other => panic!("{other}"),
        }
    })
}

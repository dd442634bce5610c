//! `docs/install.md`, followed step by step as a new user would: each of its commands in a shell, in order, against a real API
//! server and a real registry, and what each prints beside what the document says.
//!
//! What is not here is Kubewarden's controller and nodes: after each command the policies that the API server has are served, and
//! pods get the status of one that runs. `UPDATE_DOCS=1` writes what commands print into the document.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use continuity_testkit::sigstore::digest_of;
use continuity_testkit::{Identity, Signer};
use serde_json::{Value, json};

use super::api_server::{ApiServer, own_api_server};
use super::lab::{Lab, identity, program};
use super::manifests::{OVERLAYS, objects, root};
use super::policy_server::PolicyServer;
use super::watching::run_pod;

/// The registry that the document speaks of.
const REGISTRY: &str = "registry.example.com";
const NAMESPACES: [&str; 2] = ["prod", "dev"];
const WEBHOOKS: &str = "app.kubernetes.io/managed-by=continuity-harness";
/// In the place of lines that are not shown.
const LEFT_OUT: &str = "…";

/// A command of the document, and the lines below it.
struct Step {
    /// The line that it stands in.
    at: usize,
    command: String,
    comment: String,
    printed: Vec<String>,
}

impl Step {
    fn status(&self) -> i32 {
        let status = self.comment.split_once("ends with ");
        status.map_or(0, |(_, status)| status.trim().parse().unwrap())
    }
}

fn steps(document: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut console = false;
    for (at, line) in document.lines().enumerate() {
        if let Some(language) = line.strip_prefix("```") {
            console = language == "console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| console) {
            let (command, comment) = command.split_once("   # ").unwrap_or((command, ""));
            steps.push(Step {
                at,
                command: command.trim().to_owned(),
                comment: comment.to_owned(),
                printed: Vec::new(),
            });
        } else if console {
            steps.last_mut().unwrap().printed.push(line.to_owned());
        }
    }
    steps
}

/// Without what is another one each time: numbers, and how far columns are apart.
fn plain(line: &str) -> String {
    let mut plain = String::new();
    for word in line.split_whitespace() {
        for c in word.chars() {
            match c {
                '0'..='9' if plain.ends_with('#') => {}
                '0'..='9' => plain.push('#'),
                c => plain.push(c),
            }
        }
        plain.push(' ');
    }
    plain
}

/// Whether these lines are those, in order; a line `…` is any number of them.
fn is_said(shown: &[String], said: &[String]) -> bool {
    match shown {
        [] => said.is_empty(),
        [first, rest @ ..] if first == LEFT_OUT => {
            (0..=said.len()).any(|from| is_said(rest, &said[from..]))
        }
        [first, rest @ ..] => said
            .split_first()
            .is_some_and(|(line, others)| plain(line) == plain(first) && is_said(rest, others)),
    }
}

/// A cluster, a registry, and who does what controllers and nodes do.
struct Journey {
    lab: Lab,
    server: &'static ApiServer,
    served: Option<(Value, PolicyServer)>,
}

impl Journey {
    fn begin() -> Self {
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
        // What comes later: somebody else's signature, and none.
        let stranger = Identity::google("dev@acme.example");
        self.release("acme/api", "v4", &stranger, now);
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
    fn shell(&self, command: &str) -> (i32, String) {
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
        (
            output.status.code().unwrap(),
            said.replace(self.lab.registry.host(), REGISTRY),
        )
    }

    fn list(&self, what: &str) -> Vec<Value> {
        let (status, said) = self.shell(&format!("kubectl get {what} --output json"));
        assert_eq!(status, 0, "{said}");
        let mut list: Value = serde_json::from_str(&said).unwrap();
        serde_json::from_value(list["items"].take()).unwrap()
    }

    /// What Kubewarden's controller does: the policies that there are, are served, and no others.
    fn reconcile(&mut self) {
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
            self.wait_until_judged(&next);
            self.served = Some((policies, next));
        }
    }

    fn wait_until_judged(&self, server: &PolicyServer) {
        let until = Instant::now() + Duration::from_secs(60);
        for namespace in NAMESPACES {
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
    fn run_pods(&self) {
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

#[test]
fn the_first_day_is_as_the_document_says() {
    let path = root().join("docs/install.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let mut journey = Journey::begin();
    let mut lines: Vec<String> = document.lines().map(str::to_owned).collect();
    let mut wrong = Vec::new();
    let mut followed = 0;
    // From the end of the document, so that numbers of lines hold.
    let mut blessed = Vec::new();
    for step in steps(&document) {
        if step.comment.contains("not run here") {
            continue;
        }
        let (status, said) = journey.shell(&step.command);
        let said: Vec<String> = said
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect();
        if status != step.status() || !is_said(&step.printed, &said) {
            wrong.push(format!(
                "$ {}   ended with {status}\n{}",
                step.command,
                said.join("\n")
            ));
        }
        if !step.printed.iter().any(|line| line == LEFT_OUT) {
            blessed.push((step.at, step.printed.len(), said));
        }
        journey.reconcile();
        journey.run_pods();
        followed += 1;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        for (at, length, said) in blessed.into_iter().rev() {
            lines.splice(at + 1..at + 1 + length, said);
        }
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(followed >= 10, "{followed}");
}

#[test]
fn what_is_shown_is_held_against_what_is_said() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let said = lines("a   12 s\nb\nc");
    assert!(is_said(&lines("a 9 s\nb\nc"), &said));
    assert!(is_said(&lines("a 9 s\n…\nc"), &said));
    assert!(is_said(&lines("…"), &said));
    assert!(!is_said(&lines("a 9 s\nc"), &said));
    assert!(!is_said(&lines("a 9 s\nb"), &said));
    assert!(!is_said(&lines("…\nd"), &said));
}

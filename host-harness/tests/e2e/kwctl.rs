//! The harness beside the real host: the same evaluations by `kwctl`, answers and sessions compared.
//!
//! These are ignored unless they are asked for, so that nothing counts as compared that was not: `scripts/e2e.sh` asks
//! where there is a kwctl (KWCTL, or on PATH), and says so where there is none.

use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::Utc;
use continuity_cli::store::{KubernetesBaselines, Revision, Store as _};
use continuity_testkit::registry::{Fault, FaultRule, Registry, Words};
use continuity_testkit::sigstore::{Bundle, Identity, PrivateSigstore, SIGN_PREDICATE};
use host_harness::capabilities::{HostGeneration, HostRequest};
use host_harness::session::{Exchange, Reply, Session};
use rstest::rstest;
use serde_json::{Value, json};

use super::api_server::{NAMESPACE, api_server};
use super::kubernetes::baseline;

const NAME: &str = "acme/api";

/// Recorded cases that differ from each other in what they ask.
const CASES: [&str; 10] = [
    "none-verified-digest",
    "none-verified-tag",
    "none-digest",
    "none-tag",
    "none-key-logged",
    "none-stranger-before",
    "unsigned-enforced",
    "signer-enforced",
    "undetermined-unreachable",
    "new-not-asked",
];

pub fn kwctl() -> Command {
    Command::new(std::env::var_os("KWCTL").unwrap_or_else(|| "kwctl".into()))
}

/// Which generation this kwctl is of: by its version, unless KWCTL_HOST says that it was built with another one's libraries.
fn generation() -> HostGeneration {
    if let Ok(host) = std::env::var("KWCTL_HOST") {
        return match host.as_str() {
            "1.35" => HostGeneration::Kubewarden135,
            "1.36" => HostGeneration::Kubewarden136,
            other => panic!("KWCTL_HOST: expected 1.35 or 1.36, got {other}"),
        };
    }
    let output = kwctl().arg("--version").output().expect("kwctl starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text
        .split_whitespace()
        .find_map(|word| semver::Version::parse(word.trim_start_matches('v')).ok())
        .unwrap_or_else(|| panic!("kwctl says no version: {text}"));
    // A pre-release comes before its release.
    if version < semver::Version::new(1, 36, 0) {
        HostGeneration::Kubewarden135
    } else {
        HostGeneration::Kubewarden136
    }
}

/// What is compared of an answer.
fn answer(mut command: Command) -> Value {
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let answer: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{command:?}: no answer ({error}): {stderr}"));
    assert!(answer["allowed"].is_boolean(), "{command:?}: {answer:#}");
    json!({
        "allowed": answer["allowed"],
        "code": answer["status"]["code"],
        "message": answer["status"]["message"],
    })
}

/// A directory to work in, with the annotated module.
struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        let root = root();
        let module = std::env::var("POLICY_WASM").expect("make e2e sets POLICY_WASM");
        let output = bench
            .harness()
            .args(["annotate", &module, "--output-path", "policy.wasm"])
            .arg("--metadata-path")
            .arg(root.join("metadata.yml"))
            .arg("--usage-path")
            .arg(root.join("README.md"))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn harness(&self) -> Command {
        self.command(Command::new(env!("CARGO_BIN_EXE_continuity-harness")))
    }

    fn command(&self, mut command: Command) -> Command {
        command
            .current_dir(self.0.path())
            .env("KUBECONFIG", "/nowhere");
        command
    }

    /// `run` of both programs, with what both are given.
    fn run(&self, arguments: &[&str]) -> [Command; 2] {
        [self.harness(), self.command(kwctl())].map(|mut command| {
            command
                .args(["run", "policy.wasm", "--allow-context-aware"])
                .args(arguments);
            command
        })
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

#[test]
#[ignore = "needs kwctl"]
fn replays_recorded_cases_alike() {
    let bench = Bench::new();
    for case in CASES {
        let directory = root().join("tests/cases").join(case);
        let session = std::fs::read_to_string(directory.join("session.yml")).unwrap();
        // kwctl judges by today's clock; so does the harness where the session has none.
        let session: String = session
            .lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(|line| [line, "\n"])
            .collect();
        bench.write("session.yml", &session);
        let review = directory.join("review.json");
        let settings = directory.join("settings.yaml");
        let mut arguments = vec!["--request-path", review.to_str().unwrap()];
        if settings.exists() {
            arguments.extend(["--settings-path", settings.to_str().unwrap()]);
        }
        arguments.extend(["--replay-host-capabilities-interactions", "session.yml"]);
        let [ours, theirs] = bench.run(&arguments).map(answer);
        assert_eq!(ours, theirs, "{case}");
    }
}

/// An image, what was pushed beside it, and a baseline in a cluster.
struct Scene {
    registry: Registry,
    sigstore: PrivateSigstore,
    digest: String,
}

impl Scene {
    fn sign(&self, identity: &Identity) {
        let name = self.registry.name(NAME);
        let signature = self
            .sigstore
            .sign(identity, &name, &self.digest, Utc::now());
        let layer = signature.unwrap().layer().unwrap();
        self.registry
            .push_signature(NAME, &self.digest, &[layer])
            .unwrap();
    }

    fn fault(&self, reference: &str, words: Words) {
        self.registry
            .fault(FaultRule::new(NAME, reference, Fault::Says(words)));
    }
}

/// Whom the baseline knows.
fn known() -> Identity {
    Identity::google("dev@acme.example")
}

fn genuine(scene: &Scene) -> &'static str {
    scene.sign(&known());
    "v1"
}

fn by_a_stranger(scene: &Scene) -> &'static str {
    scene.sign(&Identity::google("eve@evil.example"));
    "v1"
}

fn unsigned(_: &Scene) -> &'static str {
    "v1"
}

fn absent(scene: &Scene) -> &'static str {
    scene.sign(&known());
    "v2"
}

fn expired(scene: &Scene) -> &'static str {
    scene.sign(&known());
    scene.fault("sha256-*.sig", Words::QuayExpired);
    "v1"
}

fn limited(scene: &Scene) -> &'static str {
    scene.sign(&known());
    scene.fault("sha256-*.sig", Words::RateLimited);
    "v1"
}

fn out_of_order(scene: &Scene) -> &'static str {
    scene.sign(&known());
    scene.fault("*", Words::Unavailable);
    "v1"
}

fn blobs_out_of_order(scene: &Scene) -> &'static str {
    scene.sign(&known());
    scene.fault("sha256:*", Words::Unavailable);
    "v1"
}

fn bundle(scene: &Scene) -> &'static str {
    let leaf = scene.sigstore.issue(&known(), Utc::now()).unwrap();
    let log = scene.sigstore.log();
    let bundle =
        Bundle::proven_by_leaf(&leaf, &scene.digest, SIGN_PREDICATE, log, Utc::now()).unwrap();
    scene
        .registry
        .push_bundles(NAME, &scene.digest, &[bundle])
        .unwrap();
    "v1"
}

#[rstest]
#[case::genuine(genuine)]
#[case::by_a_stranger(by_a_stranger)]
#[case::unsigned(unsigned)]
#[case::absent(absent)]
#[case::expired(expired)]
#[case::limited(limited)]
#[case::out_of_order(out_of_order)]
#[case::blobs_out_of_order(blobs_out_of_order)]
#[case::bundle(bundle)]
#[ignore = "needs kwctl"]
fn judges_alike(#[case] pushed: fn(&Scene) -> &'static str) {
    let registry = Registry::start().unwrap();
    let scene = Scene {
        digest: registry.push_image(NAME, "v1", "seed").unwrap(),
        sigstore: PrivateSigstore::new().unwrap(),
        registry,
    };
    let reference = pushed(&scene);
    let store = KubernetesBaselines::new(api_server().cluster("admin"), NAMESPACE);
    store
        .write(&baseline(&scene.registry.name(NAME)), &Revision::Absent)
        .unwrap();

    let bench = Bench::new();
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api", "namespace": "prod"},
        "spec": {"containers": [{"name": "api", "image": scene.registry.image(NAME, reference)}]},
    });
    // kwctl takes requests, not manifests.
    let request = json!({
        "uid": "1", "operation": "CREATE", "namespace": "prod", "name": "api",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
        "requestResource": {"group": "", "version": "v1", "resource": "pods"},
        "userInfo": {"username": "alice"},
        "object": pod, "dryRun": false,
    });
    bench.write("request.json", &request.to_string());
    let settings = json!({
        "certificateAuthorities": [scene.sigstore.chain_pem()],
        "enforce": [{"namespaces": ["prod"]}],
        "budget": "20s",
    });
    bench.write("settings.json", &settings.to_string());
    bench.write("trust.json", &scene.sigstore.trust_config_json());
    let sources = format!("insecure_sources: [\"{}\"]\n", scene.registry.host());
    bench.write("sources.yaml", &sources);

    let [mut ours, mut theirs] = bench.run(&[
        "--request-path",
        "request.json",
        "--settings-path",
        "settings.json",
        "--sources-path",
        "sources.yaml",
        "--sigstore-trust-config",
        "trust.json",
    ]);
    let generation = generation();
    ours.args(["--store", "kubernetes:admin", "--host", generation.as_str()])
        .args(["--timeout-eval-seconds", "60"]);
    for (command, session) in [(&mut ours, "ours.yml"), (&mut theirs, "theirs.yml")] {
        command
            .env("KUBECONFIG", api_server().kubeconfig())
            .args(["--record-host-capabilities-interactions", session]);
    }
    assert_eq!(answer(ours), answer(theirs), "host of {generation}");

    let [ours, theirs] =
        ["ours.yml", "theirs.yml"].map(|name| Session::read(&bench.path(name)).unwrap().exchanges);
    let asked = |exchanges: &[Exchange]| -> Vec<HostRequest> {
        exchanges.iter().map(|it| it.request.clone()).collect()
    };
    assert!(!ours.is_empty(), "nothing was asked");
    assert_eq!(asked(&ours), asked(&theirs), "host of {generation}");
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(
            compared(ours),
            compared(theirs),
            "host of {generation}: {:?}",
            ours.request
        );
    }
}

/// What is compared of one exchange: texts as they are; of an object what the policy reads.
fn compared(exchange: &Exchange) -> Value {
    let payload = match &exchange.response {
        Reply::Error { message } => return json!({ "error": message }),
        Reply::Success { payload } => payload,
    };
    let payload: Value = serde_json::from_str(payload).unwrap();
    if matches!(exchange.request, HostRequest::KubernetesGetResource { .. }) {
        return json!({"data": payload["data"], "labels": payload["metadata"]["labels"]});
    }
    payload
}

//! A registry, a private Sigstore, a store of baselines, and the program that is asked.

use std::cell::RefCell;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeDelta, Utc};
use continuity_cli::store::DirectoryWriter;
use continuity_testkit::sigstore::digest_of;
use continuity_testkit::{Identity, PrivateSigstore, Remote};
use serde_json::{Value, json};
use signature_continuity::baseline::{Baseline, Format, Origin, SignerRecord};
use signature_continuity::proof::rank_of;
use signature_continuity::public_key::PublicKey;
use signature_continuity::signer::{Keyless, Signer};
use signature_continuity::subject::fold_subject;

use super::registry::Process;

const NAMESPACE: &str = "signature-continuity";

pub struct Lab {
    pub registry: Remote,
    pub sigstore: PrivateSigstore,
    process: RefCell<Process>,
    directory: tempfile::TempDir,
}

/// Who signs keyless here.
pub fn identity() -> Identity {
    Identity::github("acme/api", "release.yml", "refs/tags/v1.0.0")
}

/// The same, as baselines know it.
pub fn signer_by_identity() -> Signer {
    let issuer = identity().issuer.unwrap();
    let subject = fold_subject(&issuer, identity().subject().unwrap_or_default());
    Signer::Keyless(Keyless {
        issuer,
        subject,
        caller: None,
    })
}

pub fn from_base64(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

impl Lab {
    pub fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let process = Process::start(directory.path());
        let sigstore = PrivateSigstore::new().unwrap();
        std::fs::create_dir(directory.path().join("store")).unwrap();
        let lab = Self {
            registry: Remote::new(&format!("http://{}", process.address)),
            sigstore,
            process: RefCell::new(process),
            directory,
        };
        let settings = json!({
            "certificateAuthorities": [lab.sigstore.chain_pem()],
            "enforce": [{"namespaces": ["prod"]}],
            "budget": "20s",
        });
        lab.write("settings.json", &settings.to_string());
        lab.write("trust.json", &lab.sigstore.trust_config_json());
        lab.write(
            "sources.yaml",
            &format!("insecure_sources: [\"{}\"]\n", lab.registry.host()),
        );
        lab.annotate();
        lab
    }

    pub fn stop(&self) {
        self.process.borrow_mut().stop();
    }

    pub fn push(&self, repository: &str, tag: &str) -> String {
        self.registry
            .push_image(repository, tag, &format!("{repository} {tag}"))
            .unwrap()
    }

    pub fn image(&self, repository: &str, reference: &str) -> String {
        self.registry.image(repository, reference)
    }

    pub fn edit_signature(&self, repository: &str, digest: &str, edit: impl Fn(&mut Value)) {
        let tag = format!("{}.sig", digest.replace(':', "-"));
        let json = self
            .registry
            .manifest(repository, &tag)
            .unwrap()
            .expect("cosign pushed a signature");
        let mut manifest: Value = serde_json::from_slice(&json).unwrap();
        edit(&mut manifest);
        let media_type = manifest["mediaType"].as_str().unwrap().to_owned();
        self.registry
            .push_manifest(
                repository,
                &tag,
                manifest.to_string().as_bytes(),
                &media_type,
            )
            .unwrap();
    }

    /// Takes an image's `.sig` away: this registry deletes by digest only.
    pub fn unsign(&self, repository: &str, digest: &str) {
        let tag = format!("{}.sig", digest.replace(':', "-"));
        let json = self
            .registry
            .manifest(repository, &tag)
            .unwrap()
            .expect("there is a signature");
        self.registry.delete(repository, &digest_of(&json)).unwrap();
    }

    /// A blob's bytes, from the registry's own storage.
    pub fn blob(&self, digest: &str) -> Vec<u8> {
        let hex = digest.strip_prefix("sha256:").unwrap();
        let path = format!(
            "storage/docker/registry/v2/blobs/sha256/{}/{hex}/data",
            &hex[..2]
        );
        std::fs::read(self.directory.path().join(path)).unwrap()
    }

    pub fn baseline_of_key(&self, repository: &str, pem: &str) {
        self.keep(
            repository,
            Signer::Key(PublicKey::from_pem(pem).unwrap()),
            vec![Format::Cosign2],
        );
    }

    pub fn baseline_with_bundles(&self, repository: &str, pem: &str) {
        self.keep(
            repository,
            Signer::Key(PublicKey::from_pem(pem).unwrap()),
            vec![Format::Bundle],
        );
    }

    pub fn baseline_of_identity(&self, repository: &str) {
        self.keep(repository, signer_by_identity(), vec![Format::Cosign2]);
    }

    fn keep(&self, repository: &str, signer: Signer, formats: Vec<Format>) {
        let baseline = self.baseline(repository, signer, formats);
        DirectoryWriter::new(self.directory.path().join("store"), NAMESPACE)
            .baseline(&baseline)
            .unwrap();
    }

    /// Established, by one signer, for forty days.
    pub fn baseline(&self, repository: &str, signer: Signer, formats: Vec<Format>) -> Baseline {
        let first = Utc::now() - TimeDelta::days(40);
        let mut baseline = Baseline::new(
            self.registry.name(repository).parse().unwrap(),
            rank_of(&signer),
            first,
        );
        baseline.established = Some(first + TimeDelta::days(1));
        baseline.generation = 3;
        baseline.formats = formats;
        baseline.signers = vec![SignerRecord {
            signer,
            origin: Origin::Observed,
            alone: true,
            first_seen: first,
            last_seen: first,
            digests: 5,
            retired: None,
        }];
        baseline
    }

    /// A release, signed keyless by [`identity`]. Returns its digest.
    pub fn release(&self, repository: &str, tag: &str) -> String {
        let digest = self.push(repository, tag);
        let signature = continuity_testkit::Signer::keyless(&self.sigstore, &identity())
            .sign(&self.registry.name(repository), &digest, Utc::now())
            .unwrap();
        self.registry
            .push_signature(repository, &digest, &[signature.layer().unwrap()])
            .unwrap();
        digest
    }

    /// `continuity run` about a pod in the enforced namespace: exit status and answer.
    pub fn run(&self, image: &str) -> (i32, Value) {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api", "namespace": "prod"},
            "spec": {"containers": [{"name": "api", "image": image}]},
        });
        self.write("pod.json", &pod.to_string());
        let output = self
            .harness()
            .args([
                "run",
                "policy.wasm",
                "--request-path",
                "pod.json",
                "--settings-path",
                "settings.json",
            ])
            .args([
                "--store",
                "dir:store",
                "--sources-path",
                "sources.yaml",
                "--sigstore-trust-config",
                "trust.json",
            ])
            .args(["--allow-context-aware", "--timeout-eval-seconds", "60"])
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let answer = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("no answer ({error}): {stderr}"));
        (output.status.code().unwrap(), answer)
    }

    fn annotate(&self) {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let module = std::env::var("POLICY_WASM").expect("make e2e sets POLICY_WASM");
        let output = self
            .harness()
            .args(["annotate", &module, "--output-path", "policy.wasm"])
            .args([
                "--metadata-path",
                &format!("{root}/metadata.yml"),
                "--usage-path",
                &format!("{root}/README.md"),
            ])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// The operators' program.
    pub fn continuity(&self) -> Command {
        self.command("continuity")
    }

    /// The program that stands in for a policy server.
    pub fn harness(&self) -> Command {
        self.command("continuity-harness")
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(program(name));
        command.current_dir(self.directory.path());
        command
    }

    pub fn write(&self, name: &str, text: &str) -> std::path::PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }
}

/// A program of this workspace, which is built beside whatever runs this.
pub fn program(name: &str) -> std::path::PathBuf {
    let own = std::env::current_exe().unwrap();
    // target/debug/deps/e2e-…
    let program = own.ancestors().nth(2).unwrap().join(name);
    assert!(
        program.exists(),
        "there is no `{}`: cargo build --workspace --bins",
        program.display()
    );
    program
}

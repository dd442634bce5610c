//! The release beside the real kwctl: what Artifact Hub reads, and the module as a registry has it. Ignored unless they are
//! asked for, as those of [`super::kwctl`] are.

use std::path::Path;
use std::process::Command;

use continuity_testkit::sigstore::digest_of;
use serde_json::Value;

use super::cosign::Cosign;
use super::kwctl::kwctl;
use super::lab::{Lab, program};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn succeeded(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "needs kwctl"]
fn artifact_hub_reads_what_kwctl_scaffolds() {
    let text = succeeded(
        kwctl()
            .current_dir(root())
            .args(["scaffold", "artifacthub", "--metadata-path", "metadata.yml"])
            .args(["--questions-path", "questions-ui.yml"]),
    );
    let ours = std::fs::read_to_string(root().join("artifacthub-pkg.yml")).unwrap();
    let [theirs, ours] = [text, ours].map(|text| {
        let mut keys: Value = yaml_serde::from_str(&text).unwrap();
        let created = keys.as_object_mut().unwrap().remove("createdAt");
        assert!(created.is_some_and(|created| created.is_string()));
        keys
    });
    assert_eq!(ours, theirs);
}

#[test]
#[ignore = "needs kwctl"]
fn the_module_is_pushed_as_kwctl_pushes_it() {
    let lab = Lab::start();
    let cosign = Cosign::two();
    let destination = lab.image("policies/continuity", "ours");
    let ours = succeeded(
        Command::new(program("continuity-release"))
            .args(["push-module", "--plain-http"])
            .arg(lab.path("policy.wasm"))
            .arg(&destination)
            .env("HOME", lab.path("")),
    );
    let theirs = lab.image("policies/continuity", "theirs");
    succeeded(
        kwctl()
            .arg("push")
            .arg(lab.path("policy.wasm"))
            .arg(format!("registry://{theirs}"))
            .arg("--sources-path")
            .arg(lab.path("sources.yaml")),
    );
    let manifest = lab.registry.manifest("policies/continuity", "theirs");
    let digest = digest_of(&manifest.unwrap().unwrap());
    assert_eq!(ours.trim().split_once('@').unwrap().1, digest);

    // kwctl pulls what we pushed, and verifies what cosign signed.
    cosign.sign_with_key(ours.trim());
    let key = lab.write("key.pub", &cosign.public_key());
    succeeded(
        kwctl()
            .arg("verify")
            .arg(format!("registry://{destination}"))
            .arg("--verification-key")
            .arg(key)
            .arg("--sources-path")
            .arg(lab.path("sources.yaml"))
            .arg("--sigstore-trust-config")
            .arg(lab.path("trust.json")),
    );
    succeeded(
        kwctl()
            .arg("pull")
            .arg(format!("registry://{destination}"))
            .arg("--output-path")
            .arg(lab.path("pulled.wasm"))
            .arg("--sources-path")
            .arg(lab.path("sources.yaml")),
    );
    let read = |name: &str| std::fs::read(lab.path(name)).unwrap();
    assert_eq!(read("pulled.wasm"), read("policy.wasm"));
}

/// Without an identity of the workflow nothing can verify here; but what is shown is understood, and says no for that reason.
#[test]
#[ignore = "needs kwctl"]
fn what_the_document_shows_of_kwctl_is_understood() {
    let lab = Lab::start();
    let destination = lab.image("signature-continuity/signature-continuity", "v0");
    let pushed = succeeded(
        Command::new(program("continuity-release"))
            .args(["push-module", "--plain-http"])
            .arg(lab.path("policy.wasm"))
            .arg(&destination)
            .env("HOME", lab.path("")),
    );
    Cosign::two().sign_with_key(pushed.trim());
    let document = std::fs::read_to_string(root().join("docs/verify.md")).unwrap();
    let shown: Vec<&str> = document
        .lines()
        .filter_map(|line| line.strip_prefix("$ kwctl "))
        .collect();
    assert_eq!(shown.len(), 1);
    for command in shown {
        let (options, _) = command.rsplit_once(' ').unwrap();
        let output = kwctl()
            .args(options.split(' '))
            .arg(format!("registry://{destination}"))
            .arg("--sources-path")
            .arg(lab.path("sources.yaml"))
            .arg("--sigstore-trust-config")
            .arg(lab.path("trust.json"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(said.contains("verification failed"), "{command}: {said}");
    }
}

//! Ten thousand repositories in one run of the learner: its time and its memory.
//!
//! `make bench-observe` runs it. It prints and asserts nothing about time or memory; that every repository was learned is
//! checked.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark"
)]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::Utc;
use continuity_testkit::{Identity, PrivateSigstore, Registry, Signer};
use serde_json::json;

const REPOSITORIES: usize = 10_000;

fn main() {
    let registry = Registry::start().unwrap();
    let sigstore = PrivateSigstore::new().unwrap();
    let identity = Identity::github("acme/api", "release.yml", "refs/tags/v1.0.0");
    let pods: Vec<String> = (0..REPOSITORIES)
        .map(|n| {
            let repository = format!("acme/app-{n}");
            let digest = registry.push_image(&repository, "v1", &repository).unwrap();
            let signer = Signer::keyless(&sigstore, &identity);
            let name = registry.name(&repository);
            let signature = signer.sign(&name, &digest, Utc::now()).unwrap();
            registry
                .push_signature(&repository, &digest, &[signature.layer().unwrap()])
                .unwrap();
            json!({
                "apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("p{n}"), "namespace": "shop"},
                "spec": {"containers": [{"name": "c", "image": registry.image(&repository, "v1")}]},
            })
            .to_string()
        })
        .collect();
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("pods.yaml", &pods.join("\n---\n"));
    write(
        "settings.json",
        &json!({"certificateAuthorities": [sigstore.chain_pem()]}).to_string(),
    );
    write("trust.json", &sigstore.trust_config_json());
    write(
        "sources.yaml",
        &format!("insecure_sources: [\"{}\"]\n", registry.host()),
    );
    for what in ["begins", "looks again at"] {
        let started = Instant::now();
        let learner = Command::new(env!("CARGO_BIN_EXE_continuity"))
            .current_dir(directory.path())
            .args(["learn", "--manifests", "pods.yaml", "--store", "dir:store"])
            .args([
                "--policy",
                "settings.json",
                "--sources-path",
                "sources.yaml",
            ])
            .args([
                "--sigstore-trust-config",
                "trust.json",
                "--registry-concurrency",
                "8",
            ])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let most = most_memory(learner);
        let time = started.elapsed();
        let files = std::fs::read_dir(directory.path().join("store")).unwrap();
        let baselines = files
            .filter(|file| {
                file.as_ref()
                    .unwrap()
                    .file_name()
                    .to_string_lossy()
                    .ends_with(".yaml")
            })
            .count();
        // And the state.
        assert_eq!(
            baselines,
            REPOSITORIES + 1,
            "not every repository was learned"
        );
        let per_second = f64::from(u32::try_from(REPOSITORIES).unwrap()) / time.as_secs_f64();
        println!(
            "the learner {what} {REPOSITORIES} repositories: {:.1} s, {per_second:.0} a second, at most {} MiB",
            time.as_secs_f64(),
            most / 1024
        );
    }
}

/// The most memory that a process had, in KiB, once it ended well.
fn most_memory(mut process: Child) -> u64 {
    let status = format!("/proc/{}/status", process.id());
    let mut most = 0;
    loop {
        if let Some(ended) = process.try_wait().unwrap() {
            assert!(ended.success(), "the learner failed: {ended}");
            return most;
        }
        if let Ok(text) = std::fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            most = kib.unwrap_or(most);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

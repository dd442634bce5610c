//! Many repositories of a realistic size in one run of the learner: its time and its memory.
//!
//! Each repository runs one index of five platforms that is signed, and has a baseline that lists 32 more such indexes. A
//! thousand of them by default; `CONTINUITY_BENCH_REPOSITORIES=10000` is what the limit of memory is meant for.
//!
//! `make bench-observe` runs it. It prints and asserts nothing about time; that every repository was learned and that the
//! memory stays below its limit is checked.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark"
)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use continuity_testkit::{Identity, PrivateSigstore, Registry, Signer};
use serde_json::{Value, json};
use signature_continuity::digest::Digest;

const REPOSITORIES: &str = "CONTINUITY_BENCH_REPOSITORIES";
/// How many indexes a baseline lists beside the one that runs: as many as the learner keeps.
const OTHERS: usize = 32;
const PLATFORMS: [&str; 5] = ["amd64", "arm64", "arm", "ppc64le", "s390x"];
/// The most memory, in MiB.
const LIMIT: u64 = 300;

fn main() {
    let repositories = std::env::var(REPOSITORIES).map_or(1000, |text| text.parse().unwrap());
    let registry = Registry::start().unwrap();
    let sigstore = PrivateSigstore::new().unwrap();
    let identity = Identity::github("acme/api", "release.yml", "refs/tags/v1.0.0");
    let pods: Vec<String> = (0..repositories)
        .map(|n| {
            let repository = format!("acme/app-{n}");
            let digest = push_index(&registry, &repository);
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
    let store = directory.path().join("store");
    let learn = |what: &str| {
        let started = Instant::now();
        let most = most_memory(learner(directory.path(), "pods.yaml")) / 1024;
        let time = started.elapsed();
        // What is listed by their names, without the learner's state.
        assert_eq!(
            baselines(&store).len(),
            repositories,
            "not every repository was learned"
        );
        let per_second = f64::from(u32::try_from(repositories).unwrap()) / time.as_secs_f64();
        println!(
            "the learner {what} {repositories} repositories: {:.1} s, {per_second:.0} a second, at most {most} MiB",
            time.as_secs_f64(),
        );
        assert!(most <= LIMIT, "{most} MiB");
    };
    learn("begins");
    let entries = age(&store);
    println!("each baseline lists {entries} digests from here on");
    learn("finds a day later");
    learn("finds unchanged");
    name_hosts(directory.path());
}

/// A workload names hosts where nobody listens.
fn name_hosts(directory: &Path) {
    const HOSTS: usize = 3000;
    let containers: Vec<Value> = (0..HOSTS)
        .map(|n| json!({"name": format!("c{n}"), "image": format!("127.1.{}.{}:9/a/b:v1", n / 250, n % 250)}))
        .collect();
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "hosts", "namespace": "shop"},
        "spec": {"containers": containers},
    });
    // Beside what answers: a run that found nothing out is a failure.
    let pods = std::fs::read_to_string(directory.join("pods.yaml")).unwrap();
    std::fs::write(directory.join("hosts.yaml"), format!("{pods}\n---\n{pod}")).unwrap();
    let started = Instant::now();
    let most = most_memory(learner(directory, "hosts.yaml")) / 1024;
    println!(
        "and {HOSTS} hosts where nobody listens: {:.1} s, at most {most} MiB",
        started.elapsed().as_secs_f64()
    );
    assert!(most <= LIMIT, "{most} MiB");
}

fn learner(directory: &Path, manifests: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_continuity"))
        .current_dir(directory)
        .args(["learn", "--manifests", manifests, "--store", "dir:store"])
        .args(["--policy", "settings.json"])
        .args(["--sources-path", "sources.yaml"])
        .args(["--sigstore-trust-config", "trust.json"])
        .args(["--registry-concurrency", "8"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// An index whose platforms are only named: nobody looks at them.
fn push_index(registry: &Registry, repository: &str) -> String {
    let manifests = PLATFORMS.map(|architecture| {
        json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 1000,
            "digest": digest(&[repository, architecture]),
            "platform": {"architecture": architecture, "os": "linux"},
        })
    });
    let media_type = "application/vnd.oci.image.index.v1+json";
    let index = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests});
    registry
        .push_manifest(repository, "v1", index.to_string().as_bytes(), media_type)
        .unwrap()
}

fn digest(seed: &[&str]) -> String {
    Digest::of(seed.join(" ").as_bytes()).to_string()
}

fn baselines(store: &Path) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir(store).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    paths
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.len() == "continuity-".len() + 64 + ".yaml".len()
        })
        .collect()
}

/// Lets all baselines be a day old, and list as many releases as are kept; how many digests each lists.
fn age(store: &Path) -> usize {
    let yesterday =
        (Utc::now() - TimeDelta::days(1)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let mut listed = 0;
    for path in baselines(store) {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut object: Value = yaml_serde::from_str(&text).unwrap();
        let data = &mut object["data"];
        let mut baseline: Value =
            serde_json::from_str(data["baseline.json"].as_str().unwrap()).unwrap();
        let repository = baseline["repository"].as_str().unwrap().to_owned();
        baseline["firstSeen"] = yesterday.clone().into();
        baseline["lastSeen"] = yesterday.clone().into();
        let verified = baseline["verified"].as_array_mut().unwrap();
        let signer = verified[0]["signer"].clone();
        for entry in verified.iter_mut() {
            entry["at"] = yesterday.clone().into();
        }
        for n in 0..OTHERS {
            let release = format!("release {n}");
            let index = digest(&[&repository, &release]);
            let platforms = PLATFORMS.map(|architecture| {
                let platform = digest(&[&repository, &release, architecture]);
                json!({"digest": platform, "signer": signer, "of": index, "at": yesterday})
            });
            verified.push(json!({"digest": index, "signer": signer, "at": yesterday}));
            verified.extend(platforms);
        }
        listed = verified.len();
        data["baseline.json"] = serde_json::to_string_pretty(&baseline).unwrap().into();
        std::fs::write(&path, object.to_string()).unwrap();
    }
    listed
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
        std::thread::sleep(Duration::from_millis(5));
    }
}

//! A learner that is killed at random points of its work, two hundred times.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use chrono::Utc;
use continuity_cli::store::{Location, Store};
use continuity_testkit::Signer as KitSigner;
use serde_json::json;
use signature_continuity::baseline::Baseline;

use super::lab::{Lab, identity};

const KILLS: usize = 200;
const REPOSITORIES: usize = 12;

/// What was seen of a store after each kill.
#[derive(Default)]
struct Watch(std::collections::BTreeMap<String, Baseline>);

impl Watch {
    fn look(&mut self, store: &dyn Store) {
        for listed in store.list().unwrap() {
            let baseline = listed
                .baseline
                .unwrap_or_else(|why| panic!("{} is half-written: {why}", listed.name));
            if let Some(before) = self.0.get(&listed.name) {
                assert!(baseline.generation >= before.generation, "{}", listed.name);
                for record in &before.signers {
                    assert!(baseline.record(&record.id()).is_some(), "{}", listed.name);
                }
                assert!(before.established.is_none() || baseline.established == before.established);
                let lost: Vec<_> = before
                    .verified
                    .iter()
                    .filter(|entry| baseline.verified(&entry.digest).is_none())
                    .collect();
                // More than 32 that do not run are not kept.
                assert!(
                    lost.is_empty() || baseline.verified.len() > 32,
                    "{}: {lost:?}",
                    listed.name
                );
            }
            self.0.insert(listed.name, *baseline);
        }
        let names = store.list().unwrap();
        assert_eq!(names.len(), self.0.len(), "a baseline is gone");
    }
}

fn manifests(lab: &Lab, tags: &[String]) -> PathBuf {
    let objects: Vec<String> = tags
        .iter()
        .enumerate()
        .map(|(n, tag)| {
            let image = lab.image(&format!("acme/crash-{n}"), tag);
            json!({
                "apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("p{n}"), "namespace": "shop"},
                "spec": {"containers": [{"name": "c", "image": image}]},
            })
            .to_string()
        })
        .collect();
    lab.write("crash.yaml", &objects.join("\n---\n"))
}

fn learn_in(lab: &Lab) -> Command {
    let mut command = lab.continuity();
    command
        .args([
            "learn",
            "--manifests",
            "crash.yaml",
            "--store",
            "dir:crash",
            "--policy",
            "settings.json",
        ])
        .args([
            "--sources-path",
            "sources.yaml",
            "--sigstore-trust-config",
            "trust.json",
        ])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    command
}

#[test]
fn a_learner_killed_at_random_points_loses_nothing() {
    let lab = Lab::start();
    let release = |repository: usize, tag: &str| {
        let name = format!("acme/crash-{repository}");
        let digest = lab.push(&name, tag);
        let signer = KitSigner::keyless(&lab.sigstore, &identity());
        let signature = signer
            .sign(&lab.registry.name(&name), &digest, Utc::now())
            .unwrap();
        lab.registry
            .push_signature(&name, &digest, &[signature.layer().unwrap()])
            .unwrap();
        digest
    };
    let mut tags: Vec<String> = Vec::new();
    let mut digests: Vec<String> = Vec::new();
    for repository in 0..REPOSITORIES {
        digests.push(release(repository, "v0"));
        tags.push("v0".to_owned());
    }
    manifests(&lab, &tags);
    // How long a run takes here, to kill within it.
    let started = Instant::now();
    assert!(learn_in(&lab).status().unwrap().success());
    let whole = started.elapsed();
    let store = Location::Directory(lab.path("crash"))
        .open("signature-continuity", false)
        .unwrap();
    let mut watch = Watch::default();
    watch.look(store.as_ref());
    let mut killed_in_its_work = 0;
    for kill in 0..KILLS {
        // Something to learn each time.
        for n in 0..3 {
            let repository = (kill * 3 + n) % REPOSITORIES;
            let tag = format!("v{}", kill + 1);
            digests[repository] = release(repository, &tag);
            tags[repository] = tag;
        }
        manifests(&lab, &tags);
        let mut learner = learn_in(&lab).spawn().unwrap();
        let share = u32::try_from((kill * 7919) % 100).unwrap();
        std::thread::sleep(whole * share / 100 + Duration::from_millis(1));
        if learner.try_wait().unwrap().is_none() {
            killed_in_its_work += 1;
        }
        learner.kill().unwrap();
        learner.wait().unwrap();
        watch.look(store.as_ref());
    }
    assert!(
        killed_in_its_work * 2 > KILLS,
        "only {killed_in_its_work} were killed in their work"
    );
    // In the end every observation is there.
    assert!(learn_in(&lab).status().unwrap().success());
    watch.look(store.as_ref());
    for (repository, digest) in digests.iter().enumerate() {
        let name = lab.registry.name(&format!("acme/crash-{repository}"));
        let stored = store.read(&name.parse().unwrap()).unwrap();
        let baseline = stored.lookup.baseline().unwrap().clone();
        assert!(
            baseline.verified(&digest.parse().unwrap()).is_some(),
            "{name}"
        );
    }
}

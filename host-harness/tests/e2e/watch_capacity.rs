//! The watcher at ten thousand repositories, each with a pod that runs a signed image: its memory, and how long a full pass
//! takes. Ignored unless it is asked for: it takes minutes, and what it measures is written into `docs/benchmarks.md`.

use std::time::{Duration, Instant};

use chrono::Utc;
use continuity_testkit::{Registry, Signer as KitSigner};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

use super::api_server::own_api_server;
use super::lab::{Lab, identity};
use super::replica::Watcher;

/// In MiB: that of the deployment's limit.
const LIMIT: u64 = 512;
const PATIENCE: Duration = Duration::from_secs(1800);

/// The most memory that a process had at once, in MiB (`VmHWM`).
fn most_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() / 1024
}

#[test]
#[ignore = "takes minutes"]
fn ten_thousand_repositories() {
    let repositories: usize =
        std::env::var("REPOSITORIES").map_or(10_000, |text| text.parse().unwrap());
    let (lab, server) = (Lab::start(), own_api_server());
    let registry = Registry::start().unwrap();
    lab.write(
        "sources.yaml",
        &format!("insecure_sources: [\"{}\"]\n", registry.host()),
    );
    server.create_namespace("shop");
    let pods: Api<Pod> = Api::namespaced(server.client("admin"), "shop");
    for n in 0..repositories {
        let repository = format!("acme/app-{n}");
        let digest = registry.push_image(&repository, "v1", &repository).unwrap();
        let name = registry.name(&repository);
        let signature = KitSigner::keyless(&lab.sigstore, &identity())
            .sign(&name, &digest, Utc::now())
            .unwrap();
        registry
            .push_signature(&repository, &digest, &[signature.layer().unwrap()])
            .unwrap();
        let image = registry.image(&repository, "v1");
        let name = format!("p{n}");
        let pod = serde_json::from_value(json!({
            "metadata": {"namespace": "shop", "name": name},
            "spec": {"containers": [{"name": "c", "image": image}]},
        }));
        let status = json!({"status": {"phase": "Running", "containerStatuses": [
            {"name": "c", "image": image, "imageID": registry.image(&repository, &digest), "ready": true, "restartCount": 0}]}});
        server.wait(async {
            pods.create(&PostParams::default(), &pod.unwrap())
                .await
                .unwrap();
            let patch = Patch::Merge(&status);
            pods.patch_status(&name, &PatchParams::default(), &patch)
                .await
                .unwrap();
        });
    }
    for run in ["begins", "finds"] {
        let began = Instant::now();
        let arguments = ["--every", "1h", "--registry-concurrency", "8"];
        let mut watcher = Watcher::start(&lab, server, run, &arguments);
        watcher.wait_until_ready();
        let success = "continuity_watch_pass_last_success_timestamp_seconds";
        while watcher.metric(success) == 0.0 {
            assert!(began.elapsed() < PATIENCE, "{}", watcher.log());
            std::thread::sleep(Duration::from_millis(500));
        }
        let pass = began.elapsed();
        while watcher.metric("continuity_watch_queue_length") > 0.0 {
            assert!(began.elapsed() < PATIENCE, "{}", watcher.log());
            std::thread::sleep(Duration::from_millis(500));
        }
        let shown = watcher.inventory()["images"].as_array().unwrap().len();
        assert_eq!(shown, repositories);
        assert_eq!(watcher.ask("/").0, 200);
        let most = most_memory(watcher.pid());
        eprintln!(
            "{repositories} repositories, {run}: full pass {:.0} s, all looked at {:.0} s, at most {most} MiB",
            pass.as_secs_f64(),
            began.elapsed().as_secs_f64()
        );
        assert!(most <= LIMIT, "{most} MiB");
        assert_eq!(watcher.end(), Some(0), "{}", watcher.log());
    }
}

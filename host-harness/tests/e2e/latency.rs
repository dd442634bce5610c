//! From `kubectl apply` of a release that no host can prove to its pod's admission: a real API server with the controllers that
//! try again, a policy server, a registry, and the watcher.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::ListParams;
use serde_json::json;
use signature_continuity::baseline::Format;

use super::cluster_lab::{ClusterLab, policy, rule, settings};
use super::lab::{Lab, signer_by_identity};
use super::replica::{Watcher, bundle_release, deployment};

/// How many releases are timed, unless RELEASES says otherwise.
const RELEASES: usize = 3;
const PATIENCE: Duration = Duration::from_secs(60);

fn policies(lab: &Lab) -> String {
    let rules = [
        ("", "pods"),
        ("apps", "deployments"),
        ("apps", "replicasets"),
    ]
    .map(|(group, resource)| rule(group, resource, &["CREATE", "UPDATE"]));
    let spec = json!({
        "mode": "protect", "failurePolicy": "Fail", "rules": rules,
        "settings": settings(lab, json!([{"namespaces": ["prod"]}])),
    });
    policy(lab, "enforce", spec)
}

/// The value that so many of a hundred do not exceed.
fn percentile(sorted: &[Duration], hundredths: usize) -> Duration {
    let at = (sorted.len() * hundredths).div_ceil(100).max(1) - 1;
    sorted[at]
}

#[test]
fn a_bundle_of_a_known_signer_is_admitted_by_the_controllers_own_retry() {
    let releases = std::env::var("RELEASES").map_or(RELEASES, |text| text.parse().unwrap());
    let cluster = ClusterLab::start(&["prod"], policies);
    let (lab, server) = (&cluster.lab, cluster.api_server);
    cluster.keep(&lab.baseline("acme/api", signer_by_identity(), vec![Format::Cosign2]));
    server.start_controllers();
    let mut watcher = Watcher::start(lab, server, "w1", &["--every", "1h"]);
    watcher.wait_until_ready();

    let pods: Api<Pod> = Api::namespaced(server.client("admin"), "prod");
    let mut took = Vec::new();
    for release in 0..releases {
        let (tag, name) = (format!("v{release}"), format!("api-{release}"));
        bundle_release(lab, "acme/api", &tag);
        let image = lab.image("acme/api", &tag);
        let path = "/apis/apps/v1/namespaces/prod/deployments";
        let applied = Instant::now();
        let answer = cluster.send("admin", "POST", path, &deployment("prod", &name, &image));
        assert_eq!(answer.status, 201, "{answer:#?}");
        // The template passes with a warning: only what is proven rejects it.
        let warned = answer
            .warnings
            .iter()
            .any(|it| it.contains("undetermined (format)"));
        assert!(warned, "{answer:#?}");
        let selector = ListParams::default().labels(&format!("app={name}"));
        loop {
            let there = server.wait(pods.list(&selector)).unwrap().items;
            if !there.is_empty() {
                break;
            }
            assert!(
                applied.elapsed() < PATIENCE,
                "{}\n{}",
                watcher.log(),
                cluster.policy_server.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        took.push(applied.elapsed());
    }
    took.sort();
    let (median, p95) = (percentile(&took, 50), percentile(&took, 95));
    eprintln!(
        "{releases} releases: median {median:.2?}, p95 {p95:.2?}, longest {:.2?}",
        took.last().unwrap()
    );
    let log = cluster.policy_server.log();
    let refused = log
        .lines()
        .any(|line| line.contains("reject 500") && line.contains("format"));
    assert!(
        refused,
        "the pod was never refused: nothing was tried\n{log}"
    );
}

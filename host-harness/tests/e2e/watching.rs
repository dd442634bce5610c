//! The learner that stays, on a real API server and a real registry: what it learns and how soon, who leads, what it shows,
//! and what a hundred kills cost.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use continuity_cli::store::Store as _;
use k8s_openapi::api::core::v1::Event;
use kube::Api;
use kube::api::{ApiResource, DeleteParams, DynamicObject, ListParams};
use kube::core::GroupVersionKind;
use signature_continuity::baseline::{Baseline, Format};

use super::api_server::{NAMESPACE, own_api_server};
use super::cluster_lab::keep;
use super::lab::{Lab, signer_by_identity};
use super::replica::{Watcher, baseline, bundle_release, deployment, eventually, run_pod, store};

const KILLS: usize = 100;

#[test]
fn what_runs_is_learned_as_soon_as_it_does_and_what_is_declared_only_of_whom_is_known() {
    let (lab, server) = (Lab::start(), own_api_server());
    server.create_namespace("shop");
    let v1 = lab.release("acme/api", "v1");
    let mut watcher = Watcher::start(&lab, server, "w1", &["--every", "1h"]);
    watcher.wait_until_ready();
    eventually("the first pass", &[&watcher], || {
        (watcher.metric("continuity_watch_pass_last_success_timestamp_seconds") > 0.0).then_some(())
    });

    // It runs: its signer is learned on first use.
    run_pod(server, "shop", "api", &lab.image("acme/api", "v1"), &v1);
    let learned = eventually("the baseline begins", &[&watcher], || {
        baseline(server, &lab, "acme/api")
    });
    assert_eq!(learned.signers.len(), 1);
    assert_eq!(learned.established, None);
    assert!(learned.verified(&v1.parse().unwrap()).is_some());

    // A release to come, in a form that no host proves: its signer is known, so it is marked before it runs.
    let v2 = bundle_release(&lab, "acme/api", "v2");
    server.apply(&deployment("shop", "api", &lab.image("acme/api", "v2")).to_string());
    let marked = eventually("the bundle is verified", &[&watcher], || {
        baseline(server, &lab, "acme/api").filter(|it| it.verified(&v2.parse().unwrap()).is_some())
    });
    assert_eq!(marked.signers.len(), 1);
    assert!(marked.formats.contains(&Format::Bundle));

    // What is only declared, of whom nobody knows, is not even asked about.
    lab.release("acme/strange", "v1");
    server.apply(&deployment("shop", "strange", &lab.image("acme/strange", "v1")).to_string());
    let v3 = lab.release("acme/later", "v1");
    run_pod(server, "shop", "later", &lab.image("acme/later", "v1"), &v3);
    eventually("the one after it", &[&watcher], || {
        baseline(server, &lab, "acme/later")
    });
    assert_eq!(baseline(server, &lab, "acme/strange"), None);

    // All of it is shown, with what changed.
    let shown = eventually("the page", &[&watcher], || {
        let shown = watcher.inventory();
        let images = shown["images"].as_array().unwrap().len();
        (images == 3).then_some(shown)
    });
    let drifts: Vec<&str> = shown["images"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["drift"].as_str())
        .collect();
    assert!(drifts.iter().all(|drift| *drift == "none"), "{drifts:?}");
    let changes = shown["changes"].to_string();
    assert!(
        changes.contains("the repository's first proven signature"),
        "{changes}"
    );
    assert!(changes.contains(&format!("verified {v2}")), "{changes}");
    let notes = shown["notes"].to_string();
    assert!(notes.contains("1 image was not looked at yet"), "{notes}");
    let (status, page) = watcher.ask("/");
    assert_eq!(status, 200);
    assert!(page.contains("connect-src 'self'"), "{page}");

    assert_eq!(watcher.metric("continuity_watch_leader"), 1.0);
    // What is served may be two seconds old.
    eventually("it is counted", &[&watcher], || {
        (watcher.metric("continuity_watch_images_looked_at_total") >= 3.0).then_some(())
    });
    assert_eq!(watcher.ask("/healthz").0, 200);
    assert_eq!(watcher.ask("/elsewhere").0, 404);
    assert_eq!(watcher.end(), Some(0), "{}", watcher.log());
}

#[test]
fn drift_is_told_once_where_people_look() {
    let (lab, server) = (Lab::start(), own_api_server());
    server.create_namespace("prod");
    server.apply(REPORTS);
    let v1 = lab.release("acme/api", "v1");
    let v2 = lab.push("acme/api", "v2");
    let known = lab.baseline("acme/api", signer_by_identity(), vec![Format::Cosign2]);
    keep(server, &known);
    run_pod(server, "prod", "api-1", &lab.image("acme/api", "v1"), &v1);
    run_pod(server, "prod", "api-2", &lab.image("acme/api", "v2"), &v2);

    let reports = || {
        let kind = ApiResource::from_gvk_with_plural(
            &GroupVersionKind::gvk("openreports.io", "v1alpha1", "Report"),
            "reports",
        );
        let api = Api::<DynamicObject>::namespaced_with(server.client("admin"), "prod", &kind);
        let listed = server.wait(api.list(&ListParams::default()));
        listed.map(|list| list.items).unwrap_or_default()
    };
    let events = || {
        let api: Api<Event> = Api::namespaced(server.client("admin"), "prod");
        server.wait(api.list(&ListParams::default())).unwrap().items
    };
    let mut watcher = Watcher::start(&lab, server, "w1", &["--every", "1h", "--reports"]);
    watcher.wait_until_ready();
    let told = eventually("an Event", &[&watcher], || {
        Some(events()).filter(|it| !it.is_empty())
    });
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0].involved_object.name.as_deref(), Some("api-2"));
    assert!(told[0].involved_object.uid.is_some());
    let message = told[0].message.as_deref().unwrap();
    assert!(
        message.contains("drift unsigned") && message.len() <= 1024,
        "{message}"
    );
    let written = eventually("both reports", &[&watcher], || {
        Some(reports()).filter(|it| it.len() == 2)
    });
    let mut results: BTreeMap<String, String> = BTreeMap::new();
    for report in &written {
        let owner = &report.metadata.owner_references.as_ref().unwrap()[0];
        results.insert(
            owner.name.clone(),
            report.data["results"][0]["result"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(results["api-1"], "pass");
    assert_eq!(results["api-2"], "fail");

    // Another replica, later, tells nothing twice.
    watcher.end();
    let mut next = Watcher::start(&lab, server, "w2", &["--every", "1h", "--reports"]);
    next.wait_until_ready();
    eventually("its first pass", &[&next], || {
        (next.metric("continuity_watch_pass_last_success_timestamp_seconds") > 0.0).then_some(())
    });
    assert_eq!(events().len(), 1, "{:#?}", events());
    assert_eq!(next.metric("continuity_watch_events_total"), 0.0);
}

#[test]
fn another_replica_takes_over_and_only_who_leads_shows_and_writes() {
    let (lab, server) = (Lab::start(), own_api_server());
    server.create_namespace("shop");
    let mut first = Watcher::start(&lab, server, "w1", &["--every", "1h"]);
    first.wait_until_ready();
    eventually("w1 leads", &[&first], || {
        (first.metric("continuity_watch_leader") > 0.0).then_some(())
    });
    let mut second = Watcher::start(&lab, server, "w2", &["--every", "1h"]);
    second.wait_until_ready();
    assert_eq!(second.metric("continuity_watch_leader"), 0.0);
    let v1 = lab.release("acme/api", "v1");
    run_pod(server, "shop", "api", &lab.image("acme/api", "v1"), &v1);
    eventually("the leader learns", &[&first], || {
        baseline(server, &lab, "acme/api")
    });
    // Whoever is asked, the leader's page is shown.
    eventually("it is passed on", &[&first, &second], || {
        (second.inventory()["images"].as_array().unwrap().len() == 1).then_some(())
    });
    assert_eq!(
        second.metric("continuity_watch_images_looked_at_total"),
        0.0
    );

    // Killed: the other leads within 15 seconds, and learns what came in between.
    first.kill();
    let killed = Instant::now();
    let later = lab.release("acme/later", "v1");
    run_pod(
        server,
        "shop",
        "later",
        &lab.image("acme/later", "v1"),
        &later,
    );
    eventually("the other leads", &[&second], || {
        (second.metric("continuity_watch_leader") > 0.0).then_some(())
    });
    let took = killed.elapsed();
    eprintln!("taken over after {took:?}");
    assert!(took < Duration::from_secs(15), "{took:?}");
    eventually("it learns", &[&second], || {
        baseline(server, &lab, "acme/later")
    });

    // Ended in order: nobody has to wait for the end of the Lease.
    let mut third = Watcher::start(&lab, server, "w3", &["--every", "1h"]);
    third.wait_until_ready();
    assert_eq!(second.end(), Some(0), "{}", second.log());
    let ended = Instant::now();
    eventually("the third leads", &[&third], || {
        (third.metric("continuity_watch_leader") > 0.0).then_some(())
    });
    assert!(
        ended.elapsed() < Duration::from_secs(5),
        "{:?}",
        ended.elapsed()
    );
}

#[test]
fn a_watcher_killed_a_hundred_times_loses_nothing() {
    let (lab, server) = (Lab::start(), own_api_server());
    server.create_namespace("shop");
    let mut released: Vec<(String, String)> = Vec::new();
    let mut seen: BTreeMap<String, Baseline> = BTreeMap::new();
    let leases = || {
        let kind = ApiResource::from_gvk_with_plural(
            &GroupVersionKind::gvk("coordination.k8s.io", "v1", "Lease"),
            "leases",
        );
        Api::<DynamicObject>::namespaced_with(server.client("admin"), NAMESPACE, &kind)
    };
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for kill in 0..KILLS {
        if kill % 4 == 0 {
            let (repository, tag) = (format!("acme/crash-{}", kill % 12), format!("v{kill}"));
            let digest = lab.release(&repository, &tag);
            run_pod(
                server,
                "shop",
                &format!("p{kill}"),
                &lab.image(&repository, &tag),
                &digest,
            );
            released.push((repository, digest));
        }
        // Nobody waits for the Lease of whoever was killed: that is another test's.
        let _ = server.wait(leases().delete("continuity-watch", &DeleteParams::default()));
        let mut watcher = Watcher::start(&lab, server, "w", &["--every", "1h"]);
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        std::thread::sleep(Duration::from_millis(100 + random % 1_400));
        watcher.kill();
        for listed in store(server).list().unwrap() {
            let now = listed
                .baseline
                .unwrap_or_else(|why| panic!("{}: {why}", listed.name));
            if let Some(before) = seen.get(&listed.name) {
                assert!(now.generation >= before.generation);
                for record in &before.signers {
                    assert!(now.record(&record.id()).is_some());
                }
                for entry in &before.verified {
                    assert!(now.verified(&entry.digest).is_some(), "{}", entry.digest);
                }
            }
            seen.insert(listed.name, *now);
        }
        assert_eq!(
            store(server).list().unwrap().len(),
            seen.len(),
            "a baseline is gone"
        );
    }
    // One that is let finish has it all.
    let _ = server.wait(leases().delete("continuity-watch", &DeleteParams::default()));
    let mut watcher = Watcher::start(&lab, server, "last", &["--every", "1h"]);
    watcher.wait_until_ready();
    for (repository, digest) in &released {
        eventually("every release is verified", &[&watcher], || {
            let baseline = baseline(server, &lab, repository)?;
            baseline.verified(&digest.parse().unwrap()).map(|_| ())
        });
    }
    assert_eq!(watcher.metric("continuity_lost_baselines"), 0.0);
}

/// As `openreports.io` defines it, as far as it is written here.
const REPORTS: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: reports.openreports.io}
spec:
  group: openreports.io
  names: {kind: Report, listKind: ReportList, plural: reports, singular: report}
  scope: Namespaced
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
"#;

//! A cluster's ConfigMaps as a store, on a real API server.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use continuity_cli::store::{
    DirectoryWriter, KubernetesBaselines, LearnerState, Location, Revision, Store as _, StoreError,
};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use rstest::rstest;
use serde_json::{Value, json};
use signature_continuity::baseline::{
    Baseline, Format, Lookup, Origin, SignerRecord, State, Verified, config_map_name,
};
use signature_continuity::digest::Digest;
use signature_continuity::posture::Rank;
use signature_continuity::signer::{Keyless, Signer};

use super::api_server::api_server;

fn then() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

pub fn baseline(repository: &str) -> Baseline {
    let mut baseline = Baseline::new(repository.parse().unwrap(), Rank::Keyless, then());
    baseline.generation = 1;
    baseline.formats = vec![Format::Cosign2];
    baseline.established = Some(then());
    baseline.signers = vec![SignerRecord {
        signer: Signer::Keyless(Keyless {
            issuer: "https://accounts.google.com".to_owned(),
            subject: "dev@acme.example".to_owned(),
            caller: None,
        }),
        origin: Origin::Observed,
        alone: true,
        first_seen: then(),
        last_seen: then(),
        digests: 1,
        retired: None,
    }];
    baseline
}

pub fn next(before: &Baseline) -> Baseline {
    let mut after = before.clone();
    after.generation += 1;
    after
}

pub fn state(baselines: u64) -> LearnerState {
    LearnerState {
        found: None,
        cursor: Default::default(),
        state: State {
            version: 1,
            last_run: then(),
            baselines,
        },
        examined: BTreeMap::from([("ghcr.io/acme/api".parse().unwrap(), then().date_naive())]),
    }
}

/// The store in a namespace of its own, as the admin.
pub fn store(namespace: &str) -> KubernetesBaselines {
    api_server().create_namespace(namespace);
    KubernetesBaselines::new(api_server().cluster("admin"), namespace)
}

pub fn maps(account: &str, namespace: &str) -> Api<ConfigMap> {
    Api::namespaced(api_server().client(account), namespace)
}

fn patch(namespace: &str, name: &str, manager: &str, patch: Value) {
    let parameters = PatchParams {
        field_manager: Some(manager.to_owned()),
        ..PatchParams::default()
    };
    let api = maps("admin", namespace);
    api_server()
        .wait(api.patch(name, &parameters, &Patch::Merge(patch)))
        .unwrap();
}

#[test]
fn only_what_was_read_is_written_over() {
    let store = store("swap");
    let first = baseline("ghcr.io/acme/api");
    assert_eq!(
        store.read(&first.repository).unwrap().lookup,
        Lookup::Absent
    );
    let revision = store.write(&first, &Revision::Absent).unwrap();
    let stored = store.read(&first.repository).unwrap();
    assert_eq!(stored.revision, revision);
    assert_eq!(stored.lookup, Lookup::Usable(Box::new(first.clone())));

    // Two have read the same; the first to write wins, whoever creates anew loses as well.
    let second = next(&first);
    let newer = store.write(&second, &revision).unwrap();
    assert_ne!(newer, revision);
    for stale in [&revision, &Revision::Absent] {
        let error = store.write(&next(&second), stale).unwrap_err();
        assert!(matches!(error, StoreError::Conflict(_)), "{error}");
    }
    // And a generation never comes twice.
    let error = store.write(&second, &newer).unwrap_err();
    assert!(matches!(error, StoreError::LeftAlone { .. }), "{error}");

    // What was deleted meanwhile is not brought back by accident.
    let api = maps("admin", "swap");
    let name = config_map_name(&first.repository);
    api_server()
        .wait(api.delete(&name, &DeleteParams::default()))
        .unwrap();
    let error = store.write(&next(&second), &newer).unwrap_err();
    assert!(matches!(error, StoreError::Conflict(_)), "{error}");
}

#[test]
fn what_others_added_to_an_object_stays() {
    let store = store("metadata");
    let first = baseline("ghcr.io/acme/api");
    store.write(&first, &Revision::Absent).unwrap();
    let name = config_map_name(&first.repository);
    let label = json!({"metadata": {"labels": {"team": "a"}, "annotations": {"note": "b"}}});
    patch("metadata", &name, "kubectl-label", label);
    let stored = store.read(&first.repository).unwrap();
    store.write(&next(&first), &stored.revision).unwrap();
    let map = api_server()
        .wait(maps("admin", "metadata").get(&name))
        .unwrap();
    let labels = map.metadata.labels.unwrap();
    assert_eq!(labels["team"], "a");
    assert_eq!(labels["signature-continuity/baseline"], "true");
    assert_eq!(map.metadata.annotations.unwrap()["note"], "b");
    let managers = map.metadata.managed_fields.unwrap();
    assert!(
        managers
            .iter()
            .any(|it| it.manager.as_deref() == Some("continuity"))
    );
}

#[test]
fn an_object_over_the_limit_is_not_sent() {
    let store = store("large");
    let mut large = baseline("ghcr.io/acme/api");
    let signer = large.signers[0].id();
    let verified = |number: u32| Verified::new(Digest::of(&number.to_be_bytes()), &signer, then());
    large.verified = (0..5_000).map(verified).collect();
    let error = store.write(&large, &Revision::Absent).unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");

    // The largest that is sent fits.
    for count in (0..5_000).rev().step_by(10) {
        large.verified.truncate(count);
        match store.write(&large, &Revision::Absent) {
            Ok(_) => break,
            Err(StoreError::TooLarge { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert!(large.verified.len() > 3_000);
}

#[rstest]
#[case::edited("edited", json!({"data": {"baseline.json": "{"}}))]
#[case::newer("newer", json!({"data": {"baseline.json": "{\"version\": 2}"}}))]
#[case::unlabelled("unlabelled", json!({"metadata": {"labels": null}}))]
#[case::of_another("of-another", json!({"data": {"repository": "ghcr.io/acme/other"}}))]
fn what_cannot_be_used_is_left_alone(#[case] namespace: &str, #[case] edit: Value) {
    let store = store(namespace);
    let first = baseline("ghcr.io/acme/api");
    store.write(&first, &Revision::Absent).unwrap();
    let name = config_map_name(&first.repository);
    // By our own name, so that nothing but the content is wrong.
    patch(namespace, &name, "continuity", edit);
    let before = api_server()
        .wait(maps("admin", namespace).get(&name))
        .unwrap();
    let stored = store.read(&first.repository).unwrap();
    assert!(matches!(stored.lookup, Lookup::Unusable(_)), "{stored:?}");
    let error = store.write(&next(&first), &stored.revision).unwrap_err();
    assert!(matches!(error, StoreError::LeftAlone { .. }), "{error}");
    let listed = store.list().unwrap();
    assert!(
        matches!(listed.as_slice(), [it] if it.baseline.is_err()),
        "{listed:?}"
    );
    let after = api_server()
        .wait(maps("admin", namespace).get(&name))
        .unwrap();
    assert_eq!(before, after);
}

#[test]
fn the_state_is_kept_and_says_who_keeps_the_store() {
    let store = store("state");
    assert_eq!(store.state().unwrap(), None);
    store.write_state(&state(1)).unwrap();
    store.write_state(&state(2)).unwrap();
    assert_eq!(store.state().unwrap(), Some(state(2)));
    assert_eq!(store.list().unwrap(), []);
    let map = api_server()
        .wait(maps("admin", "state").get("continuity-state"))
        .unwrap();
    assert_eq!(
        map.metadata.annotations.unwrap()["signature-continuity/writer"],
        "kubernetes"
    );
}

#[test]
fn another_manager_is_noticed_and_refused_until_it_hands_over() {
    let store = store("managers");
    let first = baseline("ghcr.io/acme/api");
    store.write(&first, &Revision::Absent).unwrap();
    let name = config_map_name(&first.repository);
    // As `kubectl edit` does it: still a baseline, of somebody else.
    let edited = serde_json::to_string(&first).unwrap();
    patch(
        "managers",
        &name,
        "kubectl-edit",
        json!({"data": {"baseline.json": edited}}),
    );
    let stored = store.read(&first.repository).unwrap();
    assert!(matches!(stored.lookup, Lookup::Usable(_)), "{stored:?}");
    let error = store.write(&next(&first), &stored.revision).unwrap_err();
    let StoreError::OtherWriter(text) = &error else {
        panic!("{error}")
    };
    assert!(text.contains("belongs to kubectl-edit"), "{text}");

    // The way out that the message gives.
    let (_, hand_over) = text.split_once("--patch '").unwrap();
    let hand_over = serde_json::from_str(hand_over.trim_end_matches('\'')).unwrap();
    patch("managers", &name, "kubectl", hand_over);
    let stored = store.read(&first.repository).unwrap();
    store.write(&next(&first), &stored.revision).unwrap();
}

#[test]
fn a_cluster_that_a_directory_is_applied_to_is_not_written() {
    let store = store("gitops");
    let directory = tempfile::tempdir().unwrap();
    let location = Location::Directory(directory.path().to_owned());
    let kept = location.open("gitops", false).unwrap();
    let first = baseline("ghcr.io/acme/api");
    kept.write(&first, &Revision::Absent).unwrap();
    kept.write_state(&state(1)).unwrap();
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "yaml") {
            api_server().apply(&std::fs::read_to_string(path).unwrap());
        }
    }
    // Read it can be: an inventory needs no more.
    let stored = store.read(&first.repository).unwrap();
    assert_eq!(stored.lookup, Lookup::Usable(Box::new(first.clone())));
    assert_eq!(store.state().unwrap(), Some(state(1)));
    let refused = [
        store.claim().unwrap_err(),
        store.write_state(&state(2)).unwrap_err(),
        store.write(&next(&first), &stored.revision).unwrap_err(),
        // Also what is not there yet.
        store
            .write(&baseline("ghcr.io/acme/web"), &Revision::Absent)
            .unwrap_err(),
    ];
    for error in refused {
        assert!(matches!(error, StoreError::OtherWriter(_)), "{error}");
    }
}

#[test]
fn long_lists_come_in_pages() {
    let store = store("pages");
    for number in 0..620 {
        let baseline = baseline(&format!("registry.example/acme/{number}"));
        store.write(&baseline, &Revision::Absent).unwrap();
    }
    let listed = store.list().unwrap();
    assert_eq!(listed.len(), 620);
    assert!(listed.is_sorted_by_key(|it| it.name.clone()));
    assert!(listed.iter().all(|it| it.baseline.is_ok()));
}

#[test]
fn restoring_by_hand_is_another_writer_too() {
    // What the old writer of files makes says nothing of who keeps it; who created it does.
    let store = store("by-hand");
    let directory = tempfile::tempdir().unwrap();
    let first = baseline("ghcr.io/acme/api");
    DirectoryWriter::new(directory.path(), "by-hand")
        .baseline(&first)
        .unwrap();
    let file = directory
        .path()
        .join(format!("{}.yaml", config_map_name(&first.repository)));
    api_server().apply(&std::fs::read_to_string(file).unwrap());
    let stored = store.read(&first.repository).unwrap();
    let error = store.write(&next(&first), &stored.revision).unwrap_err();
    assert!(matches!(error, StoreError::OtherWriter(_)), "{error}");
}

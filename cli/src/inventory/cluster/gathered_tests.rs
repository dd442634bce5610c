#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use kube::api::DynamicObject;
use serde_json::{Value, json};

const ONE: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const TWO: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

fn object(value: Value) -> DynamicObject {
    serde_json::from_value(value).unwrap()
}

fn owned(name: &str, kind: &str, owner: &str) -> Value {
    json!({"name": name, "namespace": "prod", "ownerReferences": [
        {"apiVersion": "v1", "kind": kind, "name": owner, "uid": "1", "controller": true}]})
}

fn pod(metadata: Value, image: &str, image_id: &str) -> DynamicObject {
    object(json!({
        "metadata": metadata,
        "spec": {"containers": [{"name": "api", "image": image}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "api", "imageID": image_id}]},
    }))
}

fn workload(metadata: Value, image: &str) -> DynamicObject {
    object(json!({
        "metadata": metadata,
        "spec": {"template": {"spec": {"containers": [{"name": "api", "image": image}]}}},
    }))
}

fn workload_in(gathered: &mut Gathered, kind: &str, object: &DynamicObject) {
    gathered.add(&ObjectImages::of(kind, object));
}

fn pod_in(gathered: &mut Gathered, object: &DynamicObject) {
    workload_in(gathered, "Pod", object);
}

/// The text that is asked for, and where.
fn shown(gathered: Gathered) -> Vec<(String, Vec<String>)> {
    let (images, _) = gathered.finish();
    let place = |place: &Place| format!("{}/{}", place.kind, place.name);
    images
        .iter()
        .map(|image| {
            let asked = image
                .reference
                .as_ref()
                .map_or_else(|_| image.spelled.clone(), |it| it.spelled().to_owned());
            (asked, image.places.iter().map(place).collect())
        })
        .collect()
}

fn one(text: &str, places: &[&str]) -> Vec<(String, Vec<String>)> {
    let places = places.iter().map(|&place| place.to_owned()).collect();
    vec![(text.to_owned(), places)]
}

#[test]
fn replicas_are_one_place_of_their_deployment() {
    let mut gathered = Gathered::default();
    workload_in(
        &mut gathered,
        "ReplicaSet",
        &workload(owned("api-1", "Deployment", "api"), "acme/api:v1"),
    );
    workload_in(
        &mut gathered,
        "Deployment",
        &workload(json!({"name": "api", "namespace": "prod"}), "acme/api:v1"),
    );
    for name in ["api-1-a", "api-1-b", "api-1-c"] {
        pod_in(
            &mut gathered,
            &pod(
                owned(name, "ReplicaSet", "api-1"),
                "acme/api:v1",
                &format!("acme/api@{ONE}"),
            ),
        );
    }
    assert_eq!(
        shown(gathered),
        one(&format!("acme/api:v1@{ONE}"), &["Deployment/api"])
    );
}

#[test]
fn two_digests_behind_one_tag_are_two_images() {
    let mut gathered = Gathered::default();
    for (name, digest) in [("a", ONE), ("b", TWO)] {
        let metadata = json!({"name": name, "namespace": "prod"});
        pod_in(
            &mut gathered,
            &pod(metadata, "acme/api:v1", &format!("acme/api@{digest}")),
        );
    }
    let shown = shown(gathered);
    assert_eq!(shown.len(), 2);
    assert_eq!(shown[1].0, format!("acme/api:v1@{TWO}"));
}

#[test]
fn a_workload_without_pods_declares_its_images() {
    let mut gathered = Gathered::default();
    workload_in(
        &mut gathered,
        "StatefulSet",
        &workload(json!({"name": "db", "namespace": "prod"}), "acme/db:v1"),
    );
    assert_eq!(shown(gathered), one("acme/db:v1", &["StatefulSet/db"]));
}

#[test]
fn a_pod_that_claims_an_owner_hides_nothing_of_it() {
    let mut gathered = Gathered::default();
    workload_in(
        &mut gathered,
        "StatefulSet",
        &workload(json!({"name": "db", "namespace": "prod"}), "acme/db:v1"),
    );
    pod_in(
        &mut gathered,
        &pod(
            owned("x", "StatefulSet", "db"),
            "acme/harmless:v1",
            &format!("acme/harmless@{ONE}"),
        ),
    );
    let shown = shown(gathered);
    assert!(
        shown.iter().any(|(text, _)| text == "acme/db:v1"),
        "{shown:?}"
    );
}

#[test]
fn one_replica_that_still_starts_is_no_second_image() {
    let mut gathered = Gathered::default();
    pod_in(
        &mut gathered,
        &pod(
            owned("a", "StatefulSet", "db"),
            "acme/db:v1",
            &format!("acme/db@{ONE}"),
        ),
    );
    pod_in(
        &mut gathered,
        &pod(owned("b", "StatefulSet", "db"), "acme/db:v1", ""),
    );
    assert_eq!(
        shown(gathered),
        one(&format!("acme/db:v1@{ONE}"), &["StatefulSet/db"])
    );
}

#[test]
fn a_digest_that_is_spelled_is_the_one_that_runs() {
    let mut gathered = Gathered::default();
    let spelled = format!("acme/api@{ONE}");
    pod_in(
        &mut gathered,
        &pod(
            json!({"name": "a", "namespace": "prod"}),
            &spelled,
            &format!("acme/api@{TWO}"),
        ),
    );
    let (images, _) = gathered.finish();
    assert_eq!(images[0].running.as_ref().unwrap().as_str(), ONE);
    assert_eq!(images[0].reference.as_ref().unwrap().spelled(), spelled);
}

#[test]
fn every_kind_of_container_says_what_it_runs() {
    let mut gathered = Gathered::default();
    let status = |name: &str| json!([{"name": name, "imageID": format!("docker-pullable://x/{name}@{ONE}")}]);
    pod_in(
        &mut gathered,
        &object(json!({
            "metadata": {"name": "a", "namespace": "prod"},
            "spec": {
                "initContainers": [{"name": "i", "image": "x/i:1"}],
                "containers": [{"name": "c", "image": "x/c:1"}],
                "ephemeralContainers": [{"name": "e", "image": "x/e:1"}],
                "volumes": [{"name": "v", "image": {"reference": "x/v:1"}}, {"name": "w", "emptyDir": {}}],
            },
            "status": {
                "initContainerStatuses": status("i"),
                "containerStatuses": status("c"),
                "ephemeralContainerStatuses": status("e"),
            },
        })),
    );
    let shown: Vec<_> = shown(gathered).into_iter().map(|(text, _)| text).collect();
    let of = |name: &str| format!("x/{name}:1@{ONE}");
    assert_eq!(shown, [of("c"), of("e"), of("i"), "x/v:1".to_owned()]);
}

#[test]
fn jobs_count_for_their_cron_job_and_not_once_they_are_finished() {
    let mut gathered = Gathered::default();
    workload_in(
        &mut gathered,
        "Job",
        &workload(owned("nightly-1", "CronJob", "nightly"), "acme/job:v2"),
    );
    let mut finished = workload(owned("nightly-0", "CronJob", "nightly"), "acme/job:v1");
    finished.data["status"] = json!({"conditions": [{"type": "Complete", "status": "True"}]});
    workload_in(&mut gathered, "Job", &finished);
    workload_in(
        &mut gathered,
        "CronJob",
        &object(json!({
            "metadata": {"name": "nightly", "namespace": "prod"},
            "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "acme/job:v2"}]}}}}},
        })),
    );
    let mut done = pod(owned("nightly-0-x", "Job", "nightly-0"), "acme/job:v1", "");
    done.data["status"]["phase"] = json!("Succeeded");
    pod_in(&mut gathered, &done);
    let (images, notes) = gathered.finish();
    assert_eq!(images.len(), 1);
    assert_eq!(images[0].places.first().unwrap().kind, "CronJob");
    assert!(
        notes[0].starts_with("2 finished pods and jobs"),
        "{notes:?}"
    );
}

#[test]
fn what_is_no_reference_is_there_and_harmless() {
    let mut gathered = Gathered::default();
    let metadata = json!({"name": "a", "namespace": "prod", "ownerReferences": [
        {"apiVersion": "v1", "kind": "\u{202e}Evil\n", "name": "x", "uid": "1", "controller": true}]});
    pod_in(&mut gathered, &pod(metadata, "Not An\u{1b}[31mImage", "x"));
    pod_in(
        &mut gathered,
        &object(json!({"metadata": {"name": "b", "namespace": "prod"}, "spec": {"containers": 1}})),
    );
    let (images, notes) = gathered.finish();
    assert!(images[0].reference.is_err());
    assert_eq!(images[0].spelled, "Not An?[31mImage");
    assert_eq!(images[0].places.first().unwrap().kind, "?Evil?");
    assert!(
        notes[0].contains("Pod prod/b cannot be read: expected a list"),
        "{notes:?}"
    );
}

#[test]
fn a_static_pods_copy_is_its_own_place() {
    let mut gathered = Gathered::default();
    pod_in(
        &mut gathered,
        &pod(
            owned("etcd-node1", "Node", "node1"),
            "etcd:1",
            &format!("etcd@{ONE}"),
        ),
    );
    assert_eq!(
        shown(gathered),
        one(&format!("etcd:1@{ONE}"), &["Pod/etcd-node1"])
    );
}

#[test]
fn what_runs_by_a_bare_id_is_told_apart_from_what_did_not_start() {
    for (image_id, hidden) in [(ONE, true), ("", false)] {
        let mut gathered = Gathered::default();
        let replica =
            |name: &str, id: &str| pod(owned(name, "StatefulSet", "db"), "acme/db:v1", id);
        pod_in(&mut gathered, &replica("a", image_id));
        pod_in(&mut gathered, &replica("b", &format!("acme/db@{TWO}")));
        let (images, _) = gathered.finish();
        let unknown: Vec<bool> = images.iter().map(|image| image.hidden).collect();
        let expected: &[bool] = if hidden { &[false, true] } else { &[false] };
        assert_eq!(unknown, expected, "{image_id}");
    }
}

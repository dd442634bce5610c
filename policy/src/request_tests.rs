#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::reference::ReferenceError;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};
use std::path::Path;

pub(super) const KINDS: [&str; 8] = [
    "Pod",
    "ReplicationController",
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
];

pub(super) fn request(kind: &str, operation: &str, object: Value) -> KubernetesAdmissionRequest {
    let mut request = KubernetesAdmissionRequest {
        operation: operation.to_owned(),
        namespace: "prod".to_owned(),
        object,
        ..KubernetesAdmissionRequest::default()
    };
    request.kind.kind = kind.to_owned();
    request.user_info.username = "alice".to_owned();
    request
}

/// An object of `kind` with `pod` as the spec of its pods.
pub(super) fn object(kind: &str, pod: &Value) -> Value {
    let mut object = pod.clone();
    for field in path_to_pod(kind).unwrap().iter().rev() {
        object = json!({ *field: object });
    }
    object
}

pub(super) fn containers(images: &[&str]) -> Value {
    let containers: Vec<Value> = images
        .iter()
        .enumerate()
        .map(|(at, image)| json!({"name": format!("c{at}"), "image": image}))
        .collect();
    json!({ "containers": containers })
}

pub(super) fn images(request: &KubernetesAdmissionRequest) -> Vec<String> {
    match look(request).unwrap() {
        Looked::Images(images) => images.into_iter().map(|image| image.spelled).collect(),
        other @ (Looked::MirrorPod | Looked::Nothing) => panic!("expected images, got {other:?}"),
    }
}

#[rstest]
fn an_object_alone_has_the_images_of_its_creation(
    #[values(
        "Pod",
        "ReplicationController",
        "Deployment",
        "ReplicaSet",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "CronJob"
    )]
    kind: &str,
) {
    let object = object(kind, &containers(&["ghcr.io/acme/api:v1", "busybox"]));
    let alone = images_of(kind, &object).unwrap();
    let created = look(&request(kind, "CREATE", object)).unwrap();
    assert_eq!(Looked::Images(alone), created);
    assert!(images_of("ConfigMap", &json!({})).is_err());
}

#[rstest]
fn finds_images_in_every_kind_and_place(
    #[values(
        "Pod",
        "ReplicationController",
        "Deployment",
        "ReplicaSet",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "CronJob"
    )]
    kind: &str,
    #[values("CREATE", "UPDATE", "PATCH")] operation: &str,
) {
    let pod = json!({
        "containers": [{"name": "api", "image": "api:1"}, {"name": "side", "image": "side"}],
        "initContainers": [{"name": "db", "image": "db"}],
        "ephemeralContainers": [{"name": "debug", "image": "debug"}],
        "volumes": [
            {"name": "models", "image": {"reference": "models:2", "pullPolicy": "Always"}},
            {"name": "tmp", "emptyDir": {}},
        ],
    });
    let Looked::Images(found) = look(&request(kind, operation, object(kind, &pod))).unwrap() else {
        panic!("expected images");
    };
    let found: Vec<(&str, &[String])> = found
        .iter()
        .map(|i| (i.spelled.as_str(), i.places.as_slice()))
        .collect();
    let place = |text: &str| vec![text.to_owned()];
    assert_eq!(
        found,
        [
            ("db", &place("init container db")[..]),
            ("api:1", &place("container api")),
            ("side", &place("container side")),
            ("debug", &place("ephemeral container debug")),
            ("models:2", &place("image volume models")),
        ]
    );
}

#[test]
fn names_each_distinct_image_once_with_its_places() {
    let pod = json!({
        "initContainers": [{"name": "init", "image": "b"}],
        "containers": [{"name": "x", "image": "a"}, {"image": "b"}, {"name": "evil\n\u{202e}name", "image": "a"}],
    });
    let Looked::Images(found) = look(&request("Pod", "CREATE", object("Pod", &pod))).unwrap()
    else {
        panic!("expected images");
    };
    assert_eq!(found[0].spelled, "b");
    assert_eq!(found[0].places, ["init container init", "container 2"]);
    assert_eq!(found[1].spelled, "a");
    assert_eq!(found[1].places, ["container x", "container evil??name"]);
    assert_eq!(found.len(), 2);
}

#[test]
fn looks_at_hundreds_of_containers() {
    let many: Vec<String> = (0..2000)
        .map(|at| format!("registry.example/x/{}", at % 700))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(
        images(&request("Pod", "CREATE", object("Pod", &containers(&many)))),
        many[..700]
    );
    let same = vec!["same"; 500];
    let Looked::Images(found) =
        look(&request("Pod", "CREATE", object("Pod", &containers(&same)))).unwrap()
    else {
        panic!("expected images");
    };
    assert_eq!(found[0].places.len(), 9);
    assert_eq!(found[0].places[8], "and 492 more");
}

#[rstest]
#[case::missing(json!({"containers": [{"name": "x"}]}))]
#[case::null(json!({"containers": [{"name": "x", "image": null}]}))]
#[case::empty(json!({"containers": [{"name": "x", "image": ""}]}))]
#[case::volume(json!({"volumes": [{"name": "x", "image": {}}]}))]
fn does_not_skip_what_names_no_image(#[case] pod: Value) {
    let Looked::Images(found) = look(&request("Pod", "CREATE", object("Pod", &pod))).unwrap()
    else {
        panic!("expected images");
    };
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].reference, Err(ReferenceError::Empty));
    assert_eq!(found[0].places.len(), 1);
}

#[test]
fn cleans_and_cuts_what_is_no_reference() {
    let long = format!("UPPER\n{}", "x".repeat(5000));
    let request = request(
        "Pod",
        "CREATE",
        object("Pod", &containers(&[&long, "nginx"])),
    );
    let Looked::Images(found) = look(&request).unwrap() else {
        panic!("expected images");
    };
    assert!(found[0].reference.is_err());
    assert!(found[0].spelled.starts_with("UPPER?xxx") && found[0].spelled.chars().count() == 200);
    assert_eq!(
        found[1].reference.as_ref().unwrap().repository().as_str(),
        "docker.io/library/nginx"
    );
}

#[test]
fn an_update_is_judged_on_what_it_adds() {
    for kind in KINDS {
        let mut update = request(kind, "UPDATE", object(kind, &containers(&["a", "b", "c"])));
        update.old_object = object(
            kind,
            &json!({"initContainers": [{"image": "c"}], "containers": [{"image": "a"}]}),
        );
        assert_eq!(images(&update), ["b"], "{kind}");
        update.operation = "CREATE".to_owned();
        assert_eq!(images(&update), ["a", "b", "c"], "{kind}");
    }
}

#[rstest]
#[case::absent(Value::Null)]
#[case::other_shape(json!({"spec": {"containers": "a"}}))]
#[case::partly(json!({"spec": {"containers": [{"image": "a"}, 7]}}))]
fn an_old_object_that_does_not_parse_excuses_nothing(#[case] old: Value) {
    let mut update = request("Pod", "UPDATE", object("Pod", &containers(&["a", "b"])));
    update.old_object = old;
    assert_eq!(images(&update), ["a", "b"]);
}

#[test]
fn judges_an_added_ephemeral_container() {
    let mut update = request(
        "Pod",
        "UPDATE",
        json!({"spec": {"containers": [{"image": "a"}], "ephemeralContainers": [{"name": "debug", "image": "evil"}]}}),
    );
    update.sub_resource = "ephemeralcontainers".to_owned();
    update.old_object = json!({"spec": {"containers": [{"image": "a"}]}});
    assert_eq!(images(&update), ["evil"]);
}

/// Requests of real clusters and of other tools' tests.
#[test]
#[cfg_attr(not(recordings), ignore = "needs the recordings beside the project")]
fn finds_the_images_of_real_requests() {
    let folder = Path::new(env!("RECORDINGS"));
    let index = std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
    let mut read = 0;
    for line in index.lines().filter(|line| line.starts_with("admission/")) {
        let columns: Vec<&str> = line.split('\t').collect();
        let review: Value =
            serde_json::from_slice(&std::fs::read(folder.join(columns[0])).unwrap()).unwrap();
        let request = review.get("request").unwrap_or(&review).clone();
        let mut request: KubernetesAdmissionRequest = serde_json::from_value(request).unwrap();
        // The index lists all images of the object, in alphabetical order; so an UPDATE is read like a new object.
        request.operation = "CREATE".to_owned();
        let mut found = images(&request);
        found.sort_unstable();
        let expected = columns[4]
            .split_once("images=[")
            .unwrap()
            .1
            .split_once(']')
            .unwrap()
            .0;
        let expected: Vec<&str> = expected
            .split(", ")
            .map(|image| image.trim_matches('\''))
            .collect();
        assert_eq!(found, expected, "{}", columns[0]);
        read += 1;
    }
    assert!(
        read >= 28,
        "expected every review of the index, read {read}"
    );
}

proptest! {
    #[test]
    fn what_was_there_already_is_never_judged_and_the_rest_always(
        old in proptest::collection::vec("[a-d]", 0..5),
        new in proptest::collection::vec("[a-f]", 0..6),
    ) {
        let texts = |images: &[String]| containers(&images.iter().map(String::as_str).collect::<Vec<_>>());
        let mut update = request("Deployment", "UPDATE", object("Deployment", &texts(&new)));
        update.old_object = object("Deployment", &texts(&old));
        let mut expected: Vec<String> = Vec::new();
        for image in new {
            if !old.contains(&image) && !expected.contains(&image) {
                expected.push(image);
            }
        }
        prop_assert_eq!(images(&update), expected);
    }
}

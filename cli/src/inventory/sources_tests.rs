//! Sources as people have them, and as they should not.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use rstest::rstest;
use std::fs;
use std::path::Path;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: api, namespace: prod}\nspec: {containers: [{name: a, image: 'ghcr.io/acme/api:v1'}]}\n";
const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {initContainers: [{name: i, image: busybox}], containers: [{name: a, image: 'ghcr.io/acme/api:v1'}]}}}\n";

fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

/// Each image with its places.
fn found(gathered: &Gathered) -> Vec<String> {
    let images = gathered.images.iter().map(|image| {
        let places = image.places.iter();
        let places: Vec<String> = places
            .map(|p| format!("{} {}/{}", p.kind, p.namespace, p.name))
            .collect();
        format!("{} in {}", image.spelled, places.join(", "))
    });
    images.collect()
}

#[test]
fn a_list_has_one_image_a_line() {
    let text = "# ours\nghcr.io/acme/api:v1\n\n  docker.io/acme/web:2 # the old one\nghcr.io/acme/api:v1\r\nNOT A REFERENCE\n";
    let gathered = list::of_text(text);
    let spelled: Vec<&str> = gathered.images.iter().map(|i| i.spelled.as_str()).collect();
    assert_eq!(
        spelled,
        [
            "NOT A REFERENCE",
            "docker.io/acme/web:2",
            "ghcr.io/acme/api:v1"
        ]
    );
    assert!(gathered.images.iter().all(|image| image.places.is_empty()));
    assert_eq!(
        gathered
            .images
            .iter()
            .filter(|i| i.reference.is_err())
            .count(),
        1
    );
    assert_eq!(gathered.notes, Vec::<String>::new());
}

#[test]
fn a_list_is_bounded_and_says_so() {
    let long = format!("{}\nghcr.io/acme/api\n", "x".repeat(2000));
    let gathered = list::of_text(&long);
    assert_eq!(gathered.images.len(), 1);
    assert!(gathered.notes.concat().contains("line 1"), "{gathered:?}");
    let many: String = (0..100_002).map(|n| format!("acme/a{n}\n")).collect();
    let gathered = list::of_text(&many);
    assert_eq!(gathered.images.len(), 100_000);
    assert!(
        gathered.notes.concat().contains("line 100001"),
        "{:?}",
        gathered.notes
    );
}

#[test]
fn manifests_are_found_in_directories_documents_and_lists() {
    let list = format!(
        "{{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{}]}}",
        r#"{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "n", "namespace": "ops"}, "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "ghcr.io/acme/jobs"}]}}}}}}"#
    );
    let pods = r#"{"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "p", "namespace": "x"}, "spec": {"containers": [{"name": "c", "image": "ghcr.io/acme/pods"}]}}]}"#;
    let several = format!("---\n{POD}---\n{DEPLOYMENT}---\n---\napiVersion: v1\nkind: Service\n");
    let directory = directory(&[
        ("a/several.yaml", &several),
        ("a/b/list.json", &list),
        ("pods.yml", pods),
        ("README.md", "not looked at"),
    ]);
    let gathered = manifests(directory.path()).unwrap();
    assert_eq!(
        found(&gathered),
        [
            "busybox in Deployment default/web",
            "ghcr.io/acme/api:v1 in Deployment default/web, Pod prod/api",
            "ghcr.io/acme/jobs in CronJob ops/n",
            "ghcr.io/acme/pods in Pod x/p",
        ]
    );
    assert_eq!(
        gathered.notes,
        ["1 object of kinds without pods: 1 Service"]
    );
}

#[rstest]
#[case::broken("a: [", "bad.yaml was not read from document 1 on")]
#[case::template("{{ .Values.x }}", "bad.yaml")]
#[case::text("hello", "bad.yaml has a document that is no Kubernetes object")]
#[case::shape(
    "apiVersion: v1\nkind: Pod\nspec: {containers: 7}\n",
    "(unnamed) in bad.yaml was not read: expected a list at object.spec.containers"
)]
#[case::aliases(
    "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n",
    "bad.yaml was not read"
)]
#[case::hostile("\"\\u001b[2J\": 1\nkind: [", "bad.yaml was not read")]
fn what_does_not_parse_is_a_note_with_its_reason(#[case] text: &str, #[case] expected: &str) {
    let directory = directory(&[("bad.yaml", text), ("good.yaml", POD)]);
    let gathered = manifests(directory.path()).unwrap();
    assert_eq!(gathered.images.len(), 1, "{gathered:?}");
    let notes = [gathered.notes, gathered.unread].concat().join("\n");
    assert!(notes.contains(expected), "{notes}");
    assert!(!notes.contains('\u{1b}'));
}

#[test]
fn notes_are_bounded() {
    let files: Vec<(String, &str)> = (0..50).map(|n| (format!("{n}.yaml"), "a: [")).collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), *text))
        .collect();
    let gathered = manifests(directory(&files).path()).unwrap();
    assert_eq!(gathered.unread.len(), 21);
    assert_eq!(
        gathered.unread.last().unwrap(),
        "and 30 more that were not read"
    );
}

#[test]
fn what_was_named_and_is_not_there_is_an_error() {
    let directory = directory(&[]);
    let missing = directory.path().join("missing");
    for error in [
        manifests(&missing).unwrap_err(),
        reviews(&missing).unwrap_err(),
        list(&missing).unwrap_err(),
    ] {
        assert!(error.to_string().contains("missing"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn links_pipes_and_huge_files_do_no_harm() {
    use std::os::unix::fs::symlink;
    let directory = directory(&[("a/pod.yaml", POD)]);
    let path = directory.path();
    symlink(path, path.join("a/loop")).unwrap();
    symlink(path.join("a/pod.yaml"), path.join("again.yaml")).unwrap();
    symlink(path.join("nowhere"), path.join("dangling.yaml")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(path.join("pipe.yaml"))
        .status();
    assert!(made.unwrap().success());
    let huge = fs::File::create(path.join("huge.yaml")).unwrap();
    huge.set_len(files::LARGEST + 1).unwrap();
    let gathered = manifests(path).unwrap();
    assert_eq!(found(&gathered), ["ghcr.io/acme/api:v1 in Pod prod/api"]);
    let notes = gathered.unread.join("\n");
    for name in [
        "dangling.yaml",
        "pipe.yaml was not read: it is not a regular file",
        "huge.yaml was not read: it has more than 16 MiB",
    ] {
        assert!(notes.contains(name), "{notes}");
    }
    assert_eq!(gathered.unread.len(), 3, "{notes}");
}

#[test]
fn reviews_have_the_images_of_their_objects() {
    let pod = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "api-"}, "spec": {"containers": [{"name": "a", "image": "ghcr.io/acme/api:v2"}]}}"#;
    let request = |operation: &str| {
        format!(
            r#"{{"uid": "u", "operation": "{operation}", "kind": {{"group": "", "version": "v1", "kind": "Pod"}}, "namespace": "prod", "object": {pod}, "oldObject": {pod}}}"#
        )
    };
    let review = format!(
        r#"{{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {}}}"#,
        request("UPDATE")
    );
    let response =
        r#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {}}"#;
    let directory = directory(&[
        ("create.json", &request("CREATE")),
        ("update.json", &review),
        (
            "delete.json",
            &request("DELETE").replace("api:v2", "api:gone"),
        ),
        ("response.json", response),
    ]);
    let gathered = reviews(directory.path()).unwrap();
    assert_eq!(found(&gathered), ["ghcr.io/acme/api:v2 in Pod prod/api-"]);
    assert!(
        gathered
            .notes
            .concat()
            .contains("response.json was not read"),
        "{gathered:?}"
    );
    let one = reviews(&directory.path().join("create.json")).unwrap();
    assert_eq!(one.images.len(), 1);
}

#[test]
fn the_recorded_cases_are_reviews() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases");
    let one = fs::read_dir(cases)
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    let reviews: Vec<Gathered> = one
        .map(|case| case.join("review.json"))
        .filter(|path| path.exists())
        .map(|path| reviews(&path).unwrap())
        .collect();
    assert!(reviews.len() > 100);
    assert!(reviews.iter().any(|gathered| !gathered.images.is_empty()));
}

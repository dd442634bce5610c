#![allow(clippy::unwrap_used, reason = "tests")]

use chrono::DateTime;
use rstest::rstest;
use signature_continuity::baseline::State;

use super::*;
use crate::store::testing::baseline;

const REPOSITORY: &str = "ghcr.io/acme/api";

fn store() -> (tempfile::TempDir, DirectoryBaselines) {
    let directory = tempfile::tempdir().unwrap();
    let store = DirectoryBaselines::open(directory.path(), "ns", false).unwrap();
    (directory, store)
}

fn repository() -> Repository {
    REPOSITORY.parse().unwrap()
}

fn file(directory: &tempfile::TempDir) -> PathBuf {
    let name = config_map_name(&repository());
    directory.path().join(format!("{name}.yaml"))
}

fn next(before: &Baseline) -> Baseline {
    let mut after = before.clone();
    after.generation += 1;
    after
}

fn learner_state() -> LearnerState {
    let last_run = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
    LearnerState {
        found: None,
        cursor: Default::default(),
        state: State {
            version: 1,
            last_run,
            baselines: 1,
        },
        examined: BTreeMap::from([(repository(), last_run.date_naive())]),
    }
}

#[test]
fn a_directory_is_made_only_when_that_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a/b");
    let error = DirectoryBaselines::open(&path, "ns", false).unwrap_err();
    assert!(error.to_string().contains("create it"), "{error}");
    assert!(!path.exists());
    DirectoryBaselines::open(&path, "ns", true).unwrap();
    assert!(path.is_dir());
}

#[test]
fn what_is_written_is_read_and_listed() {
    let (_directory, store) = store();
    assert_eq!(
        store.read(&repository()).unwrap(),
        Stored {
            lookup: Lookup::Absent,
            revision: Revision::Absent
        }
    );
    let first = baseline(REPOSITORY);
    let revision = store.write(&first, &Revision::Absent).unwrap();
    let stored = store.read(&repository()).unwrap();
    assert_eq!(stored.revision, revision);
    assert_eq!(stored.lookup, Lookup::Usable(Box::new(first.clone())));
    store
        .write(&baseline("docker.io/library/a"), &Revision::Absent)
        .unwrap();
    let all = store.list().unwrap();
    assert_eq!(all.len(), 2);
    assert!(all.is_sorted_by_key(|listed| listed.name.clone()));
    assert!(
        all.iter()
            .any(|it| it.baseline == Ok(Box::new(first.clone())))
    );
}

#[test]
fn the_same_baseline_is_the_same_bytes() {
    let (directory, store) = store();
    store
        .write(&baseline(REPOSITORY), &Revision::Absent)
        .unwrap();
    let bytes = std::fs::read(file(&directory)).unwrap();
    let (other_directory, other) = self::store();
    other
        .write(&baseline(REPOSITORY), &Revision::Absent)
        .unwrap();
    assert_eq!(bytes, std::fs::read(file(&other_directory)).unwrap());
}

#[test]
fn only_what_was_read_is_written_over() {
    let (_directory, store) = store();
    let first = baseline(REPOSITORY);
    let second = next(&first);
    let revision = store.write(&first, &Revision::Absent).unwrap();
    for stale in [Revision::Absent, Revision::At("sha256:0".to_owned())] {
        let error = store.write(&second, &stale).unwrap_err();
        assert!(matches!(error, StoreError::Conflict(_)), "{error}");
    }
    let error = store.write(&first, &revision).unwrap_err();
    assert!(matches!(error, StoreError::LeftAlone { .. }), "{error}");
    store.write(&second, &revision).unwrap();
    assert!(store.write(&next(&second), &revision).is_err());
}

#[test]
fn what_was_deleted_meanwhile_is_a_conflict() {
    let (directory, store) = store();
    let first = baseline(REPOSITORY);
    let revision = store.write(&first, &Revision::Absent).unwrap();
    std::fs::remove_file(file(&directory)).unwrap();
    let error = store.write(&next(&first), &revision).unwrap_err();
    assert!(matches!(error, StoreError::Conflict(_)), "{error}");
}

#[rstest]
#[case::no_yaml("\t{")]
#[case::empty("")]
#[case::other_kind("apiVersion: v1\nkind: Secret\nmetadata: {name: NAME}")]
#[case::other_namespace(
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME, namespace: other}"
)]
#[case::unlabelled(
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {repository: ghcr.io/acme/api}"
)]
#[case::numbers("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {repository: 1}")]
fn what_does_not_parse_is_reported_and_left_alone(#[case] text: &str) {
    let (directory, store) = store();
    let text = text.replace("NAME", &config_map_name(&repository()));
    std::fs::write(file(&directory), &text).unwrap();
    let stored = store.read(&repository()).unwrap();
    assert!(matches!(stored.lookup, Lookup::Unusable(_)), "{stored:?}");
    let error = store
        .write(&baseline(REPOSITORY), &stored.revision)
        .unwrap_err();
    assert!(matches!(error, StoreError::LeftAlone { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(file(&directory)).unwrap(), text);
    let all = store.list().unwrap();
    assert!(
        matches!(all.as_slice(), [it] if it.baseline.is_err()),
        "{all:?}"
    );
}

#[test]
fn what_cannot_be_read_is_neither_absent_nor_unusable() {
    let (directory, store) = store();
    std::fs::create_dir(file(&directory)).unwrap();
    assert!(store.read(&repository()).is_err());
    assert!(store.list().is_err());
}

#[test]
fn other_files_are_none_of_its_business() {
    let (directory, store) = store();
    for name in ["kustomization.yaml", "README.md", ".continuity-x.tmp"] {
        std::fs::write(directory.path().join(name), "{{").unwrap();
    }
    assert_eq!(store.list().unwrap(), []);
}

#[test]
fn the_state_comes_back_and_says_who_keeps_the_store() {
    let (directory, store) = store();
    assert_eq!(store.state().unwrap(), None);
    store.write_state(&learner_state()).unwrap();
    assert_eq!(store.state().unwrap(), Some(learner_state()));
    store.write_state(&learner_state()).unwrap();
    let text = std::fs::read_to_string(directory.path().join("continuity-state.yaml")).unwrap();
    assert!(
        text.contains("signature-continuity/writer: directory"),
        "{text}"
    );
    assert_eq!(store.list().unwrap(), []);
}

#[test]
fn a_copy_of_a_clusters_baselines_is_not_written() {
    let (directory, store) = store();
    store.write_state(&learner_state()).unwrap();
    let path = directory.path().join("continuity-state.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replace("writer: directory", "writer: kubernetes"),
    )
    .unwrap();
    let refused = [
        store.claim().unwrap_err(),
        store.write_state(&learner_state()).unwrap_err(),
        store
            .write(&baseline(REPOSITORY), &Revision::Absent)
            .unwrap_err(),
    ];
    for error in refused {
        assert!(matches!(error, StoreError::OtherWriter(_)), "{error}");
    }
    assert!(store.read(&repository()).is_ok());
}

#[test]
fn a_state_of_a_later_version_is_left_alone() {
    let (directory, store) = store();
    store.write_state(&learner_state()).unwrap();
    let path = directory.path().join("continuity-state.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"version\": 1", "\"version\": 2")).unwrap();
    assert!(store.state().is_err());
    let error = store.write_state(&learner_state()).unwrap_err();
    assert!(matches!(error, StoreError::LeftAlone { .. }), "{error}");
    // What does not parse at all is no reason to stop learning.
    std::fs::write(&path, "{{").unwrap();
    assert!(store.state().is_err());
    store.write_state(&learner_state()).unwrap();
}

#[test]
fn what_others_added_to_the_metadata_stays() {
    let (directory, store) = store();
    let first = baseline(REPOSITORY);
    store.write(&first, &Revision::Absent).unwrap();
    let text = std::fs::read_to_string(file(&directory)).unwrap();
    let labelled = text
        .replacen("  labels:\n", "  labels:\n    team: a\n", 1)
        .replacen("  annotations:\n", "  annotations:\n    owner: b\n", 1);
    assert_ne!(labelled, text);
    std::fs::write(file(&directory), &labelled).unwrap();
    let there = store.read(&repository()).unwrap();
    store.write(&next(&first), &there.revision).unwrap();
    let after = std::fs::read_to_string(file(&directory)).unwrap();
    assert!(
        after.contains("team: a") && after.contains("owner: b"),
        "{after}"
    );
    let there = store.read(&repository()).unwrap();
    assert_eq!(there.lookup, Lookup::Usable(Box::new(next(&first))));
}

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::baseline::tests::make::{established, now};
use crate::store::DirectoryBaselines;
use signature_continuity::baseline::{Baseline, config_map_name};
use signature_continuity::posture::Rank;

const NAMESPACE: &str = "signature-continuity";

fn store() -> (tempfile::TempDir, DirectoryBaselines) {
    let directory = tempfile::tempdir().unwrap();
    let store = DirectoryBaselines::open(directory.path(), NAMESPACE, false).unwrap();
    (directory, store)
}

fn repository(name: &str) -> Repository {
    format!("ghcr.io/acme/{name}").parse().unwrap()
}

#[test]
fn what_is_named_and_not_there_is_lost() {
    let (directory, store) = store();
    let baseline = established();
    store.write(&baseline, &Revision::Absent).unwrap();
    record(&store, [&baseline.repository].into_iter()).unwrap();
    let is_usable = |found: Stored| matches!(found.lookup, Lookup::Usable(_));
    assert!(is_usable(find(&store, &baseline.repository).unwrap()));
    let file = format!("{}.yaml", config_map_name(&baseline.repository));
    std::fs::remove_file(directory.path().join(file)).unwrap();
    let found = find(&store, &baseline.repository).unwrap();
    assert_eq!(found.lookup, Lookup::Lost);
    assert_eq!(found.revision, Revision::Absent);
    let other = find(&store, &repository("other")).unwrap();
    assert_eq!(other.lookup, Lookup::Absent);
}

#[test]
fn one_that_was_never_signed_does_not_stand_in_for_it() {
    let (_directory, store) = store();
    let planted = Baseline::new(repository("api"), Rank::Unsigned, now());
    store.write(&planted, &Revision::Absent).unwrap();
    let found = find(&store, &planted.repository).unwrap();
    assert!(matches!(found.lookup, Lookup::Usable(_)));
    record(&store, [&planted.repository].into_iter()).unwrap();
    let found = find(&store, &planted.repository).unwrap();
    assert_eq!(found.lookup, Lookup::Lost);
}

#[test]
fn names_are_added_once_and_taken_out_on_demand() {
    let (_directory, store) = store();
    let repositories: Vec<Repository> = (0..40).map(|n| repository(&n.to_string())).collect();
    assert_eq!(record(&store, repositories.iter()).unwrap(), 40);
    assert_eq!(record(&store, repositories.iter()).unwrap(), 0);
    let present: Vec<String> = repositories.iter().map(config_map_name).collect();
    let all = AllNames::read(&store).unwrap();
    assert_eq!(all.lost(present.iter().map(String::as_str)), 0);
    assert_eq!(all.lost(present.iter().skip(3).map(String::as_str)), 3);
    let first = repositories.first().unwrap();
    assert_eq!(all.hold(first, Lookup::Absent), Lookup::Lost);
    assert!(forget(&store, first).unwrap());
    assert!(!forget(&store, first).unwrap());
    let all = AllNames::read(&store).unwrap();
    assert_eq!(all.hold(first, Lookup::Absent), Lookup::Absent);
}

#[test]
fn shards_are_there_before_anything_is_in_them() {
    let (_directory, store) = store();
    prepare(&store).unwrap();
    prepare(&store).unwrap();
    for shard in Shard::all() {
        let stored = store.names(shard).unwrap();
        assert_ne!(stored.revision, Revision::Absent);
        assert!(stored.names.unwrap().is_empty());
    }
}

#[test]
fn names_that_cannot_be_read_leave_it_open_and_are_left_alone() {
    let (directory, store) = store();
    let lost = repository("api");
    record(&store, [&lost].into_iter()).unwrap();
    let shard = Shard::of(&lost).config_map_name();
    let path = directory.path().join(format!("{shard}.yaml"));
    let text = std::fs::read_to_string(&path).unwrap();
    let damaged = text.replace("names: ", "names: x");
    assert_ne!(text, damaged);
    std::fs::write(&path, &damaged).unwrap();
    let found = find(&store, &lost).unwrap();
    assert!(matches!(found.lookup, Lookup::Unusable(_)), "{found:?}");
    assert_eq!(AllNames::read(&store).unwrap().unreadable().count(), 1);
    assert!(record(&store, [&lost].into_iter()).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), damaged);
}

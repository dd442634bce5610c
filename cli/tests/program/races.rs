//! Writers of a directory, killed and at once.

use continuity_cli::store::DirectoryBaselines;

#[path = "../races/mod.rs"]
mod writers;

use writers::Race;

const NAMESPACE: &str = "signature-continuity";

fn race(directory: &tempfile::TempDir, repositories: usize) -> (Race<'static>, DirectoryBaselines) {
    let race = Race {
        writer: "races::writer",
        store: format!("dir:{}", directory.path().display()),
        namespace: NAMESPACE,
        kubeconfig: None,
        repositories,
    };
    let store = DirectoryBaselines::open(directory.path(), NAMESPACE, false).unwrap();
    (race, store)
}

#[test]
#[ignore = "a process that the other tests start"]
fn writer() {
    writers::write_as_told();
}

#[test]
fn killed_at_any_point_nothing_is_lost_or_half_written() {
    let directory = tempfile::tempdir().unwrap();
    let (race, store) = race(&directory, 20);
    let acknowledged = race.killed(200, &store);
    assert!(acknowledged.len() >= 200);
    // What the killed left is swept by the next who writes.
    race.once_more(&store);
    let names = std::fs::read_dir(directory.path()).unwrap();
    let left: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".yaml") && name != ".continuity.lock")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn of_writers_at_once_nobody_writes_over_anybody() {
    let directory = tempfile::tempdir().unwrap();
    let (race, store) = race(&directory, 50);
    race.at_once(4, 2, &store);
}

//! The recorder of `tests/cases`: the same bytes each time, and one folder for one case.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_question_mark,
    clippy::type_complexity,
    clippy::cloned_ref_to_slice_refs,
    reason = "tests, and a program that may stop at the first surprise"
)]

#[path = "../examples/record-cases/changed.rs"]
mod changed;
#[path = "../examples/record-cases/continuous.rs"]
mod continuous;
#[path = "../examples/record-cases/expected.rs"]
mod expected;
#[path = "../examples/record-cases/hostile.rs"]
mod hostile;
#[path = "../examples/record-cases/published_name.rs"]
mod published_name;
#[path = "../examples/record-cases/recording.rs"]
mod recording;
#[path = "../examples/record-cases/shapes.rs"]
mod shapes;
#[path = "../examples/record-cases/studio.rs"]
mod studio;
#[path = "../examples/record-cases/take.rs"]
mod take;
#[path = "../examples/record-cases/undetermined.rs"]
mod undetermined;
#[path = "../examples/record-cases/weaker.rs"]
mod weaker;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use recording::{Recorded, Recording, remove_others};

/// Signed by keys of several kinds, by two authorities, forged, in an outage.
const VARIED: [&str; 5] = [
    "forgery-other-sigstore",
    "none-key-p384",
    "none-key-rsa",
    "signer-several-strangers",
    "undetermined-unreachable",
];

fn module() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let path =
        std::env::var_os("POLICY_WASM").map_or_else(|| root.join("policy.wasm"), PathBuf::from);
    assert!(
        path.exists(),
        "the module is not built: run `make policy.wasm` (looked for {})",
        path.display()
    );
    path
}

fn record(out: &Path, only: &[&str]) -> anyhow::Result<Recorded> {
    Recording {
        module: module(),
        out: out.to_owned(),
        only: only.iter().map(|&name| name.to_owned()).collect(),
    }
    .run()
}

/// Every file below `directory`, by its path from there.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = PathBuf::from(path.file_name().unwrap());
        if path.is_dir() {
            let inner = files(&path).into_iter();
            found.extend(inner.map(|(inner, bytes)| (name.join(inner), bytes)));
        } else {
            found.insert(name, std::fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn records_the_same_bytes_again_whatever_else_is_recorded() {
    let (first, again) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let recorded = record(first.path(), &VARIED).unwrap();
    assert_eq!(recorded.cases, VARIED.len());
    let all = files(first.path());
    assert!(all.len() >= 4 * VARIED.len(), "{:?}", all.keys());

    // Alone, over an older recording of its own, among folders that are not to be touched.
    let alone = VARIED[3];
    for (name, text) in [(alone, "old"), ("other", "kept")] {
        std::fs::create_dir_all(again.path().join(name)).unwrap();
        std::fs::write(again.path().join(name).join("review.json"), text).unwrap();
    }
    std::fs::write(again.path().join(alone).join("expected-1.35.json"), "{}").unwrap();
    let recorded = record(again.path(), &[alone]).unwrap();
    assert_eq!((recorded.cases, recorded.removed.len()), (1, 0));
    let mut expected: BTreeMap<_, _> = all
        .into_iter()
        .filter(|(path, _)| path.starts_with(alone))
        .collect();
    expected.insert("other/review.json".into(), b"kept".to_vec());
    let recorded = files(again.path());
    let names = |files: &BTreeMap<PathBuf, _>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&recorded), names(&expected));
    for (path, bytes) in recorded {
        assert!(bytes == expected[&path], "{} differs", path.display());
    }
}

#[test]
fn what_is_committed_is_what_is_recorded() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases");
    let out = tempfile::tempdir().unwrap();
    record(out.path(), &VARIED).unwrap();
    for (path, bytes) in files(out.path()) {
        let there = std::fs::read(committed.join(&path)).unwrap_or_default();
        assert!(
            bytes == there,
            "{} differs: run `make record`, and read the difference",
            path.display()
        );
    }
}

#[test]
fn a_name_that_no_case_has_is_an_error() {
    let out = tempfile::tempdir().unwrap();
    let error = record(out.path(), &["none-such"]).unwrap_err();
    assert!(error.to_string().contains("none-such"), "{error}");
    assert!(files(out.path()).is_empty());
}

#[test]
fn removes_cases_that_are_no_more_and_nothing_else() {
    let out = tempfile::tempdir().unwrap();
    for (name, file) in [
        ("gone", "review.json"),
        ("there", "review.json"),
        ("notes", "text"),
    ] {
        std::fs::create_dir_all(out.path().join(name)).unwrap();
        std::fs::write(out.path().join(name).join(file), "x").unwrap();
    }
    let removed = remove_others(out.path(), &["there".to_owned()].into()).unwrap();
    assert_eq!(removed, ["gone"]);
    let left: Vec<PathBuf> = files(out.path()).into_keys().collect();
    assert_eq!(
        left,
        [PathBuf::from("notes/text"), "there/review.json".into()]
    );
}

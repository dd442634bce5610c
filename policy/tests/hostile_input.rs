//! The fuzz targets over their seeds, without a fuzzer: every parser of hostile input keeps its promises on what
//! fuzzing begins with, whole and damaged.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests"
)]

#[path = "../../fuzz/src/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/seeds")
        .join(target);
    let files =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files
        .map(|file| fs::read(file.unwrap().path()).unwrap())
        .collect()
}

#[test]
fn accepts_some_seeds_of_each_target_and_rejects_others() {
    for (name, target) in targets::TARGETS {
        let taken = seeds(name).iter().filter(|seed| target(seed)).count();
        assert!(taken > 0, "{name}: no seed is taken for what it should be");
        assert!(!target(b"\xff\xfe"), "{name}: takes anything");
    }
}

#[test]
fn survives_seeds_that_are_cut_short_or_changed_anywhere() {
    for (name, target) in targets::TARGETS {
        for seed in seeds(name) {
            // Large seeds are damaged in some hundred places, small ones in each.
            for at in (0..seed.len()).step_by(1 + seed.len() / 200) {
                target(seed.get(..at).unwrap());
                let mut changed = seed.clone();
                for bit in [0x01, 0x20, 0x80] {
                    *changed.get_mut(at).unwrap() ^= bit;
                    target(&changed);
                }
            }
        }
    }
}

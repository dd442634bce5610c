//! The build script of crates with tests on signature data of others, which lies beside the project: says where
//! (`RECORDINGS`), and whether it is there (`cfg(recordings)`). Without it those tests are ignored, and counted so.

#![allow(clippy::print_stdout, reason = "how a build script speaks to cargo")]

fn main() {
    let recordings = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/fixtures");
    println!("cargo::rustc-env=RECORDINGS={recordings}");
    println!("cargo::rustc-check-cfg=cfg(recordings)");
    // A folder that is not there would be looked for, and everything built, again and again.
    println!("cargo::rerun-if-changed=../tests/recordings.rs");
    if std::path::Path::new(recordings).is_dir() {
        println!("cargo::rerun-if-changed={recordings}/INDEX.tsv");
        println!("cargo::rustc-cfg=recordings");
    }
}

//! Whether signature data of others lies beside the project. Tests that need it are ignored otherwise, and counted so.

fn main() {
    let recordings = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/fixtures");
    println!("cargo::rustc-check-cfg=cfg(recordings)");
    // A folder that is not there would be looked for, and everything built, again and again.
    println!("cargo::rerun-if-changed=build.rs");
    if std::path::Path::new(recordings).is_dir() {
        println!("cargo::rerun-if-changed={recordings}/INDEX.tsv");
        println!("cargo::rustc-cfg=recordings");
    }
}

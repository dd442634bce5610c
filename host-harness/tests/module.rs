//! The module itself: every recorded case, and the demo's story.
//!
//! `make test` builds the module first; POLICY_WASM names it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::path::{Path, PathBuf};

use host_harness::cases::{self, Verdict};
use host_harness::demo::{Stage, tell};
use host_harness::engine::{Engine, EngineOptions};
use host_harness::module::PolicyModule;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn module() -> PathBuf {
    let path =
        std::env::var_os("POLICY_WASM").map_or_else(|| root().join("policy.wasm"), PathBuf::from);
    assert!(
        path.exists(),
        "the module is not built: run `make policy.wasm` (looked for {})",
        path.display()
    );
    path
}

#[test]
fn answers_every_recorded_case_as_expected() {
    let engine = Engine::new(&EngineOptions::cached()).unwrap();
    let policy = PolicyModule::read(&engine, &module()).unwrap();
    let results = cases::replay(&policy, &[root().join("tests/cases")], None, false).unwrap();
    assert!(
        results.len() >= 60,
        "expected at least 60 cases, found {}",
        results.len()
    );
    let failed: Vec<String> = results
        .iter()
        .filter(|result| !matches!(result.verdict, Verdict::Passed))
        .map(|result| format!("{} on host {}", result.name, result.generation))
        .collect();
    assert!(
        failed.is_empty(),
        "run `make cases` to see what differs in {failed:?}"
    );
}

#[test]
fn the_demo_goes_as_told() {
    let engine = Engine::new(&EngineOptions::cached()).unwrap();
    let mut stage = Stage::set_up(&engine, &module()).unwrap();
    tell(&mut stage).unwrap();
}

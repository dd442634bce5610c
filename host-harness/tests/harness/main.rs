//! The harness, tested from outside: guests that misbehave, the host's answers, sessions, the program.
//!
//! One program for all of them, since linking is what takes its time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    unreachable_pub,
    reason = "tests"
)]

mod artifact_hub;
mod cli;
mod config_maps;
mod deploy;
mod dispatch;
mod documents;
mod engine;
mod forgeries;
mod guest;
mod host_texts;
mod host_verification;
mod hosts;
#[path = "../../../cli/tests/program/observation/lab.rs"]
mod lab;
#[path = "../e2e/manifests.rs"]
mod manifests;
mod modules;
mod native;
mod native_words;
mod questions;
mod recordings;
mod registries;
mod release_scripts;
mod serve;
mod sessions;
#[allow(dead_code, reason = "the settings' reference uses more of it")]
#[path = "../../../policy/tests/settings_reference/fields.rs"]
mod settings_fields;
mod verification;
mod versions;

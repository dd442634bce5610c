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

mod cli;
mod clusters;
mod config_maps;
mod dispatch;
mod engine;
mod guest;
mod host_texts;
mod host_verification;
mod hosts;
mod learning;
mod modules;
mod native;
mod observation;
mod races;
mod recordings;
mod registries;
mod server;
mod sessions;
mod verification;

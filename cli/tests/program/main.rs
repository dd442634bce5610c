//! The program `continuity` and what it is made of, tested from outside: registries that misbehave, API servers, learning.
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

mod clusters;
mod contexts;
mod failures;
mod learning;
mod observation;
mod of_a_cluster;
mod races;

//! What several tests need.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests, each of which uses some of this"
)]

pub mod guest;
pub mod server;

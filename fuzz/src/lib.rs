//! What is fuzzed: every parser of what registries, certificates, requests and stores may hold.
//!
//! Invariant: each function is total. It panics only where a parser broke a promise, and each states the promises that
//! can be told from the outside: what was parsed survives being written and parsed again, and an error text leads to
//! "absent" only where it says so.
//!
//! `policy/tests/hostile_input.rs` runs the same functions over `seeds/` with every `make test`.

mod targets;

pub use targets::*;

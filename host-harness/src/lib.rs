//! Hosts the signature-continuity policy outside of a cluster: the library behind `continuity-harness`.
//!
//! [`engine`] runs a module, [`capabilities`] answer what it asks, [`session`] records and replays those answers, and an
//! [`evaluation`] puts them together for one request. [`commands`] are what users call.
//!
//! Invariant: what a policy sees here is what it sees in a cluster. Where that cannot be had, an evaluation fails, and
//! says why.

pub mod admission;
pub mod capabilities;
pub mod cases;
pub mod commands;
pub mod demo;
pub mod engine;
pub mod evaluation;
pub mod module;
mod serve;
pub mod session;

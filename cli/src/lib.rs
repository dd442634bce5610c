//! The library behind `continuity`: observes who signs a cluster's images, learns it, and tells when it changes.
//!
//! From the outside in: [`inventory`] lists what runs and has it observed ([`observation`]); [`baseline`] holds the rules
//! of learning, [`learner`] a run by them, `watch` the one that stays; [`store`] keeps baselines; [`commands`] are what operators call.
//!
//! Invariant: what an image would get in a cluster is said by the policy's own rules, never by others.

pub mod admission;
pub mod baseline;
pub mod commands;
pub mod definition;
mod explanation;
pub mod inventory;
pub mod kubernetes;
pub mod learner;
pub mod observation;
pub mod output;
pub mod program;
pub mod store;
mod watch;

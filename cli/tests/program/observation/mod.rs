//! Native observation: a registry with one image, a Sigstore, and an observer that trusts it.

mod bundles;
mod client;
pub mod lab;
mod logins;
mod referrers;
mod registries;
mod signatures;
mod times;

pub use lab::*;

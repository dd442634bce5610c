//! Native observation: a registry with one image, a Sigstore, and an observer that trusts it.

mod as_policy;
mod bundles;
mod causes;
mod client;
pub mod lab;
mod logins;
mod referrers;
mod registries;
mod signatures;
mod times;

pub use lab::*;

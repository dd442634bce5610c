//! A cluster's API, asked one request at a time.
//!
//! Invariant: absent, refused, changed by somebody else and unreachable are different answers, and each refusal names
//! what grants it. A request ends: every attempt has a time limit, attempts are counted, and a server that asks for a
//! pause gets it within bounds.

mod connection;
mod context;
mod error;
mod pages;
mod permissions;
mod question;

use kube::api::PostParams;

pub use connection::Cluster;
pub(crate) use context::current_context;
pub(crate) use error::ClusterError;

pub(crate) use permissions::Permission;
pub(crate) use question::Question;

/// Under which name the API server records what this tool writes.
pub(crate) const FIELD_MANAGER: &str = "continuity";

/// To write under that name.
pub(crate) fn as_ours() -> PostParams {
    PostParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PostParams::default()
    }
}

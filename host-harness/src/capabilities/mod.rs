//! What a policy can ask of its host, answered as Kubewarden answers it.
//!
//! A host call passes through three stages: [`Dispatcher`] parses it, holds it against the policy's [`Grants`] and
//! takes log lines out; what remains is a [`HostRequest`], which some [`Capabilities`] answer: [`LiveCapabilities`] from
//! registries and a store, a recorder around them, or a replayer instead of them.
//!
//! Invariant: answers and error texts are those of a cluster's host, since the policy reads causes out of them.

mod certificate;
mod config_map;
mod dispatch;
mod error;
mod field_mask;
mod generation;
mod grants;
mod libraries;
mod live;
mod log;
mod options;
mod request;
mod signature;
mod ttl_cache;
mod verification_request;

pub use certificate::is_certificate_trusted;
pub use dispatch::Dispatcher;
pub use error::{CallbackFailure, HostError};
pub use generation::{HostGeneration, NoSuchGeneration};
pub use grants::{Grants, HostCapabilities, PatternError};
pub use live::LiveCapabilities;
pub use log::{Log, LogEntry};
pub use options::HostOptions;
pub use request::{CertificateQuestion, HostRequest};

/// Answers what a policy asks of its host.
pub trait Capabilities: Send + Sync {
    /// Answers one request with the bytes that the policy gets to read.
    ///
    /// # Errors
    /// With the error that a cluster's host would give.
    fn answer(&self, request: &HostRequest) -> Result<Vec<u8>, HostError>;
}

impl<T: Capabilities + ?Sized> Capabilities for std::sync::Arc<T> {
    fn answer(&self, request: &HostRequest) -> Result<Vec<u8>, HostError> {
        (**self).answer(request)
    }
}

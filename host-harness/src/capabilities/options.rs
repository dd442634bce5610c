//! How to set up a host.

use std::sync::Arc;

use super::generation::HostGeneration;
use continuity_cli::store::ConfigMapSource;
use continuity_registry::Credentials;
use continuity_registry::Sources;
use continuity_registry::TrustSource;

/// A host to be: registries, credentials, trust root and store.
#[derive(Clone, Default)]
pub struct HostOptions {
    pub(super) sources: Sources,
    pub(super) credentials: Credentials,
    pub(super) trust: TrustSource,
    pub(super) store: Option<Arc<dyn ConfigMapSource>>,
    pub(super) forgetful: bool,
    pub(super) generation: HostGeneration,
}

impl HostOptions {
    /// Public registries, the user's credentials, the public trust root, no store, the newest generation.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registries without TLS, own certificate authorities.
    #[must_use]
    pub fn sources(mut self, sources: Sources) -> Self {
        self.sources = sources;
        self
    }

    /// Other credentials than the user's.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// Another trust root than the public one.
    #[must_use]
    pub fn trust(mut self, trust: TrustSource) -> Self {
        self.trust = trust;
        self
    }

    /// Where ConfigMaps come from.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn ConfigMapSource>) -> Self {
        self.store = Some(store);
        self
    }

    /// Which host's libraries answer.
    #[must_use]
    pub fn generation(mut self, generation: HostGeneration) -> Self {
        self.generation = generation;
        self
    }

    /// Keeps no answers, so that every change shows at once. A cluster's host keeps them for up to a minute.
    #[must_use]
    pub fn without_caches(mut self) -> Self {
        self.forgetful = true;
        self
    }
}

impl std::fmt::Debug for HostOptions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("HostOptions")
            .field("sources", &self.sources)
            .field("credentials", &self.credentials)
            .field("store", &self.store.is_some())
            .field("forgetful", &self.forgetful)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

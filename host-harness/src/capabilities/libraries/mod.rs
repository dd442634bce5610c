//! The libraries that either generation of Kubewarden's host is built with, side by side.
//!
//! Answers and texts of the host are mostly theirs, so they are not imitated: `registry.rs`, `verifier.rs`,
//! `constraint.rs`, `client_config.rs` and `trust_root.rs` are written once and compiled for each set of libraries, whose types have nothing to do with each
//! other. Invariant: what a generation does differently stands in the file that is named after it, and nowhere else.

mod kubewarden_1_35;
mod kubewarden_1_36;

use kubewarden_policy_sdk::host_capabilities::verification::VerificationResponse;

use super::generation::HostGeneration;
use super::verification_request::VerificationRequest;
use continuity_registry::{Credentials, Sources, TrustSource};

/// All registries, asked for digests and manifests.
#[derive(Debug, Clone)]
pub(crate) enum Registry {
    Kubewarden135(kubewarden_1_35::Registry),
    Kubewarden136(kubewarden_1_36::Registry),
}

impl Registry {
    pub(crate) fn new(
        generation: HostGeneration,
        sources: Sources,
        credentials: Credentials,
    ) -> Self {
        match generation {
            HostGeneration::Kubewarden135 => {
                Self::Kubewarden135(kubewarden_1_35::Registry::new(sources, credentials))
            }
            HostGeneration::Kubewarden136 => {
                Self::Kubewarden136(kubewarden_1_36::Registry::new(sources, credentials))
            }
        }
    }

    /// The digest that a reference resolves to.
    pub(crate) async fn digest(&self, image: &str) -> anyhow::Result<String> {
        Ok(match self {
            Self::Kubewarden135(registry) => registry.digest(image).await?,
            Self::Kubewarden136(registry) => registry.digest(image).await?,
        })
    }

    /// A manifest or index, as JSON.
    pub(crate) async fn manifest(&self, image: &str) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Kubewarden135(registry) => registry.manifest(image).await,
            Self::Kubewarden136(registry) => registry.manifest(image).await,
        }
    }
}

/// Verifies signatures of images.
pub(crate) enum Verifier {
    Kubewarden135(kubewarden_1_35::Verifier),
    Kubewarden136(kubewarden_1_36::Verifier),
}

impl Verifier {
    pub(crate) fn new(
        generation: HostGeneration,
        sources: Sources,
        credentials: Credentials,
        trust: TrustSource,
        caching: bool,
    ) -> Self {
        match generation {
            HostGeneration::Kubewarden135 => Self::Kubewarden135(kubewarden_1_35::Verifier::new(
                sources,
                credentials,
                trust,
                caching,
            )),
            HostGeneration::Kubewarden136 => Self::Kubewarden136(kubewarden_1_36::Verifier::new(
                sources,
                credentials,
                trust,
                caching,
            )),
        }
    }

    /// Holds an image against what is asked of it.
    pub(crate) async fn verify(
        &self,
        request: VerificationRequest,
    ) -> anyhow::Result<VerificationResponse> {
        match self {
            Self::Kubewarden135(verifier) => verifier.verify(request).await,
            Self::Kubewarden136(verifier) => verifier.verify(request).await,
        }
    }
}

//! Digests and manifests, asked of the registry that serves them.
//!
//! Invariant: the same requests in the same order as the host makes them, so that error texts are the same: with TLS;
//! where that fails and the registry is listed as insecure, without verifying its certificate, then without TLS.

use thiserror::Error;

use super::client_config::oci_config;
use super::oci::client::{Client, ClientProtocol};
use super::oci::errors::OciDistributionError;
use super::oci::manifest::OciManifest;
use super::oci::secrets::RegistryAuth;
use super::oci::{ParseError, Reference};
use continuity_registry::{Credentials, Login, Sources};

/// Why a registry's answer is missing. The texts are the host's.
#[derive(Debug, Error)]
pub(crate) enum RegistryError {
    #[error("Fail to interact with OCI registry: {0}")]
    Registry(#[from] OciDistributionError),
    #[error(transparent)]
    Reference(#[from] ParseError),
}

/// All registries.
#[derive(Debug, Clone)]
pub(crate) struct Registry {
    sources: Sources,
    credentials: Credentials,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
enum Question {
    Digest,
    Manifest,
}

/// And what comes back.
enum Answer {
    Digest(String),
    Manifest(Box<OciManifest>),
}

impl Registry {
    pub(crate) fn new(sources: Sources, credentials: Credentials) -> Self {
        Self {
            sources,
            credentials,
        }
    }

    pub(crate) async fn digest(&self, image: &str) -> Result<String, RegistryError> {
        match self.ask(image, Question::Digest).await? {
            Answer::Digest(digest) => Ok(digest),
            Answer::Manifest(_) => Err(OciDistributionError::RegistryNoDigestError.into()),
        }
    }

    pub(crate) async fn manifest(&self, image: &str) -> anyhow::Result<Vec<u8>> {
        match self.ask(image, Question::Manifest).await? {
            Answer::Manifest(manifest) => Ok(serde_json::to_vec(&manifest)?),
            Answer::Digest(_) => {
                Err(RegistryError::from(OciDistributionError::PullNoLayersError).into())
            }
        }
    }

    async fn ask(&self, image: &str, question: Question) -> Result<Answer, RegistryError> {
        // Spelled out, so that `busybox` is asked of Docker Hub.
        let reference: Reference = image.parse()?;
        let registry = reference.registry();
        let attempts = [
            (ClientProtocol::Https, true),
            (ClientProtocol::Https, false),
            (ClientProtocol::Http, true),
        ];
        let allowed = if self.sources.is_insecure(registry) {
            attempts.len()
        } else {
            1
        };
        let mut last = None;
        for (protocol, verify) in attempts.into_iter().take(allowed) {
            match self.attempt(&reference, question, protocol, verify).await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    tracing::debug!(image, verify, %error, "a registry did not answer");
                    last = Some(error);
                }
            }
        }
        // There is always a first attempt.
        Err(last
            .unwrap_or(OciDistributionError::GenericError(None))
            .into())
    }

    async fn attempt(
        &self,
        reference: &Reference,
        question: Question,
        protocol: ClientProtocol,
        verify: bool,
    ) -> Result<Answer, OciDistributionError> {
        let registry = reference.registry();
        let client = Client::new(oci_config(&self.sources, registry, protocol, verify));
        let auth = match self.credentials.login(registry) {
            // The host knows no identity tokens.
            Login::Anonymous | Login::IdentityToken(_) => RegistryAuth::Anonymous,
            Login::Basic { user, password } => RegistryAuth::Basic(user, password),
        };
        match question {
            Question::Digest => client
                .fetch_manifest_digest(reference, &auth)
                .await
                .map(Answer::Digest),
            Question::Manifest => client
                .pull_manifest(reference, &auth)
                .await
                .map(|(manifest, _)| Answer::Manifest(Box::new(manifest))),
        }
    }
}

//! Answers from the outside world.
//!
//! Invariant: successful answers are kept as long as the host keeps them (a minute; five seconds for Kubernetes), errors
//! never. What goes on in here runs on the program's runtime, and is waited for on threads that are not the runtime's.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::Capabilities;
use super::certificate::is_certificate_trusted;
use super::config_map::{GetResource, get_resource};
use super::error::HostError;
use super::libraries::{Registry, Verifier};
use super::options::HostOptions;
use super::request::HostRequest;
use super::ttl_cache::TtlCache;
use super::verification_request::VerificationRequest;
use continuity_cli::store::ConfigMapSource;
use continuity_registry::runtime;

const REGISTRY_ANSWERS: Duration = Duration::from_secs(60);
const KUBERNETES_ANSWERS: Duration = Duration::from_secs(5);

/// What the host says when its own task has died.
const NO_RESPONSE: &str = "Error obtaining response over callback channel";

/// A host that asks registries, verifies signatures and reads a store.
pub struct LiveCapabilities {
    registry: Registry,
    verifier: Arc<Verifier>,
    store: Option<Arc<dyn ConfigMapSource>>,
    registry_answers: Option<TtlCache>,
    kubernetes_answers: Option<TtlCache>,
}

impl HostOptions {
    /// Sets the host up. Nothing is fetched before a policy asks.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(self) -> std::io::Result<LiveCapabilities> {
        let Self {
            sources,
            credentials,
            trust,
            store,
            forgetful,
            generation,
        } = self;
        runtime::start()?;
        let cache = |lifetime| (!forgetful).then(|| TtlCache::new(lifetime));
        Ok(LiveCapabilities {
            registry: Registry::new(generation, sources.clone(), credentials.clone()),
            verifier: Arc::new(Verifier::new(
                generation,
                sources,
                credentials,
                trust,
                !forgetful,
            )),
            store,
            registry_answers: cache(REGISTRY_ANSWERS),
            kubernetes_answers: cache(KUBERNETES_ANSWERS),
        })
    }
}

impl LiveCapabilities {
    fn ask(&self, request: &HostRequest) -> Result<Vec<u8>, HostError> {
        match request {
            HostRequest::OciManifestDigest { image } => {
                let (registry, image) = (self.registry.clone(), image.clone());
                let digest = wait(async move { registry.digest(&image).await })?;
                json(&serde_json::json!({ "digest": digest }))
            }
            HostRequest::OciManifest { image } => {
                let (registry, image) = (self.registry.clone(), image.clone());
                wait(async move { registry.manifest(&image).await })
            }
            HostRequest::SigstoreKeylessPrefixVerify { keyless_prefix, .. }
                if keyless_prefix
                    .iter()
                    .any(|identity| url::Url::parse(&identity.url_prefix).is_err()) =>
            {
                // Here the host's task panics.
                Err(HostError::Refused(NO_RESPONSE.to_owned()))
            }
            HostRequest::SigstorePubKeyVerify { .. }
            | HostRequest::SigstoreKeylessVerify { .. }
            | HostRequest::SigstoreKeylessPrefixVerify { .. }
            | HostRequest::SigstoreGithubActionsVerify { .. }
            | HostRequest::SigstoreCertificateVerify { .. } => {
                let verification = VerificationRequest::of(request)
                    .ok_or_else(|| HostError::failed("no demand on signatures"))??;
                let verifier = Arc::clone(&self.verifier);
                let response = wait(async move { verifier.verify(verification).await })?;
                json(&response)
            }
            HostRequest::CryptoIsCertificateTrusted { request } => {
                json(&is_certificate_trusted(request)?)
            }
            HostRequest::KubernetesGetResource {
                api_version,
                kind,
                name,
                namespace,
                field_masks,
                disable_cache: _,
            } => {
                let request = GetResource {
                    api_version,
                    kind,
                    name,
                    namespace: namespace.as_deref(),
                    field_masks: field_masks.as_ref(),
                };
                json(&get_resource(self.store.as_deref(), &request)?)
            }
        }
    }

    /// Where answers to this request are kept.
    fn kept(&self, request: &HostRequest) -> Option<&TtlCache> {
        match request {
            HostRequest::KubernetesGetResource { disable_cache, .. } => {
                self.kubernetes_answers.as_ref().filter(|_| !disable_cache)
            }
            HostRequest::OciManifestDigest { .. }
            | HostRequest::OciManifest { .. }
            | HostRequest::SigstorePubKeyVerify { .. }
            | HostRequest::SigstoreKeylessVerify { .. }
            | HostRequest::SigstoreKeylessPrefixVerify { .. }
            | HostRequest::SigstoreGithubActionsVerify { .. }
            | HostRequest::SigstoreCertificateVerify { .. } => self.registry_answers.as_ref(),
            HostRequest::CryptoIsCertificateTrusted { .. } => None,
        }
    }
}

impl Capabilities for LiveCapabilities {
    fn answer(&self, request: &HostRequest) -> Result<Vec<u8>, HostError> {
        let Some(kept) = self.kept(request) else {
            return self.ask(request);
        };
        let key = serde_json::to_string(request).map_err(anyhow::Error::from)?;
        if let Some(answer) = kept.answer(&key, Instant::now()) {
            return Ok(answer);
        }
        let answer = self.ask(request)?;
        kept.keep(key, &answer, Instant::now());
        Ok(answer)
    }
}

impl std::fmt::Debug for LiveCapabilities {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("LiveCapabilities")
            .field("registry", &self.registry)
            .finish_non_exhaustive()
    }
}

/// Runs `future` to its end on the runtime. If it panics the policy gets an error, as in the host.
fn wait<T: Send + 'static, E: Into<anyhow::Error> + Send + 'static>(
    future: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, HostError> {
    let lost = |_| HostError::Refused(NO_RESPONSE.to_owned());
    Ok(runtime::wait(future).map_err(lost)?.map_err(Into::into)?)
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, HostError> {
    Ok(serde_json::to_vec(value).map_err(anyhow::Error::from)?)
}

//! Answers from the outside world.
//!
//! Invariant: successful answers are kept as long as the host keeps them (a minute; five seconds for Kubernetes), errors
//! never, and each kind of question has a cache of its own, as there. What goes on in here runs on the program's runtime, and is
//! waited for on threads that are not the runtime's.

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
    caches: Option<Caches>,
}

/// One for each kind of question, since whoever waits for one answer holds up those of its kind.
struct Caches {
    digests: TtlCache,
    manifests: TtlCache,
    by_key: TtlCache,
    by_identity: TtlCache,
    by_certificate: TtlCache,
    resources: TtlCache,
}

impl Caches {
    fn new() -> Self {
        Self {
            digests: TtlCache::new(REGISTRY_ANSWERS),
            manifests: TtlCache::new(REGISTRY_ANSWERS),
            by_key: TtlCache::new(REGISTRY_ANSWERS),
            by_identity: TtlCache::new(REGISTRY_ANSWERS),
            by_certificate: TtlCache::new(REGISTRY_ANSWERS),
            resources: TtlCache::new(KUBERNETES_ANSWERS),
        }
    }

    /// Where answers to this request are kept.
    fn of(&self, request: &HostRequest) -> Option<&TtlCache> {
        match request {
            HostRequest::OciManifestDigest { .. } => Some(&self.digests),
            HostRequest::OciManifest { .. } => Some(&self.manifests),
            HostRequest::SigstorePubKeyVerify { .. } => Some(&self.by_key),
            HostRequest::SigstoreKeylessVerify { .. }
            | HostRequest::SigstoreKeylessPrefixVerify { .. }
            | HostRequest::SigstoreGithubActionsVerify { .. } => Some(&self.by_identity),
            HostRequest::SigstoreCertificateVerify { .. } => Some(&self.by_certificate),
            HostRequest::KubernetesGetResource { disable_cache, .. } => {
                (!disable_cache).then_some(&self.resources)
            }
            HostRequest::CryptoIsCertificateTrusted { .. } => None,
        }
    }
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
            caches: (!forgetful).then(Caches::new),
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
}

impl Capabilities for LiveCapabilities {
    fn answer(&self, request: &HostRequest) -> Result<Vec<u8>, HostError> {
        match self.caches.as_ref().and_then(|caches| caches.of(request)) {
            None => self.ask(request),
            Some(cache) => {
                let key = serde_json::to_string(request).map_err(anyhow::Error::from)?;
                cache.answer_or(key, Instant::now, || self.ask(request))
            }
        }
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

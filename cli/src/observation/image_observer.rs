//! An observer with the settings and the clock that it looks with: what surveys and the learner ask.

use super::{NativeObserver, Observe, ObservedImage, RepositoryObserver};
use crate::output::words::counted;
use chrono::{DateTime, Utc};
use continuity_registry::{Tags, TrustRoot};
use signature_continuity::baseline::Lookup;
use signature_continuity::host_error::{HostError, Outage};
use signature_continuity::reference::ImageReference;
use signature_continuity::settings::{CertificateChain, Settings};

/// Looks with one policy's settings.
pub struct ImageObserver {
    observer: NativeObserver,
    settings: Settings,
    clock: fn() -> DateTime<Utc>,
}

impl ImageObserver {
    /// On this machine's clock.
    #[must_use]
    pub fn new(observer: NativeObserver, settings: Settings) -> Self {
        Self {
            observer,
            settings,
            clock: Utc::now,
        }
    }

    /// The trust root that signatures are held against.
    #[must_use]
    pub fn trust_root(&self) -> TrustRoot {
        self.observer.trust_root((self.clock)())
    }

    /// The certificate authorities of the trust root that issue now or will, and that the settings' chains lack: what
    /// they issue would be proven by nobody.
    #[must_use]
    pub(crate) fn missing_authorities(&self, settings: &Settings) -> Vec<CertificateChain> {
        let known = settings.certificate_chains();
        let has = |chain: &CertificateChain| {
            let issuing = chain.certificates().first();
            issuing.is_some_and(|issuing| {
                known
                    .iter()
                    .any(|known| known.certificates().contains(issuing))
            })
        };
        let mut missing = self.observer.authorities(Some((self.clock)()));
        missing.retain(|chain| !has(chain));
        missing
    }
}

impl ImageObserver {
    /// For people: that the trust root has authorities which the settings lack, as soon as it has them.
    pub(crate) fn lacks_authorities(&self, settings: &Settings) -> Option<String> {
        let missing = self.missing_authorities(settings);
        (!missing.is_empty()).then(|| {
            format!(
                "the trust root has {} that the settings lack: what it signs would be unverifiable; continuity check prints what to add",
                counted(missing.len(), "certificate authority", "certificate authorities")
            )
        })
    }

    /// For people: the registries that were given up, because they did not answer.
    #[must_use]
    pub fn given_up(&self) -> Vec<String> {
        let registries = self.observer.registry().given_up().into_iter();
        registries
            .map(|registry| {
                format!("{registry} took too much time and was given up for this run, so its images are undetermined; --registry-timeout gives it more")
            })
            .collect()
    }
}

impl Observe for ImageObserver {
    fn observe(
        &self,
        reference: &ImageReference,
        lookup: &Lookup,
    ) -> Result<ObservedImage, String> {
        self.observer
            .observe(reference, &self.settings, lookup, (self.clock)())
    }
}

impl RepositoryObserver for ImageObserver {
    fn tags(&self, reference: &ImageReference, limit: usize) -> Result<Tags, String> {
        self.observer
            .tags(reference, &self.settings, limit)
            .map_err(|error| match error {
                HostError::Absent => "the registry knows no such repository".to_owned(),
                HostError::Outage(outage) => {
                    let name = self.settings.call_name(reference);
                    let cause = Some(outage)
                        .filter(|outage| *outage == Outage::Unreachable)
                        .and_then(|_| self.observer.registry().cause(&name));
                    cause.map_or_else(
                        || outage.as_str().to_owned(),
                        |cause| format!("{}: {cause}", outage.as_str()),
                    )
                }
                HostError::Answer
                | HostError::Unusable
                | HostError::Negative
                | HostError::BadReference
                | HostError::Forbidden(_)
                | HostError::NotGranted => "the registry does not list its tags".to_owned(),
            })
    }
}

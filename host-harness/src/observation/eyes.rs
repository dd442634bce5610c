//! An observer with the settings and the clock that it looks with: what surveys and the learner ask.

use super::{Observer, Seen};
use crate::inventory::{Look, TrustRoot};
use crate::learner::Archive;
use chrono::{DateTime, Utc};
use signature_continuity::baseline::Lookup;
use signature_continuity::host_error::HostError;
use signature_continuity::reference::ImageReference;
use signature_continuity::settings::Settings;

/// Looks with one policy's settings.
pub struct Eyes {
    observer: Observer,
    settings: Settings,
    clock: fn() -> DateTime<Utc>,
}

impl Eyes {
    /// On this machine's clock.
    #[must_use]
    pub fn new(observer: Observer, settings: Settings) -> Self {
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
}

impl Eyes {
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

impl Look for Eyes {
    fn look(&self, reference: &ImageReference, lookup: &Lookup) -> Result<Seen, String> {
        self.observer
            .observe(reference, &self.settings, lookup, (self.clock)())
    }
}

impl Archive for Eyes {
    fn tags(&self, reference: &ImageReference, limit: usize) -> Result<Vec<String>, String> {
        self.observer
            .tags(reference, &self.settings, limit)
            .map_err(|error| match error {
                HostError::Absent => "the registry knows no such repository".to_owned(),
                HostError::Outage(outage) => outage.as_str().to_owned(),
                HostError::Unusable
                | HostError::Negative
                | HostError::NonePassed
                | HostError::BadReference
                | HostError::NotGranted => "the registry does not list its tags".to_owned(),
            })
    }
}

//! A registry with one image, a Sigstore, and an observer that trusts it.

#![allow(
    dead_code,
    reason = "each program that includes this uses another part of it"
)]

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use continuity_cli::observation::{NativeObserver, ObservedImage};
use continuity_registry::RequestLimits;
use continuity_registry::{Credentials, Sources, TrustSource};
use continuity_testkit::registry::Registry;
use continuity_testkit::sigstore::{Identity, PrivateSigstore, SigningKey};
use serde_json::json;
use signature_continuity::baseline::Lookup;
use signature_continuity::reference::ImageReference;
use signature_continuity::settings::Settings;

pub const NAME: &str = "acme/api";

pub struct Lab {
    pub registry: Registry,
    pub sigstore: PrivateSigstore,
    pub observer: NativeObserver,
    pub digest: String,
    /// As signatures name it.
    pub repository: String,
}

/// Far shorter than any hanging answer of these tests, and no pauses worth the name.
pub fn limits() -> RequestLimits {
    RequestLimits {
        request: Duration::from_secs(5),
        backoff: Duration::from_millis(1),
        ..RequestLimits::default()
    }
}

pub fn observer(
    registries: &[&Registry],
    sigstore: &PrivateSigstore,
    limits: RequestLimits,
) -> NativeObserver {
    NativeObserver::start(
        Sources::insecure(registries.iter().map(|registry| registry.host())),
        Credentials::from_file("/nowhere"),
        &TrustSource::parse(sigstore.trusted_root_json().as_bytes()).unwrap(),
        limits,
    )
    .unwrap()
}

impl Lab {
    pub fn new() -> Self {
        Self::with(limits())
    }

    pub fn with(limits: RequestLimits) -> Self {
        let registry = Registry::start().unwrap();
        let sigstore = PrivateSigstore::new().unwrap();
        let digest = registry.push_image(NAME, "v1", "seed").unwrap();
        Self {
            observer: observer(&[&registry], &sigstore, limits),
            repository: registry.name(NAME),
            registry,
            sigstore,
            digest,
        }
    }

    /// Settings that trust the Sigstore's authority and know these keys.
    pub fn settings(&self, keys: &[&SigningKey]) -> Settings {
        self.settings_of(&self.sigstore.chain_pem(), keys)
    }

    pub fn settings_of(&self, chain: &str, keys: &[&SigningKey]) -> Settings {
        let known: Vec<_> = keys
            .iter()
            .map(|key| json!({"publicKey": key.public_key_pem()}))
            .collect();
        let mut settings = json!({"certificateAuthorities": [chain]});
        if !known.is_empty() {
            settings["pins"] = json!([{"repositories": ["**"], "anyOf": known}]);
        }
        Settings::parse(settings.to_string().as_bytes()).unwrap()
    }

    pub fn image(&self) -> String {
        self.registry.image(NAME, &self.digest)
    }

    pub fn see(&self, keys: &[&SigningKey]) -> ObservedImage {
        self.see_image(&self.image(), &self.settings(keys))
    }

    pub fn see_image(&self, image: &str, settings: &Settings) -> ObservedImage {
        let reference: ImageReference = image.parse().unwrap();
        self.observer
            .observe(&reference, settings, &Lookup::Absent, now())
            .unwrap()
    }
}

pub fn now() -> DateTime<Utc> {
    signed_at() + TimeDelta::days(10)
}

/// Long past, so that certificates have expired since; yet within the authority's validity.
pub fn signed_at() -> DateTime<Utc> {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

pub fn workflow() -> Identity {
    Identity::github("acme/api", "release.yml", "refs/tags/v1.2.3")
}

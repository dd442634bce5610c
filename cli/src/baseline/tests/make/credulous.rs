//! A host that believes everything.

use super::now;
use chrono::{DateTime, Utc};
use signature_continuity::baseline::ConfigMapData;
use signature_continuity::digest::Digest;
use signature_continuity::host::{Bundles, Host, Place};
use signature_continuity::host_error::HostError;
use signature_continuity::public_key::PublicKey;

/// Serves one `.sig` and some bundles, and says yes to everything.
#[derive(Default)]
pub(super) struct Credulous {
    pub(super) manifest: Option<Vec<u8>>,
    pub(super) bundles: Bundles,
}

impl Host for Credulous {
    fn now(&self) -> DateTime<Utc> {
        now()
    }
    fn config_map(&self, _: &str, _: &str) -> Result<ConfigMapData, HostError> {
        Err(HostError::Absent)
    }
    fn manifest_digest(&self, _: &str, _: &str) -> Result<Digest, HostError> {
        Err(HostError::Absent)
    }
    fn manifest(&self, _: &str, place: &Place<'_>) -> Result<Vec<u8>, HostError> {
        let manifest = self
            .manifest
            .clone()
            .filter(|_| place.as_str().ends_with(".sig"));
        manifest.ok_or(HostError::Absent)
    }
    fn verify_certificate(&self, _: &str, _: &Digest, _: &str) -> Result<(), HostError> {
        Ok(())
    }
    fn verify_key(&self, _: &str, _: &Digest, _: &str) -> Result<(), HostError> {
        Ok(())
    }
    fn issued_by(&self, _: &str, _: &[String], _: DateTime<Utc>) -> Result<bool, HostError> {
        Ok(true)
    }
    fn reads_bundles(&self) -> bool {
        true
    }
    fn bundles(&self, _: &str, _: &Digest, _: &[&PublicKey]) -> Result<Bundles, HostError> {
        Ok(self.bundles.clone())
    }
}

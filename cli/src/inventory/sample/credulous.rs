//! A host that believes everything.

use chrono::{DateTime, Utc};
use signature_continuity::baseline::ConfigMapData;
use signature_continuity::digest::Digest;
use signature_continuity::host::{Bundles, Host, Place};
use signature_continuity::host_error::HostError;
use signature_continuity::public_key::PublicKey;

/// Serves one `.sig` and some bundles, and says yes to everything.
pub(crate) struct Credulous {
    pub(crate) now: DateTime<Utc>,
    pub(crate) manifest: Option<Vec<u8>>,
    /// None: it reads no bundles.
    pub(crate) bundles: Option<Bundles>,
}

impl Host for Credulous {
    fn now(&self) -> DateTime<Utc> {
        self.now
    }
    fn config_map(&self, _: &str, _: &str) -> Result<ConfigMapData, HostError> {
        Err(HostError::Absent)
    }
    fn manifest_digest(&self, _: &str, _: &str) -> Result<Digest, HostError> {
        Ok(Digest::of(b"{}"))
    }
    fn manifest(&self, _: &str, place: &Place<'_>) -> Result<Vec<u8>, HostError> {
        match place {
            // The image itself is there.
            Place::Digest(_) => Ok(b"{}".to_vec()),
            Place::Tag(tag) if tag.ends_with(".sig") => {
                self.manifest.clone().ok_or(HostError::Absent)
            }
            Place::Tag(_) => Err(HostError::Absent),
        }
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
        self.bundles.is_some()
    }
    fn bundles(&self, _: &str, _: &Digest, _: &[&PublicKey]) -> Result<Bundles, HostError> {
        Ok(self.bundles.clone().unwrap_or_default())
    }
}

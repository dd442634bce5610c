//! The same registry through the eyes of the module's host, which sees less than the observer.
//!
//! Invariant: nothing is seen here that a policy's host does not show to the policy: no bundles, and manifests as the
//! registry has them and hosts take them, without what refers to an image. What the observer asked before is not asked again.

use chrono::{DateTime, Utc};
use continuity_registry::hosts_take;
use signature_continuity::baseline::ConfigMapData;
use signature_continuity::digest::Digest;
use signature_continuity::host::{Bundles, Host, Place};
use signature_continuity::host_error::HostError;
use signature_continuity::public_key::PublicKey;

use super::ObservingHost;

/// An observation's host, as far as a policy's host goes.
pub(in crate::observation) struct ModuleHostView<'a, 'h>(
    pub(in crate::observation) &'a ObservingHost<'h>,
);

impl Host for ModuleHostView<'_, '_> {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    fn config_map(&self, namespace: &str, name: &str) -> Result<ConfigMapData, HostError> {
        self.0.config_map(namespace, name)
    }

    fn manifest_digest(&self, name: &str, tag: &str) -> Result<Digest, HostError> {
        self.0.manifest_digest(name, tag)
    }

    fn manifest(&self, name: &str, place: &Place<'_>) -> Result<Vec<u8>, HostError> {
        let json = self.0.served(name, place)?;
        if hosts_take(&json) {
            Ok(json)
        } else {
            Err(HostError::Unusable)
        }
    }

    fn verify_certificate(&self, name: &str, digest: &Digest, pem: &str) -> Result<(), HostError> {
        self.0.verify_certificate(name, digest, pem)
    }

    fn verify_key(&self, name: &str, digest: &Digest, pem: &str) -> Result<(), HostError> {
        self.0.verify_key(name, digest, pem)
    }

    fn issued_by(&self, pem: &str, chain: &[String], at: DateTime<Utc>) -> Result<bool, HostError> {
        self.0.issued_by(pem, chain, at)
    }

    fn reads_bundles(&self) -> bool {
        false
    }

    fn bundles(&self, _: &str, _: &Digest, _: &[&PublicKey]) -> Result<Bundles, HostError> {
        Ok(Bundles::default())
    }
}

//! A whole private Sigstore, made on the spot.

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::{
    CertificateAuthority, Identity, KeySource, Leaf, LeafFlaw, LeafRequest, Signature, Signer,
    TransparencyLog, trust_root,
};

/// A certificate authority and a transparency log that belong together.
#[derive(Debug)]
pub struct PrivateSigstore {
    authority: CertificateAuthority,
    log: TransparencyLog,
    keys: KeySource,
}

impl PrivateSigstore {
    /// A fresh one.
    ///
    /// # Errors
    /// When keys or certificates cannot be made.
    pub fn new() -> Result<Self> {
        Self::with_keys(KeySource::random())
    }

    /// One whose keys, and whose leaves' keys, come from `keys`.
    ///
    /// # Errors
    /// When keys or certificates cannot be made.
    pub fn with_keys(keys: KeySource) -> Result<Self> {
        Ok(Self {
            authority: CertificateAuthority::with_keys(&keys)?,
            log: TransparencyLog::with_keys(&keys)?,
            keys,
        })
    }

    /// The same authority and log, with fresh keys from elsewhere.
    #[must_use]
    pub fn drawing_from(&self, keys: KeySource) -> Self {
        Self {
            authority: self.authority.drawing_from(&keys),
            log: self.log.clone(),
            keys,
        }
    }

    /// Where fresh keys come from: those of the leaves, and those of whoever works beside this Sigstore.
    #[must_use]
    pub fn keys(&self) -> &KeySource {
        &self.keys
    }

    /// The authority.
    #[must_use]
    pub fn authority(&self) -> &CertificateAuthority {
        &self.authority
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> &TransparencyLog {
        &self.log
    }

    /// Intermediate first, root last: one item of the policy's setting `certificateAuthorities`.
    #[must_use]
    pub fn chain_pem(&self) -> String {
        self.authority.chain_pem()
    }

    /// The `trustedRoot` alone, as libraries read it.
    #[must_use]
    pub fn trusted_root_json(&self) -> String {
        trust_root::trusted_root(&self.authority, &self.log).to_string()
    }

    /// A ClientTrustConfig, as `--sigstore-trust-config` takes it.
    #[must_use]
    pub fn trust_config_json(&self) -> String {
        trust_root::client_trust_config(&self.authority, &self.log).to_string()
    }

    /// A leaf of ten minutes on a fresh P-256 key.
    ///
    /// # Errors
    /// When the leaf cannot be made.
    pub fn issue(&self, identity: &Identity, not_before: DateTime<Utc>) -> Result<Leaf> {
        self.authority
            .issue(&LeafRequest::new(identity, not_before))
    }

    /// The same with one thing wrong.
    ///
    /// # Errors
    /// When the leaf cannot be made.
    pub fn issue_flawed(
        &self,
        identity: &Identity,
        not_before: DateTime<Utc>,
        flaw: LeafFlaw,
    ) -> Result<Leaf> {
        self.authority
            .issue(&LeafRequest::new(identity, not_before).with_flaw(flaw))
    }

    /// Keyless signature of `repository@digest`, faultless.
    ///
    /// # Errors
    /// When a key, certificate or signature cannot be made.
    pub fn sign(
        &self,
        identity: &Identity,
        repository: &str,
        digest: &str,
        at: DateTime<Utc>,
    ) -> Result<Signature> {
        Signer::keyless(self, identity).sign(repository, digest, at)
    }
}

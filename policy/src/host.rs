//! What the policy asks of its host. The only door to the outside.
//!
//! Invariant: answers come classified: an error text is read in [`crate::host_error`] alone. An answer that does not
//! say what was asked (another digest, not trusted) is no positive answer.

use crate::baseline::ConfigMapData;
use crate::digest::Digest;
use crate::host_error::HostError;
use crate::public_key::PublicKey;
use chrono::{DateTime, Utc};

/// The host's capabilities, as far as the policy uses them.
pub trait Host {
    /// The time.
    fn now(&self) -> DateTime<Utc>;

    /// The ConfigMap `name` in `namespace` (`kubernetes/get_resource`).
    ///
    /// # Errors
    /// [`HostError::Absent`] only when the cluster says so.
    fn config_map(&self, namespace: &str, name: &str) -> Result<ConfigMapData, HostError>;

    /// The digest of `name:tag` (`oci/v1/manifest_digest`).
    ///
    /// # Errors
    /// [`HostError::Absent`] only when the registry says so.
    fn manifest_digest(&self, name: &str, tag: &str) -> Result<Digest, HostError>;

    /// The JSON of the manifest or index `place` in the repository `name` (`oci/v1/oci_manifest`).
    ///
    /// # Errors
    /// [`HostError::Absent`] only when the registry says so.
    fn manifest(&self, name: &str, place: &Place<'_>) -> Result<Vec<u8>, HostError>;

    /// That the holder of the certificate's key signed `digest`, and that the log saw it while the certificate was
    /// valid (`oci/v2/verify`, certificate form).
    ///
    /// # Errors
    /// Whatever is not that.
    fn verify_certificate(&self, name: &str, digest: &Digest, pem: &str) -> Result<(), HostError>;

    /// That the holder of the key signed `digest` (`oci/v2/verify`, key form).
    ///
    /// # Errors
    /// Whatever is not that.
    fn verify_key(&self, name: &str, digest: &Digest, pem: &str) -> Result<(), HostError>;

    /// Whether `chain` (intermediates first, the anchor last) issued the certificate, at the time `at`
    /// (`crypto/v1/is_certificate_trusted`).
    ///
    /// # Errors
    /// When the host did not judge it.
    fn issued_by(&self, pem: &str, chain: &[String], at: DateTime<Utc>) -> Result<bool, HostError>;

    /// Whether this host can read bundles. Those of clusters cannot.
    fn reads_bundles(&self) -> bool {
        false
    }

    /// The signature bundles beside `digest`, proven as strictly as the other forms, keyless or by one of `keys`. Only
    /// asked of hosts that read them.
    ///
    /// # Errors
    /// When the registry did not answer; that it has none is no error.
    fn bundles(
        &self,
        _name: &str,
        _digest: &Digest,
        _keys: &[&PublicKey],
    ) -> Result<Bundles, HostError> {
        Err(HostError::NotGranted)
    }
}

/// The signature bundles beside one image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bundles {
    /// Who signed, by each bundle that was proven.
    pub proven: Vec<BundleSigner>,
    /// What was wrong with the others.
    pub unproven: Vec<Unproven>,
    /// Whether there are more than were looked at: then who signed is not known as a whole.
    pub more: bool,
}

/// By what a bundle was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BundleSigner {
    /// A certificate, in DER: one of the configured authorities issued it, its key signed the digest, and a log saw that
    /// while it was valid.
    Certificate(Vec<u8>),
    /// One of the keys that the host was asked with.
    Key(PublicKey),
}

/// Why a bundle proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unproven {
    /// Its parts contradict each other, or the digest.
    Contradiction(&'static str),
    /// It cannot be read or judged here.
    Unreadable(String),
}

/// Where a manifest is in its repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// Under a tag.
    Tag(&'a str),
    /// Under its digest.
    Digest(&'a Digest),
}

impl Place<'_> {
    /// The reference in the repository `name`.
    #[must_use]
    pub fn of(&self, name: &str) -> String {
        match self {
            Self::Tag(tag) => format!("{name}:{tag}"),
            Self::Digest(digest) => format!("{name}@{digest}"),
        }
    }

    /// The tag or digest itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Tag(tag) => tag,
            Self::Digest(digest) => digest.as_str(),
        }
    }
}

/// The digest that a tag means, as a registry tells it. One by another algorithm is read like a reference that spells it.
///
/// # Errors
/// [`HostError::BadReference`] for such a one, and [`HostError::Unusable`] where it is no digest.
pub fn resolved(digest: &str) -> Result<Digest, HostError> {
    digest.parse().map_err(|_| match digest.split_once(':') {
        Some((algorithm, _)) if algorithm != "sha256" => HostError::BadReference,
        _ => HostError::Unusable,
    })
}

//! Digests and descriptors, and the tags that cosign derives from them.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Annotations;

/// `sha256:` and 64 hex digits.
#[must_use]
pub fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// The tag of cosign 2's signatures of `digest`: `sha256-<hex>.sig`.
#[must_use]
pub fn signature_tag(digest: &str) -> String {
    format!("{}.sig", fallback_tag(digest))
}

/// The tag of the referrers of `digest` in a registry without the referrers API: `sha256-<hex>`.
#[must_use]
pub fn fallback_tag(digest: &str) -> String {
    digest.replacen(':', "-", 1)
}

/// A descriptor as it stands in a manifest. Every field may lie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the bytes are said to be.
    pub media_type: String,
    /// How many they are said to be.
    pub size: u64,
    /// Their digest.
    pub digest: String,
    /// Annotations, in order.
    #[serde(skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
    /// Only in indexes of referrers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
}

impl Descriptor {
    /// The truthful descriptor of `bytes`.
    #[must_use]
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            digest: digest_of(bytes),
            annotations: Annotations::default(),
            artifact_type: None,
        }
    }
}

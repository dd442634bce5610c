//! What a repository's signature data claims: the layers of a `.sig` manifest, and the fallback index of bundles.
//!
//! Invariant: bounds come before everything else, from the manifest alone, so that nothing is asked of the host about
//! data that could exhaust it. Everything here is a claim: anyone who can push can claim anything.

use crate::certificate::{CertificateError, Leaf};
use crate::digest::Digest;
use crate::log_entry::{EntryBody, LogEntry, LogEntryError, Verifier};
use crate::pem::decode_base64;
use serde::Deserialize;
use std::collections::BTreeMap;

/// cosign's signature spec, "Storage".
const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const BUNDLE: &str = "dev.sigstore.cosign/bundle";
/// The most layers, and the largest declared layer, for which a host is asked.
pub const MOST_LAYERS: usize = 64;
/// The most layers that the learner looks at: builds that are reproduced every night pile signatures up.
pub const MOST_LAYERS_LEARNED: usize = 1024;
const LARGEST_LAYER: i64 = 64 * 1024;
/// The largest manifest that is read: registries take 4 MiB.
pub(crate) const LARGEST_MANIFEST: usize = 4 * 1024 * 1024;

/// The signature layers of a `.sig` manifest, within bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    layers: Vec<Layer>,
}

/// One signature, as claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The SHA-256 that was signed.
    pub digest: Digest,
    /// The signature's bytes, or why there are none.
    pub signature: Result<Vec<u8>, &'static str>,
    /// Who is said to have signed.
    pub certificate: Option<Result<Leaf, CertificateError>>,
    /// The log entry that it carries.
    pub entry: Option<Result<LogEntry, LogEntryError>>,
}

/// Why signature data is beyond what is looked at: the posture is then `unverifiable`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    /// Not an image manifest.
    #[error("expected an image manifest with signature layers, got something else")]
    NotAManifest,
    /// Larger than registries take.
    #[error("expected a manifest of at most {LARGEST_MANIFEST} bytes, got {0}")]
    TooLarge(usize),
    /// No layers at all.
    #[error("expected at least one signature layer, got none")]
    NoLayers,
    /// More signatures than are looked at.
    #[error("expected at most {most} signature layers, got {got}")]
    TooManyLayers {
        /// How many are looked at.
        most: usize,
        /// How many there are.
        got: usize,
    },
    /// A layer that is no signature: hosts give up on all of them then.
    #[error("expected layers of cosign's signature media type only, got another in layer {0}")]
    ForeignLayer(usize),
    /// A layer larger than any signature payload.
    #[error("expected signature layers of at most {LARGEST_LAYER} bytes, got more in layer {0}")]
    LargeLayer(usize),
    /// A layer's digest.
    #[error("expected a SHA-256 digest in layer {0}")]
    LayerDigest(usize),
    /// A config that is larger than any that signing tools write.
    #[error("expected a config of at most {LARGEST_LAYER} bytes")]
    LargeConfig,
    /// A place elsewhere: hosts would fetch from there, wherever it is.
    #[error("expected signatures in the registry itself, got URLs elsewhere")]
    Elsewhere,
}

#[derive(Deserialize)]
struct Manifest {
    // Hosts pull it too when they verify.
    config: Option<RawConfig>,
    layers: Vec<RawLayer>,
}

#[derive(Deserialize)]
struct RawConfig {
    size: i64,
    urls: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLayer {
    media_type: String,
    digest: String,
    size: i64,
    urls: Option<serde_json::Value>,
    annotations: Option<BTreeMap<String, String>>,
}

impl Claims {
    /// From a `.sig` manifest's JSON.
    ///
    /// # Errors
    /// When it is beyond the bounds or no such manifest.
    pub fn from_manifest(json: &[u8]) -> Result<Self, ClaimsError> {
        Self::of_at_most(MOST_LAYERS, json)
    }

    /// From a `.sig` manifest's JSON, as [`Self::from_manifest`], with another bound on the layers.
    ///
    /// # Errors
    /// When it is beyond the bounds or no such manifest.
    pub fn of_at_most(most: usize, json: &[u8]) -> Result<Self, ClaimsError> {
        if json.len() > LARGEST_MANIFEST {
            return Err(ClaimsError::TooLarge(json.len()));
        }
        let manifest: Manifest =
            serde_json::from_slice(json).map_err(|_| ClaimsError::NotAManifest)?;
        match manifest.layers.len() {
            0 => return Err(ClaimsError::NoLayers),
            got if got > most => return Err(ClaimsError::TooManyLayers { most, got }),
            _ => {}
        }
        if let Some(config) = &manifest.config {
            if !(0..=LARGEST_LAYER).contains(&config.size) {
                return Err(ClaimsError::LargeConfig);
            }
            if config.urls.is_some() {
                return Err(ClaimsError::Elsewhere);
            }
        }
        let layers = manifest.layers.iter().enumerate();
        // All layers hold the bounds before any of them is read further.
        for (at, layer) in layers.clone() {
            if layer.media_type != SIMPLE_SIGNING {
                return Err(ClaimsError::ForeignLayer(at));
            }
            if !(0..=LARGEST_LAYER).contains(&layer.size) {
                return Err(ClaimsError::LargeLayer(at));
            }
            if layer.urls.is_some() {
                return Err(ClaimsError::Elsewhere);
            }
        }
        let layers = layers
            .map(|(at, layer)| Layer::read(layer).ok_or(ClaimsError::LayerDigest(at)))
            .collect::<Result<_, _>>()?;
        Ok(Self { layers })
    }

    /// The layers, in the manifest's order.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }
}

impl Layer {
    fn read(raw: &RawLayer) -> Option<Self> {
        let annotation = |key| raw.annotations.as_ref().and_then(|a| a.get(key));
        Some(Self {
            digest: raw.digest.parse().ok()?,
            signature: annotation(SIGNATURE)
                .ok_or("no signature annotation")
                .and_then(|text| {
                    decode_base64(text).ok_or("a signature annotation that is not base64")
                }),
            certificate: annotation(CERTIFICATE).map(|text| Leaf::from_annotation(text)),
            entry: annotation(BUNDLE).map(|text| LogEntry::from_annotation(text)),
        })
    }

    /// The certificate that this layer claims, where it is well-formed.
    #[must_use]
    pub fn leaf(&self) -> Option<&Leaf> {
        self.certificate.as_ref().and_then(|c| c.as_ref().ok())
    }

    /// Whether the log entry is this layer's own: the same digest and the same signature bytes.
    #[must_use]
    pub fn own_entry(&self) -> Option<(&LogEntry, &Verifier)> {
        let entry = self.entry.as_ref()?.as_ref().ok()?;
        match (&entry.body, &self.signature) {
            (
                EntryBody::HashedRekord {
                    hash,
                    signature,
                    verifier,
                },
                Ok(own),
            ) if hash == self.digest.hex() && signature == own => Some((entry, verifier)),
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;

//! Bundles beside an image: the fallback index that stands in for the referrers API.
//!
//! The guest cannot fetch a bundle's content, so none of this proves anything; it tells "signed in a format that
//! cannot be read here" from "unsigned". Only a bundle with cosign's signature predicate is a signature; attestations
//! prove no signer. Whatever cannot be told apart counts as a signature bundle: never as absent.

mod manifest;

pub use manifest::{ReferredLayer, ReferredManifest, referred_manifest};

use crate::claims::LARGEST_MANIFEST;
use crate::digest::Digest;
use serde::Deserialize;
use std::collections::BTreeMap;

const PREDICATE_TYPE: &str = "dev.sigstore.bundle.predicateType";
const CONTENT: &str = "dev.sigstore.bundle.content";
/// What a statement says that is only a signature (cosign's bundle spec).
pub const SIGNATURE_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";
const BUNDLE_TYPE_PREFIX: &str = "application/vnd.dev.sigstore.bundle";
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";
/// The most referred manifests that are fetched to learn what they are.
pub const MOST_LOOKED_AT: usize = 16;
/// A simple-signing manifest as a referrer (cosign 2 with `--registry-referrers-mode=oci-1-1`).
const SIGNATURE_TYPE: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";

/// The largest bundle that could be a signature: one holds a digest, a certificate and a log entry. What is larger is an
/// attestation.
pub(crate) const LARGEST_SIGNATURE: i64 = 64 * 1024;

/// What one descriptor or referred manifest says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Referred {
    /// A signature bundle.
    Signature,
    /// Signatures as a `.sig` tag has them: the referrers form of cosign 2.
    Layers,
    /// A bundle that does not say of what.
    Bundle,
    /// A bundle that is no signature.
    Attestation,
    /// Something else: an SBOM, an image.
    Other,
    /// It does not say; a descriptor's manifest has to be asked.
    Unsaid,
}

impl Referred {
    /// What something is that refers to an image, by its artifact type and its annotations: the one rule for all who ask.
    #[must_use]
    pub fn of(artifact_type: Option<&str>, annotations: Option<&BTreeMap<String, String>>) -> Self {
        let annotation = |key| annotations.and_then(|a| a.get(key)).map(String::as_str);
        let is_bundle = artifact_type.is_some_and(|t| t.starts_with(BUNDLE_TYPE_PREFIX));
        match (annotation(PREDICATE_TYPE), artifact_type) {
            (Some(SIGNATURE_PREDICATE), _) => Self::Signature,
            (Some(_), _) => Self::Attestation,
            (None, _) if annotation(CONTENT) == Some("message-signature") => Self::Signature,
            (None, Some(SIGNATURE_TYPE)) => Self::Layers,
            (None, Some(_)) if is_bundle => Self::Bundle,
            (None, None | Some(EMPTY_TYPE | "")) => Self::Unsaid,
            (None, Some(_)) => Self::Other,
        }
    }

    /// The same of a manifest, which has a config too. Without an artifactType the config's media type is the artifact's
    /// type (OCI image spec, "artifact usage"); of signatures in the referrers form of cosign 2 some tools say the one and
    /// some the other, so either will do.
    fn of_manifest(
        artifact_type: Option<&str>,
        config_type: Option<&str>,
        annotations: Option<&BTreeMap<String, String>>,
    ) -> Self {
        let said = Self::of(artifact_type.or(config_type), annotations);
        let by_config = config_type == Some(SIGNATURE_TYPE);
        match said {
            Self::Other | Self::Attestation | Self::Unsaid if by_config => Self::Layers,
            Self::Signature
            | Self::Layers
            | Self::Bundle
            | Self::Attestation
            | Self::Other
            | Self::Unsaid => said,
        }
    }
}

/// The referrers of an image, by the fallback tag's index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrers {
    /// Whether one is known to be a signature bundle.
    pub signature: bool,
    /// Those whose manifests have to be asked, at most [`MOST_LOOKED_AT`].
    pub unsaid: Vec<Digest>,
    /// Whether there were more than that, or some that cannot be asked.
    pub more: bool,
    /// Whether the index cannot be read: it could list anything.
    pub unreadable: bool,
}

/// What a text says that should be an index: the list of what refers to an image, or of an image's platforms.
#[derive(Debug)]
pub enum Index {
    /// Another object, such as an image: it lists nothing.
    Another,
    /// It cannot be read, and could list anything.
    Unreadable,
    /// It lists these.
    Lists(Vec<Descriptor>),
}

/// One entry of an index, as it describes itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Its digest, unread.
    #[serde(default)]
    pub digest: String,
    /// What it says that it is.
    pub artifact_type: Option<String>,
    /// What it says besides.
    pub annotations: Option<BTreeMap<String, String>>,
}

impl Index {
    /// From JSON; whoever calls bounds its size.
    #[must_use]
    pub fn read(json: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Raw {
            // Go writes an empty list as `null`.
            manifests: Option<Vec<Descriptor>>,
        }
        let value = serde_json::from_slice::<serde_json::Value>(json);
        if value.is_ok_and(|value| value.is_object() && value.get("manifests").is_none()) {
            return Self::Another;
        }
        // From the bytes again: a map of values would hide keys that are there twice.
        serde_json::from_slice(json).map_or(Self::Unreadable, |raw: Raw| {
            Self::Lists(raw.manifests.unwrap_or_default())
        })
    }
}

impl Referrers {
    /// From the JSON under the fallback tag. `None` where that is an object without a list of manifests, such as an
    /// image: then nothing refers to the image. An index that cannot be read could list anything.
    #[must_use]
    pub fn from_index(json: &[u8]) -> Option<Self> {
        let mut referrers = Self {
            signature: false,
            unsaid: Vec::new(),
            more: false,
            unreadable: false,
        };
        let index = if json.len() > LARGEST_MANIFEST {
            Index::Unreadable
        } else {
            Index::read(json)
        };
        let descriptors = match index {
            Index::Another => return None,
            Index::Unreadable => {
                referrers.unreadable = true;
                return Some(referrers);
            }
            Index::Lists(descriptors) => descriptors,
        };
        for descriptor in &descriptors {
            match Referred::of(
                descriptor.artifact_type.as_deref(),
                descriptor.annotations.as_ref(),
            ) {
                Referred::Signature | Referred::Layers => referrers.signature = true,
                Referred::Attestation | Referred::Other => {}
                Referred::Bundle | Referred::Unsaid => match descriptor.digest.parse() {
                    Ok(digest) if referrers.unsaid.len() < MOST_LOOKED_AT => {
                        referrers.unsaid.push(digest)
                    }
                    _ => referrers.more = true,
                },
            }
        }
        Some(referrers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn index(descriptor: &str) -> Option<Referrers> {
        Referrers::from_index(
            format!(r#"{{"schemaVersion":2,"manifests":[{descriptor}]}}"#).as_bytes(),
        )
    }

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[rstest]
    #[case::signature(r#"{"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","annotations":{"dev.sigstore.bundle.predicateType":"https://sigstore.dev/cosign/sign/v1"}}"#, true, 0)]
    #[case::attestation(r#"{"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","annotations":{"dev.sigstore.bundle.predicateType":"https://slsa.dev/provenance/v1"}}"#, false, 0)]
    #[case::sbom(r#"{"artifactType":"application/spdx+json"}"#, false, 0)]
    #[case::unsaid(&format!(r#"{{"artifactType":"application/vnd.oci.empty.v1+json","digest":"{DIGEST}"}}"#), false, 1)]
    #[case::message(
        r#"{"artifactType":"x","annotations":{"dev.sigstore.bundle.content":"message-signature"}}"#,
        true,
        0
    )]
    fn tells_signatures_from_the_rest(
        #[case] descriptor: &str,
        #[case] signature: bool,
        #[case] unsaid: usize,
    ) {
        let referrers = index(descriptor);
        assert_eq!(referrers.as_ref().map(|r| r.signature), Some(signature));
        assert_eq!(referrers.map(|r| r.unsaid.len()), Some(unsaid));
    }

    #[test]
    fn many_unsaid_ones_are_not_forgotten() {
        let one = format!(r#"{{"digest":"{DIGEST}"}}"#);
        let many = vec![one; MOST_LOOKED_AT + 1].join(",");
        assert_eq!(
            index(&many).map(|r| (r.unsaid.len(), r.more)),
            Some((MOST_LOOKED_AT, true))
        );
    }

    #[test]
    fn an_image_under_the_fallback_tag_is_no_index() {
        assert_eq!(
            Referrers::from_index(br#"{"schemaVersion":2,"layers":[]}"#),
            None
        );
    }

    #[rstest]
    #[case::no_json("{")]
    #[case::no_object("[]")]
    #[case::no_list(r#"{"manifests":{}}"#)]
    #[case::no_descriptor(r#"{"manifests":[7]}"#)]
    #[case::wrong_annotation(r#"{"manifests":[{"annotations":{"a":1}}]}"#)]
    #[case::two_lists(r#"{"manifests":[],"manifests":[{"artifactType":"application/spdx+json"}]}"#)]
    fn an_index_that_cannot_be_read_could_list_a_signature(#[case] json: &str) {
        let more = Referrers {
            signature: false,
            unsaid: Vec::new(),
            more: false,
            unreadable: true,
        };
        assert_eq!(Referrers::from_index(json.as_bytes()), Some(more));
    }

    #[rstest]
    #[case::none(r#"{"manifests":[]}"#)]
    #[case::null(r#"{"manifests":null}"#)]
    fn an_empty_index_lists_nothing(#[case] json: &str) {
        let nothing = Referrers {
            signature: false,
            unsaid: Vec::new(),
            more: false,
            unreadable: false,
        };
        assert_eq!(Referrers::from_index(json.as_bytes()), Some(nothing));
    }
}

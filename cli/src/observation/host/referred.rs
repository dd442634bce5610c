//! Which of the things that refer to an image are signatures, and in which form.
//!
//! Invariant: whatever cannot be told apart counts as a signature bundle, never as absent; at most
//! [`MOST_BUNDLES`] are read, and that there are more is said. An attestation is larger than any signature: what does not
//! say that it is a signature, and is beyond the bound of attestations, is none.

use std::collections::BTreeMap;

use serde::Deserialize;
use signature_continuity::digest::Digest;

use super::statement::SIGNATURE_PREDICATE;
use continuity_registry::{Listing, Referrer};

/// The most bundles that are read for one image.
pub(super) const MOST_BUNDLES: usize = 32;
/// The largest signature bundle that is read.
pub(super) const LARGEST_BUNDLE: usize = 64 * 1024;
/// The largest bundle that is read to learn whether it is a signature.
pub(super) const LARGEST_UNSAID: usize = 1024 * 1024;
/// What cosign 2 calls its signatures where they refer to an image (`--registry-referrers-mode=oci-1-1`).
const COSIGN_2_TYPE: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";
const BUNDLE_TYPE_PREFIX: &str = "application/vnd.dev.sigstore.bundle";
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";
const PREDICATE_TYPE: &str = "dev.sigstore.bundle.predicateType";
const CONTENT: &str = "dev.sigstore.bundle.content";

/// What something says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A signature bundle.
    Signature,
    /// Signatures as a `.sig` tag has them.
    Layers,
    /// A bundle that does not say of what.
    Bundle,
    /// A bundle that is no signature.
    Attestation,
    /// No bundle.
    Other,
    /// Nothing.
    Unsaid,
}

/// What has to be read, and what does not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Candidates {
    /// The manifests to read, and what the lists say that they are.
    pub(super) manifests: Vec<(Digest, Kind)>,
    /// How many say that they are attestations.
    pub(super) attestations: usize,
    /// Whether there is more than that.
    pub(super) more: bool,
}

impl Candidates {
    /// In an order of their own, so that the registry's makes no difference.
    pub(super) fn of(listings: &[Listing]) -> Self {
        let mut manifests = BTreeMap::new();
        let mut candidates = Self::default();
        for listing in listings {
            candidates.more |= listing.more;
            for referrer in &listing.referrers {
                let kind = kind_of(referrer);
                let present = manifests.entry(referrer.digest.clone()).or_insert(kind);
                // Where two lists disagree, it is read.
                if *present != kind {
                    *present = Kind::Unsaid;
                }
            }
        }
        for (digest, kind) in manifests {
            match kind {
                Kind::Other => {}
                Kind::Attestation => candidates.attestations += 1,
                Kind::Signature | Kind::Layers | Kind::Bundle | Kind::Unsaid => {
                    if candidates.manifests.len() < MOST_BUNDLES {
                        candidates.manifests.push((digest, kind));
                    } else {
                        candidates.more = true;
                    }
                }
            }
        }
        candidates
    }
}

fn kind_of(referrer: &Referrer) -> Kind {
    kind(referrer.artifact_type.as_deref(), &referrer.annotations)
}

fn kind(artifact_type: Option<&str>, annotations: &BTreeMap<String, String>) -> Kind {
    let is_bundle = artifact_type.is_some_and(|t| t.starts_with(BUNDLE_TYPE_PREFIX));
    let predicate = annotations.get(PREDICATE_TYPE).map(String::as_str);
    match (predicate, artifact_type) {
        (Some(SIGNATURE_PREDICATE), _) => Kind::Signature,
        (Some(_), _) => Kind::Attestation,
        (None, _)
            if annotations
                .get(CONTENT)
                .is_some_and(|c| c == "message-signature") =>
        {
            Kind::Signature
        }
        (None, Some(COSIGN_2_TYPE)) => Kind::Layers,
        (None, Some(_)) if is_bundle => Kind::Bundle,
        (None, None | Some(EMPTY_TYPE | "")) => Kind::Unsaid,
        (None, Some(_)) => Kind::Other,
    }
}

/// The manifest of something that refers to an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReferredManifest {
    pub(super) kind: Kind,
    /// Its only layer, where it has one that is within the bounds, or why it is not read.
    pub(super) bundle: Result<Digest, &'static str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    artifact_type: Option<String>,
    annotations: Option<BTreeMap<String, String>>,
    config: Option<Config>,
    #[serde(default)]
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    media_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    digest: String,
    size: i64,
    urls: Option<serde_json::Value>,
}

impl ReferredManifest {
    /// From its JSON. One that cannot be read could be a signature.
    pub(super) fn parse(json: &[u8]) -> Self {
        let Ok(manifest) = serde_json::from_slice::<Manifest>(json) else {
            return Self {
                kind: Kind::Signature,
                bundle: Err("its manifest cannot be read"),
            };
        };
        // Without an artifactType the config's media type is the artifact's type (OCI image spec, "artifact usage").
        let of_config = manifest.config.and_then(|config| config.media_type);
        let artifact_type = manifest.artifact_type.or(of_config);
        let mut kind = kind(
            artifact_type.as_deref(),
            &manifest.annotations.unwrap_or_default(),
        );
        let within = |size: i64, largest: usize| usize::try_from(size).is_ok_and(|s| s <= largest);
        let bundle = match manifest.layers.as_slice() {
            [layer] if layer.size < 0 => Err("its size cannot be read"),
            [layer] if kind == Kind::Signature && !within(layer.size, LARGEST_BUNDLE) => {
                Err("it is larger than 64 KiB")
            }
            [layer] if !within(layer.size, LARGEST_UNSAID) => {
                if matches!(kind, Kind::Bundle | Kind::Unsaid) {
                    kind = Kind::Attestation;
                }
                Err("it is larger than 1 MiB")
            }
            [layer] if layer.urls.is_some() => Err("it is elsewhere"),
            [layer] => layer
                .digest
                .parse()
                .map_err(|_| "its digest cannot be read"),
            _ => Err("its manifest has not exactly one layer"),
        };
        Self { kind, bundle }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use rstest::rstest;

    use super::*;

    fn listing(count: usize, artifact_type: &str) -> Listing {
        let referrers = (0..count).map(|n| Referrer {
            digest: Digest::of(&n.to_be_bytes()),
            artifact_type: Some(artifact_type.to_owned()),
            annotations: BTreeMap::new(),
        });
        Listing {
            referrers: referrers.collect(),
            more: false,
        }
    }

    #[test]
    fn reads_so_many_and_says_that_there_are_more() {
        let bundles = listing(
            MOST_BUNDLES + 1,
            "application/vnd.dev.sigstore.bundle.v0.3+json",
        );
        let candidates = Candidates::of(&[bundles]);
        assert_eq!(candidates.manifests.len(), MOST_BUNDLES);
        assert!(candidates.more);
        let others = Candidates::of(&[listing(1000, "application/spdx+json")]);
        assert_eq!(others, Candidates::default());
    }

    #[test]
    fn where_two_lists_disagree_the_manifest_is_read() {
        let lists = [listing(1, "application/spdx+json"), listing(1, "")];
        assert_eq!(Candidates::of(&lists).manifests.len(), 1);
    }

    #[rstest]
    #[case::unreadable("[]", Kind::Signature, false)]
    #[case::image(
        r#"{"config":{"mediaType":"application/vnd.oci.image.config.v1+json"}}"#,
        Kind::Other,
        false
    )]
    #[case::large(
        r#"{"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","layers":[{"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":65537}]}"#,
        Kind::Bundle,
        true
    )]
    #[case::larger_than_any(
        r#"{"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","layers":[{"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":1048577}]}"#,
        Kind::Attestation,
        false
    )]
    #[case::negative(
        r#"{"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","layers":[{"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":-1}]}"#,
        Kind::Bundle,
        false
    )]
    #[case::large_signature(
        r#"{"annotations":{"dev.sigstore.bundle.content":"message-signature"},"layers":[{"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":65537}]}"#,
        Kind::Signature,
        false
    )]
    #[case::cosign_2(
        r#"{"config":{"mediaType":"application/vnd.dev.cosign.artifact.sig.v1+json"},"layers":[]}"#,
        Kind::Layers,
        false
    )]
    #[case::bundle(
        r#"{"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","layers":[{"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":65536}]}"#,
        Kind::Bundle,
        true
    )]
    fn reads_what_refers_to_an_image(#[case] json: &str, #[case] kind: Kind, #[case] read: bool) {
        let manifest = ReferredManifest::parse(json.as_bytes());
        assert_eq!((manifest.kind, manifest.bundle.is_ok()), (kind, read));
    }
}

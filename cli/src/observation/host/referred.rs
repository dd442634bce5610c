//! Which of the things that refer to an image are read, and how much of them. What they are the policy says.
//!
//! Invariant: whatever cannot be told apart counts as a signature bundle, never as absent; at most
//! [`MOST_BUNDLES`] are read, and that there are more is said. An attestation is larger than any signature: what does not
//! say that it is a signature, and is beyond the bound of attestations, is none.

use std::collections::BTreeMap;

use signature_continuity::bundles::{self, Referred};
use signature_continuity::digest::Digest;

use continuity_registry::Listing;

/// The most bundles that are read for one image.
pub(super) const MOST_BUNDLES: usize = 32;
/// The largest signature bundle that is read.
pub(super) const LARGEST_BUNDLE: usize = 64 * 1024;
/// The largest bundle that is read to learn whether it is a signature.
pub(super) const LARGEST_UNSAID: usize = 1024 * 1024;
/// What has to be read, and what does not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Candidates {
    /// The manifests to read, and what the lists say that they are.
    pub(super) manifests: Vec<(Digest, Referred)>,
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
                let kind = Referred::of(
                    referrer.artifact_type.as_deref(),
                    Some(&referrer.annotations),
                );
                let present = manifests.entry(referrer.digest.clone()).or_insert(kind);
                // Where two lists disagree, it is read.
                if *present != kind {
                    *present = Referred::Unsaid;
                }
            }
        }
        for (digest, kind) in manifests {
            match kind {
                Referred::Other => {}
                Referred::Attestation => candidates.attestations += 1,
                Referred::Signature | Referred::Layers | Referred::Bundle | Referred::Unsaid => {
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

/// The manifest of something that refers to an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReferredManifest {
    pub(super) kind: Referred,
    /// Its only layer, where it has one that is within the bounds, or why it is not read.
    pub(super) bundle: Result<Digest, &'static str>,
}

impl ReferredManifest {
    /// From its JSON. One that cannot be read could be a signature.
    pub(super) fn parse(json: &[u8]) -> Self {
        let Some(bundles::ReferredManifest { mut kind, layers }) =
            bundles::ReferredManifest::read(json)
        else {
            return Self {
                kind: Referred::Signature,
                bundle: Err("its manifest cannot be read"),
            };
        };
        let within = |size: i64, largest: usize| usize::try_from(size).is_ok_and(|s| s <= largest);
        let bundle = match layers.as_slice() {
            [layer] if layer.size < 0 => Err("its size cannot be read"),
            [layer] if kind == Referred::Signature && !within(layer.size, LARGEST_BUNDLE) => {
                Err("it is larger than 64 KiB")
            }
            [layer] if !within(layer.size, LARGEST_UNSAID) => {
                if matches!(kind, Referred::Bundle | Referred::Unsaid) {
                    kind = Referred::Attestation;
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
    use continuity_registry::Referrer;

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
    #[case::unreadable("[]", Referred::Signature, false)]
    #[case::image(
        r#"{"config":{"mediaType":"application/vnd.oci.image.config.v1+json"}}"#,
        Referred::Other,
        false
    )]
    #[case::large(
        r#"{"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","layers":[{"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":65537}]}"#,
        Referred::Bundle,
        true
    )]
    #[case::larger_than_any(
        r#"{"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","layers":[{"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":1048577}]}"#,
        Referred::Attestation,
        false
    )]
    #[case::negative(
        r#"{"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","layers":[{"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":-1}]}"#,
        Referred::Bundle,
        false
    )]
    #[case::large_signature(
        r#"{"annotations":{"dev.sigstore.bundle.content":"message-signature"},"layers":[{"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":65537}]}"#,
        Referred::Signature,
        false
    )]
    #[case::cosign_2(
        r#"{"config":{"mediaType":"application/vnd.dev.cosign.artifact.sig.v1+json"},"layers":[]}"#,
        Referred::Layers,
        false
    )]
    #[case::cosign_2_beside_another_type(
        r#"{"artifactType":"application/vnd.acme.signature","config":{"mediaType":"application/vnd.dev.cosign.artifact.sig.v1+json"},"layers":[]}"#,
        Referred::Layers,
        false
    )]
    #[case::bundle(
        r#"{"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","layers":[{"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":65536}]}"#,
        Referred::Bundle,
        true
    )]
    fn reads_what_refers_to_an_image(
        #[case] json: &str,
        #[case] kind: Referred,
        #[case] read: bool,
    ) {
        let manifest = ReferredManifest::parse(json.as_bytes());
        assert_eq!((manifest.kind, manifest.bundle.is_ok()), (kind, read));
    }
}

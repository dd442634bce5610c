//! Manifests of what refers to an image: what they are, and the layers that they list.
//!
//! Invariant: what a manifest is, is said here alone, for the guest and for whoever reads bundles. One that cannot be read
//! is no manifest at all, and whoever asks has to take it for a signature.

use super::{LARGEST_SIGNATURE, Referred};
use crate::claims::LARGEST_MANIFEST;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a manifest says that refers to an image.
#[derive(Debug)]
pub struct ReferredManifest {
    /// What it is.
    pub kind: Referred,
    /// What it lists, unread.
    pub layers: Vec<ReferredLayer>,
}

/// A layer as its descriptor has it, unread.
#[derive(Debug, Deserialize)]
pub struct ReferredLayer {
    /// Its digest.
    #[serde(default)]
    pub digest: String,
    /// Its size, as declared.
    pub size: i64,
    /// Where else it may be had.
    pub urls: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    artifact_type: Option<String>,
    annotations: Option<BTreeMap<String, String>>,
    config: Option<Config>,
    // Go writes an empty list as `null`.
    layers: Option<Vec<ReferredLayer>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    media_type: Option<String>,
}

impl ReferredManifest {
    /// From its JSON, where that can be read; whoever calls bounds its size.
    #[must_use]
    pub fn read(json: &[u8]) -> Option<Self> {
        let manifest: Manifest = serde_json::from_slice(json).ok()?;
        let config_type = manifest.config.and_then(|config| config.media_type);
        Some(Self {
            kind: Referred::of_manifest(
                manifest.artifact_type.as_deref(),
                config_type.as_deref(),
                manifest.annotations.as_ref(),
            ),
            layers: manifest.layers.unwrap_or_default(),
        })
    }
}

/// What a referred manifest is to whoever cannot read what it lists: one that cannot be read counts as a signature, and
/// signatures in whatever form are one.
#[must_use]
pub fn referred_manifest(json: &[u8]) -> Referred {
    if json.len() > LARGEST_MANIFEST {
        return Referred::Signature;
    }
    let Some(manifest) = ReferredManifest::read(json) else {
        return Referred::Signature;
    };
    let large = |layer: &ReferredLayer| layer.size > LARGEST_SIGNATURE;
    match manifest.kind {
        // A size that is declared too large hides a signature from nobody but who looks for one.
        Referred::Bundle if manifest.layers.iter().any(large) => Referred::Attestation,
        Referred::Layers | Referred::Bundle | Referred::Unsaid => Referred::Signature,
        said @ (Referred::Signature | Referred::Attestation | Referred::Other) => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    const SIGNATURE_TYPE: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";

    #[rstest]
    #[case::by_type(json!({"artifactType": SIGNATURE_TYPE}), Referred::Layers)]
    #[case::by_config(json!({"config": {"mediaType": SIGNATURE_TYPE}}), Referred::Layers)]
    #[case::config_beside_another_type(
        json!({"artifactType": "application/vnd.acme.signature", "config": {"mediaType": SIGNATURE_TYPE}}),
        Referred::Layers
    )]
    #[case::config_beside_the_empty_type(
        json!({"artifactType": "application/vnd.oci.empty.v1+json", "config": {"mediaType": SIGNATURE_TYPE}}),
        Referred::Layers
    )]
    #[case::config_beside_an_attestations_annotation(
        json!({
            "annotations": {"dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1"},
            "config": {"mediaType": SIGNATURE_TYPE},
        }),
        Referred::Layers
    )]
    #[case::type_beside_another_config(
        json!({"artifactType": SIGNATURE_TYPE, "config": {"mediaType": "application/vnd.oci.image.config.v1+json"}}),
        Referred::Layers
    )]
    #[case::neither(
        json!({"artifactType": "application/vnd.acme.signature", "config": {"mediaType": "application/vnd.acme.config"}}),
        Referred::Other
    )]
    fn cosign_2s_form_is_told_by_either_of_its_types(
        #[case] manifest: Value,
        #[case] kind: Referred,
    ) {
        let json = manifest.to_string();
        let read = ReferredManifest::read(json.as_bytes());
        assert_eq!(read.map(|manifest| manifest.kind), Some(kind));
        // The guest reads none of them.
        let counts_as = if kind == Referred::Layers {
            Referred::Signature
        } else {
            kind
        };
        assert_eq!(referred_manifest(json.as_bytes()), counts_as);
    }

    #[rstest]
    #[case::unreadable("[]", Referred::Signature)]
    #[case::bundle_without_predicate(
        r#"{"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"}"#,
        Referred::Signature
    )]
    #[case::bundle_of_a_signatures_size(
        r#"{"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","layers":[{"size":65536}]}"#,
        Referred::Signature
    )]
    #[case::bundle_of_another_size(
        r#"{"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","layers":[{"size":65537}]}"#,
        Referred::Attestation
    )]
    #[case::large_and_says_so(
        r#"{"annotations":{"dev.sigstore.bundle.predicateType":"https://sigstore.dev/cosign/sign/v1"},"layers":[{"size":99999}]}"#,
        Referred::Signature
    )]
    #[case::size_unreadable(
        r#"{"artifactType":"application/spdx+json","layers":[{"size":"x"}]}"#,
        Referred::Signature
    )]
    #[case::sbom(r#"{"artifactType":"application/spdx+json"}"#, Referred::Other)]
    #[case::by_config(
        r#"{"config":{"mediaType":"application/vnd.oci.image.config.v1+json"}}"#,
        Referred::Other
    )]
    fn what_cannot_be_told_is_a_signature(#[case] manifest: &str, #[case] referred: Referred) {
        assert_eq!(referred_manifest(manifest.as_bytes()), referred);
    }
}

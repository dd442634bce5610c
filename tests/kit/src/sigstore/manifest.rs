//! The manifest behind cosign 2's tag `sha256-<hex>.sig`.

use serde::Serialize;

use super::{Descriptor, SignatureLayer};

/// The media type of OCI image manifests.
pub const IMAGE_MANIFEST_MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_MEDIA_TYPE: &str = "application/vnd.oci.image.config.v1+json";

/// A `.sig` manifest and the blobs it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureManifest {
    /// The manifest's bytes.
    pub bytes: Vec<u8>,
    /// The configuration's bytes.
    pub config: Vec<u8>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u8,
    media_type: &'static str,
    config: Descriptor,
    layers: Vec<Descriptor>,
}

impl SignatureManifest {
    /// The manifest that cosign writes for these layers, in this order.
    #[must_use]
    pub fn new(layers: &[SignatureLayer]) -> Self {
        let diff_ids: Vec<String> = layers
            .iter()
            .map(|layer| layer.descriptor().digest)
            .collect();
        let config = serde_json::json!({
            "architecture": "", "config": {}, "created": "0001-01-01T00:00:00Z", "history": [], "os": "",
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        })
        .to_string()
        .into_bytes();
        let manifest = Manifest {
            schema_version: 2,
            media_type: IMAGE_MANIFEST_MEDIA_TYPE,
            config: Descriptor::of(CONFIG_MEDIA_TYPE, &config),
            layers: layers.iter().map(SignatureLayer::descriptor).collect(),
        };
        Self {
            bytes: serde_json::to_vec(&manifest).unwrap_or_default(),
            config,
        }
    }
}

//! Tiny images: valid, different for each seed, the same for the same seed.

use anyhow::Result;
use serde_json::json;

use super::Remote;
use crate::sigstore::{Descriptor, IMAGE_MANIFEST_MEDIA_TYPE};

const CONFIG_MEDIA_TYPE: &str = "application/vnd.oci.image.config.v1+json";
const LAYER_MEDIA_TYPE: &str = "application/vnd.oci.image.layer.v1.tar";
const INDEX_MEDIA_TYPE: &str = "application/vnd.oci.image.index.v1+json";
const PLATFORMS: [&str; 2] = ["amd64", "arm64"];

impl Remote {
    /// Pushes an image of one layer and returns its digest.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub fn push_image(&self, repository: &str, tag: &str, seed: &str) -> Result<String> {
        let manifest = self.push_platform(repository, "amd64", seed)?;
        self.push_manifest(repository, tag, &manifest, IMAGE_MANIFEST_MEDIA_TYPE)
    }

    /// Pushes an index of two platforms and returns its digest and theirs.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub fn push_index(
        &self,
        repository: &str,
        tag: &str,
        seed: &str,
    ) -> Result<(String, Vec<String>)> {
        let mut manifests = Vec::new();
        let mut digests = Vec::new();
        for architecture in PLATFORMS {
            let manifest = self.push_platform(repository, architecture, seed)?;
            let descriptor = Descriptor::of(IMAGE_MANIFEST_MEDIA_TYPE, &manifest);
            self.push_manifest(
                repository,
                &descriptor.digest,
                &manifest,
                IMAGE_MANIFEST_MEDIA_TYPE,
            )?;
            manifests.push(json!({
                "mediaType": descriptor.media_type,
                "size": descriptor.size,
                "digest": descriptor.digest,
                "platform": {"architecture": architecture, "os": "linux"},
            }));
            digests.push(descriptor.digest);
        }
        let index =
            json!({"schemaVersion": 2, "mediaType": INDEX_MEDIA_TYPE, "manifests": manifests});
        let digest = self.push_manifest(
            repository,
            tag,
            index.to_string().as_bytes(),
            INDEX_MEDIA_TYPE,
        )?;
        Ok((digest, digests))
    }

    /// The blobs of an image, and its manifest, which is not pushed yet.
    fn push_platform(&self, repository: &str, architecture: &str, seed: &str) -> Result<Vec<u8>> {
        let layer = archive(seed);
        let config = json!({
            "architecture": architecture,
            "os": "linux",
            "config": {"Labels": {"seed": seed}},
            "rootfs": {"type": "layers", "diff_ids": [crate::sigstore::digest_of(&layer)]},
        })
        .to_string()
        .into_bytes();
        self.push_blob(repository, &layer)?;
        self.push_blob(repository, &config)?;
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST_MEDIA_TYPE,
            "config": Descriptor::of(CONFIG_MEDIA_TYPE, &config),
            "layers": [Descriptor::of(LAYER_MEDIA_TYPE, &layer)],
        });
        Ok(manifest.to_string().into_bytes())
    }
}

/// A tar archive without files: two empty blocks. The seed follows the end, where readers do not look.
fn archive(seed: &str) -> Vec<u8> {
    let mut archive = vec![0; 1024];
    archive.extend_from_slice(seed.as_bytes());
    archive
}

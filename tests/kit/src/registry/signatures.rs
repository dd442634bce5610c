//! Pushing signatures where cosign 2 and cosign 3 put them.

use anyhow::Result;

use super::Remote;
use crate::sigstore::{
    Bundle, Descriptor, IMAGE_MANIFEST_MEDIA_TYPE, Referrer, SignatureLayer, SignatureManifest,
    bundle_index, fallback_tag, signature_tag,
};

const INDEX_MEDIA_TYPE: &str = "application/vnd.oci.image.index.v1+json";

impl Remote {
    /// Pushes a `.sig` of these layers for `digest`, in place of what was there, and returns its digest.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub fn push_signature(
        &self,
        repository: &str,
        digest: &str,
        layers: &[SignatureLayer],
    ) -> Result<String> {
        let manifest = SignatureManifest::new(layers);
        self.push_blob(repository, &manifest.config)?;
        for layer in layers.iter().filter(|layer| !layer.withhold_blob) {
            self.push_blob(repository, &layer.payload)?;
        }
        self.push_manifest(
            repository,
            &signature_tag(digest),
            &manifest.bytes,
            IMAGE_MANIFEST_MEDIA_TYPE,
        )
    }

    /// Takes the `.sig` of `digest` away.
    ///
    /// # Errors
    /// When there is none, or the registry refuses.
    pub fn delete_signature(&self, repository: &str, digest: &str) -> Result<()> {
        self.delete(repository, &signature_tag(digest))
    }

    /// Pushes cosign 3 bundles that refer to `digest`, and the fallback index that lists them.
    ///
    /// # Errors
    /// When the image is not there, or the registry does not take the bundles.
    pub fn push_bundles(
        &self,
        repository: &str,
        digest: &str,
        bundles: &[Bundle],
    ) -> Result<Vec<Referrer>> {
        let referrers = self.push_referrers(repository, digest, bundles)?;
        self.push_manifest(
            repository,
            &fallback_tag(digest),
            &bundle_index(&referrers),
            INDEX_MEDIA_TYPE,
        )?;
        Ok(referrers)
    }

    /// Pushes cosign 3 bundles that refer to `digest`, and nothing that lists them: a registry with the referrers API
    /// does that by itself.
    ///
    /// # Errors
    /// When the image is not there, or the registry does not take the bundles.
    pub fn push_referrers(
        &self,
        repository: &str,
        digest: &str,
        bundles: &[Bundle],
    ) -> Result<Vec<Referrer>> {
        let image = self.manifest(repository, digest)?.unwrap_or_default();
        let subject = Descriptor {
            digest: digest.to_owned(),
            ..Descriptor::of(IMAGE_MANIFEST_MEDIA_TYPE, &image)
        };
        let referrers: Vec<Referrer> = bundles
            .iter()
            .map(|bundle| bundle.referrer(&subject))
            .collect();
        for referrer in &referrers {
            self.push_blob(repository, &referrer.config)?;
            self.push_blob(repository, &referrer.bundle)?;
            let own = crate::sigstore::digest_of(&referrer.manifest);
            self.push_manifest(
                repository,
                &own,
                &referrer.manifest,
                IMAGE_MANIFEST_MEDIA_TYPE,
            )?;
        }
        Ok(referrers)
    }
}

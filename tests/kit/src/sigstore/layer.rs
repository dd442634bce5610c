//! One layer of a `.sig` manifest: the signed payload and what its annotations claim.

use super::{Annotations, Descriptor};

/// The media type of cosign's payloads.
pub const SIMPLE_SIGNING_MEDIA_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// A signature as it stands in a registry. Nothing here has to be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLayer {
    /// The blob.
    pub payload: Vec<u8>,
    /// Its media type in the manifest.
    pub media_type: String,
    /// The claims.
    pub annotations: Annotations,
    /// Says another size than the blob has.
    pub declared_size: Option<u64>,
    /// Says another digest than the blob has.
    pub declared_digest: Option<String>,
    /// Leaves the blob out of the registry.
    pub withhold_blob: bool,
}

impl SignatureLayer {
    /// A layer without any claim.
    #[must_use]
    pub fn new(payload: Vec<u8>) -> Self {
        Self {
            payload,
            media_type: SIMPLE_SIGNING_MEDIA_TYPE.to_owned(),
            annotations: Annotations::default(),
            declared_size: None,
            declared_digest: None,
            withhold_blob: false,
        }
    }

    /// The same layer with one annotation set.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.annotations.set(key, value);
        self
    }

    /// The same layer without one annotation.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.annotations.remove(key);
        self
    }

    /// How the manifest describes the layer.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        let mut descriptor = Descriptor::of(&self.media_type, &self.payload);
        descriptor.size = self.declared_size.unwrap_or(descriptor.size);
        if let Some(digest) = &self.declared_digest {
            digest.clone_into(&mut descriptor.digest);
        }
        descriptor.annotations = self.annotations.clone();
        descriptor
    }
}

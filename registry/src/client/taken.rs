//! Which manifests the policy's host takes: it hands over no others.
//!
//! Invariant: by the same library that hosts read manifests with. Direction of failure: what is not taken is served, and of
//! no use; it is never absent.

use oci_client::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE,
    OCI_IMAGE_MEDIA_TYPE, OciManifest, Versioned,
};

/// Whether hosts take a manifest or index of these bytes.
#[must_use]
pub fn hosts_take(json: &[u8]) -> bool {
    let media_types = [
        IMAGE_MANIFEST_MEDIA_TYPE,
        OCI_IMAGE_MEDIA_TYPE,
        IMAGE_MANIFEST_LIST_MEDIA_TYPE,
        OCI_IMAGE_INDEX_MEDIA_TYPE,
    ];
    let versioned = serde_json::from_slice::<Versioned>(json);
    let is_known = versioned.is_ok_and(|versioned| {
        let media_type = versioned.media_type.as_deref();
        versioned.schema_version == 2
            && media_type.is_none_or(|media_type| media_types.contains(&media_type))
    });
    is_known && serde_json::from_slice::<OciManifest>(json).is_ok()
}

//! Signatures that refer to their image instead of having a tag of their own.

use continuity_testkit::sigstore::{
    Bundle, Descriptor, IMAGE_MANIFEST_MEDIA_TYPE, Signature, fallback_tag,
};
use serde_json::json;

use crate::host_verification::{Lab, NAME};
use crate::hosts::OCI_INDEX;

const ARTIFACT_SIGNATURE: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";

/// As cosign 3 pushes it: by the referrers API where the registry has it, and under the tag that stands in for it.
pub fn push_bundle(lab: &Lab, bundle: Bundle) {
    lab.registry
        .push_bundles(NAME, &lab.digest, &[bundle])
        .unwrap();
}

/// As cosign 2 pushes it with `--registry-referrers-mode=oci-1-1`: the manifest of a `.sig` that names its subject.
pub fn push_artifact_signature(lab: &Lab, signature: &Signature) {
    let layer = signature.layer().unwrap();
    let config = b"{}";
    lab.registry.push_blob(NAME, config).unwrap();
    lab.registry.push_blob(NAME, &layer.payload).unwrap();
    let image = lab.registry.manifest(NAME, &lab.digest).unwrap().unwrap();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST_MEDIA_TYPE,
        "artifactType": ARTIFACT_SIGNATURE,
        "config": Descriptor::of(ARTIFACT_SIGNATURE, config),
        "layers": [layer.descriptor()],
        "subject": Descriptor::of(IMAGE_MANIFEST_MEDIA_TYPE, &image),
    })
    .to_string();
    let descriptor = Descriptor {
        artifact_type: Some(ARTIFACT_SIGNATURE.to_owned()),
        ..Descriptor::of(IMAGE_MANIFEST_MEDIA_TYPE, manifest.as_bytes())
    };
    lab.registry
        .push_manifest(
            NAME,
            &descriptor.digest,
            manifest.as_bytes(),
            IMAGE_MANIFEST_MEDIA_TYPE,
        )
        .unwrap();
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor]});
    lab.registry
        .push_manifest(
            NAME,
            &fallback_tag(&lab.digest),
            index.to_string().as_bytes(),
            OCI_INDEX,
        )
        .unwrap();
}

//! Signatures that refer to their image instead of having a tag of their own. Each pushes it and returns what to ask with.

use continuity_testkit::sigstore::{
    Bundle, Descriptor, IMAGE_MANIFEST_MEDIA_TYPE, Leaf, PrivateSigstore, SIGN_PREDICATE,
    Signature, SigningKey, fallback_tag,
};
use serde_json::{Value, json};

use super::lab::{Lab, NAME};
use super::pushed::{genuine, unsigned};
use crate::hosts::OCI_INDEX;
use crate::lab::signed_at;

const ARTIFACT_SIGNATURE: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";

/// As cosign 3 pushes it: by the referrers API where the registry has it, and under the tag that stands in for it.
fn push_bundle(lab: &Lab, bundle: Bundle) {
    lab.registry
        .push_bundles(NAME, &lab.digest, &[bundle])
        .unwrap();
}

/// As cosign 2 pushes it with `--registry-referrers-mode=oci-1-1`: the manifest of a `.sig` that names its subject.
fn push_artifact_signature(lab: &Lab, signature: &Signature) {
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

pub fn artifact_signature(lab: &Lab) -> String {
    let signature = lab.signature();
    push_artifact_signature(lab, &signature);
    signature.certificate.unwrap()
}

pub fn bundle(lab: &Lab) -> String {
    let leaf = lab.leaf();
    push_bundle(lab, bundle_of(lab, &leaf, SIGN_PREDICATE));
    leaf.pem()
}

fn bundle_of(lab: &Lab, leaf: &Leaf, predicate: &str) -> Bundle {
    let log = lab.sigstore.log();
    Bundle::proven_by_leaf(leaf, &lab.digest, predicate, log, signed_at()).unwrap()
}

pub fn bundle_by_api(lab: &Lab) -> String {
    lab.registry.serve_referrers(Some(10));
    bundle(lab)
}

pub fn bundle_beside_a_stranger(lab: &Lab) -> String {
    genuine(lab);
    bundle(lab)
}

pub fn signature_beside_a_bundle(lab: &Lab) -> String {
    bundle(lab);
    genuine(lab)
}

pub fn bundle_of_another_leaf(lab: &Lab) -> String {
    bundle(lab);
    lab.leaf().pem()
}

pub fn attestation(lab: &Lab) -> String {
    let leaf = lab.leaf();
    push_bundle(lab, bundle_of(lab, &leaf, "https://slsa.dev/provenance/v1"));
    leaf.pem()
}

pub fn bundle_of_another_digest(lab: &Lab) -> String {
    let leaf = lab.leaf();
    let foreign = format!("sha256:{}", "0".repeat(64));
    let log = lab.sigstore.log();
    push_bundle(
        lab,
        Bundle::proven_by_leaf(&leaf, &foreign, SIGN_PREDICATE, log, signed_at()).unwrap(),
    );
    leaf.pem()
}

fn edited_bundle(lab: &Lab, edit: impl FnOnce(&mut Value)) -> String {
    let leaf = lab.leaf();
    push_bundle(
        lab,
        bundle_of(lab, &leaf, SIGN_PREDICATE).edited(edit).unwrap(),
    );
    leaf.pem()
}

pub fn bundle_without_inclusion_proof(lab: &Lab) -> String {
    edited_bundle(lab, |bundle| {
        let entry = bundle["verificationMaterial"]["tlogEntries"][0].as_object_mut();
        entry.unwrap().remove("inclusionProof");
    })
}

/// As Rekor v2 has them: no promise and no time of the log's.
pub fn bundle_of_rekor_2(lab: &Lab) -> String {
    edited_bundle(lab, |bundle| {
        let entry = &mut bundle["verificationMaterial"]["tlogEntries"][0];
        entry["kindVersion"] = json!({"kind": "hashedrekord", "version": "0.0.2"});
        entry["integratedTime"] = json!("0");
        entry.as_object_mut().unwrap().remove("inclusionPromise");
    })
}

/// A signature over the digest itself, without a statement.
pub fn bundle_of_a_message(lab: &Lab) -> String {
    edited_bundle(lab, |bundle| {
        let signature = bundle["dsseEnvelope"]["signatures"][0]["sig"].clone();
        bundle.as_object_mut().unwrap().remove("dsseEnvelope");
        bundle["messageSignature"] = json!({
            "messageDigest": {"algorithm": "SHA2_256", "digest": "AAAA"},
            "signature": signature,
        });
    })
}

pub fn bundle_logged_elsewhere(lab: &Lab) -> String {
    let leaf = lab.leaf();
    let other = PrivateSigstore::new().unwrap();
    let log = other.log();
    push_bundle(
        lab,
        Bundle::proven_by_leaf(&leaf, &lab.digest, SIGN_PREDICATE, log, signed_at()).unwrap(),
    );
    leaf.pem()
}

pub fn bundle_by_key(lab: &Lab) -> SigningKey {
    let key = unsigned(lab);
    let log = lab.sigstore.log();
    push_bundle(
        lab,
        Bundle::proven_by_key(&key, &lab.digest, SIGN_PREDICATE, log, signed_at()).unwrap(),
    );
    key
}

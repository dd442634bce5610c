//! What stands under the `.sig` tag, or nothing. Each pushes it and returns what to ask with.

use continuity_testkit::sigstore::{
    KeyKind, PrivateSigstore, Signature, SignatureLayer, Signer, SigningKey,
};
use serde_json::json;

use super::lab::{Lab, NAME};
use crate::hosts::{OCI_INDEX, OCI_MANIFEST};
use crate::lab::{signed_at, workflow};

pub fn nothing(lab: &Lab) -> String {
    lab.leaf().pem()
}

pub fn genuine(lab: &Lab) -> String {
    lab.push_signature(&lab.signature())
}

pub fn of_another_key(lab: &Lab) -> String {
    lab.push_signature(&lab.signature());
    lab.leaf().pem()
}

pub fn logged_too_late(lab: &Lab) -> String {
    let late = signed_at() + chrono::TimeDelta::days(1);
    let log = Some(lab.sigstore.log());
    lab.push_signature(&Signature::by_leaf(&lab.leaf(), &lab.payload(), log, late).unwrap())
}

pub fn not_logged(lab: &Lab) -> String {
    lab.push_signature(&Signature::by_leaf(&lab.leaf(), &lab.payload(), None, signed_at()).unwrap())
}

pub fn logged_elsewhere(lab: &Lab) -> String {
    let other = PrivateSigstore::new().unwrap();
    let log = Some(other.log());
    lab.push_signature(&Signature::by_leaf(&lab.leaf(), &lab.payload(), log, signed_at()).unwrap())
}

pub fn of_another_authority(lab: &Lab) -> String {
    let other = PrivateSigstore::new().unwrap();
    let leaf = other.issue(&workflow(), signed_at()).unwrap();
    let log = Some(lab.sigstore.log());
    lab.push_signature(&Signature::by_leaf(&leaf, &lab.payload(), log, signed_at()).unwrap())
}

pub fn of_another_digest(lab: &Lab) -> String {
    let foreign = format!("sha256:{}", "0".repeat(64));
    let name = lab.registry.name(NAME);
    lab.push_signature(
        &lab.sigstore
            .sign(&workflow(), &name, &foreign, signed_at())
            .unwrap(),
    )
}

pub fn blob_withheld(lab: &Lab) -> String {
    let signature = lab.signature();
    let mut layer = signature.layer().unwrap();
    layer.withhold_blob = true;
    lab.push(&[layer]);
    signature.certificate.unwrap()
}

pub fn foreign_layer(lab: &Lab) -> String {
    let mut layer = lab.signature().layer().unwrap();
    layer.media_type = "application/octet-stream".to_owned();
    lab.push(&[layer]);
    lab.leaf().pem()
}

pub fn foreign_layer_beside(lab: &Lab) -> String {
    let signature = lab.signature();
    let mut foreign = SignatureLayer::new(b"something".to_vec());
    foreign.media_type = "application/octet-stream".to_owned();
    lab.push(&[signature.layer().unwrap(), foreign]);
    signature.certificate.unwrap()
}

pub fn no_layers(lab: &Lab) -> String {
    lab.push(&[]);
    lab.leaf().pem()
}

pub fn index_in_place(lab: &Lab) -> String {
    lab.push_in_place(
        OCI_INDEX,
        &json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}),
    )
}

pub fn other_schema_in_place(lab: &Lab) -> String {
    lab.push_in_place(OCI_MANIFEST, &json!({"schemaVersion": 1}))
}

pub fn image_taken_away(lab: &Lab) -> String {
    let certificate = genuine(lab);
    lab.registry.delete(NAME, &lab.digest).unwrap();
    certificate
}

pub fn unsigned(lab: &Lab) -> SigningKey {
    let _ = lab;
    SigningKey::generate(KeyKind::P256).unwrap()
}

pub fn signed_by_key(lab: &Lab) -> SigningKey {
    let key = SigningKey::generate(KeyKind::P256).unwrap();
    let signer = Signer::key(&key);
    let name = lab.registry.name(NAME);
    let signature = signer.sign(&name, &lab.digest, signed_at()).unwrap();
    lab.push(&[signature.layer().unwrap()]);
    key
}

pub fn signed_by_another_key(lab: &Lab) -> SigningKey {
    signed_by_key(lab);
    unsigned(lab)
}

//! Log entries, bundles and trust roots, read by other people's libraries.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use continuity_testkit::{
    Identity, KeyKind, PrivateSigstore, SigningKey,
    sigstore::{
        Bundle, Descriptor, EntryBody, EntryPayload, SIGN_PREDICATE, TransparencyLog, bundle_index,
        canonical_entry,
    },
};
use rstest::rstest;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sigstore_protobuf_specs::dev::sigstore::trustroot::v1::{ClientTrustConfig, ServiceSelector};
use x509_cert::spki::SubjectPublicKeyInfoRef;

fn noon() -> DateTime<Utc> {
    "2026-01-05T12:00:00Z".parse().unwrap()
}

/// Canonical JSON by the library that the hosts use.
fn canonical(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let mut serializer =
        serde_json::Serializer::with_formatter(&mut bytes, olpc_cjson::CanonicalFormatter::new());
    value.serialize(&mut serializer).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn verify(spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let spki = SubjectPublicKeyInfoRef::try_from(spki).unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, spki.subject_public_key.raw_bytes())
        .verify(message, signature)
        .is_ok()
}

#[rstest]
#[case("Ym9keQ==", "00ff", 1_767_614_400, 7)]
#[case("with \"quotes\" and \\ backslash", "line\nbreak \u{7} é", -1, i64::MIN)]
#[case("", "", i64::MAX, 0)]
fn canonical_json_is_olpcs(
    #[case] body: &str,
    #[case] log_id: &str,
    #[case] time: i64,
    #[case] index: i64,
) {
    let payload = EntryPayload {
        body: body.to_owned(),
        integrated_time: time,
        log_index: index,
        log_id: log_id.to_owned(),
    };
    assert_eq!(canonical_entry(&payload), canonical(&payload));
}

#[test]
fn timestamp_verifies_until_a_field_changes() {
    let log = TransparencyLog::new().unwrap();
    let entry = log
        .enter(
            &EntryBody::hashedrekord(b"payload", b"signature", "verifier"),
            noon(),
        )
        .unwrap();
    let signature = STANDARD.decode(&entry.signed_entry_timestamp).unwrap();
    let spki = log.key().spki();
    assert!(verify(
        &spki,
        canonical(&entry.payload).as_bytes(),
        &signature
    ));
    let mut later = entry.payload.clone();
    later.integrated_time += 1;
    assert!(!verify(&spki, canonical(&later).as_bytes(), &signature));
    assert!(!verify(
        &TransparencyLog::new().unwrap().key().spki(),
        canonical(&entry.payload).as_bytes(),
        &signature
    ));
    assert_eq!(
        hex::decode(&entry.payload.log_id).unwrap(),
        Sha256::digest(&spki).to_vec()
    );
    let annotation: Value = serde_json::from_str(&entry.annotation().unwrap()).unwrap();
    assert_eq!(
        annotation["SignedEntryTimestamp"],
        entry.signed_entry_timestamp
    );
    assert_eq!(annotation["Payload"]["integratedTime"], noon().timestamp());
    assert_eq!(annotation["Payload"]["logID"], entry.payload.log_id);
}

#[rstest]
#[case("hashedrekord", "0.0.1")]
#[case("hashedrekord", "0.0.2")]
#[case("dsse", "0.0.1")]
#[case("intoto", "0.0.2")]
fn bodies_are_canonical(#[case] kind: &str, #[case] version: &str) {
    let text = EntryBody::hashedrekord(b"payload", b"signature", "verifier")
        .as_kind(kind, version)
        .json();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(text, canonical(&value));
    assert_eq!(
        (value["kind"].as_str(), value["apiVersion"].as_str()),
        (Some(kind), Some(version))
    );
}

#[test]
fn hashedrekord_is_as_the_public_log_writes_it() {
    let body = EntryBody::hashedrekord(b"abc", b"\x01\x02", "-----BEGIN");
    assert_eq!(
        body.json(),
        r#"{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}},"signature":{"content":"AQI=","publicKey":{"content":"LS0tLS1CRUdJTg=="}}}}"#
    );
}

#[test]
fn trust_config_holds_the_trusted_root_and_a_signing_config() {
    let sigstore = PrivateSigstore::new().unwrap();
    let config: Value = serde_json::from_str(&sigstore.trust_config_json()).unwrap();
    let root: Value = serde_json::from_str(&sigstore.trusted_root_json()).unwrap();
    assert_eq!(config["trustedRoot"], root);
    assert_eq!(
        config["mediaType"],
        "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
    );
    let parsed: ClientTrustConfig = serde_json::from_value(config).unwrap();
    assert_eq!(parsed.trusted_root.unwrap().tlogs.len(), 1);
    assert_eq!(
        parsed
            .signing_config
            .unwrap()
            .rekor_tlog_config
            .unwrap()
            .selector(),
        ServiceSelector::Any
    );
    for field in ["tlogs", "ctlogs", "certificateAuthorities"] {
        assert_eq!(root[field].as_array().unwrap().len(), 1, "{field}");
    }
    assert_eq!(sigstore.chain_pem().matches("BEGIN CERTIFICATE").count(), 2);
}

#[rstest]
#[case(true)]
#[case(false)]
fn bundle_is_signed_and_referred_to(#[case] keyless: bool) {
    let sigstore = PrivateSigstore::new().unwrap();
    let digest = continuity_testkit::sigstore::digest_of(b"image");
    let identity = Identity::github("acme/api", "release.yml", "refs/tags/v1");
    let leaf = sigstore.issue(&identity, noon()).unwrap();
    let key = SigningKey::generate(KeyKind::P256).unwrap();
    let bundle = if keyless {
        Bundle::by_leaf(&leaf, &digest, SIGN_PREDICATE, sigstore.log(), noon()).unwrap()
    } else {
        Bundle::by_key(&key, &digest, SIGN_PREDICATE, sigstore.log(), noon()).unwrap()
    };
    let json: Value = serde_json::from_slice(&bundle.bytes).unwrap();
    let envelope = &json["dsseEnvelope"];
    let statement = STANDARD
        .decode(envelope["payload"].as_str().unwrap())
        .unwrap();
    let signature = STANDARD
        .decode(envelope["signatures"][0]["sig"].as_str().unwrap())
        .unwrap();
    let kind = envelope["payloadType"].as_str().unwrap();
    let mut signed = format!("DSSEv1 {} {kind} {} ", kind.len(), statement.len()).into_bytes();
    signed.extend_from_slice(&statement);
    let signer = if keyless { &leaf.key } else { &key };
    assert!(verify(&signer.spki(), &signed, &signature));
    let statement: Value = serde_json::from_slice(&statement).unwrap();
    assert_eq!(statement["predicateType"], SIGN_PREDICATE);
    assert_eq!(
        format!(
            "sha256:{}",
            statement["subject"][0]["digest"]["sha256"]
                .as_str()
                .unwrap()
        ),
        digest
    );

    let referrer = bundle.referrer(&Descriptor::of(
        "application/vnd.oci.image.manifest.v1+json",
        b"image",
    ));
    let manifest: Value = serde_json::from_slice(&referrer.manifest).unwrap();
    assert_eq!(
        manifest["artifactType"],
        "application/vnd.dev.sigstore.bundle.v0.3+json"
    );
    assert_eq!(manifest["subject"]["digest"], digest);
    assert_eq!(
        manifest["annotations"]["dev.sigstore.bundle.predicateType"],
        SIGN_PREDICATE
    );
    let index: Value =
        serde_json::from_slice(&bundle_index(std::slice::from_ref(&referrer))).unwrap();
    let descriptor = &index["manifests"][0];
    assert_eq!(
        descriptor["artifactType"],
        "application/vnd.oci.empty.v1+json"
    );
    assert_eq!(
        descriptor["digest"],
        continuity_testkit::sigstore::digest_of(&referrer.manifest)
    );
    assert_eq!(descriptor["size"], referrer.manifest.len());
}

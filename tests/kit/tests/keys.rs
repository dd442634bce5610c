//! Keys and signatures of the kit, verified by another library.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519,
    RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use continuity_testkit::{
    Identity, KeyKind, PrivateSigstore, SigningKey,
    sigstore::{KeySource, UnusualKey, dearmor},
};
use rstest::rstest;
use x509_cert::{der::Decode, spki::SubjectPublicKeyInfoRef};

#[rstest]
#[case(KeyKind::P256, &ECDSA_P256_SHA256_ASN1)]
#[case(KeyKind::P384, &ECDSA_P384_SHA384_ASN1)]
#[case(KeyKind::Ed25519, &ED25519)]
#[case(KeyKind::Rsa2048, &RSA_PKCS1_2048_8192_SHA256)]
#[case(KeyKind::P521, &ECDSA_P521_SHA512_ASN1)]
fn signatures_verify(#[case] kind: KeyKind, #[case] algorithm: &'static dyn VerificationAlgorithm) {
    let key = SigningKey::generate(kind).unwrap();
    let signature = key.sign(b"payload").unwrap();
    let spki = dearmor(&key.public_key_pem()).unwrap();
    assert_eq!(spki, key.spki());
    let public = SubjectPublicKeyInfoRef::try_from(spki.as_slice()).unwrap();
    let verify = |message: &[u8]| {
        UnparsedPublicKey::new(algorithm, public.subject_public_key.raw_bytes())
            .verify(message, &signature)
    };
    verify(b"payload").unwrap();
    assert!(verify(b"another payload").is_err());
}

#[rstest]
#[case(KeyKind::P256, 33)]
#[case(KeyKind::P384, 49)]
#[case(KeyKind::P521, 67)]
fn compressed_points_are_the_same_key(#[case] kind: KeyKind, #[case] length: usize) {
    let key = SigningKey::generate(kind).unwrap();
    let (plain, compressed) = (
        key.spki(),
        dearmor(&key.compressed_public_key_pem().unwrap()).unwrap(),
    );
    let plain = SubjectPublicKeyInfoRef::from_der(&plain).unwrap();
    let compressed = SubjectPublicKeyInfoRef::from_der(&compressed).unwrap();
    assert_eq!(compressed.algorithm, plain.algorithm);
    let (point, short) = (
        plain.subject_public_key.raw_bytes(),
        compressed.subject_public_key.raw_bytes(),
    );
    assert_eq!(short.len(), length);
    assert_eq!(short[1..], point[1..length]);
    assert_eq!(short[0], 2 + (point.last().unwrap() & 1));
}

#[test]
fn rejects_compressing_what_has_no_point() {
    assert!(
        SigningKey::generate(KeyKind::Ed25519)
            .unwrap()
            .compressed_public_key_pem()
            .is_err()
    );
}

#[test]
fn unusual_keys_are_well_formed_and_different() {
    let mut algorithms = std::collections::BTreeSet::new();
    for key in UnusualKey::ALL {
        let spki = dearmor(key.public_key_pem()).unwrap();
        SubjectPublicKeyInfoRef::from_der(&spki).unwrap_or_else(|error| panic!("{key:?}: {error}"));
        assert!(algorithms.insert(spki), "{key:?} stands there twice");
    }
}

#[rstest]
fn seeded_keys_and_their_signatures_come_out_the_same(
    #[values(KeyKind::P256, KeyKind::P384, KeyKind::Ed25519, KeyKind::Rsa2048)] kind: KeyKind,
) {
    let made = |seed: &str, skipped: usize| {
        let keys = KeySource::seeded(seed);
        for _ in 0..skipped {
            keys.fresh(kind).unwrap();
        }
        let key = keys.fresh(kind).unwrap();
        (key.spki(), key.sign(b"message").unwrap())
    };
    assert_eq!(made("a", 1), made("a", 1));
    // Of RSA there is one key.
    let differs = kind != KeyKind::Rsa2048;
    assert_eq!(made("a", 0) != made("b", 0), differs);
    assert_eq!(made("a", 0) != made("a", 1), differs);
    let random = || KeySource::random().fresh(KeyKind::P256).unwrap().spki();
    assert_ne!(random(), random());
}

#[rstest]
fn kinds_that_cannot_be_seeded_are_errors(
    #[values(KeyKind::Rsa4096, KeyKind::P521)] kind: KeyKind,
) {
    assert!(KeySource::seeded("a").fresh(kind).is_err());
}

#[test]
fn a_seeded_sigstore_signs_the_same_bytes_again() {
    let signed = |keys: &str| {
        let sigstore = PrivateSigstore::with_keys(KeySource::seeded("authority")).unwrap();
        let sigstore = sigstore.drawing_from(KeySource::seeded(keys));
        let identity = Identity::google("dev@acme.example");
        let at = chrono::DateTime::from_timestamp(1_795_435_200, 0).unwrap();
        let layer = sigstore
            .sign(&identity, "registry.example/acme/api", "sha256:00", at)
            .unwrap()
            .layer()
            .unwrap();
        (layer, sigstore.trust_config_json())
    };
    assert_eq!(signed("a"), signed("a"));
    assert_ne!(signed("a").0, signed("b").0);
    assert_eq!(signed("a").1, signed("b").1);
}

//! The kit's signatures in the kit's registry, verified by the library that the policy's hosts use.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod verifier;

use chrono::{DateTime, TimeDelta, Utc};
use continuity_testkit::{
    Identity, KeyKind, PrivateSigstore, Registry, Signature, Signer, SigningKey,
    sigstore::{BUNDLE, CERTIFICATE, EntryBody, GITHUB, SimpleSigning, TransparencyLog, digest_of},
};
use rstest::rstest;
use verifier::{Verifier, claimed_by_subject, proven_by_certificate, proven_by_key};

const REPOSITORY: &str = "acme/api";

fn noon() -> DateTime<Utc> {
    "2026-01-05T12:00:00Z".parse().unwrap()
}

fn identity() -> Identity {
    Identity::github("acme/api", "release.yml", "refs/tags/v1.2.3")
}

struct Stage {
    sigstore: PrivateSigstore,
    registry: Registry,
    digest: String,
}

fn stage() -> Stage {
    let (sigstore, registry) = (PrivateSigstore::new().unwrap(), Registry::start().unwrap());
    let digest = registry.push_image(REPOSITORY, "v1", "one").unwrap();
    Stage {
        sigstore,
        registry,
        digest,
    }
}

impl Stage {
    fn sign(&self, signer: &Signer<'_>) -> Signature {
        signer
            .sign(&self.registry.name(REPOSITORY), &self.digest, noon())
            .unwrap()
    }

    fn push(&self, signature: &Signature) {
        self.registry
            .push_signature(REPOSITORY, &self.digest, &[signature.layer().unwrap()])
            .unwrap();
    }

    async fn layers(&self) -> Result<Vec<sigstore::cosign::SignatureLayer>, String> {
        Verifier::new(&self.sigstore)
            .layers(&self.registry, REPOSITORY, &self.digest)
            .await
    }
}

#[rstest]
#[tokio::test]
async fn accepts_keyless(#[values(KeyKind::P256, KeyKind::P384, KeyKind::Ed25519)] kind: KeyKind) {
    let stage = stage();
    let signature = stage.sign(&Signer::keyless(&stage.sigstore, &identity()).with_key_kind(kind));
    stage.push(&signature);
    let layers = stage.layers().await.unwrap();
    let leaf = signature.leaf.as_ref().unwrap();
    assert!(proven_by_certificate(&layers, &leaf.pem()));
    assert!(claimed_by_subject(
        &layers,
        GITHUB,
        identity().subject().unwrap()
    ));
    let other = stage.sigstore.issue(&identity(), noon()).unwrap();
    assert!(
        !proven_by_certificate(&layers, &other.pem()),
        "another leaf of the same identity"
    );
    assert!(!claimed_by_subject(
        &layers,
        GITHUB,
        "https://github.com/acme/web"
    ));
}

/// Sigstore 0.13 verifies RSA signatures by certificates as if they had no digest prefix, so no RSA leaf
/// can be proven on such a host. The signature itself is right: the key form takes it.
#[tokio::test]
async fn rsa_leaves_are_beyond_the_library() {
    let stage = stage();
    let signature =
        stage.sign(&Signer::keyless(&stage.sigstore, &identity()).with_key_kind(KeyKind::Rsa2048));
    stage.push(&signature);
    let layers = stage.layers().await.unwrap();
    assert!(proven_by_key(&layers, &signature.key.public_key_pem()));
    assert!(!proven_by_certificate(
        &layers,
        &signature.leaf.as_ref().unwrap().pem()
    ));
}

#[rstest]
#[tokio::test]
async fn accepts_key_based(
    #[values(KeyKind::P256, KeyKind::Rsa2048)] kind: KeyKind,
    #[values(true, false)] logged: bool,
) {
    let stage = stage();
    let key = SigningKey::generate(kind).unwrap();
    let mut signer = Signer::key(&key);
    if logged {
        signer = signer.logged_in(stage.sigstore.log());
    }
    stage.push(&stage.sign(&signer));
    let layers = stage.layers().await.unwrap();
    assert_eq!(layers.len(), 1);
    assert_eq!(layers[0].bundle.is_some(), logged);
    assert!(proven_by_key(&layers, &key.public_key_pem()));
    if kind == KeyKind::P256 {
        assert!(proven_by_key(
            &layers,
            &key.compressed_public_key_pem().unwrap()
        ));
    }
    assert!(!proven_by_key(
        &layers,
        &SigningKey::generate(kind).unwrap().public_key_pem()
    ));
}

#[tokio::test]
async fn accepts_signed_annotations_beside_another_signature() {
    let stage = stage();
    let payload = SimpleSigning::cosign(&stage.registry.name(REPOSITORY), &stage.digest)
        .with_annotation("a", "b");
    let (one, two) = (
        SigningKey::generate(KeyKind::P256).unwrap(),
        SigningKey::generate(KeyKind::P256).unwrap(),
    );
    let first = stage.sign(&Signer::key(&one)).layer().unwrap();
    let second = Signer::key(&two)
        .sign_payload(&payload.bytes(), noon())
        .unwrap()
        .layer()
        .unwrap();
    stage
        .registry
        .push_signature(REPOSITORY, &stage.digest, &[first, second])
        .unwrap();
    let layers = stage.layers().await.unwrap();
    assert_eq!(layers.len(), 2);
    assert!(
        proven_by_key(&layers, &one.public_key_pem())
            && proven_by_key(&layers, &two.public_key_pem())
    );
}

#[tokio::test]
async fn rejects_another_trust_root() {
    let mut stage = stage();
    let signature = stage.sign(&Signer::keyless(&stage.sigstore, &identity()));
    stage.push(&signature);
    stage.sigstore = PrivateSigstore::new().unwrap();
    assert!(stage.layers().await.is_err());
}

#[tokio::test]
async fn rejects_entry_by_another_log() {
    let stage = stage();
    let log = TransparencyLog::new().unwrap();
    stage.push(&stage.sign(&Signer::keyless(&stage.sigstore, &identity()).logged_in(&log)));
    assert!(stage.layers().await.is_err());
}

#[tokio::test]
async fn rejects_entry_under_a_false_log_id() {
    let stage = stage();
    let log = TransparencyLog::new().unwrap();
    let mut signature = stage.sign(&Signer::keyless(&stage.sigstore, &identity()));
    log.sign(signature.entry.as_mut().unwrap()).unwrap();
    stage.push(&signature);
    assert!(stage.layers().await.is_err());
}

#[tokio::test]
async fn rejects_edited_entry() {
    let stage = stage();
    let mut signature = stage.sign(&Signer::keyless(&stage.sigstore, &identity()));
    signature.entry.as_mut().unwrap().payload.integrated_time += 1;
    stage.push(&signature);
    assert!(stage.layers().await.is_err());
}

#[rstest]
#[case(-1, false)]
#[case(0, true)]
#[case(600, true)]
#[case(601, false)]
#[tokio::test]
async fn log_time_counts(#[case] seconds: i64, #[case] proven: bool) {
    let stage = stage();
    let leaf = stage.sigstore.issue(&identity(), noon()).unwrap();
    let payload = SimpleSigning::cosign(&stage.registry.name(REPOSITORY), &stage.digest).bytes();
    let at = noon() + TimeDelta::seconds(seconds);
    stage.push(&Signature::by_leaf(&leaf, &payload, Some(stage.sigstore.log()), at).unwrap());
    assert_eq!(
        proven_by_certificate(&stage.layers().await.unwrap(), &leaf.pem()),
        proven
    );
}

#[tokio::test]
async fn rejects_wrong_key_and_missing_entry() {
    let stage = stage();
    let mut signature = stage.sign(&Signer::keyless(&stage.sigstore, &identity()));
    let leaf = signature.leaf.clone().unwrap();
    signature.signature = SigningKey::generate(KeyKind::P256)
        .unwrap()
        .sign(&signature.payload)
        .unwrap();
    stage.push(&signature);
    assert!(!proven_by_certificate(
        &stage.layers().await.unwrap(),
        &leaf.pem()
    ));

    let layer = stage
        .sign(&Signer::keyless(&stage.sigstore, &identity()))
        .layer()
        .unwrap()
        .without(BUNDLE);
    let certificate = layer.annotations.value(CERTIFICATE).unwrap().to_owned();
    stage
        .registry
        .push_signature(REPOSITORY, &stage.digest, &[layer])
        .unwrap();
    assert!(!proven_by_certificate(
        &stage.layers().await.unwrap(),
        &certificate
    ));
}

#[tokio::test]
async fn rejects_payload_of_another_digest() {
    let stage = stage();
    let other = digest_of(b"another image");
    let signature = Signer::keyless(&stage.sigstore, &identity())
        .sign(REPOSITORY, &other, noon())
        .unwrap();
    stage.push(&signature);
    assert!(stage.layers().await.is_err());
}

/// The library does not read the entry's body; the policy has to.
#[rstest]
#[case("dsse", "0.0.1")]
#[case("intoto", "0.0.2")]
#[case("hashedrekord", "0.0.2")]
#[tokio::test]
async fn entries_of_other_kinds_are_validly_timestamped(#[case] kind: &str, #[case] version: &str) {
    let stage = stage();
    let mut signature = stage.sign(&Signer::keyless(&stage.sigstore, &identity()));
    let certificate = signature.certificate.clone().unwrap();
    let body = EntryBody::hashedrekord(&signature.payload, &signature.signature, &certificate)
        .as_kind(kind, version);
    signature.entry = Some(stage.sigstore.log().enter(&body, noon()).unwrap());
    stage.push(&signature);
    assert!(proven_by_certificate(
        &stage.layers().await.unwrap(),
        &certificate
    ));
}

//! Signatures of cosign 2: who, when, for which repository.

use chrono::{DateTime, TimeDelta, Utc};
use continuity_cli::observation::SignedRepository;
use continuity_testkit::Signature;
use continuity_testkit::sigstore::{EntryBody, KeyKind, Signer, SigningKey, SimpleSigning};
use rstest::rstest;
use serde_json::json;
use signature_continuity::baseline::Format;
use signature_continuity::posture::Posture;
use signature_continuity::settings::Settings;

use super::{Lab, NAME, signed_at, workflow};

fn push(lab: &Lab, signatures: &[Signature]) {
    let layers: Vec<_> = signatures
        .iter()
        .map(|signature| signature.layer().unwrap())
        .collect();
    lab.registry
        .push_signature(NAME, &lab.digest, &layers)
        .unwrap();
}

fn signing(lab: &Lab) -> SimpleSigning {
    SimpleSigning::cosign(&lab.repository, &lab.digest)
}

#[test]
fn proves_a_keyless_signature_with_the_logs_time() {
    let lab = Lab::new();
    let signature = lab
        .sigstore
        .sign(&workflow(), &lab.repository, &lab.digest, signed_at())
        .unwrap();
    push(&lab, &[signature]);
    let seen = lab.see(&[]);
    assert_eq!(seen.observation.posture, Posture::Signed);
    assert!(seen.observation.bundles_read);
    let [signature] = seen.signatures.as_slice() else {
        panic!("{seen:?}");
    };
    assert_eq!(signature.logged_at, Some(signed_at()));
    assert_eq!(signature.signed_repository, SignedRepository::Here);
    assert_eq!(signature.format(), Format::Cosign2);
}

#[rstest]
#[case::p256(KeyKind::P256)]
#[case::p384(KeyKind::P384)]
#[case::ed25519(KeyKind::Ed25519)]
#[case::rsa(KeyKind::Rsa2048)]
fn proves_signatures_by_keys_of_every_kind(#[case] kind: KeyKind) {
    let lab = Lab::new();
    let key = SigningKey::generate(kind).unwrap();
    let unlogged = Signer::key(&key)
        .sign(&lab.repository, &lab.digest, signed_at())
        .unwrap();
    push(&lab, &[unlogged]);
    let seen = lab.see(&[&key]);
    assert_eq!(seen.observation.posture, Posture::Signed, "{seen:?}");
    assert_eq!(seen.signatures[0].logged_at, None);
    // Without the key nobody knows whose it is.
    assert_eq!(lab.see(&[]).observation.posture, Posture::Unverifiable);

    let logged = Signer::key(&key)
        .logged_in(lab.sigstore.log())
        .sign(&lab.repository, &lab.digest, signed_at())
        .unwrap();
    push(&lab, &[logged]);
    let seen = lab.see(&[]);
    assert_eq!(seen.observation.posture, Posture::Signed, "{seen:?}");
    assert_eq!(seen.signatures[0].logged_at, Some(signed_at()));
}

#[test]
fn a_logged_key_in_another_encoding_is_no_contradiction() {
    let lab = Lab::new();
    let key = SigningKey::generate(KeyKind::P256).unwrap();
    let mut signature = Signer::key(&key)
        .sign(&lab.repository, &lab.digest, signed_at())
        .unwrap();
    let compressed = key.compressed_public_key_pem().unwrap();
    let body = EntryBody::hashedrekord(&signature.payload, &signature.signature, &compressed);
    signature.entry = Some(lab.sigstore.log().enter(&body, signed_at()).unwrap());
    push(&lab, &[signature]);
    assert_eq!(lab.see(&[]).observation.posture, Posture::Unknown);
}

#[test]
fn a_signature_made_for_another_repository_is_elsewhere() {
    let lab = Lab::new();
    let elsewhere = lab
        .sigstore
        .sign(&workflow(), "ghcr.io/acme/other", &lab.digest, signed_at())
        .unwrap();
    push(&lab, std::slice::from_ref(&elsewhere));
    let seen = lab.see(&[]);
    assert_eq!(seen.observation.posture, Posture::Signed);
    assert_eq!(
        seen.signatures[0].signed_repository,
        SignedRepository::Elsewhere("ghcr.io/acme/other".to_owned())
    );
    // One made for this repository counts, with its own time.
    let later = signed_at() + TimeDelta::days(3);
    let here = lab
        .sigstore
        .sign(&workflow(), &lab.repository, &lab.digest, later)
        .unwrap();
    push(&lab, &[elsewhere, here]);
    let seen = lab.see(&[]);
    assert_eq!(seen.signatures.len(), 1);
    assert_eq!(seen.signatures[0].signed_repository, SignedRepository::Here);
    assert_eq!(seen.signatures[0].logged_at, Some(later));
}

#[test]
fn a_payload_of_another_type_teaches_nothing() {
    let lab = Lab::new();
    let mut payload = signing(&lab);
    payload.kind = "something else".to_owned();
    let signature = Signer::keyless(&lab.sigstore, &workflow())
        .sign_payload(&payload.bytes(), signed_at())
        .unwrap();
    push(&lab, &[signature]);
    let seen = lab.see(&[]);
    assert_eq!(
        seen.signatures[0].signed_repository,
        SignedRepository::Elsewhere("a payload of the type something else".to_owned())
    );
}

#[test]
fn introductions_are_read_from_payloads_made_for_this_repository() {
    let lab = Lab::new();
    let id = "a".repeat(64);
    let introducing =
        |signing: SimpleSigning| signing.with_annotation("signature-continuity/introduces", &id);
    let sign = |payload: SimpleSigning, at| {
        Signer::keyless(&lab.sigstore, &workflow())
            .sign_payload(&payload.bytes(), at)
            .unwrap()
    };
    let introduced = |lab: &Lab| -> Vec<(String, Option<DateTime<Utc>>)> {
        let seen = lab.see(&[]);
        assert_eq!(seen.observation.posture, Posture::Signed);
        let introduces = seen.signatures[0].introduces.iter();
        introduces.map(|(id, at)| (id.to_string(), *at)).collect()
    };
    push(&lab, &[sign(introducing(signing(&lab)), signed_at())]);
    assert_eq!(introduced(&lab), [(id.clone(), Some(signed_at()))]);
    let elsewhere = SimpleSigning::cosign("ghcr.io/acme/other", &lab.digest);
    push(&lab, &[sign(introducing(elsewhere), signed_at())]);
    assert!(introduced(&lab).is_empty());
    // A later introduction does not get the time of an older signature.
    let later = signed_at() + TimeDelta::days(300);
    push(
        &lab,
        &[
            sign(signing(&lab), signed_at()),
            sign(introducing(signing(&lab)), later),
        ],
    );
    assert_eq!(introduced(&lab), [(id.clone(), Some(later))]);
}

#[test]
fn a_signed_index_has_platforms_and_covers_their_digests() {
    let lab = Lab::new();
    let (index, platforms) = lab.registry.push_index(NAME, "v2", "multi").unwrap();
    let signer = workflow();
    let signature = lab
        .sigstore
        .sign(&signer, &lab.repository, &index, signed_at())
        .unwrap();
    lab.registry
        .push_signature(NAME, &index, &[signature.layer().unwrap()])
        .unwrap();
    let listed = |seen: &continuity_cli::observation::ObservedImage| -> Vec<String> {
        seen.platforms.iter().map(ToString::to_string).collect()
    };
    let settings = lab.settings(&[]);
    let by_tag = lab.see_image(&lab.registry.image(NAME, "v2"), &settings);
    assert_eq!(listed(&by_tag), platforms);
    // A node runs the digest of its platform, under the tag. Whoever can push can move the tag to an index of his own
    // that lists what runs, so the index counts where a known signer signed it.
    let running = format!("{}@{}", lab.registry.image(NAME, "v2"), platforms[1]);
    let seen = lab.see_image(&running, &settings);
    assert_eq!(seen.observation.posture, Posture::Unsigned);
    assert_eq!(seen.observation.digest.unwrap().as_str(), platforms[1]);
    let known = json!({"issuer": signer.issuer, "subject": signer.subject().unwrap()});
    let settings = json!({
        "certificateAuthorities": [lab.sigstore.chain_pem()],
        "pins": [{"repositories": ["**"], "anyOf": [known]}],
    });
    let settings = Settings::parse(settings.to_string().as_bytes()).unwrap();
    let seen = lab.see_image(&running, &settings);
    assert_eq!(seen.observation.posture, Posture::Signed);
    assert_eq!(seen.observation.digest.unwrap().as_str(), index);
    // Without the tag nothing says so, and under a tag that does not list it neither.
    let alone = lab.see_image(&lab.registry.image(NAME, &platforms[1]), &settings);
    assert_eq!(alone.observation.posture, Posture::Unsigned);
    let other_tag = format!("{}@{}", lab.registry.image(NAME, "v1"), platforms[1]);
    let seen = lab.see_image(&other_tag, &settings);
    assert_eq!(seen.observation.posture, Posture::Unsigned);
}

#[test]
fn a_payload_that_is_not_there_or_too_large_proves_nothing() {
    let lab = Lab::new();
    let signature = lab
        .sigstore
        .sign(&workflow(), &lab.repository, &lab.digest, signed_at())
        .unwrap();
    let mut withheld = signature.layer().unwrap();
    withheld.withhold_blob = true;
    let layer = |layer| lab.registry.push_signature(NAME, &lab.digest, &[layer]);
    layer(withheld).unwrap();
    assert_eq!(lab.see(&[]).observation.posture, Posture::Unknown);
    // A blob of a mebibyte, declared as 300 bytes.
    let mut huge = signing(&lab).with_annotation("x", &"y".repeat(1 << 20));
    huge.kind = "cosign container image signature".to_owned();
    let mut huge = Signer::keyless(&lab.sigstore, &workflow())
        .sign_payload(&huge.bytes(), signed_at())
        .unwrap()
        .layer()
        .unwrap();
    huge.declared_size = Some(300);
    layer(huge).unwrap();
    assert_eq!(lab.see(&[]).observation.posture, Posture::Unknown);
}

#[test]
fn a_known_keys_signature_is_no_unknown_one() {
    let lab = Lab::new();
    let [known, other] = [(); 2].map(|()| SigningKey::generate(KeyKind::P256).unwrap());
    let by = |key: &SigningKey| {
        let unlogged = Signer::key(key);
        unlogged
            .sign(&lab.repository, &lab.digest, signed_at())
            .unwrap()
    };
    push(&lab, &[by(&known)]);
    let seen = lab.see(&[&known]);
    assert_eq!(seen.observation.problems, [], "{seen:?}");
    // Another one beside it is.
    push(&lab, &[by(&known), by(&other)]);
    let seen = lab.see(&[&known]);
    assert_eq!(seen.observation.posture, Posture::Signed);
    assert_eq!(seen.observation.problems.len(), 1, "{seen:?}");
    assert_eq!(lab.see(&[&known, &other]).observation.problems, []);
}

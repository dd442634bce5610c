//! Bundles of cosign 3: by the referrers API and the tag that stands in for it, and each way in which they fail.

use continuity_cli::observation::{ObservedImage, SignedRepository};
use continuity_testkit::registry::{Fault, FaultRule};
use continuity_testkit::sigstore::{
    Bundle, KeyKind, LeafFlaw, PrivateSigstore, SIGN_PREDICATE, SigningKey,
};
use rstest::rstest;
use serde_json::{Value, json};
use signature_continuity::baseline::Format;
use signature_continuity::posture::Posture;

use super::{Lab, NAME, signed_at, workflow};

const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

fn keyless_by(sigstore: &PrivateSigstore, digest: &str, predicate: &str) -> Bundle {
    let leaf = sigstore.issue(&workflow(), signed_at()).unwrap();
    Bundle::proven_by_leaf(&leaf, digest, predicate, sigstore.log(), signed_at()).unwrap()
}

fn keyless(lab: &Lab) -> Bundle {
    keyless_by(&lab.sigstore, &lab.digest, SIGN_PREDICATE)
}

fn push(lab: &Lab, bundles: &[Bundle]) {
    lab.registry
        .push_bundles(NAME, &lab.digest, bundles)
        .unwrap();
}

fn see(lab: &Lab, bundle: Bundle) -> ObservedImage {
    push(lab, &[bundle]);
    lab.see(&[])
}

#[rstest]
#[case::fallback_tag(None)]
#[case::referrers(Some(100))]
#[case::pages_of_one(Some(1))]
fn proves_a_keyless_bundle(#[case] page: Option<usize>) {
    let lab = Lab::new();
    lab.registry.serve_referrers(page);
    let bundles = [
        keyless(&lab),
        keyless_by(&lab.sigstore, &lab.digest, PROVENANCE),
    ];
    match page {
        None => push(&lab, &bundles),
        Some(_) => {
            lab.registry
                .push_referrers(NAME, &lab.digest, &bundles)
                .unwrap();
        }
    }
    let seen = lab.see(&[]);
    assert_eq!(seen.observation.posture, Posture::Signed, "{seen:?}");
    assert_eq!(seen.attestations, 1);
    let [signature] = seen.signatures.as_slice() else {
        panic!("{seen:?}");
    };
    assert_eq!(signature.format(), Format::Bundle);
    assert_eq!(signature.signed_repository, SignedRepository::Unsaid);
    assert_eq!(signature.logged_at, Some(signed_at()));
}

#[test]
fn an_old_fallback_tag_is_seen_beside_a_new_api() {
    let lab = Lab::new();
    push(&lab, &[keyless(&lab)]);
    lab.registry.serve_referrers(Some(10));
    // The manifest has a subject, so the API would list it; here it forgets.
    let empty = json!({"schemaVersion": 2, "manifests": []}).to_string();
    let index = "application/vnd.oci.image.index.v1+json".to_owned();
    lab.registry.fault(FaultRule::new(
        NAME,
        "referrers/*",
        Fault::Body {
            status: 200,
            content_type: index,
            body: empty.into_bytes(),
        },
    ));
    assert_eq!(lab.see(&[]).observation.posture, Posture::Signed);
}

#[rstest]
#[case::p256(KeyKind::P256)]
#[case::p384(KeyKind::P384)]
#[case::ed25519(KeyKind::Ed25519)]
#[case::rsa(KeyKind::Rsa2048)]
fn proves_bundles_by_key(#[case] kind: KeyKind) {
    let lab = Lab::new();
    let key = SigningKey::generate(kind).unwrap();
    let log = lab.sigstore.log();
    let logged =
        Bundle::proven_by_key(&key, &lab.digest, SIGN_PREDICATE, log, signed_at()).unwrap();
    push(&lab, &[logged]);
    // The log entry names the key.
    let seen = lab.see(&[]);
    assert_eq!(seen.observation.posture, Posture::Signed, "{seen:?}");
    assert_eq!(seen.signatures[0].logged_at, Some(signed_at()));

    let unlogged = Bundle::unlogged_by_key(&key, &lab.digest, SIGN_PREDICATE, signed_at()).unwrap();
    push(&lab, &[unlogged]);
    assert_eq!(lab.see(&[]).observation.posture, Posture::Unverifiable);
    let seen = lab.see(&[&key]);
    assert_eq!(seen.observation.posture, Posture::Signed, "{seen:?}");
    assert_eq!(seen.signatures[0].logged_at, None);
    let other = SigningKey::generate(kind).unwrap();
    assert_eq!(
        lab.see(&[&other]).observation.posture,
        Posture::Unverifiable
    );
}

#[test]
fn attestations_sign_nothing() {
    let lab = Lab::new();
    let seen = see(&lab, keyless_by(&lab.sigstore, &lab.digest, PROVENANCE));
    assert_eq!(seen.observation.posture, Posture::Unsigned, "{seen:?}");
    assert_eq!(seen.attestations, 1);
    // One that calls itself a signature contradicts itself.
    let mut lying = keyless_by(&lab.sigstore, &lab.digest, PROVENANCE);
    lying.predicate_type = SIGN_PREDICATE.to_owned();
    assert_eq!(see(&lab, lying).observation.posture, Posture::Invalid);
}

#[test]
fn a_bundle_of_another_digest_contradicts_the_image() {
    let lab = Lab::new();
    let other = format!("sha256:{}", "0".repeat(64));
    let seen = see(&lab, keyless_by(&lab.sigstore, &other, SIGN_PREDICATE));
    assert_eq!(seen.observation.posture, Posture::Invalid, "{seen:?}");
    // Without a log entry only our own look at the statement tells.
    let key = SigningKey::generate(KeyKind::P256).unwrap();
    let unlogged = Bundle::unlogged_by_key(&key, &other, SIGN_PREDICATE, signed_at()).unwrap();
    push(&lab, &[unlogged]);
    let seen = lab.see(&[&key]);
    assert!(seen.signatures.is_empty());
    assert_eq!(seen.observation.posture, Posture::Invalid, "{seen:?}");
}

#[test]
fn another_authority_or_log_proves_nothing() {
    let lab = Lab::new();
    let foreign = PrivateSigstore::new().unwrap();
    let seen = see(&lab, keyless_by(&foreign, &lab.digest, SIGN_PREDICATE));
    assert_eq!(seen.observation.posture, Posture::Unverifiable);
    // The settings trust the authority, the trust root does not.
    let settings = lab.settings_of(&foreign.chain_pem(), &[]);
    let seen = lab.see_image(&lab.image(), &settings);
    assert_eq!(seen.observation.posture, Posture::Unverifiable, "{seen:?}");
    // The trust root trusts it, the settings do not.
    push(&lab, &[keyless(&lab)]);
    let seen = lab.see_image(&lab.image(), &settings);
    assert_eq!(seen.observation.posture, Posture::Unverifiable, "{seen:?}");
    assert_eq!(lab.see(&[]).observation.posture, Posture::Signed);
    // Self-made, with the victim's names.
    let leaf = lab
        .sigstore
        .issue_flawed(&workflow(), signed_at(), LeafFlaw::SelfSigned)
        .unwrap();
    let log = lab.sigstore.log();
    let bundle =
        Bundle::proven_by_leaf(&leaf, &lab.digest, SIGN_PREDICATE, log, signed_at()).unwrap();
    assert_eq!(see(&lab, bundle).observation.posture, Posture::Unverifiable);
    // A log that nobody trusts.
    let leaf = lab.sigstore.issue(&workflow(), signed_at()).unwrap();
    let log = foreign.log();
    let bundle =
        Bundle::proven_by_leaf(&leaf, &lab.digest, SIGN_PREDICATE, log, signed_at()).unwrap();
    assert_eq!(see(&lab, bundle).observation.posture, Posture::Unverifiable);
}

#[test]
fn a_leaf_that_had_ended_when_the_log_saw_it_contradicts_itself() {
    let lab = Lab::new();
    let leaf = lab.sigstore.issue(&workflow(), signed_at()).unwrap();
    let late = signed_at() + chrono::TimeDelta::hours(1);
    let log = lab.sigstore.log();
    let bundle = Bundle::proven_by_leaf(&leaf, &lab.digest, SIGN_PREDICATE, log, late).unwrap();
    let seen = see(&lab, bundle);
    assert_eq!(seen.observation.posture, Posture::Invalid, "{seen:?}");
}

fn entry(bundle: &mut Value) -> &mut Value {
    &mut bundle["verificationMaterial"]["tlogEntries"][0]
}

/// Another valid value of the same kind: of another bundle by the same people.
fn swapped(lab: &Lab, pointer: &str) -> Bundle {
    let other = format!("sha256:{}", "1".repeat(64));
    let donor = keyless_by(&lab.sigstore, &other, SIGN_PREDICATE);
    let donor: Value = serde_json::from_slice(&donor.bytes).unwrap();
    let part = donor.pointer(pointer).unwrap().clone();
    keyless(lab)
        .edited(|bundle| *bundle.pointer_mut(pointer).unwrap() = part)
        .unwrap()
}

#[rstest]
#[case::promise("/verificationMaterial/tlogEntries/0/inclusionPromise")]
#[case::checkpoint("/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint")]
#[case::root("/verificationMaterial/tlogEntries/0/inclusionProof/rootHash")]
#[case::proof("/verificationMaterial/tlogEntries/0/inclusionProof")]
#[case::body("/verificationMaterial/tlogEntries/0/canonicalizedBody")]
#[case::entry("/verificationMaterial/tlogEntries/0")]
#[case::certificate("/verificationMaterial/certificate")]
#[case::payload("/dsseEnvelope/payload")]
#[case::signature("/dsseEnvelope/signatures")]
fn a_part_of_another_bundle_contradicts_the_rest(#[case] pointer: &str) {
    let lab = Lab::new();
    let seen = see(&lab, swapped(&lab, pointer));
    assert!(seen.signatures.is_empty());
    assert_eq!(seen.observation.posture, Posture::Invalid, "{seen:?}");
}

#[rstest]
#[case::no_entry(|bundle: &mut Value| bundle["verificationMaterial"]["tlogEntries"] = json!([]))]
#[case::no_proof(|bundle: &mut Value| { entry(bundle).as_object_mut().unwrap().remove("inclusionProof"); })]
#[case::no_promise(|bundle: &mut Value| { entry(bundle).as_object_mut().unwrap().remove("inclusionPromise"); })]
#[case::no_checkpoint(|bundle: &mut Value| { entry(bundle)["inclusionProof"].as_object_mut().unwrap().remove("checkpoint"); })]
#[case::newer_version(|bundle: &mut Value| bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle.v9+json"))]
#[case::two_signatures(|bundle: &mut Value| {
    let signature = bundle["dsseEnvelope"]["signatures"][0].clone();
    bundle["dsseEnvelope"]["signatures"] = json!([signature, signature]);
})]
#[case::other_kind(|bundle: &mut Value| entry(bundle)["kindVersion"]["version"] = json!("0.0.9"))]
#[case::nothing(|bundle: &mut Value| *bundle = json!({}))]
fn what_cannot_be_judged_proves_nothing(#[case] edit: fn(&mut Value)) {
    let lab = Lab::new();
    let seen = see(&lab, keyless(&lab).edited(edit).unwrap());
    assert!(seen.signatures.is_empty());
    assert_eq!(seen.observation.posture, Posture::Unverifiable, "{seen:?}");
}

#[test]
fn a_bundle_with_the_promise_alone_is_not_proven() {
    let lab = Lab::new();
    let leaf = lab.sigstore.issue(&workflow(), signed_at()).unwrap();
    let log = lab.sigstore.log();
    let bundle = Bundle::by_leaf(&leaf, &lab.digest, SIGN_PREDICATE, log, signed_at()).unwrap();
    assert_eq!(see(&lab, bundle).observation.posture, Posture::Unverifiable);
}

#[test]
fn a_large_bundle_is_not_read() {
    let lab = Lab::new();
    let large = keyless(&lab)
        .edited(|bundle| bundle["padding"] = json!("x".repeat(64 * 1024)))
        .unwrap();
    let seen = see(&lab, large);
    assert_eq!(seen.observation.posture, Posture::Unverifiable, "{seen:?}");
}

#[test]
fn bundles_beside_a_signature_tag_are_seen_too() {
    let lab = Lab::new();
    let signature = lab
        .sigstore
        .sign(&workflow(), &lab.repository, &lab.digest, signed_at())
        .unwrap();
    lab.registry
        .push_signature(NAME, &lab.digest, &[signature.layer().unwrap()])
        .unwrap();
    let seen = see(&lab, keyless(&lab));
    let formats: Vec<Format> = seen.signatures.iter().map(|s| s.format()).collect();
    assert_eq!(formats, [Format::Cosign2, Format::Bundle]);
}

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::baseline::Baseline;
use crate::host_error::HostError;
use crate::posture::{Cause, Posture};
use crate::public_key::PublicKey;
use crate::settings::Settings;
use crate::signer::Signer;
use crate::testing::Failure;
use crate::testing::{
    FakeHost, REPOSITORY, baseline, digest, google, key_signer, keyless, manifest_of, release,
    settings, signed_at, signer_of, sigstore,
};
use chrono::TimeDelta;
use continuity_testkit::sigstore::{
    CERTIFICATE, CHAIN, Leaf as KitLeaf, LeafFlaw, LeafRequest, SIGNATURE, SimpleSigning,
};
use continuity_testkit::{KeyKind, Signature, SignatureLayer, Signer as KitSigner, SigningKey};
use rstest::rstest;
use serde_json::json;

#[path = "proof_tests/confirmation.rs"]
mod confirmation;
#[path = "proof_tests/forgeries.rs"]
mod forgeries;
#[path = "proof_tests/log_entries.rs"]
mod log_entries;
#[path = "proof_tests/order.rs"]
mod order;

/// An image, its `.sig`, and who is known.
struct Stage {
    host: FakeHost,
    settings: Settings,
    baseline: Baseline,
    digest: Digest,
    claims: Claims,
    extent: Extent,
}

impl Stage {
    fn new(known: &[Signer], layers: &[SignatureLayer]) -> Self {
        let digest = digest("the image");
        let host = FakeHost::new();
        host.sign(REPOSITORY, &digest, layers);
        Self {
            host,
            settings: settings(json!({})),
            baseline: baseline(known),
            digest,
            claims: Claims::from_manifest(&manifest_of(layers)).unwrap(),
            extent: Extent::Bounded,
        }
    }

    fn prove(&self) -> Findings {
        self.prove_until(|_| false)
    }

    fn prove_until(&self, enough: impl Fn(&ProvenSigner) -> bool) -> Findings {
        let chains = self.settings.certificate_chains();
        let names = REPOSITORY
            .parse::<crate::reference::Repository>()
            .unwrap()
            .into();
        let artifact = SignedArtifact {
            name: REPOSITORY,
            digest: &self.digest,
            payload_names: &[REPOSITORY.to_owned()],
            authorities: chains.iter().map(|chain| chain.certificates()).collect(),
        };
        let known = Known::new(&self.settings, &names, Some(&self.baseline), &[]);
        let calls = Calls::new(&self.host, TimeDelta::seconds(10));
        prove(&calls, &artifact, &self.claims, &known, self.extent, enough)
    }
}

/// What the findings come to, as the posture would be.
fn posture(findings: &Findings) -> Posture {
    if findings.interrupted.is_some() {
        Posture::Unknown
    } else if findings.proven.is_empty() {
        posture_of(&findings.problems).0
    } else {
        Posture::Signed
    }
}

fn layer(signature: &Signature) -> SignatureLayer {
    signature.layer().unwrap()
}

fn payload(repository: &str) -> Vec<u8> {
    SimpleSigning::cosign(repository, digest("the image").as_str()).bytes()
}

fn good() -> Signature {
    keyless(&release("v1"), &digest("the image"))
}

fn signers(findings: &Findings) -> Vec<&Signer> {
    findings.proven.iter().map(ProvenSigner::signer).collect()
}

#[test]
fn accepts_a_keyless_signature() {
    let stage = Stage::new(&[], &[layer(&good())]);
    let findings = stage.prove();
    assert_eq!(signers(&findings), [&signer_of(&release("v7"))]);
    assert_eq!((&findings.problems, findings.interrupted), (&vec![], None));
    let provenance = findings.proven[0].provenance().unwrap();
    assert_eq!(provenance.runner.as_deref(), Some("github-hosted"));
    assert_eq!(stage.host.kinds(), ["issued-by", "verify-certificate"]);
    assert!(stage.host.calls()[1].ends_with(&format!("{REPOSITORY}@{}", stage.digest)));
}

#[rstest]
#[case::p256(KeyKind::P256)]
#[case::p384(KeyKind::P384)]
#[case::ed25519(KeyKind::Ed25519)]
#[case::rsa(KeyKind::Rsa2048)]
fn accepts_a_known_key_and_one_from_the_log(#[case] kind: KeyKind) {
    let key = SigningKey::generate(kind).unwrap();
    let unlogged = Signature::by_key(&key, &payload(REPOSITORY), None, signed_at()).unwrap();
    let log = Some(sigstore().log());
    let logged = Signature::by_key(&key, &payload(REPOSITORY), log, signed_at()).unwrap();
    for (known, signature) in [(vec![key_signer(&key)], &unlogged), (vec![], &logged)] {
        let stage = Stage::new(&known, &[layer(signature)]);
        let findings = stage.prove();
        assert_eq!(signers(&findings), [&key_signer(&key)]);
        assert_eq!(stage.host.kinds(), ["verify-key"]);
        assert_eq!(findings.proven[0].provenance(), None);
    }
}

/// What it comes to that a host does not confirm a key's signature.
#[rstest]
#[case::p256(KeyKind::P256, Cause::Answer)]
#[case::ed25519(KeyKind::Ed25519, Cause::Answer)]
#[case::p384(KeyKind::P384, Cause::Format)]
#[case::rsa(KeyKind::Rsa2048, Cause::Format)]
fn a_no_to_a_logged_key_is_the_learners_to_tell_where_hosts_differ(
    #[case] kind: KeyKind,
    #[case] expected: Cause,
) {
    let key = SigningKey::generate(kind).unwrap();
    let log = Some(sigstore().log());
    let signature = Signature::by_key(&key, &payload(REPOSITORY), log, signed_at()).unwrap();
    let stage = Stage::new(&[], &[layer(&signature)]);
    stage
        .host
        .fail("verify-key", Failure::Error(HostError::Negative));
    let findings = stage.prove();
    assert_eq!(
        posture_of(&findings.problems),
        (Posture::Unknown, Some(expected)),
        "{:?}",
        findings.problems
    );
}

#[test]
fn rejects_leaves_with_any_one_flaw() {
    for flaw in LeafFlaw::ALL {
        let leaf = sigstore()
            .issue_flawed(&release("v1"), signed_at() - TimeDelta::seconds(1), flaw)
            .unwrap();
        let stage = Stage::new(&[signer_of(&release("v1"))], &[layer(&by_leaf(&leaf))]);
        let findings = stage.prove();
        assert_eq!(signers(&findings), [] as [&Signer; 0], "{flaw:?}");
        assert_eq!(posture(&findings), Posture::Unverifiable, "{flaw:?}");
        if flaw.chains() {
            assert_eq!(
                stage.host.kinds(),
                [] as [&str; 0],
                "{flaw:?}: nothing is asked"
            );
            assert!(
                matches!(findings.problems[..], [Problem::Certificate(_)]),
                "{flaw:?}"
            );
        } else {
            assert_eq!(stage.host.kinds(), ["issued-by"], "{flaw:?}");
            assert_eq!(findings.problems, [Problem::ForeignAuthority], "{flaw:?}");
        }
    }
}

fn by_leaf(leaf: &KitLeaf) -> Signature {
    Signature::by_leaf(
        leaf,
        &payload(REPOSITORY),
        Some(sigstore().log()),
        signed_at(),
    )
    .unwrap()
}

#[test]
fn accepts_a_leaf_long_after_its_authority_would_be_needed() {
    // The chain is asked at the leaf's notBefore, so a leaf stays proven when it has expired.
    let stage = Stage::new(&[], &[layer(&good())]);
    stage.host.set_clock(signed_at() + TimeDelta::days(3000));
    assert_eq!(posture(&stage.prove()), Posture::Signed);
}

#[rstest]
#[case::two_blocks(|layer: SignatureLayer| { let pem = annotation(&layer, CERTIFICATE); layer.with(CERTIFICATE, pem.clone() + &pem) })]
#[case::words_around(|layer: SignatureLayer| { let pem = annotation(&layer, CERTIFICATE); layer.with(CERTIFICATE, format!("{pem}and so on")) })]
#[case::other_tag(|layer: SignatureLayer| { let pem = annotation(&layer, CERTIFICATE).replace("CERTIFICATE", "X509 CERTIFICATE"); layer.with(CERTIFICATE, pem) })]
#[case::empty(|layer: SignatureLayer| layer.with(CERTIFICATE, ""))]
#[case::no_signature(|layer: SignatureLayer| layer.without(SIGNATURE))]
#[case::signature_no_base64(|layer: SignatureLayer| layer.with(SIGNATURE, "%%%"))]
fn rejects_annotations_that_are_not_in_order(#[case] change: fn(SignatureLayer) -> SignatureLayer) {
    let stage = Stage::new(&[signer_of(&release("v1"))], &[change(layer(&good()))]);
    let findings = stage.prove();
    assert!(findings.proven.is_empty());
    assert!(matches!(
        posture(&findings),
        Posture::Invalid | Posture::Unverifiable
    ));
    assert_eq!(stage.host.kinds(), [] as [&str; 0]);
}

fn annotation(layer: &SignatureLayer, key: &str) -> String {
    layer.annotations.value(key).unwrap().to_owned()
}

#[test]
fn ignores_the_chain_annotation() {
    for chain in [
        None,
        Some("garbage"),
        Some("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"),
    ] {
        let plain = layer(&good()).without(CHAIN);
        let changed = chain.map_or(plain.clone(), |chain| plain.with(CHAIN, chain));
        assert_eq!(
            posture(&Stage::new(&[], &[changed]).prove()),
            Posture::Signed
        );
    }
}

#[test]
fn asks_every_authority_until_one_issued_it() {
    let other = continuity_testkit::PrivateSigstore::new().unwrap();
    let chains = |pems: &[String]| settings(json!({"certificateAuthorities": pems}));
    let mut stage = Stage::new(&[], &[layer(&good())]);
    stage.settings = chains(&[other.chain_pem(), sigstore().chain_pem()]);
    assert_eq!(posture(&stage.prove()), Posture::Signed);
    assert_eq!(
        stage.host.kinds(),
        ["issued-by", "issued-by", "verify-certificate"]
    );

    stage.host.forget_calls();
    stage.settings = chains(&[other.chain_pem()]);
    assert_eq!(stage.prove().problems, [Problem::ForeignAuthority]);
    assert_eq!(stage.host.kinds(), ["issued-by"]);
}

#[test]
fn rejects_a_leaf_of_an_authority_that_is_not_the_public_one() {
    let mut stage = Stage::new(&[], &[layer(&good())]);
    stage.settings = settings(json!({"certificateAuthorities": []}));
    assert_eq!(stage.prove().problems, [Problem::ForeignAuthority]);
}

#[test]
fn rejects_a_leaf_from_before_its_authority() {
    // The authority of the kit begins in 2020.
    let at = "2019-06-01T00:00:00Z".parse().unwrap();
    let leaf = sigstore()
        .authority()
        .issue(&LeafRequest::new(&release("v1"), at))
        .unwrap();
    let signature =
        Signature::by_leaf(&leaf, &payload(REPOSITORY), Some(sigstore().log()), at).unwrap();
    let findings = Stage::new(&[], &[layer(&signature)]).prove();
    assert_eq!(findings.problems, [Problem::ForeignAuthority]);
}

#[rstest]
#[case::other_kind(KeyKind::P521, true, (Posture::Unknown, Some(Cause::Format)))]
#[case::nobody_gives_the_key(KeyKind::P256, false, (Posture::Unverifiable, None))]
fn rejects_keys_that_cannot_be_asked_about(
    #[case] kind: KeyKind,
    #[case] logged: bool,
    #[case] expected: (Posture, Option<Cause>),
) {
    let key = SigningKey::generate(kind).unwrap();
    let log = logged.then(|| sigstore().log());
    let signature = Signature::by_key(&key, &payload(REPOSITORY), log, signed_at()).unwrap();
    let stage = Stage::new(&[], &[layer(&signature)]);
    let findings = stage.prove();
    assert_eq!(posture_of(&findings.problems), expected);
    assert!(matches!(
        findings.problems[..],
        [Problem::Key(_) | Problem::UnknownKey]
    ));
    assert_eq!(stage.host.kinds(), [] as [&str; 0]);
}

#[test]
fn rejects_another_key_than_the_known_one_without_calling_it_a_contradiction() {
    let (known, other) = (new_key(), new_key());
    let signature = Signature::by_key(&other, &payload(REPOSITORY), None, signed_at()).unwrap();
    let findings = Stage::new(&[key_signer(&known)], &[layer(&signature)]).prove();
    assert_eq!(findings.problems, [Problem::UnknownKey]);
    assert_eq!(posture(&findings), Posture::Unverifiable);
}

fn new_key() -> SigningKey {
    SigningKey::generate(KeyKind::P256).unwrap()
}

#[rstest]
#[case::here(REPOSITORY, None, true)]
#[case::elsewhere("ghcr.io/acme/other", None, false)]
#[case::with_annotations(REPOSITORY, Some("team"), false)]
fn says_whether_a_signature_was_made_for_the_repository(
    #[case] repository: &str,
    #[case] annotation: Option<&str>,
    #[case] signed_for_repository: bool,
) {
    let mut payload = SimpleSigning::cosign(repository, digest("the image").as_str());
    if let Some(key) = annotation {
        payload = payload.with_annotation(key, "a");
    }
    let signature = KitSigner::keyless(sigstore(), &google("dev@acme.example"))
        .sign_payload(&payload.bytes(), signed_at())
        .unwrap();
    let findings = Stage::new(&[], &[layer(&signature)]).prove();
    assert_eq!(
        findings.proven[0].is_signed_for_repository(),
        signed_for_repository
    );
}

#[test]
fn the_default_payload_is_cosigns() {
    let ours = default_payload(REPOSITORY, &digest("the image"));
    assert_eq!(ours.as_bytes(), payload(REPOSITORY));
}

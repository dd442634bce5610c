//! A host's no is never evidence: what the guest does not see itself is unknown.

use super::*;
use crate::host_error::Outage;
use crate::testing::Failure;

const YES: &[&str] = &["issued-by", "verify-certificate"];

/// Whatever either generation of hosts says instead of yes leads to the same.
#[rstest]
#[case::new_certificate("verification failed: Several Signature Layers failed verification")]
#[case::none("no signatures found for image: R ")]
#[case::old_log("failed to get image trusted layers: No Signature Layer passed verification")]
#[case::old_blob(
    "failed to get image trusted layers: Cannot pull R: HTTP status server error (503 Service Unavailable) for url U"
)]
#[case::old_limit(
    "failed to get image trusted layers: Cannot pull R: HTTP status client error (429 Too Many Requests) for url U"
)]
#[case::old_image(
    "failed to get image trusted layers: Cannot fetch manifest of R: Not authorized: url u"
)]
#[case::unheard_of("words that nobody knows")]
fn a_no_is_an_answer_on_both_generations(#[case] text: &'static str) {
    let stage = Stage::new(&[signer_of(&release("v1"))], &[layer(&good())]);
    stage.host.fail("verify-certificate", Failure::Text(text));
    let findings = stage.prove();
    assert_eq!(findings.problems, [Problem::NotConfirmed]);
    assert_eq!(
        posture_of(&findings.problems),
        (Posture::Unknown, Some(crate::posture::Cause::Answer))
    );
    assert!(findings.incomplete);
    assert_eq!(stage.host.kinds(), YES, "no more is asked");
}

/// One signature in place of another: of a leaf's or of a logged key's, with a log entry that is its own.
fn with_signature(of: &Signature, bytes: &[u8]) -> SignatureLayer {
    use continuity_testkit::sigstore::EntryBody;
    let mut forged = of.clone();
    forged.signature = bytes.to_vec();
    let key = || of.key.public_key_pem();
    let verifier = of.certificate.clone().unwrap_or_else(key);
    let body = EntryBody::hashedrekord(&of.payload, bytes, &verifier);
    forged.entry = Some(sigstore().log().enter(&body, signed_at()).unwrap());
    layer(&forged)
}

/// A signature that its key did not make is seen here, whatever the host says, and nothing is asked.
#[test]
fn a_signature_that_its_key_did_not_make_is_a_contradiction() {
    let key = new_key();
    let log = Some(sigstore().log());
    let by_key = Signature::by_key(&key, &payload(REPOSITORY), log, signed_at()).unwrap();
    let of_another = Signature::by_key(&new_key(), &payload(REPOSITORY), log, signed_at()).unwrap();
    for (signature, what) in [
        (&good(), "the certificate's key did not make the signature"),
        (&by_key, "the log entry's key did not make the signature"),
    ] {
        for known in [vec![], vec![signer_of(&release("v1")), key_signer(&key)]] {
            for bytes in [of_another.signature.as_slice(), b"", b"nonsense"] {
                let stage = Stage::new(&known, &[with_signature(signature, bytes)]);
                // A host that would believe anything.
                let findings = stage.prove_until(|_| false);
                assert!(
                    findings.problems.contains(&Problem::Contradiction(what)),
                    "{findings:?}"
                );
                assert_eq!(posture(&findings), Posture::Invalid);
                let claimed = ["issued-by", "verify-certificate"];
                assert!(
                    !stage
                        .host
                        .kinds()
                        .iter()
                        .any(|k| claimed.contains(&k.as_str()))
                );
            }
            // The very same but for the signature is proven.
            let stage = Stage::new(&known, &[with_signature(signature, &signature.signature)]);
            assert_eq!(posture(&stage.prove()), Posture::Signed);
        }
    }
}

#[test]
fn a_key_that_is_checked_over_the_digest() {
    let key = SigningKey::generate(KeyKind::P256).unwrap();
    let signature = Signature::by_key(&key, &payload(REPOSITORY), None, signed_at()).unwrap();
    let claims = Claims::from_manifest(&crate::testing::manifest_of(&[layer(&signature)])).unwrap();
    let claimed = &claims.layers()[0];
    let bytes = claimed.signature.clone().unwrap();
    let public = PublicKey::from_pem(&key.public_key_pem()).unwrap();
    assert_eq!(public.made(&bytes, &claimed.digest), Some(true));
    assert_eq!(public.made(&bytes, &digest("another")), Some(false));
    assert_eq!(public.made(b"nonsense", &claimed.digest), Some(false));
    // Confirmed by nobody, and the key did make it: unknown. Another known key only is another key.
    for (known, expected) in [
        (&key, Problem::NotConfirmed),
        (&new_key(), Problem::UnknownKey),
    ] {
        let stage = Stage::new(&[key_signer(known)], &[layer(&signature)]);
        stage
            .host
            .fail("verify-key", Failure::Error(HostError::Negative));
        assert!(stage.prove().problems.contains(&expected));
    }
}

#[rstest]
#[case(HostError::Negative, Posture::Unverifiable)]
#[case(HostError::Unusable, Posture::Unverifiable)]
#[case(HostError::NotGranted, Posture::Unknown)]
#[case(HostError::Absent, Posture::Unknown)]
#[case(HostError::Answer, Posture::Unknown)]
#[case(HostError::BadReference, Posture::Unknown)]
#[case(HostError::Outage(Outage::Unreachable), Posture::Unknown)]
fn each_error_of_the_chain_check(#[case] error: HostError, #[case] expected: Posture) {
    let stage = Stage::new(&[], &[layer(&good())]);
    stage.host.fail("issued-by", Failure::Error(error));
    let findings = stage.prove();
    assert_eq!(posture(&findings), expected, "{findings:?}");
    assert_eq!(stage.host.kinds(), ["issued-by"]);
}

#[test]
fn what_a_known_signer_would_have_come_to_matters() {
    let stranger = google("dev@acme.example");
    let layers = [
        layer(&good()),
        layer(&keyless(&stranger, &digest("the image"))),
    ];
    let fail_first = |known: &[Signer], layers: &[SignatureLayer]| {
        let stage = Stage::new(known, layers);
        let unavailable = HostError::Outage(Outage::Unavailable);
        stage.host.fail_nth(1, Failure::Error(unavailable));
        (stage.prove(), stage.host.kinds())
    };
    // No stranger beside him makes up for it, so none is asked about.
    let (findings, calls) = fail_first(&[signer_of(&release("v1"))], &layers);
    let unconfirmed = Interruption::Unconfirmed(Cause::Answer);
    assert_eq!(findings.interrupted, Some(unconfirmed));
    assert_eq!((findings.proven.len(), findings.incomplete), (0, true));
    assert_eq!(calls, YES);
    // Of two strangers one is proven: what the other would have come to makes no difference.
    let (findings, _) = fail_first(&[], &layers);
    assert_eq!((findings.proven.len(), findings.interrupted), (1, None));
    // Nor does a certificate that bears his name, and that nobody issued.
    let other = continuity_testkit::PrivateSigstore::new().unwrap();
    let self_made = KitSigner::keyless(&other, &release("v1"))
        .sign_payload(&payload(REPOSITORY), signed_at())
        .unwrap();
    let layers = [layer(&self_made), layers[1].clone()];
    let findings = Stage::new(&[signer_of(&release("v1"))], &layers).prove();
    assert_eq!(signers(&findings), [&signer_of(&stranger)]);
    assert_eq!(findings.interrupted, None);
}

#[test]
fn a_no_is_forgiven_once_it_is_enough() {
    // Two leaves of the known signer: the first of them is not confirmed, the second one is.
    let layers = [layer(&good()), layer(&good())];
    let stage = Stage::new(&[signer_of(&release("v1"))], &layers);
    stage.host.fail_nth(1, Failure::Error(HostError::Negative));
    let findings = stage.prove_until(|_| true);
    assert_eq!((findings.proven.len(), findings.interrupted), (1, None));
}

/// The learner looks at everything, and a good signature is good for it whatever lies beside it.
#[test]
fn what_lies_beside_a_known_signers_proof_takes_nothing_away() {
    let copied = layer(&keyless(&release("v1"), &digest("else")));
    let stranger = layer(&keyless(&google("dev@acme.example"), &digest("else")));
    let layers = [copied, layer(&good()), stranger];
    let mut stage = Stage::new(&[signer_of(&release("v1"))], &layers);
    stage.extent = Extent::Everything;
    let findings = stage.prove_until(|_| true);
    assert_eq!(signers(&findings), [&signer_of(&release("v1"))]);
    assert_eq!((findings.interrupted, findings.incomplete), (None, true));
    assert_eq!(stage.host.calls().len(), 6, "all of them are asked about");
    // Where he is not enough, what the other would have come to matters.
    assert_eq!(
        stage.prove().interrupted,
        Some(Interruption::Unconfirmed(Cause::Answer))
    );
}

#[test]
fn nothing_is_asked_once_the_time_is_spent() {
    let stranger = layer(&keyless(&google("dev@acme.example"), &digest("the image")));
    let layers = [layer(&good()), stranger];
    for spent_after in 0..4 {
        let stage = Stage::new(&[signer_of(&release("v1"))], &layers);
        stage.host.before_call(spent_after, |host| {
            host.set_clock(crate::testing::now() + TimeDelta::seconds(10));
        });
        let findings = stage.prove();
        assert_eq!(stage.host.calls().len(), spent_after + 1);
        let expected = match spent_after {
            // The known signer's claim takes the calls 0 and 1, the stranger's 2 and 3.
            0 => Some(Interruption::Spent),
            _ => None,
        };
        assert_eq!(findings.interrupted, expected, "after call {spent_after}");
        assert_eq!(findings.proven.is_empty(), spent_after == 0);
    }
}

//! A host's no is never evidence: what the guest does not see itself is unknown.

use super::*;
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

/// A signature that its key did not make is seen here, whatever the host says, and nothing is asked.
#[test]
fn a_signature_that_its_key_did_not_make_is_a_contradiction() {
    let leaf = sigstore()
        .issue(&release("v1"), signed_at() - TimeDelta::seconds(1))
        .unwrap();
    let signature = by_leaf(&leaf);
    let other = layer(&signature).annotations;
    let mut forged = layer(&keyless(&release("v1"), &digest("the image")));
    forged.annotations = other;
    forged.payload = payload("ghcr.io/acme/other");
    let findings = Stage::new(&[signer_of(&release("v1"))], &[forged]).prove();
    assert_eq!(posture(&findings), Posture::Invalid, "{findings:?}");
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

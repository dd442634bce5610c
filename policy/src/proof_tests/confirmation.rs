//! Negative answers are confirmed; what got no answer is neither proven nor disproven.

use super::*;
use crate::testing::Failure;

const YES: &[&str] = &["issued-by", "verify-certificate"];
const CONFIRMED: &[&str] = &["issued-by", "verify-certificate", "digest"];

/// A claim that is otherwise in order: the victim's layer of another digest.
fn copied() -> SignatureLayer {
    layer(&keyless(&release("v1"), &digest("another image")))
}

fn outage() -> impl Iterator<Item = Outage> {
    [
        Outage::RateLimit,
        Outage::Unauthorized,
        Outage::Denied,
        Outage::Unavailable,
        Outage::Unreachable,
        Outage::NoSuchImage,
        Outage::Other,
    ]
    .into_iter()
}

#[test]
fn a_negative_answer_is_confirmed_by_one_call() {
    let text = Failure::Text("verification failed: Several Signature Layers failed verification");
    let stage = Stage::new(&[], &[layer(&good())]);
    stage.host.fail("verify-certificate", text);
    let findings = stage.prove();
    assert_eq!(findings.problems, [Problem::NotSignedBy("certificate")]);
    assert_eq!(stage.host.kinds(), CONFIRMED);
    let asked = format!("digest {REPOSITORY}:{}", stage.digest.signature_tag());
    assert_eq!(stage.host.calls()[2], asked);
}

#[test]
fn two_negative_answers_are_confirmed_by_one_call() {
    let other = keyless(&google("dev@acme.example"), &digest("another image"));
    let stage = Stage::new(&[], &[copied(), layer(&other)]);
    let findings = stage.prove();
    assert_eq!(
        posture(&findings),
        Posture::Unverifiable,
        "neither payload names the digest"
    );
    let digests = stage
        .host
        .kinds()
        .iter()
        .filter(|kind| *kind == "digest")
        .count();
    assert_eq!(digests, 1);
}

#[test]
fn a_confirmation_that_fails_leaves_it_unknown() {
    for outage in outage() {
        let stage = Stage::new(&[], &[copied()]);
        stage
            .host
            .fail("digest", Failure::Error(HostError::Outage(outage)));
        let findings = stage.prove();
        assert_eq!(findings.interrupted, Some(Interruption::Outage(outage)));
        assert_eq!((&findings.problems, &findings.proven), (&vec![], &vec![]));
        assert_eq!(stage.host.kinds(), CONFIRMED);
    }
}

#[test]
fn a_sig_that_vanishes_or_changes_after_it_was_served_is_no_outage() {
    let stage = Stage::new(&[signer_of(&release("v1"))], &[layer(&good())]);
    stage
        .host
        .before_call(1, |host| host.unsign(REPOSITORY, &digest("the image")));
    let findings = stage.prove();
    assert_eq!(posture(&findings), Posture::Invalid, "{findings:?}");
    assert_eq!(stage.host.kinds(), CONFIRMED);

    let stranger = layer(&keyless(&google("dev@acme.example"), &digest("the image")));
    let stage = Stage::new(&[signer_of(&release("v1"))], &[layer(&good())]);
    stage.host.before_call(1, move |host| {
        host.sign(
            REPOSITORY,
            &digest("the image"),
            std::slice::from_ref(&stranger),
        )
    });
    assert_eq!(posture(&stage.prove()), Posture::Invalid);
}

#[rstest]
#[case(HostError::Negative, Posture::Invalid, CONFIRMED)]
#[case(HostError::Absent, Posture::Invalid, CONFIRMED)]
#[case(HostError::NonePassed, Posture::Unverifiable, CONFIRMED)]
#[case(HostError::Unusable, Posture::Unverifiable, CONFIRMED)]
#[case(HostError::BadReference, Posture::Unverifiable, CONFIRMED)]
#[case(HostError::NotGranted, Posture::Unknown, YES)]
#[case(HostError::Outage(Outage::RateLimit), Posture::Unknown, YES)]
#[case(HostError::Outage(Outage::Other), Posture::Unknown, YES)]
fn each_error_of_the_verification(
    #[case] error: HostError,
    #[case] expected: Posture,
    #[case] calls: &[&str],
) {
    let stage = Stage::new(&[], &[layer(&good())]);
    stage.host.fail("verify-certificate", Failure::Error(error));
    let findings = stage.prove();
    assert_eq!(posture(&findings), expected, "{findings:?}");
    assert_eq!(stage.host.kinds(), calls);
}

#[rstest]
#[case(HostError::Negative, Posture::Unverifiable)]
#[case(HostError::Unusable, Posture::Unverifiable)]
#[case(HostError::NotGranted, Posture::Unknown)]
#[case(HostError::Absent, Posture::Unknown)]
#[case(HostError::NonePassed, Posture::Unknown)]
#[case(HostError::BadReference, Posture::Unknown)]
#[case(HostError::Outage(Outage::Unreachable), Posture::Unknown)]
fn each_error_of_the_chain_check(#[case] error: HostError, #[case] expected: Posture) {
    let stage = Stage::new(&[], &[layer(&good())]);
    stage.host.fail("issued-by", Failure::Error(error));
    let findings = stage.prove();
    assert_eq!(posture(&findings), expected, "{findings:?}");
    assert_eq!(stage.host.kinds(), ["issued-by"]);
}

#[rstest]
#[case(HostError::Negative)]
#[case(HostError::Absent)]
#[case(HostError::NonePassed)]
#[case(HostError::Unusable)]
#[case(HostError::BadReference)]
fn each_answer_of_the_confirmation_that_is_no_outage(#[case] error: HostError) {
    let stage = Stage::new(&[], &[layer(&good())]);
    stage
        .host
        .fail("verify-certificate", Failure::Error(HostError::Negative));
    stage.host.fail("digest", Failure::Error(error));
    assert_eq!(posture(&stage.prove()), Posture::Invalid);
}

#[test]
fn what_a_known_signer_would_have_come_to_matters() {
    let layers = [
        layer(&good()),
        layer(&keyless(&google("dev@acme.example"), &digest("the image"))),
    ];
    let fail_first = |known: &[Signer]| {
        let stage = Stage::new(known, &layers);
        let unavailable = HostError::Outage(Outage::Unavailable);
        stage.host.fail_nth(1, Failure::Error(unavailable));
        stage.prove()
    };
    let interrupted = fail_first(&[signer_of(&release("v1"))]);
    assert_eq!(
        interrupted.interrupted,
        Some(Interruption::Outage(Outage::Unavailable))
    );
    // Of two strangers one is proven: what the other would have come to makes no difference.
    let proven = fail_first(&[]);
    assert_eq!((proven.proven.len(), proven.interrupted), (1, None));
}

#[test]
fn an_outage_is_forgiven_once_it_is_enough() {
    // Two leaves of the known signer: the first of them gets no answer, the second one does.
    let layers = [layer(&good()), layer(&good())];
    let stage = Stage::new(&[signer_of(&release("v1"))], &layers);
    let unavailable = Failure::Error(HostError::Outage(Outage::Unavailable));
    stage.host.fail_nth(1, unavailable);
    let findings = stage.prove_until(|_| true);
    assert_eq!((findings.proven.len(), findings.interrupted), (1, None));
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

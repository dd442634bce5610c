//! What the policy's host sees of the same images: less than the observer itself, by the same rules.

use continuity_cli::observation::ObservedImage;
use continuity_testkit::registry::{Fault, FaultRule};
use continuity_testkit::sigstore::{Bundle, Identity, SIGN_PREDICATE};
use rstest::rstest;
use signature_continuity::baseline::{Baseline, Lookup, Origin, SignerRecord, Verified};
use signature_continuity::observe::Evidence;
use signature_continuity::posture::{Cause, Posture};
use signature_continuity::proof::rank_of;
use signature_continuity::signer::Signer;

use super::{Lab, NAME, now, signed_at, workflow};

/// An established baseline of the lab's repository that knows this signer.
fn known(lab: &Lab, signer: &Signer) -> Box<Baseline> {
    let repository = lab.repository.parse().unwrap();
    let mut baseline = Baseline::new(repository, rank_of(signer), signed_at());
    baseline.established = Some(signed_at());
    baseline.signers = vec![SignerRecord {
        signer: signer.clone(),
        origin: Origin::Observed,
        alone: false,
        first_seen: signed_at(),
        last_seen: signed_at(),
        digests: 1,
        retired: None,
    }];
    Box::new(baseline)
}

fn see(lab: &Lab, lookup: Lookup) -> ObservedImage {
    let reference = lab.image().parse().unwrap();
    let settings = lab.settings(&[]);
    lab.observer
        .observe(&reference, &settings, &lookup, now())
        .unwrap()
}

fn bundle(lab: &Lab) -> Bundle {
    let leaf = lab.sigstore.issue(&workflow(), signed_at()).unwrap();
    let log = lab.sigstore.log();
    Bundle::proven_by_leaf(&leaf, &lab.digest, SIGN_PREDICATE, log, signed_at()).unwrap()
}

fn push_signature(lab: &Lab, identity: &Identity) {
    let signature = lab
        .sigstore
        .sign(identity, &lab.repository, &lab.digest, signed_at())
        .unwrap();
    lab.registry
        .push_signature(NAME, &lab.digest, &[signature.layer().unwrap()])
        .unwrap();
}

/// By the API the policy's host sees nothing of a bundle; by the tag that stands in for it, that there is one.
#[rstest]
#[case::referrers(true, Posture::Unsigned, None)]
#[case::fallback_tag(false, Posture::Unknown, Some((Cause::Format, None)))]
fn a_bundle_is_proven_by_the_observer_alone(
    #[case] api: bool,
    #[case] posture: Posture,
    #[case] unknown: Option<(Cause, Option<signature_continuity::host_error::Outage>)>,
) {
    let lab = Lab::new();
    if api {
        lab.registry.serve_referrers(Some(10));
        lab.registry
            .push_referrers(NAME, &lab.digest, &[bundle(&lab)])
            .unwrap();
    } else {
        lab.registry
            .push_bundles(NAME, &lab.digest, &[bundle(&lab)])
            .unwrap();
    }
    let new = see(&lab, Lookup::Absent);
    assert_eq!(new.observation.posture, Posture::Signed, "{new:?}");
    assert_eq!(new.as_policy.evidence, Evidence::NotAsked);
    let signer = new.observation.proven[0].signer().clone();
    let seen = see(&lab, Lookup::Usable(known(&lab, &signer)));
    assert_eq!(seen.observation.posture, Posture::Signed);
    assert_eq!(seen.as_policy.posture, posture, "{seen:?}");
    assert_eq!(seen.as_policy.unknown, unknown);
    assert!(seen.as_policy.proven.is_empty() && !seen.as_policy.bundles_read);
    // Once it is learned there is nothing to ask.
    let mut learned = known(&lab, &signer);
    let digest = lab.digest.parse().unwrap();
    learned.verified = vec![Verified::new(digest, &signer.id(), now())];
    let seen = see(&lab, Lookup::Usable(learned));
    assert_eq!(seen.as_policy.evidence, Evidence::Verified(signer));
    assert_eq!(seen.as_policy.posture, Posture::Signed);
    assert_eq!(seen.observation.evidence, Evidence::Proof);
}

#[test]
fn what_a_signature_tag_proves_both_see_and_it_is_asked_for_once() {
    let lab = Lab::new();
    push_signature(&lab, &workflow());
    let count = || lab.registry.count(|_| true);
    let before = count();
    let first = see(&lab, Lookup::Absent);
    let for_one = count() - before;
    let signer = first.observation.proven[0].signer().clone();
    let before = count();
    let seen = see(&lab, Lookup::Usable(known(&lab, &signer)));
    assert_eq!(count() - before, for_one);
    for observation in [&seen.observation, &seen.as_policy] {
        assert_eq!(observation.posture, Posture::Signed);
        assert_eq!(observation.proven[0].signer(), &signer);
    }
    // What is proven twice is one signature, with one time.
    assert_eq!(seen.signatures.len(), 1);
    assert_eq!(seen.signatures[0].logged_at, Some(signed_at()));
}

#[test]
fn an_image_without_signatures_costs_one_more_question() {
    let lab = Lab::new();
    push_signature(&lab, &workflow());
    let signer = see(&lab, Lookup::Absent).observation.proven[0]
        .signer()
        .clone();
    let tag = lab.digest.replace(':', "-") + ".sig";
    lab.registry.delete(NAME, &tag).unwrap();
    let count = || lab.registry.count(|_| true);
    let before = count();
    see(&lab, Lookup::Absent);
    let for_one = count() - before;
    let before = count();
    let seen = see(&lab, Lookup::Usable(known(&lab, &signer)));
    assert_eq!(seen.as_policy.posture, Posture::Unsigned, "{seen:?}");
    assert!(count() - before <= for_one + 1);
}

#[test]
fn without_a_usable_baseline_the_policy_asks_nobody() {
    let lab = Lab::new();
    push_signature(&lab, &workflow());
    for lookup in [Lookup::Lost, Lookup::Unusable("torn".to_owned())] {
        let seen = see(&lab, lookup);
        assert_eq!(seen.as_policy.unknown, Some((Cause::Baseline, None)));
        assert_eq!(seen.observation.posture, Posture::Signed);
    }
}

#[test]
fn a_registry_that_fails_fails_for_both() {
    let lab = Lab::new();
    push_signature(&lab, &workflow());
    let signer = see(&lab, Lookup::Absent).observation.proven[0]
        .signer()
        .clone();
    lab.registry
        .fault(FaultRule::new("*", "sha256-*.sig", Fault::Status(503)));
    let seen = see(&lab, Lookup::Usable(known(&lab, &signer)));
    assert_eq!(seen.as_policy.unknown, seen.observation.unknown);
    assert!(matches!(
        seen.as_policy.unknown,
        Some((Cause::Outage, Some(_)))
    ));
}

/// The policy takes no reference whose tag means a digest by another algorithm; a digest that is none it does not understand.
#[test]
fn a_tag_that_means_another_digest_is_no_reference_for_both() {
    let lab = Lab::new();
    push_signature(&lab, &workflow());
    let signer = see(&lab, Lookup::Absent).observation.proven[0]
        .signer()
        .clone();
    let tag = lab.registry.image(NAME, "v1").parse().unwrap();
    let lookup = Lookup::Usable(known(&lab, &signer));
    let see = |digest: &str| {
        lab.registry.clear_faults();
        let rule = FaultRule::new("*", "v1", Fault::Means(digest.to_owned()));
        lab.registry.fault(rule);
        lab.observer
            .observe(&tag, &lab.settings(&[]), &lookup, now())
    };
    assert!(see(&format!("sha512:{}", "a".repeat(128))).is_err());
    let seen = see("v1").unwrap();
    for observation in [&seen.observation, &seen.as_policy] {
        assert_eq!(observation.unknown, Some((Cause::Answer, None)));
    }
    let seen = see(&lab.digest).unwrap();
    assert_eq!(seen.as_policy.proven[0].signer(), &signer, "{seen:?}");
}

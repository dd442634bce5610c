#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::inventory::sample::{Signs, baseline, image, now, observed, reference, seen, signer_of};
use continuity_testkit::Identity;
use rstest::rstest;
use signature_continuity::baseline::Origin;
use signature_continuity::drift::Drift;
use signature_continuity::observe::Evidence;
use signature_continuity::posture::Posture;
use std::cell::Cell;

const API: &str = "ghcr.io/acme/api:v1";

fn release(git_ref: &str) -> Identity {
    Identity::github("acme/api", "release.yml", git_ref)
}

fn judged(settings: &str, lookup: Lookup, seen: ObservedImage) -> Found {
    let reference = reference(API);
    let settings = Settings::parse(settings.as_bytes()).unwrap();
    let names = settings.names(reference.repository());
    let image = image(reference, &["prod/api"]);
    judge(&settings, &image, names, lookup, seen, now(), || false)
}

/// One function decides who is known, whichever way he became it.
#[rstest]
#[case::stranger("{}", "refs/heads/release-2", false)]
#[case::baseline("{}", "refs/heads/release-1", true)]
#[case::folded(
    r#"{"refPatterns": [{"repositories": ["ghcr.io/acme/**"], "fold": "refs/heads/release-*"}]}"#,
    "refs/heads/release-2",
    true
)]
#[case::pinned(
    r#"{"pins": [{"repositories": ["ghcr.io/acme/**"], "anyOf": [{
        "issuer": "https://token.actions.githubusercontent.com",
        "subject": "https://github.com/acme/api/.github/workflows/release.yml@refs/heads/*"}]}]}"#,
    "refs/heads/release-2",
    true
)]
fn whoever_is_known_to_the_policy_is_known_here(
    #[case] settings: &str,
    #[case] git_ref: &str,
    #[case] expected: bool,
) {
    let signs = [release(git_ref)];
    let observation = observed(&reference(API), &Signs::Cosign2(&signs));
    let before = signer_of(&release("refs/heads/release-1"));
    let lookup = baseline(&reference(API), before, 48, Origin::Observed);
    let found = judged(settings, lookup, seen(observation));
    let id = signer_of(&release(git_ref)).id();
    assert_eq!(found.known.contains(&id), expected);
    assert_eq!(
        found.assessment.drifts.is_empty(),
        expected,
        "{:?}",
        found.assessment
    );
}

#[test]
fn an_exception_makes_a_signer_known() {
    let signs = [Identity::google("dev@acme.example")];
    let id = signer_of(&signs[0]).id();
    let settings = format!(
        r#"{{"exceptions": [{{"repository": "ghcr.io/acme/api", "accepts": "signer:{id}", "reason": "T-1", "expires": "2027-12-31"}}]}}"#
    );
    let observation = observed(&reference(API), &Signs::Cosign2(&signs));
    let before = signer_of(&release("refs/tags/v1"));
    let lookup = baseline(&reference(API), before, 48, Origin::Observed);
    let found = judged(&settings, lookup, seen(observation));
    assert!(found.known.contains(&id));
}

#[test]
fn the_policy_decides_by_what_it_sees_and_the_learner_goes_on_by_what_it_sees() {
    let by = release("refs/tags/v1");
    let lookup = || baseline(&reference(API), signer_of(&by), 48, Origin::Observed);
    let seen = ObservedImage {
        as_policy: observed(&reference(API), &Signs::Cosign2(&[])),
        ..seen(observed(&reference(API), &Signs::Bundle(&by)))
    };
    let found = judged(r#"{"enforce": [{}]}"#, lookup(), seen);
    assert_eq!(found.assessment.drifts, [Drift::Unsigned]);
    assert!(matches!(found.if_enforced, IfEnforced::Reject(_)) && found.enforced);
    assert_eq!(found.learner.drifts, []);
    assert_eq!(found.seen.observation.posture, Posture::Signed);
    assert!(found.learner_differs());
    let entry = crate::inventory::Entry {
        image: image(reference(API), &["prod/api"]),
        enforced: found.enforced,
        found: Ok(Box::new(found)),
    };
    assert!(entry.is_rejected() && entry.drifts_at_admission());
    assert!(!entry.drifts_for_the_learner());
}

/// Of a new repository the policy asks nobody, so there is nothing of its own to show.
#[test]
fn what_the_policy_asks_nobody_about_is_shown_as_the_learner_sees_it() {
    let by = release("refs/tags/v1");
    let digest = reference(API).digest().cloned();
    let seen = ObservedImage {
        as_policy: Observation::not_asked(digest),
        ..seen(observed(&reference(API), &Signs::Bundle(&by)))
    };
    let found = judged("{}", Lookup::Absent, seen);
    assert_eq!(found.as_policy.evidence, Evidence::NotAsked);
    assert_eq!(found.shown().posture, Posture::Signed);
    assert_eq!(found.assessment.drifts, [Drift::New]);
    assert!(!found.learner_differs());
}

/// Pods that name the tag alone get the index; whoever names a platform's digest gets that.
#[rstest]
#[case::tag(API, true)]
#[case::digest(
    "ghcr.io/acme/api@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    false
)]
fn an_index_is_judged_where_its_tag_is_named(#[case] spelled: &str, #[case] is_index: bool) {
    let by = release("refs/tags/v1");
    let signed = observed(&reference(API), &Signs::Cosign2(std::slice::from_ref(&by)));
    let seen = ObservedImage {
        as_policy: observed(&reference(API), &Signs::Cosign2(&[])),
        index_as_policy: Some(signed.clone()),
        ..seen(signed)
    };
    let lookup = baseline(&reference(API), signer_of(&by), 48, Origin::Observed);
    let image = Image {
        spelled: spelled.to_owned(),
        ..image(reference(API), &["prod/api"])
    };
    let settings = Settings::default();
    let names = settings.names(reference(API).repository());
    let found = judge(&settings, &image, names, lookup, seen, now(), || false);
    assert_eq!(found.assessment.drifts.is_empty(), is_index);
}

#[test]
fn a_broken_trust_root_is_asked_about_once() {
    let observation = Observation {
        posture: Posture::Unverifiable,
        problems: vec![signature_continuity::proof::Problem::ForeignAuthority],
        ..observed(&reference(API), &Signs::Cosign2(&[]))
    };
    let asked = Cell::new(0);
    let settings = Settings::default();
    let names = settings.names(reference(API).repository());
    let before = signer_of(&release("refs/tags/v1"));
    let lookup = baseline(&reference(API), before, 48, Origin::Observed);
    let image = image(reference(API), &["prod/api"]);
    let found = judge(
        &settings,
        &image,
        names,
        lookup,
        seen(observation),
        now(),
        || {
            asked.set(asked.get() + 1);
            true
        },
    );
    assert_eq!(asked.get(), 1);
    let blamed = Some((signature_continuity::posture::Cause::TrustRoot, None));
    assert_eq!(found.as_policy.unknown, blamed);
    assert_eq!(found.seen.observation.unknown, blamed);
}

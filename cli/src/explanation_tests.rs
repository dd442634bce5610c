#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::baseline::tests::make::{
    branch, by, by_key, established, first, image, now, release, repository, signer_of, stranger,
    unproven,
};
use crate::inventory::{Place, judge};
use crate::observation::ObservedImage;
use continuity_testkit::Identity;
use rstest::rstest;
use signature_continuity::posture::Posture;
use signature_continuity::settings::Settings;

fn explained(seen: ObservedImage, lookup: Lookup) -> String {
    let image = Image {
        spelled: "ghcr.io/acme/api:v3".to_owned(),
        reference: "ghcr.io/acme/api:v3".parse(),
        running: None,
        hidden: false,
        places: [Place {
            namespace: "prod".to_owned(),
            kind: "Pod".to_owned(),
            name: "api".to_owned(),
        }]
        .into(),
    };
    let now = now() + chrono::TimeDelta::days(2);
    let found = judge(
        &Settings::default(),
        &image,
        repository().into(),
        lookup,
        seen,
        now,
        || false,
    );
    explain(&image, &found, now)
}

#[test]
fn another_signer() {
    let known = Lookup::Usable(Box::new(established()));
    insta::assert_snapshot!(explained(image("v3", &[by(stranger())]), known));
}

fn at_commit(digit: &str) -> Identity {
    Identity::reusable(
        "acme/workflows",
        "release.yml",
        &digit.repeat(40),
        "acme/api",
        "refs/tags/v1",
    )
}

/// The setting that would have made the two one signer, with its value.
#[rstest]
#[case::branch(branch(1), branch(2), Some("refs/heads/release-*"))]
#[case::commit(at_commit("a"), at_commit("b"), Some("commit"))]
#[case::somebody_else(branch(1), stranger(), None)]
// Of a workflow that nobody else called, commits are shared by forks.
#[case::commit_of_no_caller(
    Identity::github("acme/api", "release.yml", &"a".repeat(40)),
    Identity::github("acme/api", "release.yml", &"b".repeat(40)),
    None
)]
fn names_the_setting_that_folds_what_differs(
    #[case] before: Identity,
    #[case] now: Identity,
    #[case] fold: Option<&str>,
) {
    let mut baseline = established();
    baseline.signers[0].signer = signer_of(&before);
    let text = explained(image("v3", &[by(now)]), Lookup::Usable(Box::new(baseline)));
    assert!(text.contains("\ndrift        signer "), "{text}");
    let named = text.lines().find(|line| line.contains("refPatterns"));
    let expected = fold.map(|fold| {
        format!("The same workflow, another ref: refPatterns with fold: {fold} would know it.")
    });
    assert_eq!(named.map(str::to_owned), expected, "{text}");
}

/// The policy's word and what becomes of the image; then what the learner sees, and the command that has it learned.
#[test]
fn a_bundle_that_only_the_learner_proves() {
    let inventory = crate::inventory::sample::bundled();
    let entry = inventory.entries.first().unwrap();
    let found = entry.found.as_ref().unwrap();
    insta::assert_snapshot!(explain(&entry.image, found, inventory.taken));
}

#[test]
fn no_signature_on_a_young_baseline() {
    let known = Lookup::Usable(Box::new(first()));
    insta::assert_snapshot!(explained(unproven("v3", Posture::Unsigned), known));
}

#[test]
fn nothing_known_yet() {
    let seen = image("v3", &[by(release()).elsewhere(), by_key().unlogged()]);
    insta::assert_snapshot!(explained(seen, Lookup::Absent));
}

#[test]
fn what_is_foreign_breaks_no_line() {
    let known = Lookup::Unusable("expected\n\u{202e}version 1".to_owned());
    let text = explained(unproven("v3", Posture::Unsigned), known);
    assert!(text.contains("expected??version 1"), "{text}");
}

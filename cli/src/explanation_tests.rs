#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::baseline::tests::make::{
    by, by_key, established, first, image, now, release, repository, stranger, unproven,
};
use crate::inventory::{Place, judge};
use crate::observation::ObservedImage;
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

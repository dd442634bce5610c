#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::baseline::{Allowed, Baseline, Format, Lookup, Retired, Tolerated, Verified};
use crate::digest::Digest;
use crate::known::Known;
use crate::observe::{Evidence, Observation};
use crate::posture::{Posture, Rank};
use crate::settings::Settings;
use crate::signer::Signer;
use crate::testing::{
    REPOSITORY, baseline, digest, established, google, key_signer, keyless, now, proven, record,
    release, settings, signed_at, signer_of, sigstore,
};
use continuity_testkit::sigstore::SimpleSigning;
use continuity_testkit::{Identity, KeyKind, Signature, SigningKey};
use rstest::rstest;
use serde_json::{Value, json};

#[path = "drift_tests/exceptions.rs"]
mod exceptions;
#[path = "drift_tests/listed.rs"]
mod listed;
#[path = "drift_tests/pins.rs"]
mod pins;
#[path = "drift_tests/signers.rs"]
mod signers;

/// What an image carries, for a table.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Carries {
    Release,
    Stranger,
    OtherStranger,
    Key,
    StrangerKey,
}

fn keys() -> &'static [SigningKey; 2] {
    use std::sync::LazyLock;
    static KEYS: LazyLock<[SigningKey; 2]> =
        LazyLock::new(|| [0, 1].map(|_| SigningKey::generate(KeyKind::P256).unwrap()));
    &KEYS
}

fn image() -> Digest {
    digest("the image")
}

impl Carries {
    fn signature(self) -> Signature {
        let by_key = |key| {
            let payload = SimpleSigning::cosign(REPOSITORY, image().as_str()).bytes();
            Signature::by_key(key, &payload, Some(sigstore().log()), signed_at()).unwrap()
        };
        match self {
            Self::Release => keyless(&release("v1"), &image()),
            Self::Stranger => keyless(&google("dev@acme.example"), &image()),
            Self::OtherStranger => keyless(&google("ops@acme.example"), &image()),
            Self::Key => by_key(&keys()[0]),
            Self::StrangerKey => by_key(&keys()[1]),
        }
    }

    fn signer(self) -> Signer {
        proven(&self.signature(), &image()).signer().clone()
    }

    fn fingerprint(self) -> String {
        format!("signer:{}", self.signer().id())
    }

    fn downgrade(self) -> String {
        let Signer::Key(key) = self.signer() else {
            panic!("expected a key");
        };
        format!("downgrade:key:{}", key.sha256())
    }
}

fn signed(by: &[Carries]) -> Observation {
    let proven = by.iter().map(|one| proven(&one.signature(), &image()));
    Observation {
        proven: proven.collect(),
        has_signature_tag: true,
        posture: Posture::Signed,
        ..found(Posture::Signed)
    }
}

fn found(posture: Posture) -> Observation {
    Observation {
        posture,
        evidence: Evidence::Proof,
        unknown: None,
        ..Observation::unknown(Some(image()), Cause::Outage, None)
    }
}

fn usable(baseline: Baseline) -> Lookup {
    Lookup::Usable(Box::new(baseline))
}

fn learned(by: &[Carries]) -> Baseline {
    let signers: Vec<Signer> = by.iter().map(|one| one.signer()).collect();
    established(&signers)
}

fn assessed(lookup: &Lookup, settings: &Settings, observation: &Observation) -> Assessment {
    let repository = REPOSITORY
        .parse::<crate::reference::Repository>()
        .unwrap()
        .into();
    let exceptions: Vec<&Exception> = settings
        .exceptions
        .iter()
        .filter(|exception| {
            exception.covers_image(&repository, observation.digest.as_ref())
                && !exception.is_expired(now())
        })
        .collect();
    let known = Known::new(settings, &repository, lookup.baseline(), &exceptions);
    let case = Case {
        lookup,
        known: &known,
        observation,
        now: now(),
    };
    assess(&case, &exceptions)
}

/// Drifts in the words of exceptions, or by name where no exception can name them.
fn told(drifts: &[Drift]) -> Vec<String> {
    let tell = |drift: &Drift| match drift.fingerprint() {
        Some(fingerprint) => fingerprint.to_string(),
        None => drift.to_string(),
    };
    drifts.iter().map(tell).collect()
}

fn drifts_of(lookup: &Lookup, settings: &Settings, observation: &Observation) -> Vec<String> {
    told(&assessed(lookup, settings, observation).drifts)
}

fn plain() -> Settings {
    settings(json!({}))
}

#[rstest]
#[case::known(&[Carries::Release], &[Carries::Release], vec![])]
#[case::one_of_two_known(&[Carries::Release, Carries::Stranger], &[Carries::Stranger], vec![])]
#[case::stranger(&[Carries::Release], &[Carries::Stranger], vec![Carries::Stranger.fingerprint()])]
#[case::stranger_key(&[Carries::Release], &[Carries::StrangerKey], vec![Carries::StrangerKey.downgrade(), Carries::StrangerKey.fingerprint()])]
#[case::known_beside_stranger(&[Carries::Release], &[Carries::Stranger, Carries::Release], vec![])]
#[case::known_beside_stranger_key(&[Carries::Release], &[Carries::StrangerKey, Carries::Release], vec![])]
#[case::known_key_of_lower_rank(&[Carries::Release, Carries::Key], &[Carries::Key], vec![Carries::Key.downgrade()])]
#[case::stranger_does_not_lift_the_rank(&[Carries::Release, Carries::Key], &[Carries::Key, Carries::Stranger], vec![Carries::Key.downgrade()])]
#[case::known_key_beside_known_keyless(&[Carries::Release, Carries::Key], &[Carries::Key, Carries::Release], vec![])]
#[case::key_based(&[Carries::Key], &[Carries::Key], vec![])]
#[case::other_key(&[Carries::Key], &[Carries::StrangerKey], vec![Carries::StrangerKey.fingerprint()])]
#[case::higher_rank_is_no_excuse(&[Carries::Key], &[Carries::Stranger], vec![Carries::Stranger.fingerprint()])]
#[case::higher_rank_beside_the_known_key(&[Carries::Key], &[Carries::Key, Carries::Stranger], vec![])]
fn who_signed(
    #[case] before: &[Carries],
    #[case] carries: &[Carries],
    #[case] expected: Vec<String>,
) {
    let mut turned = carries.to_vec();
    turned.reverse();
    for carries in [carries.to_vec(), turned] {
        for baseline in [learned(before), cold(before)] {
            let lookup = usable(baseline);
            assert_eq!(drifts_of(&lookup, &plain(), &signed(&carries)), expected);
        }
    }
}

fn cold(by: &[Carries]) -> Baseline {
    let signers: Vec<Signer> = by.iter().map(|one| one.signer()).collect();
    baseline(&signers)
}

#[rstest]
#[case::unsigned(Posture::Unsigned, "unsigned")]
#[case::unverifiable(Posture::Unverifiable, "downgrade:unverifiable")]
#[case::invalid(Posture::Invalid, "invalid")]
fn nobody_is_proven(#[case] posture: Posture, #[case] expected: &str) {
    for before in [Carries::Release, Carries::Key] {
        let lookup = usable(learned(&[before]));
        let observation = Observation {
            has_signature_tag: true,
            ..found(posture)
        };
        assert_eq!(drifts_of(&lookup, &plain(), &observation), [expected]);
    }
}

#[rstest]
#[case::signed(Posture::Signed, vec!["new"])]
#[case::unsigned(Posture::Unsigned, vec!["new"])]
#[case::unverifiable(Posture::Unverifiable, vec!["new"])]
#[case::invalid(Posture::Invalid, vec!["invalid", "new"])]
#[case::unknown(Posture::Unknown, vec!["undetermined (answer)"])]
fn without_a_baseline(#[case] posture: Posture, #[case] expected: Vec<&str>) {
    assert_eq!(
        drifts_of(&Lookup::Absent, &plain(), &found(posture)),
        expected
    );
}

#[test]
fn nobody_was_asked() {
    let observation = Observation::not_asked(Some(image()));
    assert_eq!(drifts_of(&Lookup::Absent, &plain(), &observation), ["new"]);
}

#[rstest]
#[case(
    Cause::Outage,
    Some(Outage::RateLimit),
    "undetermined (outage: rate limit)"
)]
#[case(Cause::Limit, None, "undetermined (limit)")]
#[case(Cause::TrustRoot, None, "undetermined (trust-root)")]
fn nothing_could_be_found_out(
    #[case] cause: Cause,
    #[case] outage: Option<Outage>,
    #[case] expected: &str,
) {
    let observation = Observation::unknown(Some(image()), cause, outage);
    for lookup in [usable(learned(&[Carries::Release])), Lookup::Absent] {
        assert_eq!(drifts_of(&lookup, &plain(), &observation), [expected]);
    }
}

#[test]
fn the_baseline_cannot_be_used() {
    let unusable = Lookup::Unusable("expected a label".to_owned());
    for (lookup, expected) in [
        (unusable, "undetermined (baseline)"),
        (Lookup::Lost, "undetermined (baseline)"),
        (Lookup::Unread, "undetermined (limit)"),
    ] {
        for observation in [found(Posture::Unsigned), signed(&[Carries::Release])] {
            assert_eq!(drifts_of(&lookup, &plain(), &observation), [expected]);
        }
    }
}

/// Without a signer there is nothing to differ from; what contradicts itself or a pin is told all the same.
#[rstest]
#[case::signed(signed(&[Carries::Release]), vec![])]
#[case::unsigned(found(Posture::Unsigned), vec![])]
#[case::unverifiable(found(Posture::Unverifiable), vec![])]
#[case::invalid(found(Posture::Invalid), vec!["invalid"])]
#[case::unknown(found(Posture::Unknown), vec!["undetermined (answer)"])]
fn a_repository_that_was_never_signed(
    #[case] observation: Observation,
    #[case] expected: Vec<&str>,
) {
    let never = Baseline::new(REPOSITORY.parse().unwrap(), Rank::Unsigned, now());
    assert_eq!(drifts_of(&usable(never), &plain(), &observation), expected);
}

#[test]
fn a_repository_whose_signers_are_all_retired_was_signed() {
    let mut baseline = learned(&[Carries::Release]);
    baseline.signers[0].retired = Some(Retired {
        at: now(),
        by: "ops".to_owned(),
        reason: "leaked".to_owned(),
    });
    let unsigned = drifts_of(&usable(baseline), &plain(), &found(Posture::Unsigned));
    assert_eq!(unsigned, ["unsigned"]);
}

/// What only the learner can prove says nothing about the publisher, whatever the repository published before.
#[test]
fn a_form_that_this_host_cannot_prove_is_no_loss() {
    for formats in [vec![], vec![Format::Cosign2], vec![Format::Bundle]] {
        let mut baseline = learned(&[Carries::Release]);
        baseline.formats = formats;
        let lookup = usable(baseline);
        let unproven = Observation::unknown(Some(image()), Cause::Format, None);
        let drifts = drifts_of(&lookup, &plain(), &unproven);
        assert_eq!(drifts, ["undetermined (format)"]);
        let nothing = drifts_of(&lookup, &plain(), &found(Posture::Unsigned));
        assert_eq!(nothing, ["unsigned"]);
    }
}

#[test]
fn drifts_are_told_in_one_order() {
    let all = [
        Drift::Pin(PinFound::Unsigned),
        Drift::Invalid,
        Drift::Undetermined(Cause::Limit, None),
        Drift::Unsigned,
        Drift::Downgrade(None),
        Drift::Signer(Carries::Release.signer().id()),
        Drift::New,
    ];
    assert_eq!(all.len(), RULES.len());
    assert!(all.is_sorted_by(|one, next| one.severity() > next.severity()));
    for drift in &all {
        assert!(drift.to_string().starts_with(drift.name()));
        assert_eq!(drift.page(), format!("{PAGE}#{}", drift.name()));
        // What can be accepted reads back as what was told.
        if let Some(fingerprint) = drift.fingerprint() {
            assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        }
    }
    assert_eq!(all.iter().filter(|drift| !drift.is_change()).count(), 1);
}

#[test]
fn several_strangers_are_told_as_the_strongest_of_them() {
    let lookup = usable(learned(&[Carries::Release]));
    let carried = [
        Carries::StrangerKey,
        Carries::Stranger,
        Carries::OtherStranger,
    ];
    let first = [Carries::Stranger, Carries::OtherStranger]
        .map(Carries::fingerprint)
        .into_iter()
        .min()
        .unwrap();
    for turn in 0..3 {
        let mut carries = carried;
        carries.rotate_left(turn);
        assert_eq!(
            drifts_of(&lookup, &plain(), &signed(&carries)),
            [first.as_str()]
        );
    }
}

//! Digests that the baseline lists.

use super::*;

/// Why a digest needs no proof.
#[derive(Clone, Copy, Debug)]
pub(super) enum Entry {
    Verified,
    Tolerated,
    Allowed,
    AllowedOnce,
}

/// The baseline of the release workflow, with an entry for the image.
pub(super) fn listing(entry: Entry) -> Baseline {
    let mut baseline = learned(&[Carries::Release]);
    let signer = Carries::Release.signer().id();
    let allowed = |until| Allowed {
        digest: image(),
        until,
        by: "jane".to_owned(),
        reason: "T-1".to_owned(),
    };
    match entry {
        Entry::Verified => {
            let verified = Verified::new(image(), &signer, now());
            baseline.verified.push(verified);
        }
        Entry::Tolerated => baseline.tolerated.push(Tolerated {
            digest: image(),
            posture: Posture::Unsigned,
            at: now(),
        }),
        Entry::Allowed => {
            let until = now() + chrono::TimeDelta::seconds(1);
            baseline.allowed.push(allowed(until));
        }
        Entry::AllowedOnce => baseline.allowed.push(allowed(now())),
    }
    baseline
}

/// Whoever looks all the same, as the learner does, concludes what admission does without looking.
#[rstest]
#[case::verified(Entry::Verified, true)]
#[case::tolerated(Entry::Tolerated, true)]
#[case::allowed(Entry::Allowed, true)]
#[case::allowed_until_now(Entry::AllowedOnce, false)]
fn a_listed_digest_is_continuous_by_itself(#[case] entry: Entry, #[case] continuous: bool) {
    let lookup = usable(listing(entry));
    for posture in [
        Posture::Unsigned,
        Posture::Unverifiable,
        Posture::Invalid,
        Posture::Unknown,
    ] {
        let drifts = drifts_of(&lookup, &plain(), &found(posture));
        assert_eq!(drifts.is_empty(), continuous, "{posture}");
        let elsewhere = Observation {
            digest: Some(digest("another")),
            ..found(posture)
        };
        assert_eq!(drifts_of(&lookup, &plain(), &elsewhere).len(), 1);
    }
    let stranger = drifts_of(&lookup, &plain(), &signed(&[Carries::Stranger]));
    assert_eq!(stranger.is_empty(), continuous);
}

#[test]
fn listed_digests_are_continuous_whatever_they_carry() {
    for evidence in [
        Evidence::Verified(Carries::Release.signer()),
        Evidence::Tolerated,
        Evidence::Allowed,
        Evidence::ObservedUnsigned,
    ] {
        let lookup = usable(learned(&[Carries::Release]));
        let observation = Observation {
            evidence,
            ..found(Posture::Unsigned)
        };
        assert_eq!(
            drifts_of(&lookup, &plain(), &observation),
            [] as [String; 0]
        );
    }
}

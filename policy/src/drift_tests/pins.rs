//! Pins: signers that have to be there, and that are known.

use super::listed::{Entry, listing};
use super::*;

fn pin(by: &[Carries]) -> Value {
    let signers: Vec<Value> = by
        .iter()
        .map(|one| match one.signer() {
            Signer::Keyless(keyless) => {
                json!({"issuer": keyless.issuer, "subject": keyless.subject})
            }
            Signer::Key(key) => json!({"publicKey": key.pem()}),
        })
        .collect();
    json!({"repositories": ["ghcr.io/acme/**"], "anyOf": signers})
}

fn pinned(by: &[Carries]) -> Settings {
    settings(json!({"pins": [pin(by)]}))
}

fn pin_found(by: &[Carries]) -> String {
    let mut ids: Vec<String> = by.iter().map(|one| one.signer().id().to_string()).collect();
    ids.sort();
    format!("pin:signer:{}", ids.join("+"))
}

#[rstest]
#[case::pinned(&[Carries::Stranger], vec![])]
#[case::pinned_beside_others(&[Carries::OtherStranger, Carries::Stranger], vec![])]
#[case::known_but_not_pinned(&[Carries::Release], vec![pin_found(&[Carries::Release])])]
#[case::neither(&[Carries::OtherStranger], vec![pin_found(&[Carries::OtherStranger]), Carries::OtherStranger.fingerprint()])]
#[case::both_neither(&[Carries::StrangerKey], vec![pin_found(&[Carries::StrangerKey]), Carries::StrangerKey.downgrade(), Carries::StrangerKey.fingerprint()])]
fn a_pinned_repository(#[case] carries: &[Carries], #[case] expected: Vec<String>) {
    let lookup = usable(learned(&[Carries::Release]));
    let drifts = drifts_of(&lookup, &pinned(&[Carries::Stranger]), &signed(carries));
    assert_eq!(drifts, expected);
}

#[rstest]
#[case::unsigned(Posture::Unsigned, vec!["pin:unsigned", "unsigned"])]
#[case::unverifiable(Posture::Unverifiable, vec!["pin:unverifiable", "downgrade:unverifiable"])]
#[case::invalid(Posture::Invalid, vec!["pin:unverifiable", "invalid"])]
#[case::unknown(Posture::Unknown, vec!["undetermined (answer)"])]
fn a_pinned_repository_where_nobody_is_proven(
    #[case] posture: Posture,
    #[case] expected: Vec<&str>,
) {
    let lookup = usable(learned(&[Carries::Release]));
    let observation = Observation {
        has_signature_tag: true,
        ..found(posture)
    };
    let drifts = drifts_of(&lookup, &pinned(&[Carries::Stranger]), &observation);
    assert_eq!(drifts, expected);
}

#[test]
fn pins_hold_without_a_baseline() {
    let settings = pinned(&[Carries::Stranger]);
    let drifts = |observation: &Observation| drifts_of(&Lookup::Absent, &settings, observation);
    assert_eq!(drifts(&signed(&[Carries::Stranger])), ["new"]);
    assert_eq!(drifts(&found(Posture::Unsigned)), ["pin:unsigned", "new"]);
    let release = pin_found(&[Carries::Release]);
    assert_eq!(
        drifts(&signed(&[Carries::Release])),
        [release.as_str(), "new"]
    );
}

#[test]
fn pins_that_match_unite() {
    let settings = settings(json!({"pins": [pin(&[Carries::Stranger]), pin(&[Carries::Key])]}));
    let lookup = usable(cold(&[Carries::Key]));
    for carries in [Carries::Stranger, Carries::Key] {
        assert_eq!(
            drifts_of(&lookup, &settings, &signed(&[carries])),
            [] as [String; 0]
        );
    }
    let release = drifts_of(&lookup, &settings, &signed(&[Carries::Release]));
    assert_eq!(release[0], pin_found(&[Carries::Release]));
}

#[test]
fn a_pinned_key_in_a_keyless_repository_is_still_a_downgrade() {
    let lookup = usable(learned(&[Carries::Release]));
    let drifts = drifts_of(&lookup, &pinned(&[Carries::Key]), &signed(&[Carries::Key]));
    assert_eq!(drifts, [Carries::Key.downgrade()]);
}

#[test]
fn listed_digests_do_not_satisfy_a_pin_by_themselves() {
    let mut baseline = learned(&[Carries::Release]);
    let signer = Carries::Release.signer().id();
    baseline
        .verified
        .push(Verified::new(image(), &signer, now()));
    let tolerated = Tolerated {
        digest: image(),
        posture: Posture::Unsigned,
        at: now(),
    };
    baseline.tolerated.push(tolerated);
    let lookup = usable(baseline);
    let settings = pinned(&[Carries::Stranger]);
    // Only the pin wants more: the rest is continuous.
    let drifts = |observation: &Observation| drifts_of(&lookup, &settings, observation);
    assert_eq!(drifts(&found(Posture::Unsigned)), ["pin:unsigned"]);
    assert_eq!(
        drifts(&signed(&[Carries::OtherStranger])),
        [pin_found(&[Carries::OtherStranger])]
    );
    let allowed = Observation {
        evidence: Evidence::Allowed,
        ..found(Posture::Unsigned)
    };
    assert_eq!(drifts(&allowed), [] as [String; 0]);
}

#[test]
fn a_pin_is_accepted_as_it_was_told_and_covers_nothing_else() {
    let carries = [Carries::OtherStranger];
    let told_pin = pin_found(&carries);
    let settings = settings(json!({
        "pins": [pin(&[Carries::Stranger])],
        "exceptions": [{"repository": REPOSITORY, "accepts": told_pin, "reason": "T-1", "expires": "2026-03-01"}],
    }));
    let lookup = usable(learned(&[Carries::Release]));
    let drifts = drifts_of(&lookup, &settings, &signed(&carries));
    assert_eq!(drifts, [Carries::OtherStranger.fingerprint()]);
    let both = drifts_of(
        &lookup,
        &settings,
        &signed(&[Carries::OtherStranger, Carries::Release]),
    );
    assert_eq!(
        both,
        [pin_found(&[Carries::OtherStranger, Carries::Release])]
    );
}

#[test]
fn pins_are_anchored() {
    let settings = settings(
        json!({"pins": [{"repositories": ["ghcr.io/acm/**"], "anyOf": [
        {"issuer": "https://accounts.google.com", "subject": "dev@acme.example"}]}]}),
    );
    let lookup = usable(learned(&[Carries::Release]));
    assert_eq!(
        drifts_of(&lookup, &settings, &signed(&[Carries::Release])),
        [] as [String; 0]
    );
}

#[test]
fn what_was_verified_with_a_pinned_signer_satisfies_the_pin() {
    let observation = found(Posture::Unsigned);
    let lookup = usable(listing(Entry::Verified));
    let drifts = |by| drifts_of(&lookup, &pinned(&[by]), &observation);
    assert_eq!(drifts(Carries::Release), [] as [String; 0]);
    assert_eq!(drifts(Carries::Stranger), ["pin:unsigned"]);
    // What could not be found out does not become known by being listed.
    let unknown = Observation::unknown(Some(image()), Cause::Format, None);
    let drifts = drifts_of(&lookup, &pinned(&[Carries::Stranger]), &unknown);
    assert_eq!(drifts, ["undetermined (format)"]);
}

#[test]
fn who_is_said_to_have_signed_without_a_proof_is_nobody() {
    let observation = found(Posture::Signed);
    let drifts = drifts_of(&Lookup::Absent, &pinned(&[Carries::Stranger]), &observation);
    assert_eq!(drifts, ["pin:unverifiable", "new"]);
}

#[test]
fn a_pin_on_a_repository_that_was_never_signed() {
    let never = Baseline::new(REPOSITORY.parse().unwrap(), Rank::Unsigned, now());
    let lookup = usable(never);
    let settings = pinned(&[Carries::Stranger]);
    let drifts = |observation: &Observation| drifts_of(&lookup, &settings, observation);
    assert_eq!(drifts(&found(Posture::Unsigned)), ["pin:unsigned"]);
    assert_eq!(drifts(&signed(&[Carries::Stranger])), [] as [String; 0]);
    let release = pin_found(&[Carries::Release]);
    assert_eq!(drifts(&signed(&[Carries::Release])), [release]);
}

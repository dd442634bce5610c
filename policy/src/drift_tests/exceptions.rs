//! Exceptions accept exactly what they name.

use super::*;

fn exception(accepts: &str, image_only: bool, expires: &str) -> Value {
    let mut entry = json!({"accepts": accepts, "reason": "T-1", "expires": expires});
    if image_only {
        entry["image"] = json!(format!("{REPOSITORY}@{}", image()));
    } else {
        entry["repository"] = json!(REPOSITORY);
    }
    entry
}

fn excepting(accepts: &[String]) -> Settings {
    let entries: Vec<Value> = accepts
        .iter()
        .map(|accepts| {
            let one_digest = ["invalid", "downgrade:unverifiable", "pin:unverifiable"];
            exception(
                accepts,
                one_digest.contains(&accepts.as_str()),
                "2026-03-01",
            )
        })
        .collect();
    settings(json!({"exceptions": entries}))
}

#[rstest]
#[case::unsigned(found(Posture::Unsigned), "unsigned")]
#[case::unverifiable(found(Posture::Unverifiable), "downgrade:unverifiable")]
#[case::invalid(found(Posture::Invalid), "invalid")]
fn accepts_what_is_named(#[case] observation: Observation, #[case] accepts: &str) {
    let lookup = usable(learned(&[Carries::Release]));
    let assessment = assessed(&lookup, &excepting(&[accepts.to_owned()]), &observation);
    assert_eq!(told(&assessment.drifts), [] as [String; 0]);
    assert_eq!(told(&assessment.accepted), [accepts]);
    for other in ["unsigned", "downgrade:unverifiable", "invalid"] {
        if other != accepts {
            let assessment = assessed(&lookup, &excepting(&[other.to_owned()]), &observation);
            assert_eq!(told(&assessment.drifts), [accepts]);
        }
    }
}

#[test]
fn an_exception_must_cover_each_drift() {
    let lookup = usable(learned(&[Carries::Release]));
    let observation = signed(&[Carries::StrangerKey]);
    let (signer, downgrade) = (
        Carries::StrangerKey.fingerprint(),
        Carries::StrangerKey.downgrade(),
    );
    let only = |accepts: &[&String]| {
        let accepts: Vec<String> = accepts.iter().map(|one| (*one).clone()).collect();
        drifts_of(&lookup, &excepting(&accepts), &observation)
    };
    assert_eq!(only(&[&signer]), [downgrade.as_str()]);
    assert_eq!(only(&[&downgrade]), [signer.as_str()]);
    assert_eq!(only(&[&signer, &downgrade]), [] as [String; 0]);
    assert_eq!(only(&[&downgrade, &signer]), [] as [String; 0]);
}

#[test]
fn a_signer_that_an_exception_covers_counts_as_known() {
    let lookup = usable(learned(&[Carries::Release]));
    let settings = excepting(&[Carries::Stranger.fingerprint()]);
    let none: [String; 0] = [];
    assert_eq!(
        drifts_of(&lookup, &settings, &signed(&[Carries::Stranger])),
        none
    );
    let other = signed(&[Carries::OtherStranger]);
    assert_eq!(
        drifts_of(&lookup, &settings, &other),
        [Carries::OtherStranger.fingerprint()]
    );
    // Beside him another stranger makes no difference.
    let both = signed(&[Carries::Stranger, Carries::OtherStranger]);
    assert_eq!(drifts_of(&lookup, &settings, &both), none);
}

#[test]
fn a_signer_excepted_for_one_image_is_a_stranger_elsewhere() {
    let lookup = usable(learned(&[Carries::Release]));
    let settings = settings(json!({
        "exceptions": [exception(&Carries::Stranger.fingerprint(), true, "2026-03-01")]
    }));
    let here = signed(&[Carries::Stranger]);
    assert_eq!(drifts_of(&lookup, &settings, &here), [] as [String; 0]);
    let elsewhere = Observation {
        digest: Some(digest("another")),
        ..here.clone()
    };
    assert_eq!(
        drifts_of(&lookup, &settings, &elsewhere),
        [Carries::Stranger.fingerprint()]
    );
    let nowhere = Observation {
        digest: None,
        ..here
    };
    assert_eq!(
        drifts_of(&lookup, &settings, &nowhere),
        [Carries::Stranger.fingerprint()]
    );
}

#[rstest]
#[case::last_day("2026-03-01", true)]
#[case::over("2026-02-28", false)]
fn an_expired_exception_is_void(#[case] expires: &str, #[case] counts: bool) {
    let lookup = usable(learned(&[Carries::Release]));
    let settings = settings(json!({"exceptions": [exception("unsigned", false, expires)]}));
    let drifts = drifts_of(&lookup, &settings, &found(Posture::Unsigned));
    assert_eq!(drifts.is_empty(), counts);
}

#[rstest]
#[case("invalid")]
#[case("downgrade:unverifiable")]
#[case("pin:unverifiable")]
fn what_says_nothing_about_an_image_is_accepted_for_one_digest_only(#[case] accepts: &str) {
    let parse = |image_only| {
        let fields = json!({"exceptions": [exception(accepts, image_only, "2026-03-01")]});
        Settings::parse(fields.to_string().as_bytes())
    };
    assert!(parse(true).is_ok());
    assert!(parse(false).is_err());
}

#[test]
fn what_could_not_be_found_out_is_never_accepted() {
    let accepts: Vec<String> = ["unsigned", "invalid", "downgrade:unverifiable"]
        .map(str::to_owned)
        .to_vec();
    let settings = excepting(&accepts);
    for cause in [
        Cause::Outage,
        Cause::Limit,
        Cause::Baseline,
        Cause::TrustRoot,
        Cause::Format,
    ] {
        let observation = Observation::unknown(Some(image()), cause, None);
        let drifts = drifts_of(
            &usable(learned(&[Carries::Release])),
            &settings,
            &observation,
        );
        assert_eq!(drifts, [format!("undetermined ({cause})")]);
    }
}

#[test]
fn the_order_of_exceptions_makes_no_difference() {
    let accepts = [
        Carries::StrangerKey.downgrade(),
        Carries::StrangerKey.fingerprint(),
        "unsigned".to_owned(),
    ];
    let lookup = usable(learned(&[Carries::Release]));
    for turn in 0..3 {
        let mut accepts = accepts.clone();
        accepts.rotate_left(turn);
        let assessment = assessed(
            &lookup,
            &excepting(&accepts),
            &signed(&[Carries::StrangerKey]),
        );
        assert_eq!(told(&assessment.drifts), [] as [String; 0]);
    }
}

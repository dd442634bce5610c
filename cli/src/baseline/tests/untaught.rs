//! Signatures beside which nobody is taken, and what is told of them.

use super::*;
use crate::baseline::reason::Reason;
use crate::observation::ObservedImage;
use signature_continuity::proof::Problem;

fn told(after: Option<&Baseline>, images: &[ObservedImage]) -> Vec<Reason> {
    let sights: Vec<_> = images.iter().filter_map(running).collect();
    let untaught = untaught(after, &repository(), &sights);
    untaught.into_iter().map(|one| one.reason).collect()
}

/// Nobody comes in by this image, whether there is a baseline or not, and that is told.
fn teaches_nothing(seen: &ObservedImage, reason: &Reason) {
    let images = std::slice::from_ref(seen);
    let nothing = UpdateResult::Nothing(reason.summary());
    assert_eq!(learn(None, images, now()), nothing);
    let before = first();
    assert_eq!(learn(Some(&before), images, now()), UpdateResult::Unchanged);
    for after in [None, Some(&before)] {
        assert_eq!(told(after, images), std::slice::from_ref(reason));
    }
}

#[test]
fn beside_a_signature_that_contradicts_itself_the_later_stranger_is_nobody() {
    let what = "the log entry is of another signature";
    for (problem, reason) in [
        (
            Problem::Contradiction(what),
            Reason::Unjudged(what.to_owned()),
        ),
        (
            Problem::ForeignAuthority,
            Reason::Unjudged("no configured authority issued the certificate".to_owned()),
        ),
        (Problem::UnknownKey, Reason::UnknownKey),
    ] {
        let seen = with_problem(image("v2", &[by(stranger())]), problem);
        teaches_nothing(&seen, &reason);
    }
}

#[rstest::rstest]
#[case::earlier(Some(-1), true)]
#[case::at_once(Some(0), true)]
#[case::unlogged(None, true)]
#[case::later(Some(1), false)]
fn beside_a_signature_made_elsewhere_and_earlier_nobody_is_taken(
    #[case] hours: Option<i64>,
    #[case] withheld: bool,
) {
    let genuine = by(third()).elsewhere();
    let genuine = match hours {
        Some(hours) => genuine.at(now() + TimeDelta::hours(hours)),
        None => genuine.unlogged(),
    };
    let seen = image("v2", &[by(stranger()).at(now()), genuine]);
    if withheld {
        let reason = Reason::ElsewhereEarlier("ghcr.io/evil/api".to_owned());
        teaches_nothing(&seen, &reason);
    } else {
        let (after, _) = learned(learn(Some(&first()), &[seen], now()));
        assert!(after.record(&id(&stranger())).is_some());
        assert!(after.record(&id(&third())).is_none());
    }
}

#[test]
fn a_lone_signer_without_log_time_is_nobody_beside_one_from_elsewhere() {
    let seen = image(
        "v2",
        &[by(stranger()).unlogged(), by(third()).elsewhere().at(now())],
    );
    teaches_nothing(
        &seen,
        &Reason::ElsewhereEarlier("ghcr.io/evil/api".to_owned()),
    );
}

#[test]
fn nobody_is_taken_from_beside_a_retired_signer() {
    let before = first();
    let approval = Approval {
        by: "ada".to_owned(),
        reason: "leaked".to_owned(),
        at: now(),
    };
    let before = retire(&before, &id(&release()), &approval).unwrap();
    let earlier = by(stranger()).at(now() - DAY);
    let both = image("v2", &[by(release()), earlier]);
    assert_eq!(
        learn(Some(&before), &[both], now()),
        UpdateResult::Unchanged
    );
}

#[test]
fn what_proves_nobody_is_told_where_it_says_that_it_is_signed() {
    let unverifiable = |problem| with_problem(unproven("v1", Posture::Unverifiable), problem);
    assert_eq!(
        told(None, &[unverifiable(Problem::UnknownKey)]),
        [Reason::UnknownKey]
    );
    for quiet in [
        unproven("v1", Posture::Unsigned),
        unproven("v1", Posture::Unknown),
        image("v1", &[by(release())]),
    ] {
        assert_eq!(told(Some(&first()), &[quiet]), []);
    }
    // Once a baseline is established it is drift, which is told as such.
    let moved = image("v9", &[by(stranger()).elsewhere()]);
    assert_eq!(told(Some(&established()), &[moved]), []);
}

#[test]
fn the_way_out_is_told_and_holds_nothing_from_the_image() {
    let evil = "ghcr.io/evil/api\u{202e} `rm`";
    let of = |reason| {
        let untaught = Untaught {
            repository: repository(),
            digest: digest("v1"),
            reason,
        };
        untaught.to_string()
    };
    let elsewhere = of(Reason::Elsewhere(evil.to_owned()));
    assert!(
        elsewhere.contains("`aliases` from ghcr.io/acme/api"),
        "{elsewhere}"
    );
    assert!(!elsewhere.contains('\u{202e}'), "{elsewhere}");
    let key = of(Reason::UnknownKey);
    assert!(
        key.contains("`continuity approve ghcr.io/acme/api KEYFILE"),
        "{key}"
    );
    let earlier = of(Reason::ElsewhereEarlier(evil.to_owned()));
    let image = format!("ghcr.io/acme/api@{}", digest("v1"));
    assert!(
        earlier.contains(&format!("`continuity approve {image} ID")),
        "{earlier}"
    );
    assert!(of(Reason::Unordered).contains(&format!("`continuity explain {image}`")));
}

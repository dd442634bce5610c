//! What a repository's own past establishes, and what it does not.

use super::*;
use crate::observation::ObservedImage;
use signature_continuity::baseline::Origin;
use signature_continuity::proof::Problem;

fn day(n: i32) -> chrono::DateTime<chrono::Utc> {
    now() - DAY * 100 + DAY * n
}

/// Releases on these days.
fn releases(days: &[i32]) -> Vec<ObservedImage> {
    days.iter()
        .map(|n| image(&format!("r{n}"), &[by(release()).at(day(*n))]))
        .collect()
}

fn by_history(running: &[ObservedImage], past: &[ObservedImage]) -> Option<Baseline> {
    match learn_with(None, running, now(), Some(past)) {
        UpdateResult::Learned { baseline, .. } if baseline.established.is_some() => Some(*baseline),
        UpdateResult::Learned { .. } | UpdateResult::Unchanged | UpdateResult::Nothing(_) => None,
    }
}

#[test]
fn three_releases_over_a_month_establish_at_once() {
    let past = releases(&[0, 15, 30]);
    let running = [past[2].clone(), past[1].clone()];
    let baseline = by_history(&running, &past).unwrap();
    assert_eq!(baseline.established, Some(now()));
    assert_eq!(baseline.signers[0].origin, Origin::History);
    assert_eq!(baseline.signers[0].digests, 3);
    assert_eq!(baseline.log.clone().unwrap().earliest, day(0));
    assert_eq!(baseline.tolerated, []);
    assert!(baseline.verified(&digest("r0")).is_some());
}

#[rstest::rstest]
#[case::two_digests(&[0, 30])]
#[case::a_burst(&[30, 30, 30])]
#[case::too_short(&[0, 10, 29])]
fn too_little_establishes_nothing(#[case] days: &[i32]) {
    let past: Vec<ObservedImage> = days
        .iter()
        .enumerate()
        .map(|(n, day_of)| {
            let hour = TimeDelta::minutes(n as i64);
            image(&format!("r{n}"), &[by(release()).at(day(*day_of) + hour)])
        })
        .collect();
    assert!(by_history(&[past[0].clone()], &past).is_none());
}

#[test]
fn a_past_of_which_nothing_runs_establishes_nothing() {
    let past = releases(&[0, 15, 30]);
    let other = [image("other", &[by(stranger())])];
    assert!(by_history(&other, &past).is_none());
}

#[test]
fn images_moved_in_from_elsewhere_do_not_count() {
    let past: Vec<ObservedImage> = [0, 15, 30]
        .iter()
        .map(|n| image(&format!("r{n}"), &[by(stranger()).at(day(*n)).elsewhere()]))
        .collect();
    assert!(by_history(&[past[0].clone()], &past).is_none());
}

#[test]
fn bundles_and_unlogged_keys_do_not_count() {
    for unsaid in [by(release()).bundled(), by_key().unlogged()] {
        let past: Vec<ObservedImage> = [0, 15, 30]
            .iter()
            .map(|n| {
                let mut signature = unsaid.clone();
                if let Some(at) = unsaid_time(&unsaid) {
                    signature = signature.at(at + DAY * *n);
                }
                image(&format!("r{n}"), &[signature])
            })
            .collect();
        assert!(by_history(&[past[0].clone()], &past).is_none());
    }
}

fn unsaid_time(by: &By) -> Option<chrono::DateTime<chrono::Utc>> {
    image("any", std::slice::from_ref(by)).signatures[0]
        .logged_at
        .map(|_| day(0))
}

#[test]
fn it_takes_most_of_what_was_examined() {
    let past = releases(&[0, 15, 30]);
    let unsigned: Vec<ObservedImage> = (0..3)
        .map(|n| unproven(&format!("u{n}"), Posture::Unsigned))
        .collect();
    let with = |n: usize| [past.clone(), unsigned[..n].to_vec()].concat();
    assert!(by_history(&[past[0].clone()], &with(2)).is_some());
    assert!(by_history(&[past[0].clone()], &with(3)).is_none());
}

#[test]
fn whoever_signed_later_beside_the_first_is_nobody() {
    let past: Vec<ObservedImage> = [0, 15, 30]
        .iter()
        .map(|n| {
            let late = by(stranger()).at(day(*n) + TimeDelta::hours(1));
            image(&format!("r{n}"), &[late, by(release()).at(day(*n))])
        })
        .collect();
    let baseline = by_history(&[past[0].clone()], &past).unwrap();
    assert_eq!(baseline.signers.len(), 1);
    assert_eq!(baseline.signers[0].id(), id(&release()));
    assert_eq!(baseline.candidates[0].id, id(&stranger()));
}

#[test]
fn an_established_baseline_is_not_changed_by_a_past() {
    let before = established();
    let past: Vec<ObservedImage> = [0, 15, 30]
        .iter()
        .map(|n| image(&format!("r{n}"), &[by(stranger()).at(day(*n))]))
        .collect();
    let lesson = learn_with(Some(&before), &[past[0].clone()], now() + DAY, Some(&past));
    assert_eq!(lesson, UpdateResult::Unchanged);
}

#[test]
fn who_signed_after_a_bundle_or_a_moved_in_signature_was_not_first() {
    for there_before in [By::bundled, By::elsewhere] {
        let past: Vec<ObservedImage> = [0, 15, 30]
            .map(|n| {
                let publisher = there_before(by(release()).at(day(n)));
                let later = by(stranger()).at(day(n) + TimeDelta::hours(1));
                image(&format!("r{n}"), &[publisher, later])
            })
            .into();
        assert!(by_history(&[past[2].clone()], &past).is_none());
    }
}

#[test]
fn whoever_is_not_on_everything_that_runs_is_established_by_no_past() {
    let past = releases(&[0, 15, 30]);
    for besides in [
        image("swapped", &[by(stranger())]),
        image("moved on", &[by(release()).bundled()]),
        unproven("old", Posture::Unsigned),
        unproven("lost", Posture::Unknown),
        with_problem(image("odd", &[by(release())]), Problem::NotConfirmed),
    ] {
        let running = [past[2].clone(), besides];
        assert!(by_history(&running, &past).is_none(), "{:?}", running[1]);
    }
}

#[test]
fn of_two_with_such_a_past_neither_is_established() {
    let mut past = releases(&[0, 15, 30, 31, 32]);
    let prepared = [0, 16, 33].map(|n| image(&format!("p{n}"), &[by(stranger()).at(day(n))]));
    let running = [past[2].clone()];
    assert!(by_history(&running, &past).is_some());
    past.extend(prepared.iter().take(2).cloned());
    assert!(by_history(&running, &past).is_some());
    past.extend(prepared.into_iter().skip(2));
    assert!(by_history(&running, &past).is_none());
    // Nor the one who has prepared most of it.
    past.extend((40..60).map(|n| image(&format!("p{n}"), &[by(stranger()).at(day(n))])));
    assert!(by_history(&[past[5].clone()], &past).is_none());
}

#[test]
fn a_digest_of_which_not_everybody_could_be_judged_counts_for_nobody() {
    let past: Vec<ObservedImage> = releases(&[0, 15, 30])
        .into_iter()
        .map(|seen| with_problem(seen, Problem::ForeignAuthority))
        .collect();
    assert!(by_history(&[past[2].clone()], &past).is_none());
}

#[test]
fn a_retired_signer_does_not_come_back_by_its_past_whatever_its_branch() {
    let settings = folding_branches();
    let (before, _) = learned(learn(None, &[image("v1", &[by(branch(1))])], now()));
    let approval = Approval {
        by: "ada".to_owned(),
        reason: "leaked".to_owned(),
        at: now(),
    };
    let before = retire(&before, &id(&branch(1)), &approval).unwrap();
    let past: Vec<ObservedImage> = [0, 15, 30]
        .iter()
        .map(|n| image(&format!("r{n}"), &[by(branch(2)).at(day(*n))]))
        .collect();
    let folded = |settings: &signature_continuity::settings::Settings| {
        let sights: Vec<DigestObservation<'_>> = past.iter().filter_map(running).collect();
        let own = Past {
            sights: sights.clone(),
            unseen: 0,
        };
        let terms = Terms {
            establish_after: DAY,
            now: now(),
            past: Some(&own),
            may_establish: true,
            settings,
            also_running: None,
        };
        fold(Some(&before), &repository(), &sights, &terms)
    };
    assert_eq!(folded(&settings), UpdateResult::Unchanged);
    // Where branches are not folded it is somebody else.
    let (after, _) = learned(folded(&Default::default()));
    assert_eq!(after.established, Some(now()));
}

//! Each rule of learning, on signatures of the test kit and a host that believes everything.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod approvals;
mod declared;
mod digests;
mod established;
mod history;
pub(crate) mod make;
mod never_signed;
mod order;
mod untaught;

use super::*;
use chrono::TimeDelta;
use make::*;
use signature_continuity::baseline::{Baseline, Format};
use signature_continuity::posture::Posture;

#[test]
fn a_first_lone_signer_begins_a_cold_baseline() {
    let (baseline, news) = learned(learn(None, &[image("v1", &[by(release())])], now()));
    assert_eq!(
        (
            baseline.signers.len(),
            baseline.generation,
            baseline.established
        ),
        (1, 1, None)
    );
    assert!(baseline.verified(&digest("v1")).is_some());
    assert!(baseline.signers[0].alone);
    assert_eq!(baseline.signers[0].digests, 1);
    assert!(news.contains(&BaselineEvent::Repository));
}

#[test]
fn of_several_signers_the_earliest_in_the_log_is_taken_and_the_rest_are_candidates() {
    let both = image(
        "v1",
        &[
            by(stranger()).at(now() + TimeDelta::hours(1)),
            by(release()).at(now()),
        ],
    );
    let (baseline, _) = learned(learn(None, &[both], now()));
    assert_eq!(signers(&baseline), [id(&release())]);
    assert_eq!(baseline.candidates[0].id, id(&stranger()));
    assert_eq!(baseline.candidates[0].beside, id(&release()).short());
}

#[test]
fn of_several_signers_without_log_times_nobody_is_taken() {
    let both = image("v1", &[by(release()).unlogged(), by(stranger()).at(now())]);
    let lesson = learn(None, &[both], now());
    assert_eq!(
        lesson,
        UpdateResult::Nothing("of several signers it is not known who was first")
    );
}

#[test]
fn of_two_at_the_same_second_nobody_is_taken() {
    let both = image("v1", &[by(release()).at(now()), by(stranger()).at(now())]);
    assert!(matches!(
        learn(None, &[both], now()),
        UpdateResult::Nothing(_)
    ));
}

#[test]
fn each_digest_teaches_a_cold_baseline_one_signer() {
    let images = [
        image("v1", &[by(release())]),
        image("v2", &[by(stranger())]),
    ];
    let (baseline, _) = learned(learn(None, &images, now()));
    assert_eq!(signers(&baseline).len(), 2);
}

#[test]
fn a_signature_for_another_repository_teaches_nothing() {
    let moved = image("v1", &[by(release()).elsewhere()]);
    let nothing = UpdateResult::Nothing("the signatures were made for another repository");
    assert_eq!(learn(None, std::slice::from_ref(&moved), now()), nothing);
    let after = established();
    assert_eq!(
        learn(Some(&after), &[moved], now() + DAY),
        UpdateResult::Unchanged
    );
}

#[test]
fn an_own_old_image_moved_in_adds_no_signer_to_a_cold_baseline() {
    let before = first();
    let moved = image("old", &[by(stranger()).elsewhere().at(now() - DAY * 300)]);
    assert_eq!(
        learn(Some(&before), &[moved], now()),
        UpdateResult::Unchanged
    );
}

#[test]
fn a_bundle_teaches_although_it_names_no_repository() {
    let (baseline, _) = learned(learn(
        None,
        &[image("v1", &[by(release()).bundled()])],
        now(),
    ));
    assert_eq!(baseline.formats, [Format::Bundle]);
}

#[rstest::rstest]
#[case(Posture::Unsigned)]
#[case(Posture::Invalid)]
#[case(Posture::Unverifiable)]
#[case(Posture::Unknown)]
fn what_is_not_proven_teaches_nothing(#[case] posture: Posture) {
    let nothing = UpdateResult::Nothing("what is not proven teaches nothing");
    assert_eq!(learn(None, &[unproven("v1", posture)], now()), nothing);
    let before = first();
    let lesson = learn(Some(&before), &[unproven("v1", posture)], now());
    assert_eq!(lesson, UpdateResult::Unchanged);
}

#[test]
fn a_baseline_is_established_after_a_day() {
    let next = image("v2", &[by(release())]);
    let early = learn(
        Some(&first()),
        std::slice::from_ref(&next),
        now() + TimeDelta::hours(23),
    );
    assert_eq!(learned(early).0.established, None);
    let (late, news) = learned(learn(Some(&first()), &[next], now() + DAY * 3));
    // Since when it counts is the rule's, not the learner's timetable.
    assert_eq!(late.established, Some(now() + DAY));
    assert_eq!(late.generation, 2);
    assert!(news.contains(&BaselineEvent::Established));
}

#[test]
fn a_baseline_is_established_although_nothing_of_it_runs() {
    let (late, _) = learned(learn(Some(&first()), &[], now() + DAY));
    assert_eq!(late.established, Some(now() + DAY));
}

#[test]
fn the_same_image_again_changes_nothing() {
    let before = first();
    let again = image("v1", &[by(release())]);
    assert_eq!(
        learn(Some(&before), &[again], now()),
        UpdateResult::Unchanged
    );
}

#[test]
fn being_seen_again_is_written_once_a_day() {
    let before = first();
    let again = [image("v1", &[by(release())])];
    let later = now() + TimeDelta::days(1);
    let (after, _) = learned(learn(Some(&before), &again, later));
    assert_eq!(after.last_seen, later);
    assert_eq!(after.signers[0].digests, 1);
    assert_eq!(after.verified[0].at, later);
}

#[test]
fn a_cold_baseline_takes_in_no_more_signers_than_it_can_hold() {
    let images: Vec<_> = (0..40)
        .map(|n| {
            image(
                &format!("v{n}"),
                &[by(continuity_testkit::Identity::google(&format!(
                    "{n}@acme.example"
                )))],
            )
        })
        .collect();
    let (baseline, _) = learned(learn(None, &images, now()));
    assert_eq!(baseline.signers.len(), 32);
}

#[test]
fn alone_is_who_stands_without_a_stronger_one() {
    let both = image("v1", &[by(release()).at(now()), by_key().at(now() + DAY)]);
    let key_first = image("v0", &[by_key().at(now() - DAY), by(release()).at(now())]);
    let (baseline, _) = learned(learn(None, &[both, key_first], now()));
    let alone: Vec<bool> = baseline.signers.iter().map(|s| s.alone).collect();
    assert_eq!(baseline.signers.len(), 2);
    let of = |id| baseline.record(&id).unwrap().alone;
    assert!(of(id(&release())), "{alone:?}");
    assert!(!of(key_id()), "{alone:?}");
}

fn signers(baseline: &Baseline) -> Vec<signature_continuity::signer::SignerId> {
    baseline.signers.iter().map(|record| record.id()).collect()
}

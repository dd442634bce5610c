#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::baseline::tests::make::{by, first, image, now, release, repository, unproven};

fn taught(before: Option<&Baseline>, all: &[Observation], days: i64) -> UpdateResult {
    never_signed(before, &repository(), all, now() + TimeDelta::days(days))
}

fn unsigned(seed: &str) -> Observation {
    unproven(seed, Posture::Unsigned).observation
}

#[test]
fn what_runs_without_any_signature_is_written_down_and_moves_daily() {
    let UpdateResult::Learned { baseline, news } = taught(None, &[unsigned("v1")], 0) else {
        unreachable!("nothing was learned");
    };
    assert_eq!(news, [BaselineEvent::NeverSigned]);
    assert_eq!((baseline.rank, baseline.generation), (Rank::Unsigned, 1));
    assert!(!baseline.is_signed());
    let before = Some(&*baseline);
    assert_eq!(
        taught(before, &[unsigned("v1")], 0),
        UpdateResult::Unchanged
    );
    let UpdateResult::Learned {
        baseline: after, ..
    } = taught(before, &[unsigned("v2")], 1)
    else {
        unreachable!("it did not move");
    };
    assert_eq!(after.first_seen, baseline.first_seen);
    assert_eq!(
        (after.last_seen, after.generation),
        (now() + TimeDelta::days(1), 2)
    );
    // Both can be read again.
    let json = serde_json::to_string(&after).unwrap();
    assert_eq!(
        Baseline::from_json(&json, &repository()).as_ref(),
        Ok(&*after)
    );
}

#[test]
fn what_is_not_known_to_be_unsigned_says_nothing() {
    let incomplete = Observation {
        incomplete: true,
        ..unsigned("v2")
    };
    let others = [
        image("v2", &[by(release())]).observation,
        unproven("v2", Posture::Unknown).observation,
        unproven("v2", Posture::Unverifiable).observation,
        unproven("v2", Posture::Invalid).observation,
        incomplete,
    ];
    for other in others {
        let all = [unsigned("v1"), other];
        assert!(
            matches!(taught(None, &all, 0), UpdateResult::Nothing(_)),
            "{all:?}"
        );
    }
    assert!(matches!(taught(None, &[], 0), UpdateResult::Nothing(_)));
}

#[test]
fn one_that_was_signed_stays_one() {
    assert_eq!(
        taught(Some(&first()), &[unsigned("v2")], 40),
        UpdateResult::Unchanged
    );
}

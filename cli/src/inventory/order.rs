//! In which order images are told: the loudest first, in every output.
//!
//! Invariant: the order depends on the entries alone, never on the order in which they were found out, so that two runs
//! can be compared line by line.

use super::{Entry, IfEnforced};
use signature_continuity::drift::Drift;
use std::cmp::Ordering;

/// How loud an image is. The order of variants is the order of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// The settings given reject it.
    Rejected,
    /// An enforced scope would reject it, as it does what cannot be read, and it is in none.
    WouldBeRejected,
    /// It drifts from a baseline that is not established yet.
    NotEstablished,
    /// It could not be found out.
    Undetermined,
    /// It drifts, and is admitted.
    Drift,
    /// It has no baseline.
    New,
    /// Nothing differs.
    NoDrift,
}

impl Severity {
    /// All of them, the loudest first.
    pub(crate) const ALL: [Self; 7] = [
        Self::Rejected,
        Self::WouldBeRejected,
        Self::NotEstablished,
        Self::Undetermined,
        Self::Drift,
        Self::New,
        Self::NoDrift,
    ];

    /// For people.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::WouldBeRejected => "would be rejected if enforced",
            Self::NotEstablished => "not established",
            Self::Undetermined => "undetermined",
            Self::Drift => "admitted despite drift",
            Self::New => "new",
            Self::NoDrift => "without drift",
        }
    }

    /// Of one image.
    #[must_use]
    pub(crate) fn of(entry: &Entry) -> Self {
        let Ok(found) = &entry.found else {
            return if entry.enforced {
                Self::Rejected
            } else {
                Self::WouldBeRejected
            };
        };
        match (found.if_enforced, entry.policy_drift()) {
            _ if entry.is_rejected() => Self::Rejected,
            (IfEnforced::Reject(_), _) => Self::WouldBeRejected,
            (IfEnforced::NotEstablished, _) => Self::NotEstablished,
            (IfEnforced::Admit, Some(Drift::Undetermined(..))) => Self::Undetermined,
            (IfEnforced::Admit, Some(Drift::New)) => Self::New,
            (IfEnforced::Admit, Some(_)) => Self::Drift,
            (IfEnforced::Admit, None) => Self::NoDrift,
        }
    }
}

/// Sorts entries, the loudest first.
pub fn sort(entries: &mut [Entry]) {
    entries.sort_by(compare);
}

/// Which of two entries is told first: the louder one, then by repository, reference and running digest. What cannot be
/// read has no repository, and comes last among those that are as loud.
#[must_use]
pub fn compare(one: &Entry, other: &Entry) -> Ordering {
    let key = |entry: &Entry| (Severity::of(entry), entry.found.is_err());
    let repository = |entry: &Entry| {
        entry
            .found
            .as_ref()
            .ok()
            .map(|found| found.repository.clone())
    };
    key(one)
        .cmp(&key(other))
        .then_with(|| repository(one).cmp(&repository(other)))
        .then_with(|| one.image.spelled.cmp(&other.image.spelled))
        .then_with(|| one.image.running.cmp(&other.image.running))
        .then_with(|| one.image.places.cmp(&other.image.places))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::sample;
    use proptest::prelude::*;

    #[test]
    fn rejected_come_first_and_those_without_drift_last() {
        let inventory = sample::inventory();
        let order: Vec<Severity> = inventory.entries.iter().map(Severity::of).collect();
        let mut sorted = order.clone();
        sorted.sort();
        assert_eq!(order, sorted);
        sorted.dedup();
        // The sample has one of each, or this test could not fail.
        assert_eq!(sorted.len(), 7, "{sorted:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_order_in_which_they_came_does_not_matter(
            shuffled in Just(sample::inventory().entries).prop_shuffle(),
        ) {
            let mut sorted = shuffled;
            sort(&mut sorted);
            prop_assert_eq!(sorted, sample::inventory().entries);
        }
    }
}

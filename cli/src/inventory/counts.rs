//! How many images there are of each sort: the same numbers in every output.
//!
//! Invariant: every image is counted once in each of the groups, and every word that exists is there, with a zero if
//! need be, so that an alert on it works from the first run.

use super::order::Severity;
use super::{Entry, Inventory};
use signature_continuity::baseline::{Baseline, Lookup};
use signature_continuity::drift::Drift;
use signature_continuity::posture::{Cause, Posture};
use std::collections::{BTreeMap, BTreeSet};

/// The words of drift, loudest first; `none` where there is none, `unreadable` for what cannot be looked at.
pub(crate) const DRIFTS: [&str; 10] = [
    "pin",
    "invalid",
    "undetermined",
    "unsigned",
    "downgrade",
    "signer",
    "provenance",
    "new",
    "none",
    UNREADABLE,
];
/// The word for an image that cannot be looked at.
pub(crate) const UNREADABLE: &str = "unreadable";
/// All postures.
pub(crate) const POSTURES: [Posture; 5] = [
    Posture::Signed,
    Posture::Invalid,
    Posture::Unverifiable,
    Posture::Unsigned,
    Posture::Unknown,
];
/// All causes of `undetermined`.
pub(crate) const CAUSES: [Cause; 8] = [
    Cause::Outage,
    Cause::Answer,
    Cause::Absent,
    Cause::Limit,
    Cause::Baseline,
    Cause::TrustRoot,
    Cause::Format,
    Cause::Host,
];

/// The state of a repository's baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BaselineState {
    /// There is none.
    Absent,
    /// The repository was seen, and never signed.
    Unsigned,
    /// It is not established: nothing is enforced.
    NotEstablished,
    /// It is.
    Established,
    /// It is there and cannot be used.
    Unusable,
    /// It is on record and not there.
    Lost,
    /// It was not read.
    Unread,
}

impl BaselineState {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Absent,
        Self::Unsigned,
        Self::NotEstablished,
        Self::Established,
        Self::Unusable,
        Self::Lost,
        Self::Unread,
    ];

    /// Of what was looked up, at the time of the inventory.
    #[must_use]
    pub(crate) fn of(lookup: &Lookup, now: chrono::DateTime<chrono::Utc>) -> Self {
        match lookup {
            Lookup::Absent => Self::Absent,
            Lookup::Usable(baseline) => Self::of_baseline(baseline, now),
            Lookup::Unusable(_) => Self::Unusable,
            Lookup::Lost => Self::Lost,
            Lookup::Unread => Self::Unread,
        }
    }

    /// Of a baseline that is there and usable.
    #[must_use]
    pub(crate) fn of_baseline(baseline: &Baseline, now: chrono::DateTime<chrono::Utc>) -> Self {
        if baseline.is_established(now) {
            Self::Established
        } else if baseline.is_signed() {
            Self::NotEstablished
        } else {
            Self::Unsigned
        }
    }

    /// For people.
    #[must_use]
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Unsigned => "never signed",
            Self::NotEstablished => "not established",
            Self::Absent | Self::Established | Self::Unusable | Self::Lost | Self::Unread => {
                self.as_str()
            }
        }
    }

    /// For machines.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Unsigned => "unsigned",
            Self::NotEstablished => "notEstablished",
            Self::Established => "established",
            Self::Unusable => "unusable",
            Self::Lost => "lost",
            Self::Unread => "unread",
        }
    }
}

/// How many of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Distinct images.
    pub images: usize,
    /// By the drift that decides, and whether the settings enforce a scope that it runs in.
    pub drifts: BTreeMap<(&'static str, bool), usize>,
    /// By posture; what cannot be read is `unknown`.
    pub postures: BTreeMap<&'static str, usize>,
    /// By how loud they are.
    pub outcomes: BTreeMap<Severity, usize>,
    /// `undetermined`, by cause.
    pub undetermined: BTreeMap<&'static str, usize>,
    /// Repositories by the state of their baseline.
    pub baselines: BTreeMap<&'static str, usize>,
}

impl Counts {
    /// Of an inventory.
    #[must_use]
    pub(crate) fn of(inventory: &Inventory) -> Self {
        let mut counts = Self::zeros();
        let mut repositories = BTreeSet::new();
        for entry in &inventory.entries {
            counts.add(entry);
            if let Ok(found) = &entry.found
                && repositories.insert(&found.repository)
            {
                let state = BaselineState::of(&found.lookup, inventory.taken);
                count(&mut counts.baselines, state.as_str());
            }
        }
        counts
    }

    #[cfg(test)]
    /// How many images have this drift, enforced or not.
    #[must_use]
    pub(crate) fn of_drift(&self, drift: &str) -> usize {
        self.drifts
            .iter()
            .filter(|((name, _), _)| *name == drift)
            .map(|(_, number)| number)
            .sum()
    }

    fn zeros() -> Self {
        let both = |name| [((name, false), 0), ((name, true), 0)];
        Self {
            drifts: DRIFTS.into_iter().flat_map(both).collect(),
            postures: POSTURES.iter().map(|p| (p.as_str(), 0)).collect(),
            undetermined: CAUSES.iter().map(|c| (c.as_str(), 0)).collect(),
            baselines: BaselineState::ALL.map(|s| (s.as_str(), 0)).into(),
            outcomes: Severity::ALL.map(|l| (l, 0)).into(),
            ..Self::default()
        }
    }

    fn add(&mut self, entry: &Entry) {
        self.images += 1;
        let enforced = entry.found.as_ref().is_ok_and(|found| found.enforced);
        *self
            .drifts
            .entry((drift_name(entry), enforced))
            .or_default() += 1;
        let posture = entry
            .found
            .as_ref()
            .map_or(Posture::Unknown, |found| found.shown().posture);
        count(&mut self.postures, posture.as_str());
        if let Some(cause) = entry.policy_drift().and_then(Drift::cause) {
            count(&mut self.undetermined, cause.as_str());
        }
        *self.outcomes.entry(Severity::of(entry)).or_default() += 1;
    }
}

/// The word for the drift that decides about an image.
#[must_use]
pub(crate) fn drift_name(entry: &Entry) -> &'static str {
    match (&entry.found, entry.policy_drift()) {
        (Err(_), _) => UNREADABLE,
        (Ok(_), Some(drift)) => drift.name(),
        (Ok(_), None) => "none",
    }
}

fn count(group: &mut BTreeMap<&'static str, usize>, word: &'static str) {
    *group.entry(word).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::sample;

    #[test]
    fn every_image_is_counted_once_in_each_group() {
        let inventory = sample::inventory();
        let counts = Counts::of(&inventory);
        let images = inventory.entries.len();
        assert_eq!(counts.images, images);
        assert_eq!(counts.drifts.values().sum::<usize>(), images);
        assert_eq!(counts.postures.values().sum::<usize>(), images);
        assert_eq!(counts.outcomes.values().sum::<usize>(), images);
        assert_eq!(
            counts.undetermined.values().sum::<usize>(),
            counts.of_drift("undetermined")
        );
    }

    #[test]
    fn repositories_are_counted_and_not_their_images() {
        let mut inventory = sample::inventory();
        let before = Counts::of(&inventory).baselines;
        let mut again = inventory.entries.last().cloned().into_iter();
        if let Some(entry) = again.next() {
            inventory.entries.push(entry);
        }
        assert_eq!(Counts::of(&inventory).baselines, before);
    }
}

//! What a store remembers at the beginning of a run.

use crate::baseline::is_to_be_trimmed;
use crate::store::{Store, StoreError};
use chrono::{NaiveDate, TimeDelta};
use signature_continuity::reference::Repository;
use std::collections::{BTreeMap, BTreeSet};

/// For how long it is remembered that a repository's past was examined.
const EXAMINED: TimeDelta = TimeDelta::days(7);
/// For how many repositories: what is written is one object.
const MOST_EXAMINED: usize = 5000;

/// What a store remembers.
#[derive(Debug, Clone, Default)]
pub struct StoreSnapshot {
    usable: BTreeMap<Repository, bool>,
    unusable: Vec<(String, String)>,
    missed: u64,
    unsure: Option<String>,
    ran: bool,
    examined: BTreeMap<Repository, NaiveDate>,
}

impl StoreSnapshot {
    /// Reads it.
    ///
    /// # Errors
    /// When the store cannot be listed, or the learner's last words not be read.
    pub fn recall(store: &dyn Store) -> Result<Self, StoreError> {
        let mut memory = Self::default();
        for listed in store.list()? {
            match listed.baseline {
                Ok(baseline) => {
                    let unfinished = baseline.established.is_none()
                        || !baseline.tolerated.is_empty()
                        || is_to_be_trimmed(&baseline);
                    memory.usable.insert(baseline.repository, unfinished);
                }
                Err(why) => memory.unusable.push((listed.name, why)),
            }
        }
        match store.state() {
            Ok(None) => {}
            Ok(Some(state)) => {
                let present = u64::try_from(memory.present()).unwrap_or(u64::MAX);
                memory.missed = state.state.baselines.saturating_sub(present);
                memory.ran = true;
                memory.examined = state.examined;
            }
            // How many there were is not known: that is no reason to stop learning what is there.
            Err(error @ StoreError::Failed { .. }) => {
                memory.ran = true;
                memory.unsure = Some(error.to_string());
            }
            Err(error) => return Err(error),
        }
        Ok(memory)
    }

    /// How many baselines are there, usable or not.
    #[must_use]
    pub fn present(&self) -> usize {
        self.usable.len().saturating_add(self.unusable.len())
    }

    /// How many were there when the learner ended last, and are not any more.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.missed
    }

    /// Whether there was a baseline of this repository when the run began.
    #[must_use]
    pub fn knows(&self, repository: &Repository) -> bool {
        self.usable.contains_key(repository)
    }

    /// Whether it is not known how many baselines there were.
    #[must_use]
    pub fn is_unsure(&self) -> bool {
        self.unsure.is_some()
    }

    /// Why that is not known.
    #[must_use]
    pub fn doubt(&self) -> Option<&str> {
        self.unsure.as_deref()
    }

    /// Whether the learner ever came to its end here.
    #[must_use]
    pub fn has_run(&self) -> bool {
        self.ran
    }

    /// Objects that cannot be used, and why.
    #[must_use]
    pub fn unusable(&self) -> &[(String, String)] {
        &self.unusable
    }

    /// Repositories that have a baseline.
    pub fn repositories(&self) -> impl Iterator<Item = &Repository> {
        self.usable.keys()
    }

    /// Repositories whose baseline time alone changes: it is not established yet, tolerates something, or lists more
    /// than is kept.
    pub fn unfinished(&self) -> impl Iterator<Item = &Repository> {
        self.usable
            .iter()
            .filter_map(|(repository, unfinished)| unfinished.then_some(repository))
    }

    /// On which day a repository's past was examined last.
    #[must_use]
    pub fn examined_on(&self, repository: &Repository) -> Option<NaiveDate> {
        self.examined.get(repository).copied()
    }

    /// What is to be remembered of examinations, after these of `today`.
    #[must_use]
    pub fn examined(
        &self,
        anew: &BTreeSet<Repository>,
        today: NaiveDate,
    ) -> BTreeMap<Repository, NaiveDate> {
        let recent = self
            .examined
            .iter()
            .filter(|(_, day)| today - **day < EXAMINED);
        let mut examined: BTreeMap<Repository, NaiveDate> = anew
            .iter()
            .take(MOST_EXAMINED)
            .map(|r| (r.clone(), today))
            .collect();
        for (repository, day) in recent {
            if examined.len() >= MOST_EXAMINED {
                break;
            }
            examined.entry(repository.clone()).or_insert(*day);
        }
        examined
    }
}

//! What a store remembers at the beginning of a run.

use crate::baseline::is_to_be_trimmed;
use crate::inventory::{Cursor, Familiarity};
use crate::output::cause::with_cause;
use crate::store::names::AllNames;
use crate::store::{DriftReport, Store, StoreError};
use chrono::{NaiveDate, TimeDelta};
use signature_continuity::baseline::{Lookup, State};
use signature_continuity::reference::Repository;
use std::collections::{BTreeMap, BTreeSet};

/// For how long it is remembered that a repository's past was examined.
const EXAMINED: TimeDelta = TimeDelta::days(7);
/// For how many repositories: what is written is one object.
const MOST_EXAMINED: usize = 5000;

/// What a store remembers.
#[derive(Debug, Clone, Default)]
pub(crate) struct StoreSnapshot {
    usable: BTreeMap<Repository, bool>,
    /// Those that were never signed.
    unsigned: BTreeSet<Repository>,
    names: AllNames,
    lost_by_name: u64,
    unusable: Vec<(String, String)>,
    missed: u64,
    unsure: Option<String>,
    unread: bool,
    ran: bool,
    examined: BTreeMap<Repository, NaiveDate>,
    found: Option<DriftReport>,
    registries: BTreeSet<String>,
    state: Option<State>,
    cursor: Cursor,
}

impl StoreSnapshot {
    /// Reads it.
    ///
    /// # Errors
    /// When the store cannot be listed, or the learner's last words not be read.
    pub(crate) fn recall(store: &dyn Store) -> Result<Self, StoreError> {
        let mut memory = Self {
            names: AllNames::read(store)?,
            ..Self::default()
        };
        let mut objects = BTreeSet::new();
        let mut unusable = BTreeMap::new();
        store.each(&mut |listed| match listed.baseline {
            Ok(baseline) if baseline.is_signed() => {
                let unfinished = baseline.established.is_none()
                    || !baseline.tolerated.is_empty()
                    || is_to_be_trimmed(&baseline);
                let registry = baseline.repository.registry().to_owned();
                memory.registries.insert(registry);
                memory.usable.insert(baseline.repository, unfinished);
                objects.insert(listed.name);
            }
            Ok(baseline) => {
                memory.unsigned.insert(baseline.repository);
            }
            Err(why) => {
                objects.insert(listed.name.clone());
                unusable.insert(listed.name, why);
            }
        })?;
        memory.unusable = unusable.into_iter().collect();
        let lost = memory.names.lost(objects.iter().map(String::as_str));
        memory.lost_by_name = u64::try_from(lost).unwrap_or(u64::MAX);
        match store.state() {
            Ok(None) => {}
            Ok(Some(state)) => {
                let present = u64::try_from(memory.present()).unwrap_or(u64::MAX);
                memory.missed = state.state.baselines.saturating_sub(present);
                memory.ran = true;
                memory.examined = state.examined;
                memory.found = state.found;
                memory.cursor = state.cursor;
                memory.state = Some(state.state);
            }
            // How many there were is not known: that is no reason to stop learning what is there.
            Err(error @ (StoreError::Failed { .. } | StoreError::DamagedState(_))) => {
                memory.ran = true;
                memory.unread = matches!(error, StoreError::Failed { .. });
                memory.unsure = Some(with_cause(&error));
            }
            Err(error) => return Err(error),
        }
        Ok(memory)
    }

    /// How many baselines are there, usable or not.
    #[must_use]
    pub(crate) fn present(&self) -> usize {
        self.usable.len().saturating_add(self.unusable.len())
    }

    /// How many signed baselines were there and are not any more: by name, or by the count that the learner left.
    #[must_use]
    pub(crate) fn lost(&self) -> u64 {
        self.missed.max(self.lost_by_name)
    }

    /// How many more are missed than names say: which ones is not known, so any repository may be one of them.
    #[must_use]
    pub(crate) fn lost_without_a_name(&self) -> u64 {
        self.missed.saturating_sub(self.lost_by_name)
    }

    /// What is known of a repository, once the names of signed repositories were looked at.
    #[must_use]
    pub(crate) fn hold(&self, repository: &Repository, lookup: Lookup) -> Lookup {
        self.names.hold(repository, lookup)
    }

    /// The names of signed repositories, as they were when the run began.
    #[must_use]
    pub(crate) fn names(&self) -> &AllNames {
        &self.names
    }

    /// How many repositories that were never signed have a baseline.
    #[must_use]
    pub(crate) fn never_signed(&self) -> usize {
        self.unsigned.len()
    }

    /// Whether there was a baseline of this repository when the run began.
    #[must_use]
    pub(crate) fn knows(&self, repository: &Repository) -> bool {
        self.usable.contains_key(repository)
    }

    /// A baseline of this repository was begun since.
    pub(crate) fn begun(&mut self, repository: &Repository, signed: bool) {
        if signed {
            self.unsigned.remove(repository);
            self.registries.insert(repository.registry().to_owned());
            self.usable.insert(repository.clone(), true);
        } else {
            self.unsigned.insert(repository.clone());
        }
    }

    /// What is known of it before it is looked at. That a registry has repositories that were never signed says nothing:
    /// anybody can run an image from a host of his own.
    #[must_use]
    pub(crate) fn familiarity(&self, repository: &Repository) -> Familiarity {
        if self.knows(repository) {
            Familiarity::Repository
        } else if self.registries.contains(repository.registry()) {
            Familiarity::Registry
        } else {
            Familiarity::Nothing
        }
    }

    /// Where the run before ended.
    #[must_use]
    pub(crate) fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// What the run before left, as admission reads it.
    #[must_use]
    pub(crate) fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// Whether it is not known how many baselines there were.
    #[must_use]
    pub(crate) fn is_unsure(&self) -> bool {
        self.unsure.is_some()
    }

    /// Whether the learner's last words are perhaps in order, and could not be read.
    #[must_use]
    pub(crate) fn is_unread(&self) -> bool {
        self.unread
    }

    /// Why that is not known.
    #[must_use]
    pub(crate) fn doubt(&self) -> Option<&str> {
        self.unsure.as_deref()
    }

    /// What the run before found.
    #[must_use]
    pub(crate) fn found(&self) -> Option<&DriftReport> {
        self.found.as_ref()
    }

    /// Objects that cannot be used, and why.
    #[must_use]
    pub(crate) fn unusable(&self) -> &[(String, String)] {
        &self.unusable
    }

    /// Repositories that have a baseline.
    pub(crate) fn repositories(&self) -> impl Iterator<Item = &Repository> {
        self.usable.keys()
    }

    /// Repositories whose baseline time alone changes: it is not established yet, tolerates something, or lists more
    /// than is kept.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = &Repository> {
        self.usable
            .iter()
            .filter_map(|(repository, unfinished)| unfinished.then_some(repository))
    }

    /// On which day a repository's past was examined last.
    #[must_use]
    pub(crate) fn examined_on(&self, repository: &Repository) -> Option<NaiveDate> {
        self.examined.get(repository).copied()
    }

    /// What is to be remembered of examinations, after these of `today`.
    #[must_use]
    pub(crate) fn examined(
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

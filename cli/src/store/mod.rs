//! Where baselines are kept: a directory for a GitOps repository, or a cluster's ConfigMaps.
//!
//! Invariant: a baseline is only replaced by whoever has read what is there now (compare and swap); what is there and
//! does not parse is reported and left alone; nothing is ever deleted.

mod backup;
mod directory;
mod directory_source;
mod directory_writer;
mod drift_report;
mod kubernetes;
mod location;
pub mod names;
mod object;
mod source;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use backup::Backup;
pub use directory::DirectoryBaselines;
pub use directory_source::DirectorySource;
pub use directory_writer::{DirectoryWriter, WriteError as DirectoryWriteError};
pub(crate) use drift_report::DriftReport;
pub use kubernetes::{ClusterConfigMaps, KubernetesBaselines};
pub use location::Location;
pub use object::WRITER;
pub use source::{ConfigMapKey, ConfigMapSource, SourceError};

use crate::inventory::Cursor;
use crate::output::cause::with_cause;
use names::StoredNames;
use signature_continuity::baseline::{Baseline, Lookup, Names, STATE_NAME, Shard, State};
use signature_continuity::reference::Repository;
use std::collections::BTreeMap;

/// Baselines, to be read and written.
pub trait Store: Send + Sync {
    /// For messages: `dir:baselines`, `kubernetes:prod (namespace signature-continuity)`.
    fn name(&self) -> String;

    /// Hands over everything that is there, usable or not, in no order, and one after the other: together they may be
    /// large. What is listed while somebody else writes may come twice.
    ///
    /// # Errors
    /// When it cannot be listed as a whole.
    fn each(&self, take: &mut dyn FnMut(Listed)) -> Result<(), StoreError>;

    /// Everything that is there, usable or not, in the order of object names.
    ///
    /// # Errors
    /// When it cannot be listed as a whole.
    fn list(&self) -> Result<Vec<Listed>, StoreError> {
        let mut all = BTreeMap::new();
        self.each(&mut |listed| {
            all.insert(listed.name.clone(), listed);
        })?;
        Ok(all.into_values().collect())
    }

    /// The baseline of a repository, and as of when.
    ///
    /// # Errors
    /// When it cannot be told what is there. What is there and does not parse is [`Lookup::Unusable`].
    fn read(&self, repository: &Repository) -> Result<Stored, StoreError>;

    /// Writes a baseline over what was read with `over`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when something else is there by now.
    fn write(&self, baseline: &Baseline, over: &Revision) -> Result<Revision, StoreError>;

    /// Whether this tool may write here. Each write sees to it as well; a run that means to write asks first, so that it
    /// does not observe for nothing. Nothing is changed.
    ///
    /// # Errors
    /// [`StoreError::OtherWriter`] where another writer keeps this store.
    fn claim(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// For whom this store takes the user, by its own word. `None`: it knows nobody, as a directory.
    ///
    /// # Errors
    /// When it does not say.
    fn user(&self) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    /// The names of signed repositories in one shard.
    ///
    /// # Errors
    /// When it cannot be told what is there. What is there and does not parse is told in the answer.
    fn names(&self, shard: Shard) -> Result<StoredNames, StoreError>;

    /// Writes a shard over what was read with `over`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when something else is there by now.
    fn write_names(&self, names: &Names, over: &Revision) -> Result<(), StoreError>;

    /// The learner's last words. `None`: it never ran.
    ///
    /// # Errors
    /// When they cannot be read.
    fn state(&self) -> Result<Option<LearnerState>, StoreError>;

    /// Writes the learner's last words, whatever was there.
    ///
    /// # Errors
    /// When they cannot be written, or a newer version or another writer wrote what is there.
    fn write_state(&self, state: &LearnerState) -> Result<(), StoreError>;
}

/// One object of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The object's name.
    pub name: String,
    /// The baseline, or why it cannot be used.
    pub baseline: Result<Box<Baseline>, String>,
}

/// What a store has of one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The baseline, as admission would find it.
    pub lookup: Lookup,
    /// As of when.
    pub revision: Revision,
}

/// A version of an object, as its store tells versions apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revision {
    /// There is no object yet.
    Absent,
    /// A `resourceVersion`, or the digest of a file.
    At(String),
}

/// `continuity-state`: written last by each run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearnerState {
    /// `data["state.json"]`.
    pub state: State,
    /// `data["history.json"]`: on which day a repository's own past was examined last.
    pub examined: BTreeMap<Repository, chrono::NaiveDate>,
    /// `data["drift.json"]`: what the last run found.
    pub found: Option<DriftReport>,
    /// `data["cursor.json"]`: where a run that did not reach everything ended.
    pub cursor: Cursor,
}

impl Listed {
    /// Whether it counts: one of a repository that was never signed is no loss. What cannot be used may be anything.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.baseline
            .as_ref()
            .map_or(true, |baseline| baseline.is_signed())
    }
}

/// What to judge by, where the store was asked: a read that failed is no absence.
#[must_use]
pub(crate) fn lookup_of(read: Result<Stored, StoreError>) -> Lookup {
    match read {
        Ok(stored) => stored.lookup,
        Err(error) => Lookup::Unusable(format!("reading it failed: {}", with_cause(&error))),
    }
}

/// How many signed baselines are there.
#[must_use]
pub fn signed(listed: &[Listed]) -> u64 {
    let signed = listed.iter().filter(|listed| listed.is_signed()).count();
    u64::try_from(signed).unwrap_or(u64::MAX)
}

/// How many signed baselines were there when the learner ended last, and are not any more.
#[must_use]
pub fn lost(state: &LearnerState, listed: &[Listed]) -> u64 {
    state.state.baselines.saturating_sub(signed(listed))
}

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else wrote in between: read again and start over.
    #[error("somebody else changed {0} in the meantime")]
    Conflict(String),
    /// The object would be larger than an object may be.
    #[error("{name} would have {bytes} bytes, and an object has at most {limit}")]
    TooLarge {
        /// Which object.
        name: String,
        /// How large.
        bytes: usize,
        /// How large it may be.
        limit: usize,
    },
    /// What is there is not ours to change.
    #[error("{name} is left as it is: {why}")]
    LeftAlone {
        /// Which object.
        name: String,
        /// Why.
        why: String,
    },
    /// The learner's state is there, and damaged: the next run that ends writes it anew.
    #[error("{0}")]
    DamagedState(String),
    /// Another writer keeps this store.
    #[error("{0}")]
    OtherWriter(String),
    /// The store cannot be used; says what to do.
    #[error("{what}")]
    Failed {
        /// What failed, and the way out.
        what: String,
        /// Why.
        #[source]
        source: Option<anyhow::Error>,
    },
}

fn unreadable_state(store: &str, why: &str) -> StoreError {
    StoreError::DamagedState(format!(
        "{STATE_NAME} in {store} is damaged ({why}); the next `continuity learn` that ends writes it anew"
    ))
}

fn newer_state() -> StoreError {
    StoreError::LeftAlone {
        name: STATE_NAME.to_owned(),
        why: "a newer version of continuity wrote it; use that one here too".to_owned(),
    }
}

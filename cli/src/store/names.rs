//! The names of signed repositories, beside the baselines: what tells a lost baseline from one that never was.
//!
//! Invariant: names are written after their baselines, united with what is there, and taken out only where somebody says
//! that a loss is accepted. Names that are there and cannot be read leave it open whether a baseline is lost.

use std::collections::BTreeMap;

use signature_continuity::baseline::{Lookup, Names, Shard};
use signature_continuity::reference::Repository;

use super::{Revision, Store, StoreError, Stored};
use crate::output::words::counted;

/// How often a shard is written anew when somebody else was first.
const ATTEMPTS: usize = 5;

/// What a store has in one shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredNames {
    /// The names, none where there is no such object; or why it cannot be read.
    pub names: Result<Names, String>,
    /// As of when.
    pub revision: Revision,
}

/// All names that a store keeps, as they were read.
#[derive(Debug, Clone, Default)]
pub(crate) struct AllNames {
    shards: BTreeMap<Shard, Result<Names, String>>,
}

impl AllNames {
    /// Reads them.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(crate) fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let mut shards = BTreeMap::new();
        for shard in Shard::all() {
            shards.insert(shard, store.names(shard)?.names);
        }
        Ok(Self { shards })
    }

    /// What is known of a repository, once the names were looked at.
    #[must_use]
    pub(crate) fn hold(&self, repository: &Repository, lookup: Lookup) -> Lookup {
        let named = match self.shards.get(&Shard::of(repository)) {
            Some(Ok(names)) => Ok(names.contains(repository)),
            Some(Err(why)) => Err(why.clone()),
            None => Ok(false),
        };
        lookup.held_against_names(named)
    }

    /// How many names belong to none of these objects.
    #[must_use]
    pub(crate) fn lost<'a>(&self, config_maps: impl Iterator<Item = &'a str> + Clone) -> usize {
        let readable = self.shards.values().filter_map(|names| names.as_ref().ok());
        readable
            .map(|names| names.missing_from(config_maps.clone()))
            .fold(0, usize::saturating_add)
    }

    /// The shards that cannot be read, and why.
    pub(crate) fn unreadable(&self) -> impl Iterator<Item = (&Shard, &str)> {
        self.shards
            .iter()
            .filter_map(|(shard, names)| Some((shard, names.as_ref().err()?.as_str())))
    }
}

/// The baseline of a repository, as admission would find it: its name among those of signed repositories looked at.
///
/// # Errors
/// When the store does not answer.
pub fn find(store: &dyn Store, repository: &Repository) -> Result<Stored, StoreError> {
    let mut stored = store.read(repository)?;
    if stored.lookup.could_be_lost() {
        let named = store.names(Shard::of(repository))?.names;
        let named = named.map(|names| names.contains(repository));
        if named == Ok(true) {
            // Whoever began it named it after that: both may have come between the two reads.
            stored = store.read(repository)?;
        }
        if stored.lookup.could_be_lost() {
            stored.lookup = stored.lookup.held_against_names(named);
        }
    }
    Ok(stored)
}

/// Why any repository without a baseline may be one whose baseline was lost; nobody is to begin it cold then. More are
/// missing of those that the learner counted than names say which.
///
/// # Errors
/// When it cannot be told.
pub(crate) fn why_any_may_be_lost(store: &dyn Store) -> Result<Option<String>, StoreError> {
    let Some(state) = store.state()? else {
        return Ok(None);
    };
    let listed = store.list()?;
    let named = AllNames::read(store)?.lost(listed.iter().map(|listed| listed.name.as_str()));
    let named = u64::try_from(named).unwrap_or(u64::MAX);
    let lost = super::lost(&state, &listed).saturating_sub(named);
    Ok((lost > 0).then(|| {
        format!(
            "{} missing of those that the learner counted",
            counted(lost, "baseline is", "baselines are")
        )
    }))
}

/// Names these repositories, which are signed; how many were not named before.
///
/// # Errors
/// When the store does not answer, or what is there cannot be read.
pub fn record<'a>(
    store: &dyn Store,
    repositories: impl Iterator<Item = &'a Repository>,
) -> Result<usize, StoreError> {
    let mut by_shard: BTreeMap<Shard, Vec<&Repository>> = BTreeMap::new();
    for repository in repositories {
        by_shard
            .entry(Shard::of(repository))
            .or_default()
            .push(repository);
    }
    let mut added: usize = 0;
    for (shard, repositories) in by_shard {
        added = added.saturating_add(change(store, shard, |names| {
            let mut added = 0;
            for repository in &repositories {
                added += usize::from(names.insert(repository)?);
            }
            Ok(added)
        })?);
    }
    Ok(added)
}

/// Makes the shards that are not there: hosts keep what they read, and ask again each time for what is absent.
///
/// # Errors
/// When the store does not answer.
pub fn prepare(store: &dyn Store) -> Result<(), StoreError> {
    for shard in Shard::all() {
        if store.names(shard)?.revision == Revision::Absent {
            match store.write_names(&Names::new(shard), &Revision::Absent) {
                // Somebody else was faster.
                Ok(()) | Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// No longer names `repository`: somebody accepts that its baseline is lost. Whether it was named.
///
/// # Errors
/// When the store does not answer, or what is there cannot be read.
pub(crate) fn forget(store: &dyn Store, repository: &Repository) -> Result<bool, StoreError> {
    let removed = change(store, Shard::of(repository), |names| {
        Ok(usize::from(names.remove(repository)))
    })?;
    Ok(removed > 0)
}

/// Changes one shard; how many names are different by that. Nothing is written where none is.
fn change(
    store: &dyn Store,
    shard: Shard,
    edit: impl Fn(&mut Names) -> Result<usize, signature_continuity::baseline::NamesError>,
) -> Result<usize, StoreError> {
    let name = shard.config_map_name();
    let left_alone = |why: String| StoreError::LeftAlone {
        name: name.clone(),
        why,
    };
    for _ in 0..ATTEMPTS {
        let StoredNames { names, revision } = store.names(shard)?;
        let mut names = names.map_err(left_alone)?;
        let different = edit(&mut names).map_err(|error| left_alone(error.to_string()))?;
        if different == 0 {
            return Ok(0);
        }
        match store.write_names(&names, &revision) {
            Ok(()) => return Ok(different),
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Err(StoreError::Conflict(name))
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;

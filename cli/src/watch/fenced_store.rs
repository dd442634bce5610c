//! A store that only the leader writes.
//!
//! Invariant: every write is refused unless this replica leads when it begins; reads are for everybody. A write that was
//! under way when the Lease ended is still one by compare and swap, so that nothing of another's is lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use signature_continuity::baseline::{Baseline, Names, Shard};
use signature_continuity::reference::Repository;

use super::leadership::Leadership;
use crate::store::names::StoredNames;
use crate::store::{LearnerState, Listed, Revision, Store, StoreError, Stored};

pub(super) struct FencedStore {
    store: Arc<dyn Store>,
    leadership: Arc<Leadership>,
    /// The versions that were written here last.
    own: Mutex<BTreeMap<Repository, Revision>>,
}

/// Of how many repositories that is remembered.
const MOST_OWN: usize = 50_000;

impl FencedStore {
    pub(super) fn new(store: Arc<dyn Store>, leadership: Arc<Leadership>) -> Self {
        Self {
            store,
            leadership,
            own: Mutex::default(),
        }
    }

    /// Whether it was this replica that wrote this version of a baseline.
    pub(super) fn is_own(&self, repository: &Repository, version: &str) -> bool {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.get(repository) == Some(&Revision::At(version.to_owned()))
    }

    fn fence(&self) -> Result<(), StoreError> {
        if self.leadership.holds() {
            return Ok(());
        }
        let who = self.leadership.leader().map_or_else(
            || "nobody leads just now".to_owned(),
            |leader| format!("{} leads by now", leader.name),
        );
        Err(StoreError::OtherWriter(format!(
            "not written: this replica does not lead any more, {who}"
        )))
    }
}

impl Store for FencedStore {
    fn name(&self) -> String {
        self.store.name()
    }

    fn each(&self, take: &mut dyn FnMut(Listed)) -> Result<(), StoreError> {
        self.store.each(take)
    }

    fn read(&self, repository: &Repository) -> Result<Stored, StoreError> {
        self.store.read(repository)
    }

    fn write(&self, baseline: &Baseline, over: &Revision) -> Result<Revision, StoreError> {
        self.fence()?;
        let written = self.store.write(baseline, over)?;
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if own.len() >= MOST_OWN {
            own.clear();
        }
        own.insert(baseline.repository.clone(), written.clone());
        Ok(written)
    }

    fn claim(&self) -> Result<(), StoreError> {
        self.store.claim()
    }

    fn user(&self) -> Result<Option<String>, StoreError> {
        self.store.user()
    }

    fn names(&self, shard: Shard) -> Result<StoredNames, StoreError> {
        self.store.names(shard)
    }

    fn write_names(&self, names: &Names, over: &Revision) -> Result<(), StoreError> {
        self.fence()?;
        self.store.write_names(names, over)
    }

    fn state(&self) -> Result<Option<LearnerState>, StoreError> {
        self.store.state()
    }

    fn write_state(&self, state: &LearnerState) -> Result<(), StoreError> {
        self.fence()?;
        self.store.write_state(state)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::store::DirectoryBaselines;
    use chrono::Utc;
    use signature_continuity::baseline::State;
    use signature_continuity::posture::Rank;

    #[test]
    fn only_the_leader_writes() {
        let directory = tempfile::tempdir().unwrap();
        let inner: Arc<dyn Store> = Arc::new(
            DirectoryBaselines::open(directory.path(), "signature-continuity", true).unwrap(),
        );
        let repository: Repository = "ghcr.io/acme/api".parse().unwrap();
        let baseline = Baseline::new(repository.clone(), Rank::Keyless, Utc::now());
        let state = LearnerState {
            state: State {
                version: 1,
                last_run: Utc::now(),
                baselines: 0,
            },
            examined: Default::default(),
            found: None,
            cursor: Default::default(),
        };
        let follower = FencedStore::new(Arc::clone(&inner), Arc::default());
        let names = follower.names(Shard::of(&repository)).unwrap();
        let refusals = [
            follower.write(&baseline, &Revision::Absent).map(drop),
            follower.write_state(&state),
            follower.write_names(&names.names.unwrap(), &names.revision),
        ];
        for refusal in refusals {
            let error = refusal.unwrap_err();
            assert!(matches!(error, StoreError::OtherWriter(_)), "{error}");
        }
        assert_eq!(inner.list().unwrap(), []);

        let leader = FencedStore::new(Arc::clone(&inner), Arc::new(Leadership::of_now()));
        leader.write(&baseline, &Revision::Absent).unwrap();
        leader.write_state(&state).unwrap();
        assert_eq!(inner.list().unwrap().len(), 1);
        assert!(inner.state().unwrap().is_some());
    }
}

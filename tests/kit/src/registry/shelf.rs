//! What the registry keeps beside the blobs: manifests, faults, and what it was asked.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{Fault, FaultRule, Seen};
use crate::sigstore::digest_of;

/// A manifest as it was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
}

/// Shared between the server and the handle.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<Contents>);

#[derive(Debug, Default)]
struct Contents {
    manifests: HashMap<(String, String), Stored>,
    faults: Vec<FaultRule>,
    seen: Vec<Seen>,
}

impl Shelf {
    /// Keeps a manifest under its digest and, where that is another, the reference it was pushed to.
    pub(super) fn put(&self, repository: &str, reference: &str, manifest: Stored) -> String {
        let digest = digest_of(&manifest.bytes);
        let mut contents = self.contents();
        contents
            .manifests
            .insert((repository.to_owned(), digest.clone()), manifest.clone());
        contents
            .manifests
            .insert((repository.to_owned(), reference.to_owned()), manifest);
        digest
    }

    pub(super) fn manifest(&self, repository: &str, reference: &str) -> Option<Stored> {
        self.contents()
            .manifests
            .get(&(repository.to_owned(), reference.to_owned()))
            .cloned()
    }

    pub(super) fn remove(&self, repository: &str, reference: &str) -> bool {
        self.contents()
            .manifests
            .remove(&(repository.to_owned(), reference.to_owned()))
            .is_some()
    }

    pub(super) fn add_fault(&self, rule: FaultRule) {
        self.contents().faults.push(rule);
    }

    pub(super) fn clear_faults(&self) {
        self.contents().faults.clear();
    }

    /// The first fault that strikes.
    pub(super) fn strike(&self, repository: &str, reference: &str) -> Option<Fault> {
        self.contents()
            .faults
            .iter_mut()
            .find_map(|rule| rule.strike(repository, reference))
    }

    /// Writes a request down before it is answered; returns where.
    pub(super) fn begin(&self, seen: Seen) -> usize {
        let mut contents = self.contents();
        contents.seen.push(seen);
        contents.seen.len() - 1
    }

    pub(super) fn end(&self, at: usize, status: u16) {
        if let Some(seen) = self.contents().seen.get_mut(at) {
            seen.status = Some(status);
        }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.contents().seen.clone()
    }

    pub(super) fn forget_seen(&self) {
        self.contents().seen.clear();
    }

    /// A panic elsewhere leaves the contents as they are, which is good enough for a test's second look.
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

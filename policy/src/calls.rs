//! Host calls within the time budget.
//!
//! Invariant: the clock is read before each call, and none is made once the budget is spent: a host call has no limit
//! of its own, and a request that waits for too long is rejected whatever the policy wants.

use crate::baseline::{ConfigMapData, Lookup, Names, Shard, config_map_name};
use crate::digest::Digest;
use crate::host::{Bundles, Host, Place};
use crate::host_error::HostError;
use crate::public_key::PublicKey;
use crate::reference::Repository;
use chrono::{DateTime, TimeDelta, Utc};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Calls to one host during one evaluation.
pub struct Calls<'a> {
    host: &'a dyn Host,
    started: DateTime<Utc>,
    budget: TimeDelta,
    made: Cell<u32>,
    names: RefCell<BTreeMap<Shard, Result<Names, CallError>>>,
}

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallError {
    /// It was not made: the time is spent.
    Spent,
    /// It failed.
    Host(HostError),
}

impl<'a> Calls<'a> {
    /// Starts the clock.
    #[must_use]
    pub fn new(host: &'a dyn Host, budget: TimeDelta) -> Self {
        Self {
            host,
            started: host.now(),
            budget,
            made: Cell::new(0),
            names: RefCell::default(),
        }
    }

    /// When the evaluation began: the time by which baselines and exceptions are judged.
    #[must_use]
    pub(crate) fn started(&self) -> DateTime<Utc> {
        self.started
    }

    /// How many calls were made.
    #[must_use]
    pub(crate) fn made(&self) -> u32 {
        self.made.get()
    }

    fn call<T>(
        &self,
        call: impl FnOnce(&dyn Host) -> Result<T, HostError>,
    ) -> Result<T, CallError> {
        let elapsed = self.host.now() - self.started;
        // A clock that runs backwards tells nothing: the budget then counts as spent.
        if elapsed >= self.budget || elapsed < TimeDelta::zero() {
            return Err(CallError::Spent);
        }
        self.made.set(self.made.get().saturating_add(1));
        call(self.host).map_err(CallError::Host)
    }

    /// The baseline of `repository`. Where there is none, or one of a repository that was never signed, the names of
    /// those that were are looked at: what is named there is lost.
    #[must_use]
    pub(crate) fn baseline(&self, namespace: &str, repository: &Repository) -> Lookup {
        let lookup = match self.config_map(namespace, &config_map_name(repository)) {
            Ok(map) => Lookup::of_config_map(&map, repository),
            Err(CallError::Host(HostError::Absent)) => Lookup::Absent,
            Err(CallError::Spent) => return Lookup::Unread,
            Err(CallError::Host(error)) => Lookup::Unusable(unreadable("it", namespace, &error)),
        };
        if !lookup.could_be_lost() {
            return lookup;
        }
        let shard = Shard::of(repository);
        let mut shards = self.names.borrow_mut();
        let names = shards
            .entry(shard)
            .or_insert_with(|| self.names(namespace, shard));
        match names {
            Ok(names) => lookup.held_against_names(Ok(names.contains(repository))),
            Err(CallError::Spent) => Lookup::Unread,
            Err(CallError::Host(error)) => {
                let what = shard.config_map_name();
                lookup.held_against_names(Err(unreadable(&what, namespace, error)))
            }
        }
    }

    /// The names of signed repositories in one shard; none where there is no such ConfigMap.
    fn names(&self, namespace: &str, shard: Shard) -> Result<Names, CallError> {
        match self.config_map(namespace, &shard.config_map_name()) {
            Ok(map) => {
                Names::of_config_map(&map, shard).map_err(|_| CallError::Host(HostError::Unusable))
            }
            Err(CallError::Host(HostError::Absent)) => Ok(Names::new(shard)),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn config_map(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<ConfigMapData, CallError> {
        self.call(|host| host.config_map(namespace, name))
    }

    pub(crate) fn manifest_digest(&self, name: &str, tag: &str) -> Result<Digest, CallError> {
        self.call(|host| host.manifest_digest(name, tag))
    }

    pub(crate) fn manifest(&self, name: &str, place: &Place<'_>) -> Result<Vec<u8>, CallError> {
        self.call(|host| host.manifest(name, place))
    }

    pub(crate) fn verify_certificate(
        &self,
        name: &str,
        digest: &Digest,
        pem: &str,
    ) -> Result<(), CallError> {
        self.call(|host| host.verify_certificate(name, digest, pem))
    }

    pub(crate) fn verify_key(
        &self,
        name: &str,
        digest: &Digest,
        pem: &str,
    ) -> Result<(), CallError> {
        self.call(|host| host.verify_key(name, digest, pem))
    }

    /// `None` where the host cannot read bundles: then it is no call.
    pub(crate) fn bundles(
        &self,
        name: &str,
        digest: &Digest,
        keys: &[&PublicKey],
    ) -> Result<Option<Bundles>, CallError> {
        if !self.host.reads_bundles() {
            return Ok(None);
        }
        self.call(|host| host.bundles(name, digest, keys)).map(Some)
    }

    pub(crate) fn issued_by(
        &self,
        pem: &str,
        chain: &[String],
        at: DateTime<Utc>,
    ) -> Result<bool, CallError> {
        self.call(|host| host.issued_by(pem, chain, at))
    }
}

/// Why a ConfigMap is of no use, for whoever has to mend it.
fn unreadable(what: &str, namespace: &str, error: &HostError) -> String {
    match error {
        HostError::NotGranted => "the policy was not granted access to ConfigMaps".to_owned(),
        HostError::Forbidden(account) => {
            format!("{account} may not get ConfigMaps in namespace {namespace}")
        }
        HostError::Unusable => format!("{what} is not as expected"),
        HostError::Absent
        | HostError::Outage(_)
        | HostError::Negative
        | HostError::Answer
        | HostError::BadReference => format!("reading {what} failed"),
    }
}

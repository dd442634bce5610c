//! Which of several replicas leads: the one that holds a Lease (coordination.k8s.io/v1).
//!
//! Invariant: at most one replica acts. Who holds the Lease acts for [`ACTS`] after it began to renew it; everybody else waits
//! for [`LEASE`] after he last saw it renewed, by his own clock, and takes it over by compare and swap. Clocks of different
//! nodes are never compared. Fails towards nobody leading: images wait then, and nothing is lost.
//!
//! The library for it that is current patches the Lease without its `resourceVersion`, so that two could take it over at
//! once, and trusts the clocks of nodes: hence this.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::ObjectMeta;
use signature_continuity::clean::clean;
use tracing::{info, warn};

use crate::kubernetes::{Cluster, ClusterError, Question, as_ours};

/// The Lease's name.
const LEASE_NAME: &str = "continuity-watch";
/// Where the leader answers, for the others.
const ADDRESS: &str = "signature-continuity/address";
/// For how long a Lease that is not renewed is another's.
const LEASE: Duration = Duration::from_secs(8);
/// For how long who renewed it may act.
const ACTS: Duration = Duration::from_secs(5);
/// How often it is renewed, or looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How long one request may take.
const ATTEMPT: Duration = Duration::from_millis(1500);
/// A Lease may say that it holds for longer, not for ever; nor for less than its holder may act.
const LONGEST: Duration = Duration::from_secs(60);
const LONGEST_NAME: usize = 253;

/// Whether this replica leads, and who does.
#[derive(Debug, Default)]
pub(super) struct Leadership {
    state: Mutex<State>,
}

#[derive(Debug, Default, Clone)]
struct State {
    until: Option<Instant>,
    leader: Option<Leader>,
    /// Why the Lease cannot be had.
    trouble: Option<String>,
}

/// Who leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leader {
    /// Cleaned.
    pub(super) name: String,
    /// `10.0.0.7:8080`, by the leader's own word.
    pub(super) address: Option<String>,
}

impl Leadership {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this replica leads now.
    pub(super) fn holds(&self) -> bool {
        self.state()
            .until
            .is_some_and(|until| Instant::now() < until)
    }

    /// Who leads, as far as is known.
    pub(super) fn leader(&self) -> Option<Leader> {
        self.state().leader.clone()
    }

    /// Why the Lease could not be looked at last.
    pub(super) fn trouble(&self) -> Option<String> {
        self.state().trouble.clone()
    }

    #[cfg(test)]
    pub(super) fn of_now() -> Self {
        let leadership = Self::default();
        leadership.state().until = Some(Instant::now() + Duration::from_secs(3600));
        leadership
    }
}

/// What is to be done about the Lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// There is none.
    Create,
    /// It is ours.
    Renew,
    /// Nobody holds it any more.
    TakeOver,
    /// Somebody does.
    Wait,
}

/// What one replica saw of the Lease.
#[derive(Debug)]
struct Election {
    me: String,
    seen: Option<(Renewal, Instant)>,
}

/// What changes with each renewal.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Renewal {
    holder: String,
    renewed: Option<Timestamp>,
    version: Option<String>,
}

impl Election {
    fn step(&mut self, lease: Option<&Lease>, now: Instant) -> Step {
        let Some(lease) = lease else {
            return Step::Create;
        };
        let spec = lease.spec.as_ref();
        let holder = spec.and_then(|spec| spec.holder_identity.clone());
        let holder = holder.filter(|holder| !holder.is_empty());
        let Some(holder) = holder else {
            return Step::TakeOver;
        };
        if holder == self.me {
            return Step::Renew;
        }
        let renewal = Renewal {
            holder,
            renewed: spec.and_then(|spec| Some(spec.renew_time.as_ref()?.0)),
            version: lease.metadata.resource_version.clone(),
        };
        let since = match &self.seen {
            Some((seen, since)) if *seen == renewal => *since,
            Some(_) | None => {
                self.seen = Some((renewal, now));
                now
            }
        };
        let seconds = spec.and_then(|spec| spec.lease_duration_seconds);
        let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
        let held = seconds.map_or(LEASE, Duration::from_secs);
        let held = held.clamp(LEASE, LONGEST);
        if now.saturating_duration_since(since) >= held {
            Step::TakeOver
        } else {
            Step::Wait
        }
    }
}

/// One replica that would lead.
pub(super) struct Candidate<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) namespace: &'a str,
    /// Unlike any other process's.
    pub(super) identity: String,
    /// Where it answers.
    pub(super) address: Option<String>,
    pub(super) leadership: &'a Leadership,
}

impl Candidate<'_> {
    /// Leads when it can, until it is to stop; then it gives the Lease back.
    pub(super) fn run(&self, stop: &AtomicBool) {
        let mut election = Election {
            me: self.identity.clone(),
            seen: None,
        };
        while !stop.load(Ordering::Relaxed) {
            let began = Instant::now();
            match self.attempt(&mut election, began) {
                Ok(()) => {}
                Err(ClusterError::Conflict { .. }) => {
                    self.leadership.state().until = None;
                }
                // Who leads goes on for as long as the Lease is his.
                Err(error) => {
                    warn!(%error, "the Lease cannot be held");
                    self.leadership.state().trouble = Some(error.to_string());
                }
            }
            let pause = EVERY.saturating_sub(began.elapsed());
            let end = Instant::now() + pause;
            while Instant::now() < end && !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(50).min(pause));
            }
        }
        self.resign();
    }

    fn attempt(&self, election: &mut Election, began: Instant) -> Result<(), ClusterError> {
        let lease = match self.read() {
            Ok(lease) => Some(lease),
            Err(ClusterError::Absent { .. }) => None,
            Err(error) => return Err(error),
        };
        let lease = match election.step(lease.as_ref(), began) {
            Step::Wait => {
                let mut state = self.leadership.state();
                state.until = None;
                state.leader = lease.as_ref().and_then(leader_of);
                state.trouble = None;
                return Ok(());
            }
            Step::Create => self.create()?,
            Step::Renew | Step::TakeOver => self.renew(lease.unwrap_or_default())?,
        };
        let mut state = self.leadership.state();
        if state.until.is_none() {
            info!(identity = %self.identity, "this replica leads");
        }
        state.until = Some(began + ACTS);
        state.leader = leader_of(&lease);
        state.trouble = None;
        Ok(())
    }

    fn question(&self, verb: &'static str) -> Question {
        Question {
            verb,
            resource: "leases",
            namespace: Some(self.namespace.to_owned()),
            name: Some(LEASE_NAME.to_owned()),
        }
    }

    fn read(&self) -> Result<Lease, ClusterError> {
        let namespace = self.namespace.to_owned();
        let asked = self.question("get");
        self.cluster
            .ask_once(&asked, ATTEMPT, move |client| async move {
                Api::<Lease>::namespaced(client, &namespace)
                    .get(LEASE_NAME)
                    .await
            })
    }

    fn create(&self) -> Result<Lease, ClusterError> {
        let lease = self.held(Lease {
            metadata: ObjectMeta {
                name: Some(LEASE_NAME.to_owned()),
                namespace: Some(self.namespace.to_owned()),
                ..ObjectMeta::default()
            },
            spec: None,
        });
        let (namespace, asked) = (self.namespace.to_owned(), self.question("create"));
        self.cluster
            .ask_once(&asked, ATTEMPT, move |client| async move {
                let api = Api::<Lease>::namespaced(client, &namespace);
                api.create(&as_ours(), &lease).await
            })
    }

    /// Over the very version that was read.
    fn renew(&self, lease: Lease) -> Result<Lease, ClusterError> {
        let lease = self.held(lease);
        self.replace(lease)
    }

    fn replace(&self, lease: Lease) -> Result<Lease, ClusterError> {
        let (namespace, asked) = (self.namespace.to_owned(), self.question("update"));
        self.cluster
            .ask_once(&asked, ATTEMPT, move |client| async move {
                let api = Api::<Lease>::namespaced(client, &namespace);
                api.replace(LEASE_NAME, &as_ours(), &lease).await
            })
    }

    /// The Lease as this replica holds it.
    fn held(&self, mut lease: Lease) -> Lease {
        let now = Timestamp::now();
        let spec = lease.spec.get_or_insert_with(LeaseSpec::default);
        if spec.holder_identity.as_deref() != Some(self.identity.as_str()) {
            let transitions = spec.lease_transitions.unwrap_or_default();
            spec.lease_transitions = Some(transitions.saturating_add(1));
            spec.acquire_time = Some(MicroTime(now));
            spec.holder_identity = Some(self.identity.clone());
        }
        spec.renew_time = Some(MicroTime(now));
        spec.lease_duration_seconds = i32::try_from(LEASE.as_secs()).ok();
        lease.metadata.managed_fields = None;
        let annotations = lease.metadata.annotations.get_or_insert_default();
        match &self.address {
            Some(address) => annotations.insert(ADDRESS.to_owned(), address.clone()),
            None => annotations.remove(ADDRESS),
        };
        lease
    }

    /// Gives the Lease back, so that nobody has to wait for its end.
    fn resign(&self) {
        let held = self.leadership.holds();
        self.leadership.state().until = None;
        if !held {
            return;
        }
        let Ok(mut lease) = self.read() else { return };
        let Some(spec) = &mut lease.spec else { return };
        if spec.holder_identity.as_deref() != Some(self.identity.as_str()) {
            return;
        }
        spec.holder_identity = Some(String::new());
        lease.metadata.managed_fields = None;
        // Whoever comes next waits for its end otherwise.
        if let Err(error) = self.replace(lease) {
            warn!(%error, "the Lease was not given back");
        }
    }
}

fn leader_of(lease: &Lease) -> Option<Leader> {
    let holder = lease.spec.as_ref()?.holder_identity.as_ref()?;
    let annotations = lease.metadata.annotations.as_ref();
    let address = annotations.and_then(|annotations| annotations.get(ADDRESS));
    Some(Leader {
        name: clean(holder, LONGEST_NAME),
        address: address.cloned(),
    })
}

#[cfg(test)]
#[path = "leadership_tests.rs"]
mod tests;

//! Tells drift where people look: a Kubernetes Event on the workload, and entries in the cluster's policy reports.
//!
//! Invariant: once for each workload, digest and drift; the Event's name is made of them, so that another replica's is the
//! same one. Bounded in number and in length: what finds no room is told after the next full pass. Texts of others are cleaned.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::ObjectMeta;
use sha2::{Digest as _, Sha256};
use signature_continuity::clean::clean;
use signature_continuity::drift::Drift;
use signature_continuity::remedy::Remedy;
use tracing::warn;

use super::reports::Reports;
use crate::inventory::{Entry, Found, LiveObjects, Place, shown};
use crate::kubernetes::{Cluster, ClusterError, Question, as_ours};
use crate::output::cause::with_cause;

/// How many workloads hear of one image's drift.
const MOST_PLACES: usize = 20;
/// How many Events are remembered.
const MOST_TOLD: usize = 50_000;
/// How many Events come at once in one namespace, and how long one more takes then.
const BURST: u32 = 20;
const PACE: Duration = Duration::from_secs(5);
/// For how long it is remembered here what was told.
const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 3600);
/// An Event's message has at most 1,024 bytes (core/v1 validation).
const LONGEST_MESSAGE: usize = 1000;
const LONGEST_FACT: usize = 200;
const REASON: &str = "SignatureDrift";
const COMPONENT: &str = "continuity";

pub(super) struct Announcer {
    cluster: Cluster,
    told: Mutex<BTreeMap<String, Instant>>,
    /// By namespace: whoever has many drifting images silences nobody else's.
    rooms: Mutex<BTreeMap<String, Room>>,
    reports: Option<Reports>,
}

/// What came of telling something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Anew,
    Before,
    Not,
}

/// How many Events may be written in a namespace just now.
#[derive(Debug)]
struct Room {
    left: u32,
    since: Instant,
}

impl Room {
    fn new(now: Instant) -> Self {
        Self {
            left: BURST,
            since: now,
        }
    }

    fn take(&mut self, now: Instant) -> bool {
        while self.left < BURST && now.saturating_duration_since(self.since) >= PACE {
            self.left = self.left.saturating_add(1);
            self.since += PACE;
        }
        if self.left == BURST {
            self.since = now;
        }
        let Some(left) = self.left.checked_sub(1) else {
            return false;
        };
        self.left = left;
        true
    }
}

impl Announcer {
    pub(super) fn new(cluster: Cluster, reports: bool) -> Self {
        Self {
            reports: reports.then(|| Reports::new(cluster.clone())),
            cluster,
            told: Mutex::default(),
            rooms: Mutex::default(),
        }
    }

    /// Tells the drift of these images on the workloads that name them: how many Events were written, and how many found
    /// no room and are told after the next full pass.
    pub(super) fn announce(&self, entries: &[Entry], objects: &Mutex<LiveObjects>) -> (u64, u64) {
        let (mut written, mut left_out) = (0_u64, 0_u64);
        for entry in entries {
            let Ok(found) = &entry.found else { continue };
            if !entry.drifts_for_the_learner() {
                continue;
            }
            for place in entry.image.places.iter().take(MOST_PLACES) {
                let identity = {
                    let objects = objects.lock().unwrap_or_else(PoisonError::into_inner);
                    objects.identity(place)
                };
                let Some((place, api_version, uid)) = identity else {
                    left_out = left_out.saturating_add(1);
                    continue;
                };
                match self.tell(entry, found, &place, api_version, uid) {
                    Told::Anew => written = written.saturating_add(1),
                    Told::Before => {}
                    Told::Not => left_out = left_out.saturating_add(1),
                }
            }
        }
        (written, left_out)
    }

    /// Forgets what was told long ago.
    pub(super) fn tidy(&self) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, at| at.elapsed() < REMEMBERED);
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.clear();
        if let Some(reports) = &self.reports {
            reports.tidy();
        }
    }

    /// Where policy reports are written, if they are.
    pub(super) fn reports(&self) -> Option<&Reports> {
        self.reports.as_ref()
    }

    fn tell(
        &self,
        entry: &Entry,
        found: &Found,
        place: &Place,
        api_version: String,
        uid: String,
    ) -> Told {
        let name = name(entry, found, &uid);
        {
            let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.contains_key(&name) {
                return Told::Before;
            }
            let now = Instant::now();
            let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
            if told.len() >= MOST_TOLD || rooms.len() >= MOST_TOLD {
                return Told::Not;
            }
            let room = rooms.entry(place.namespace.clone());
            if !room.or_insert_with(|| Room::new(now)).take(now) {
                return Told::Not;
            }
        }
        let event = Event {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                namespace: Some(place.namespace.clone()),
                ..ObjectMeta::default()
            },
            involved_object: ObjectReference {
                api_version: Some(api_version),
                kind: Some(place.kind.clone()),
                name: Some(place.name.clone()),
                namespace: Some(place.namespace.clone()),
                uid: Some(uid),
                ..ObjectReference::default()
            },
            reason: Some(REASON.to_owned()),
            message: Some(message(entry, found)),
            type_: Some("Warning".to_owned()),
            source: Some(EventSource {
                component: Some(COMPONENT.to_owned()),
                ..EventSource::default()
            }),
            first_timestamp: Some(Time(Timestamp::now())),
            last_timestamp: Some(Time(Timestamp::now())),
            count: Some(1),
            ..Event::default()
        };
        let question = Question {
            verb: "create",
            resource: "events",
            namespace: Some(place.namespace.clone()),
            name: None,
        };
        let namespace = place.namespace.clone();
        let created = self.cluster.ask(&question, move |client| {
            let (api, event) = (Api::<Event>::namespaced(client, &namespace), event.clone());
            async move { api.create(&as_ours(), &event).await }
        });
        let outcome = match created {
            Ok(_) => Told::Anew,
            // Another replica told it, or this one before it was started anew.
            Err(ClusterError::Conflict { .. }) => Told::Before,
            Err(error) => {
                warn!(error = %with_cause(&error), "drift is not told by an Event");
                return Told::Not;
            }
        };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(name, Instant::now());
        outcome
    }
}

/// The same for the same workload, digest and drift.
fn name(entry: &Entry, found: &Found, uid: &str) -> String {
    let digest = found.seen.observation.digest.as_ref();
    let digest = digest.map_or(entry.image.spelled.as_str(), |digest| digest.as_str());
    let drift = entry.learner_drift().map(ToString::to_string);
    let mut hash = Sha256::new();
    for part in [uid, digest, drift.as_deref().unwrap_or_default()] {
        hash.update(part.as_bytes());
        hash.update(b"\n");
    }
    let hash = hex::encode(hash.finalize());
    format!("{COMPONENT}.{}", hash.get(..32).unwrap_or_default())
}

/// What changed, and the way out, as far as there is room: commands are whole or left out.
pub(super) fn message(entry: &Entry, found: &Found) -> String {
    let observation = &found.seen.observation;
    let drift = entry.learner_drift().map(ToString::to_string);
    let before = match found.lookup.baseline() {
        Some(baseline) => {
            let first = baseline
                .known()
                .next()
                .map(|record| shown::signer(&record.signer));
            first.unwrap_or_else(|| "nobody".to_owned())
        }
        None => "not known".to_owned(),
    };
    let now = shown::signers(found).unwrap_or_else(|| observation.posture.to_string());
    let outcome = if entry.is_rejected() {
        "rejected where it is enforced"
    } else {
        "admitted"
    };
    let mut message = format!(
        "{} changed: drift {}. Before: {}. Now: {}. It is {outcome}.",
        shown::image(&entry.image, observation.digest.as_ref()),
        clean(drift.as_deref().unwrap_or_default(), LONGEST_FACT),
        clean(&before, LONGEST_FACT),
        clean(&now, LONGEST_FACT),
    );
    if message.len() > LONGEST_MESSAGE {
        message = clean(&message, LONGEST_MESSAGE / 4);
    }
    let Some(page) = entry.learner_drift().map(Drift::page) else {
        return message;
    };
    // Who reads this looked at the image himself, and what goes into settings is told by `continuity explain`.
    let told = found.remedies.iter().filter(|remedy| {
        !matches!(remedy, Remedy::Learn { .. }) && remedy.settings_lines().is_empty()
    });
    let room = LONGEST_MESSAGE.saturating_sub(page.len());
    for remedy in told {
        let lines = remedy.lines();
        let length: usize = lines.iter().map(|line| line.len().saturating_add(1)).sum();
        if message.len().saturating_add(length) >= room {
            continue;
        }
        for line in lines {
            message.push('\n');
            message.push_str(line.trim());
        }
    }
    message.push('\n');
    message.push_str(&page);
    message
}

#[cfg(test)]
#[path = "announcer_tests.rs"]
mod tests;

//! Follows what the API server says of pods and workloads, by its watch.
//!
//! Invariant: a watch that breaks is begun anew by the client library, with growing pauses, and what changed meanwhile is
//! found by a new list. What cannot be followed is said, and the replica is not ready.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use continuity_registry::runtime;
use futures_util::StreamExt as _;
use kube::Api;
use kube::api::DynamicObject;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use tokio::sync::mpsc;
use tracing::{debug, warn};

use crate::inventory::{Kind, ObjectImages, kinds};
use crate::kubernetes::{Cluster, ClusterError, Question};

/// How many objects one page of a list has.
const PAGE: u32 = 250;

/// What happened to an object, as far as images are concerned.
#[derive(Debug)]
pub(super) enum ObjectEvent {
    /// A list of the kind begins.
    Begin,
    /// The object is there, or changed.
    Apply(Box<ObjectImages>),
    /// The object is gone.
    Delete(Box<ObjectImages>),
    /// The list of the kind is whole.
    Complete,
}

/// For how long it is said that a kind could not be followed: who tries again says so again.
const FRESH: Duration = Duration::from_secs(120);

/// Why kinds cannot be followed just now.
#[derive(Debug, Default)]
pub(super) struct Troubles(Mutex<BTreeMap<&'static str, (Instant, String)>>);

impl Troubles {
    /// In sentences.
    pub(super) fn all(&self) -> Vec<String> {
        let troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = troubles
            .values()
            .filter(|(since, _)| since.elapsed() < FRESH);
        fresh.map(|(_, trouble)| trouble.clone()).collect()
    }

    fn clear(&self, kind: &'static Kind) {
        let mut troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.remove(kind.resource);
    }

    /// Logged when it begins, or is another one.
    fn set(&self, kind: &'static Kind, trouble: String) {
        let mut troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = troubles.get(kind.resource);
        if before.is_none_or(|(_, before)| *before != trouble) {
            warn!("{trouble}");
        }
        troubles.insert(kind.resource, (Instant::now(), trouble));
    }
}

/// Follows every kind, and hands each event over: to a thread of its own, since this is done on the runtime's.
///
/// # Errors
/// When no thread can be started.
pub(super) fn follow(
    cluster: &Cluster,
    troubles: &Arc<Troubles>,
    events: &mpsc::Sender<(&'static Kind, ObjectEvent)>,
) -> std::io::Result<()> {
    for kind in kinds() {
        let api = Api::<DynamicObject>::all_with(cluster.watching(), &kind.api_resource());
        let (troubles, sender) = (Arc::clone(troubles), events.clone());
        let name = cluster.name().to_owned();
        runtime::spawn(async move {
            let configuration = watcher::Config::default().page_size(PAGE);
            let mut events = pin!(watcher(api, configuration).default_backoff());
            while let Some(event) = events.next().await {
                let told = match event {
                    Ok(event) => {
                        troubles.clear(kind);
                        vec![read(kind, event)]
                    }
                    Err(error) => {
                        // Where the server has none of that kind, that is all there is to know.
                        let none = vec![ObjectEvent::Begin, ObjectEvent::Complete];
                        let told = if is_unserved(&error) {
                            none
                        } else {
                            Vec::new()
                        };
                        troubles.set(kind, trouble(kind, error, &name));
                        told
                    }
                };
                for event in told {
                    if sender.send((kind, event)).await.is_err() {
                        return;
                    }
                }
            }
        })?;
    }
    Ok(())
}

fn read(kind: &'static Kind, event: Event<DynamicObject>) -> ObjectEvent {
    let images = |object: &DynamicObject| Box::new(ObjectImages::of(kind.kind, object));
    match event {
        Event::Init => ObjectEvent::Begin,
        Event::InitApply(object) | Event::Apply(object) => ObjectEvent::Apply(images(&object)),
        Event::Delete(object) => ObjectEvent::Delete(images(&object)),
        Event::InitDone => ObjectEvent::Complete,
    }
}

/// Whether an older API server does not have the kind at all.
fn is_unserved(error: &watcher::Error) -> bool {
    matches!(error, watcher::Error::InitialListFailed(kube::Error::Api(status)) if status.code == 404)
}

fn trouble(kind: &'static Kind, error: watcher::Error, cluster: &str) -> String {
    debug!(?error, kind = kind.kind, "a watch failed");
    let (verb, error) = match error {
        watcher::Error::InitialListFailed(error) => ("list", error),
        watcher::Error::WatchStartFailed(error) | watcher::Error::WatchFailed(error) => {
            ("watch", error)
        }
        watcher::Error::WatchError(status) => ("watch", kube::Error::Api(status)),
        watcher::Error::NoResourceVersion => {
            return format!(
                "{} cannot be followed: the API server names no version",
                kind.resource
            );
        }
    };
    let question = Question {
        verb,
        ..Question::list(kind.resource, None)
    };
    ClusterError::new(error, &question, cluster).to_string()
}

//! Follows what the API server says of pods and workloads, by its watch.
//!
//! Invariant: a watch that breaks is begun anew by the client library, with growing pauses, and what changed meanwhile is
//! found by a new list. What cannot be followed is said, and the replica is not ready.

use std::pin::pin;
use std::sync::Arc;

use continuity_registry::runtime;
use futures_util::StreamExt as _;
use kube::Api;
use kube::api::DynamicObject;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use tokio::sync::mpsc;

use super::troubles::Troubles;
use crate::inventory::{Kind, ObjectImages, kinds};
use crate::kubernetes::{Cluster, Question};

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
                        troubles.clear(kind.resource);
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
                        troubles.set(Question::list(kind.resource, None), error, &name);
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

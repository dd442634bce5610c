//! Follows the baselines that others change: who approves a signer, retires one or restores a baseline waits for the images
//! that it is about.
//!
//! Invariant: only names are followed, not contents: what is there is read from the store when it is needed. What this
//! replica wrote itself is no news.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;

use continuity_registry::runtime;
use futures_util::StreamExt as _;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, ResourceExt as _};
use signature_continuity::baseline::{ANNOTATION, LABEL};
use signature_continuity::reference::Repository;
use tokio::sync::mpsc;
use tracing::warn;

use super::shared::Shared;
use crate::kubernetes::Question;
use crate::output::cause::with_cause;
use crate::store::Store as _;

/// How many changes wait to be taken in before the watch itself does.
const MOST_CHANGES: usize = 256;

/// Follows them from now on.
///
/// # Errors
/// When no thread can be started.
pub(super) fn follow(shared: &Arc<Shared>, namespace: &str) -> std::io::Result<()> {
    let api = Api::<PartialObjectMeta<ConfigMap>>::namespaced(shared.cluster.watching(), namespace);
    let (sender, mut receiver) = mpsc::channel::<(Repository, String)>(MOST_CHANGES);
    let (troubles, namespace) = (Arc::clone(&shared.troubles), namespace.to_owned());
    let name = shared.cluster.name().to_owned();
    runtime::spawn(async move {
        let configuration = watcher::Config::default().labels(&format!("{LABEL}=true"));
        let mut events = pin!(watcher(api, configuration).default_backoff());
        while let Some(event) = events.next().await {
            let object = match event {
                Ok(Event::Apply(object)) => object,
                // What is there at the beginning is what the store remembers; what is gone is lost, and told by a full pass.
                Ok(Event::Init | Event::InitApply(_) | Event::InitDone | Event::Delete(_)) => {
                    continue;
                }
                Err(error) => {
                    let listed = Question::list("configmaps", Some(&namespace));
                    troubles.set(listed, error, &name);
                    continue;
                }
            };
            troubles.clear("configmaps");
            let repository = object.annotations().get(ANNOTATION);
            let repository = repository.and_then(|name| name.parse::<Repository>().ok());
            let version = object.resource_version().unwrap_or_default();
            if let Some(repository) = repository
                && sender.send((repository, version)).await.is_err()
            {
                return;
            }
        }
    })?;
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        while let Some(first) = receiver.blocking_recv() {
            // One approval may be about many: their images are gone through once.
            let more = std::iter::from_fn(|| receiver.try_recv().ok());
            shared.baselines_changed(std::iter::once(first).chain(more));
        }
    });
    Ok(())
}

impl Shared {
    fn baselines_changed(&self, changed: impl Iterator<Item = (Repository, String)>) {
        let by_others = changed.filter(|(repository, version)| {
            self.term().is_on() && !self.store.is_own(repository, version)
        });
        let repositories: BTreeSet<Repository> =
            by_others.map(|(repository, _)| repository).collect();
        for repository in &repositories {
            match self.store.read(repository) {
                Ok(stored) => {
                    if let Some(baseline) = stored.lookup.baseline() {
                        self.begun(repository, baseline.is_signed());
                    }
                }
                Err(error) => {
                    warn!(error = %with_cause(&error), %repository, "its baseline changed and cannot be read")
                }
            }
        }
        if !repositories.is_empty() {
            self.look_again(&repositories);
        }
    }
}

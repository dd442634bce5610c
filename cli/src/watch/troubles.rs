//! What cannot be followed just now, and why.
//!
//! Invariant: said once in the log for each reason, since it is tried again and again; shown for as long as it is so.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kube::runtime::watcher;
use tracing::{debug, warn};

use crate::kubernetes::{ClusterError, Question};

/// For how long it is said that something could not be followed: who tries again says so again.
const FRESH: Duration = Duration::from_secs(120);

/// Why resources cannot be followed just now, by their names.
#[derive(Debug, Default)]
pub(super) struct Troubles(Mutex<BTreeMap<&'static str, (Instant, String)>>);

impl Troubles {
    fn troubles(&self) -> MutexGuard<'_, BTreeMap<&'static str, (Instant, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In sentences.
    pub(super) fn all(&self) -> Vec<String> {
        let troubles = self.troubles();
        let fresh = troubles
            .values()
            .filter(|(since, _)| since.elapsed() < FRESH);
        fresh.map(|(_, trouble)| trouble.clone()).collect()
    }

    /// Something happened to a resource: it is followed.
    pub(super) fn clear(&self, resource: &'static str) {
        self.troubles().remove(resource);
    }

    /// What `listed` would list cannot be followed.
    pub(super) fn set(&self, listed: Question, error: watcher::Error, cluster: &str) {
        debug!(?error, "a watch failed");
        let resource = listed.resource;
        let trouble = in_words(listed, error, cluster);
        let mut troubles = self.troubles();
        let before = troubles.get(resource);
        if before.is_none_or(|(_, before)| *before != trouble) {
            warn!("{trouble}");
        }
        troubles.insert(resource, (Instant::now(), trouble));
    }
}

fn in_words(listed: Question, error: watcher::Error, cluster: &str) -> String {
    let (verb, error) = match error {
        watcher::Error::InitialListFailed(error) => ("list", error),
        watcher::Error::WatchStartFailed(error) | watcher::Error::WatchFailed(error) => {
            ("watch", error)
        }
        watcher::Error::WatchError(status) => ("watch", kube::Error::Api(status)),
        watcher::Error::NoResourceVersion => {
            return format!(
                "{} cannot be followed: the API server names no version",
                listed.resource
            );
        }
    };
    let question = Question { verb, ..listed };
    ClusterError::new(error, &question, cluster).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u16) -> watcher::Error {
        watcher::Error::WatchStartFailed(kube::Error::Service(format!("refused {code}").into()))
    }

    #[test]
    fn a_trouble_is_told_until_what_it_is_about_is_followed() {
        let troubles = Troubles::default();
        troubles.set(Question::list("pods", None), refused(1), "kubernetes");
        troubles.set(Question::list("jobs", None), refused(2), "kubernetes");
        troubles.set(Question::list("pods", None), refused(3), "kubernetes");
        let all = troubles.all();
        assert_eq!(all.len(), 2);
        assert!(
            all.iter().all(|it| it.starts_with("cannot watch ")),
            "{all:?}"
        );
        troubles.clear("pods");
        assert_eq!(troubles.all().len(), 1);
    }
}

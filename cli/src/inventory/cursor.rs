//! Where a run that did not reach everything ended, so that the next one begins there and the same names do not starve.
//!
//! Invariant: it chooses an order and nothing else: what it leaves out, or names wrongly, is looked at all the same.
//! Bounded, and those places come first in it of which something is known.

use serde::{Deserialize, Serialize};
use signature_continuity::reference::Repository;
use std::collections::BTreeMap;

/// For how many registries it is kept.
const MOST: usize = 200;

/// Where the next run begins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cursor {
    /// By registry.
    registries: BTreeMap<String, Next>,
    /// The registry to begin with among those of which nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    stranger: Option<String>,
}

/// The repositories of one registry to begin with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Next {
    /// Among those that have a baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<Repository>,
    /// Among the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<Repository>,
}

impl Cursor {
    /// Whether the run before reached everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.registries.is_empty() && self.stranger.is_none()
    }

    /// With which repository of a registry to begin, among those that are known or among those that are not.
    pub(super) fn next(&self, registry: &str, known: bool) -> Option<&Repository> {
        let next = self.registries.get(registry)?;
        if known {
            next.known.as_ref()
        } else {
            next.new.as_ref()
        }
    }

    /// With which registry of which nothing is known.
    pub(super) fn stranger(&self) -> Option<&str> {
        self.stranger.as_deref()
    }

    pub(super) fn begin_with(&mut self, registry: &str, known: bool, repository: Repository) {
        if self.registries.len() >= MOST && !self.registries.contains_key(registry) {
            return;
        }
        let next = self.registries.entry(registry.to_owned()).or_default();
        if known {
            next.known = Some(repository);
        } else {
            next.new = Some(repository);
        }
    }

    pub(super) fn begin_with_stranger(&mut self, registry: &str) {
        self.stranger = Some(registry.to_owned());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn is_read_as_it_was_written_and_bounded() {
        let mut cursor = Cursor::default();
        assert!(cursor.is_empty());
        for n in 0..MOST + 5 {
            let registry = format!("r{n}.example");
            let repository: Repository = format!("{registry}/a").parse().unwrap();
            cursor.begin_with(&registry, true, repository.clone());
            cursor.begin_with(&registry, false, repository);
        }
        cursor.begin_with_stranger("x.example");
        assert_eq!(cursor.registries.len(), MOST);
        let text = serde_json::to_string(&cursor).unwrap();
        assert_eq!(serde_json::from_str::<Cursor>(&text).unwrap(), cursor);
        let known = cursor.next("r7.example", true).unwrap();
        assert_eq!(known.as_str(), "r7.example/a");
        assert_eq!(cursor.next("r204.example", true), None);
    }
}

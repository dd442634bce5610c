//! Where drift rejects, and what happens where it does not.
//!
//! Invariant: an entry of `enforce` applies only where both its namespaces and its repositories match; a list in it is
//! never empty, since an entry that never applies looks like protection.

use super::repository_names::RepositoryNames;
use super::wire::{NamespacePattern, RepositoryPattern, some_texts};
use crate::glob::Glob;
use serde::Deserialize;

/// One enforced scope.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnforceEntry {
    /// In these namespaces; absent: in all that the policy is asked about.
    #[serde(default, deserialize_with = "some_texts::<_, NamespacePattern, _>")]
    pub namespaces: Option<Vec<Glob>>,
    /// For images of these repositories; absent: for all.
    #[serde(default, deserialize_with = "some_texts::<_, RepositoryPattern, _>")]
    pub repositories: Option<Vec<Glob>>,
    /// Here instead of [`super::Settings::on_undetermined`].
    #[serde(default)]
    pub on_undetermined: Option<OnUndetermined>,
}

impl EnforceEntry {
    /// Whether it applies to a repository with these names; without them, whether it could.
    #[must_use]
    pub(crate) fn applies(&self, namespace: &str, names: Option<&RepositoryNames>) -> bool {
        let here = self
            .namespaces
            .as_ref()
            .is_none_or(|globs| globs.iter().any(|glob| glob.matches(namespace)));
        let these = match (&self.repositories, names) {
            (Some(globs), Some(names)) => names.match_any(globs),
            (None, _) | (_, None) => true,
        };
        here && these
    }
}

/// What is done with drift outside enforced scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unenforced {
    /// A warning.
    #[default]
    Warn,
    /// A warning, and a rejection for the audit scanner, so that reports show it.
    Report,
}

/// What is done when the outside world does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnUndetermined {
    /// Admit what an outage hides, with a warning.
    Admit,
    /// Reject, so that it is tried again.
    #[default]
    Deny,
}

/// What is done with builds of a kind never seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProvenanceMode {
    /// Nothing.
    Off,
    /// A warning.
    #[default]
    Warn,
    /// A rejection.
    Deny,
}

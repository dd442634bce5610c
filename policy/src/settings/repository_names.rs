//! The two names of a repository: as it is spelled in images, and as an alias writes it.
//!
//! Invariant: a setting that is written for one of them is in force for both, so that an alias never takes protection
//! away. Baselines belong to the aliased name alone.

use super::Settings;
use crate::glob::Glob;
use crate::reference::Repository;

/// A repository's own name and the one that its baseline is kept by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RepositoryNames {
    own: Repository,
    aliased: Repository,
}

impl RepositoryNames {
    /// As images name it.
    #[must_use]
    pub(crate) fn own(&self) -> &Repository {
        &self.own
    }

    /// What its baseline belongs to; the own name where no alias is for it.
    #[must_use]
    pub fn aliased(&self) -> &Repository {
        &self.aliased
    }

    /// Whether `repository` is one of them.
    #[must_use]
    pub(crate) fn contains(&self, repository: &Repository) -> bool {
        self.own == *repository || self.aliased == *repository
    }

    /// Whether one of them matches one of `globs`.
    #[must_use]
    pub(crate) fn match_any(&self, globs: &[Glob]) -> bool {
        [&self.own, &self.aliased]
            .into_iter()
            .any(|name| matches(globs, name))
    }
}

/// A repository without another name.
impl From<Repository> for RepositoryNames {
    fn from(repository: Repository) -> Self {
        Self {
            own: repository.clone(),
            aliased: repository,
        }
    }
}

impl Settings {
    /// The names of `repository`, which is as images spell it.
    #[must_use]
    pub fn names(&self, repository: &Repository) -> RepositoryNames {
        RepositoryNames {
            own: repository.clone(),
            aliased: self.aliased(repository),
        }
    }
}

/// Whether `repository` matches one of `globs`.
pub(super) fn matches(globs: &[Glob], repository: &Repository) -> bool {
    globs.iter().any(|glob| glob.matches(repository.as_str()))
}

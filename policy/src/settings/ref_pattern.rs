//! Refs that are folded in comparisons.
//!
//! Invariant: a folded ref has a wildcard or is a commit, and a ref that it stands for becomes one text, so that both
//! sides of a comparison become equal. Commits are folded only for signers whose caller is known by number: whoever
//! forks a repository has its commits, and can have a workflow of his own signed for by one of them.

use super::error::{Expected, required};
use super::wire::{List, RepositoryPattern};
use crate::glob::Glob;
use crate::reference::Repository;
use crate::signer::Caller;
use crate::subject::{REFS, pinned_by_commit};
use serde::Deserialize;

const REF: &str = "commit, or a pattern of refs with a wildcard, such as refs/heads/release-*";
const COMMIT: &str = "commit";
/// What commits become: git's null id, which is none.
const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

/// Refs that are the same in comparisons.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RefPatternFields")]
pub struct RefPattern {
    /// For signers of these repositories.
    pub repositories: Vec<Glob>,
    /// The refs.
    pub fold: FoldedRefs,
}

/// Which refs are folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoldedRefs {
    /// `…@<40 hex>`, of callers that are known by number.
    Commit,
    /// Refs that match.
    Matching(Glob),
}

impl RefPattern {
    /// `subject` with its ref folded, where this is about that repository, ref and kind of signer.
    #[must_use]
    pub(crate) fn apply(
        &self,
        repository: &Repository,
        subject: &str,
        caller: Option<&Caller>,
    ) -> Option<String> {
        if !self
            .repositories
            .iter()
            .any(|glob| glob.matches(repository.as_str()))
        {
            return None;
        }
        match &self.fold {
            FoldedRefs::Commit => {
                let workflow = pinned_by_commit(subject)?;
                caller
                    .is_some_and(Caller::has_ids)
                    .then(|| format!("{workflow}@{NO_COMMIT}"))
            }
            FoldedRefs::Matching(fold) => {
                let (workflow, rest) = subject.split_once(REFS)?;
                let applies = !rest.contains(REFS) && fold.matches(&format!("refs/{rest}"));
                applies.then(|| format!("{workflow}@{fold}"))
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RefPatternFields {
    repositories: Option<List<RepositoryPattern, 1>>,
    fold: Option<Glob>,
}

impl TryFrom<RefPatternFields> for RefPattern {
    type Error = Expected;

    fn try_from(fields: RefPatternFields) -> Result<Self, Self::Error> {
        let List(repositories) = required(
            fields.repositories,
            "repositories",
            "patterns of repositories",
        )?;
        let fold = required(fields.fold, "fold", REF)?;
        let fold = match fold.as_str() {
            COMMIT => FoldedRefs::Commit,
            refs if refs.starts_with("refs/") && !refs.contains('@') && fold.has_wildcard() => {
                FoldedRefs::Matching(fold)
            }
            _ => return Err(Expected::at("fold", REF)),
        };
        Ok(Self {
            repositories: repositories.into_iter().map(Glob::from).collect(),
            fold,
        })
    }
}

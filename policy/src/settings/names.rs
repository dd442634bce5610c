//! Other names: aliases and mirrors of repositories, and refs that are folded in comparisons.
//!
//! Invariant: every pattern is one of normalised repositories; a folded ref has a wildcard, and a ref that it matches
//! becomes the pattern itself, so that both sides of a comparison become equal.

use super::error::{Expected, required};
use super::wire::{List, RepositoryPattern};
use crate::glob::{Glob, GlobError, Rewrite};
use crate::reference::Repository;
use serde::Deserialize;

const REF: &str = "a pattern of refs with a wildcard, such as refs/heads/release-*";
/// What CI issuers write between a workflow and its ref.
const BEFORE_REF: &str = "@refs/";

/// Refs that are the same in comparisons.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RefPatternFields")]
pub struct RefPattern {
    /// For signers of these repositories.
    pub repositories: Vec<Glob>,
    /// The refs.
    pub fold: Glob,
}

impl RefPattern {
    /// `subject` with its ref folded, where this is about that repository and ref.
    #[must_use]
    pub fn apply(&self, repository: &Repository, subject: &str) -> Option<String> {
        let (workflow, rest) = subject.split_once(BEFORE_REF)?;
        let applies = !rest.contains(BEFORE_REF)
            && self
                .repositories
                .iter()
                .any(|glob| glob.matches(repository.as_str()))
            && self.fold.matches(&format!("refs/{rest}"));
        applies.then(|| format!("{workflow}@{}", self.fold))
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
        if !fold.as_str().starts_with("refs/")
            || fold.as_str().contains('@')
            || !fold.has_wildcard()
        {
            return Err(Expected::at("fold", REF));
        }
        Ok(Self {
            repositories: repositories.into_iter().map(Glob::from).collect(),
            fold,
        })
    }
}

/// `{from, to}`
#[derive(Deserialize)]
#[serde(try_from = "AliasFields")]
pub(super) struct Alias(Rewrite);

/// `{for, fetchFrom}`
#[derive(Deserialize)]
#[serde(try_from = "MirrorFields")]
pub(super) struct Mirror(Rewrite);

impl From<Alias> for Rewrite {
    fn from(Alias(rewrite): Alias) -> Self {
        rewrite
    }
}

impl From<Mirror> for Rewrite {
    fn from(Mirror(rewrite): Mirror) -> Self {
        rewrite
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AliasFields {
    from: Option<RepositoryPattern>,
    to: Option<RepositoryPattern>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MirrorFields {
    r#for: Option<RepositoryPattern>,
    fetch_from: Option<RepositoryPattern>,
}

/// Why a pair of patterns is no rewrite.
#[derive(Debug, thiserror::Error)]
pub(super) enum RewriteError {
    #[error("{0}")]
    Field(Expected),
    #[error("{0}")]
    Wildcards(GlobError),
}

impl TryFrom<AliasFields> for Alias {
    type Error = RewriteError;

    fn try_from(fields: AliasFields) -> Result<Self, Self::Error> {
        rewrite((fields.from, "from"), (fields.to, "to")).map(Self)
    }
}

impl TryFrom<MirrorFields> for Mirror {
    type Error = RewriteError;

    fn try_from(fields: MirrorFields) -> Result<Self, Self::Error> {
        rewrite((fields.r#for, "for"), (fields.fetch_from, "fetchFrom")).map(Self)
    }
}

type Side = (Option<RepositoryPattern>, &'static str);

fn rewrite((from, from_field): Side, (to, to_field): Side) -> Result<Rewrite, RewriteError> {
    let side = |pattern, field| {
        required(pattern, field, "a pattern of repositories").map_err(RewriteError::Field)
    };
    let RepositoryPattern(from) = side(from, from_field)?;
    let RepositoryPattern(to) = side(to, to_field)?;
    Rewrite::new(from, to).map_err(RewriteError::Wildcards)
}

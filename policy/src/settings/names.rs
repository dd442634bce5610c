//! Other names of repositories: aliases and mirrors.
//!
//! Invariant: every pattern is one of normalised repositories, and both sides of a pair have the same wildcards.

use super::error::{Expected, required};
use super::wire::RepositoryPattern;
use crate::glob::{GlobError, Rewrite};
use serde::Deserialize;

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

//! Globs over the subjects of signers.
//!
//! As in other globs, and: a final `*` after the `@` is the rest, slashes included, so `…/release.yml@refs/tags/*` is
//! every tag. `{commit}` alone after the `@` is a commit, 40 hex digits: where workflows are pinned by commit, `@*` would
//! be every branch too.
//!
//! Invariant: the first `@` of the pattern is the first `@` of the subject, and only a pattern with such a rest matches
//! subjects with more of them than it has itself. Who may push a branch of any name could otherwise write
//! `/release.yml@refs/tags/v1` into it and be taken for another workflow.

use super::{Glob, GlobError, LONGEST};
use crate::digest::is_lower_hex;
use crate::subject::COMMIT_DIGITS;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// After the `@`: any commit.
const COMMIT: &str = "{commit}";

/// A pattern of subjects: workflows with their ref, or e-mail addresses.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SubjectGlob {
    text: String,
    before: Glob,
    after: Option<After>,
}

/// What stands after the first `@`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum After {
    /// `{commit}`
    Commit,
    Pattern {
        glob: Glob,
        /// With a final `*`: the same and further segments.
        longer: Option<Glob>,
    },
}

impl SubjectGlob {
    /// Whether the whole of `subject` is what this stands for.
    #[must_use]
    pub(crate) fn matches(&self, subject: &str) -> bool {
        match (&self.after, subject.split_once('@')) {
            (None, None) => self.before.matches(subject),
            (Some(after), Some((before, reference))) => {
                self.before.matches(before) && after.matches(reference)
            }
            (None, Some(_)) | (Some(_), None) => false,
        }
    }

    /// As it was written.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl After {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Commit => is_lower_hex(text, COMMIT_DIGITS),
            Self::Pattern {
                glob,
                longer: Some(longer),
            } => glob.matches(text) || longer.matches(text),
            // An @ more in the text than in the pattern would be a wildcard's.
            Self::Pattern { glob, longer: None } => {
                glob.matches(text)
                    && text.matches('@').count() == glob.as_str().matches('@').count()
            }
        }
    }
}

impl FromStr for After {
    type Err = GlobError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == COMMIT {
            return Ok(Self::Commit);
        }
        // No ref begins so: somebody meant commits, and would have got nothing.
        if text.starts_with('{') {
            return Err(GlobError::Commit);
        }
        let rest = text.ends_with('*') && text != "**" && !text.ends_with("/**");
        let glob: Glob = text.parse()?;
        let longer = rest.then(|| Glob(format!("{text}/**")));
        Ok(Self::Pattern { glob, longer })
    }
}

impl FromStr for SubjectGlob {
    type Err = GlobError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (before, after) = match text.split_once('@') {
            Some(("", _) | (_, "")) => return Err(GlobError::Subject),
            Some((before, after)) => (before, Some(after.parse()?)),
            None => (text, None),
        };
        if text.len() > LONGEST {
            return Err(GlobError::Length(text.len()));
        }
        Ok(Self {
            text: text.to_owned(),
            before: before.parse()?,
            after,
        })
    }
}

impl TryFrom<String> for SubjectGlob {
    type Error = GlobError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<SubjectGlob> for String {
    fn from(glob: SubjectGlob) -> Self {
        glob.text
    }
}

impl fmt::Display for SubjectGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for SubjectGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
#[path = "subject_tests.rs"]
mod tests;

//! Globs over the subjects of signers.
//!
//! As in other globs, and: a final `*` after the `@` is the rest, slashes included, so `…/release.yml@refs/tags/*` is
//! every tag.
//!
//! Invariant: the first `@` of the pattern is the first `@` of the subject, and only a pattern with such a rest matches
//! subjects with more of them than it has itself. Who may push a branch of any name could otherwise write
//! `/release.yml@refs/tags/v1` into it and be taken for another workflow.

use super::{Glob, GlobError, LONGEST};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

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
struct After {
    glob: Glob,
    /// With a final `*`: the same and further segments.
    longer: Option<Glob>,
}

impl SubjectGlob {
    /// Whether the whole of `subject` is what this stands for.
    #[must_use]
    pub fn matches(&self, subject: &str) -> bool {
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
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl After {
    fn matches(&self, text: &str) -> bool {
        match &self.longer {
            Some(longer) => self.glob.matches(text) || longer.matches(text),
            // An @ more in the text than in the pattern would be a wildcard's.
            None => {
                self.glob.matches(text)
                    && text.matches('@').count() == self.glob.as_str().matches('@').count()
            }
        }
    }
}

impl FromStr for After {
    type Err = GlobError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.ends_with('*') && text != "**" && !text.ends_with("/**");
        let glob: Glob = text.parse()?;
        let longer = rest.then(|| Glob(format!("{text}/**")));
        Ok(Self { glob, longer })
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

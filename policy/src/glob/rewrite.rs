//! One pattern of repositories written as another: aliases and mirrors.
//!
//! Invariant: both sides have the same wildcards in the same order, so that what one captures has its place in the
//! other. The result is a text; whoever uses it parses it, since it can be too long to be a repository.

use super::{ANY_SEGMENTS, Glob, GlobError, captures};

/// What matches `from`, written as `to`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rewrite {
    from: Glob,
    to: Glob,
}

impl Rewrite {
    /// From two patterns of repositories.
    ///
    /// # Errors
    /// When their wildcards differ.
    pub fn new(from: Glob, to: Glob) -> Result<Self, GlobError> {
        if wildcards(&from) != wildcards(&to) {
            return Err(GlobError::Wildcards);
        }
        Ok(Self { from, to })
    }

    /// `text` in its other form, where it has one. Where a text can be taken apart in several ways, earlier wildcards
    /// take as little as they can.
    #[must_use]
    pub fn apply(&self, text: &str) -> Option<String> {
        let mut captured = captures(self.from.as_str(), text)?.into_iter();
        let mut segments = Vec::new();
        for segment in self.to.as_str().split('/') {
            if segment == ANY_SEGMENTS {
                // No segments at all are no empty segment either.
                segments.extend(captured.next().filter(|c| !c.is_empty()).map(str::to_owned));
                continue;
            }
            let mut written = String::new();
            for (at, literal) in segment.split('*').enumerate() {
                if at > 0 {
                    written.push_str(captured.next().unwrap_or_default());
                }
                written.push_str(literal);
            }
            segments.push(written);
        }
        Some(segments.join("/"))
    }

    /// The pattern that has to match.
    #[must_use]
    pub fn from(&self) -> &Glob {
        &self.from
    }

    /// How it is written then.
    #[must_use]
    pub fn to(&self) -> &Glob {
        &self.to
    }
}

/// Whether each wildcard, in order, stands for any number of segments.
fn wildcards(glob: &Glob) -> Vec<bool> {
    glob.as_str()
        .split('/')
        .flat_map(|segment| match segment {
            ANY_SEGMENTS => vec![true],
            _ => vec![false; segment.matches('*').count()],
        })
        .collect()
}

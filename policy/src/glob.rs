//! Globs over namespaces, repositories and refs, anchored at both ends.
//!
//! `*` stands for a whole path segment or a part of one and never crosses a `/`: as a whole segment it needs at least
//! one character, as a part it may be empty. `**` is a segment of its own and stands for any number of segments; at
//! the end it stands for at least one, so `ghcr.io/acme/**` is everything below `ghcr.io/acme`, not `ghcr.io/acme`
//! itself and not `ghcr.io/acme-evil/x`. All other characters stand for themselves.
//!
//! Invariant: a [`Glob`] can match something, and matching takes at most the product of both lengths, whatever the
//! text. Direction of failure: a text that is too long to look at does not match.

mod rewrite;
mod subject;

pub use rewrite::Rewrite;
pub(crate) use subject::SubjectGlob;

use crate::clean::shows_plainly;
use crate::reference::Repository;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest glob; the longest repository name has 255 characters.
const LONGEST: usize = 512;
/// The longest text that is matched: subjects of certificates are at most half of it.
const LONGEST_TEXT: usize = 4096;
const ANY_SEGMENTS: &str = "**";

/// A pattern for one kind of name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Glob(String);

/// Why a text is no glob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// Nothing, or too much.
    #[error("expected a pattern of 1 to {LONGEST} characters, got {0}")]
    Length(usize),
    /// Control characters, spaces and the like: no name has them.
    #[error("expected a pattern without spaces and control characters")]
    Character,
    /// `a**`, `***`
    #[error("expected ** as a path segment of its own, as in ghcr.io/acme/**")]
    Stars,
    /// A repository in another spelling than the one that is compared, or with a tag or digest.
    #[error(
        "expected a normalised repository such as docker.io/library/nginx, without tag or digest, with * or ** for parts of it"
    )]
    Repository,
    /// Upper case, slashes and the like in the name of a namespace.
    #[error("expected a namespace such as prod, or a pattern such as prod-*")]
    Namespace,
    /// Half a subject.
    #[error("expected text before and after the @ of a subject")]
    Subject,
    /// `@{sha}`, `@{commit}*`
    #[error("expected {{commit}} and nothing else after the @ of a subject")]
    Commit,
    /// Two patterns whose wildcards do not answer each other.
    #[error(
        "expected the same wildcards in the same order on both sides, as in mirror.example/hub/** and docker.io/**"
    )]
    Wildcards,
}

impl Glob {
    /// A pattern of repositories: it has to match normalised ones, `docker.io/library/nginx` rather than `nginx`.
    ///
    /// # Errors
    /// When no normalised repository could match, or a registry's port is a pattern.
    pub(crate) fn for_repositories(text: &str) -> Result<Self, GlobError> {
        let glob: Self = text.parse()?;
        // What the pattern stands for has to be a repository in its normal form; any stand-in shows that.
        let sample: Vec<String> = text
            .split('/')
            .enumerate()
            .map(|(at, segment)| match (at, segment) {
                (0, ANY_SEGMENTS) => "0.0/0".to_owned(),
                (0, _) => segment.replace('*', "0.0"),
                (_, ANY_SEGMENTS) => "0/0".to_owned(),
                (_, _) => segment.replace('*', "0"),
            })
            .collect();
        let sample = sample.join("/");
        match sample.parse::<Repository>() {
            Ok(repository) if repository.as_str() == sample => Ok(glob),
            _ => Err(GlobError::Repository),
        }
    }

    /// A pattern of namespaces.
    ///
    /// # Errors
    /// When no namespace could match.
    pub(crate) fn for_namespaces(text: &str) -> Result<Self, GlobError> {
        let glob: Self = text.parse()?;
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'*';
        text.bytes()
            .all(fits)
            .then_some(glob)
            .ok_or(GlobError::Namespace)
    }

    /// Whether the whole of `text` is what this stands for.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        captures(&self.0, text).is_some()
    }

    /// As it was written.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for more than itself.
    #[must_use]
    pub(crate) fn has_wildcard(&self) -> bool {
        self.0.contains('*')
    }
}

impl FromStr for Glob {
    type Err = GlobError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || text.len() > LONGEST {
            return Err(GlobError::Length(text.len()));
        }
        if !text.chars().all(|c| shows_plainly(c) && !c.is_whitespace()) {
            return Err(GlobError::Character);
        }
        if text
            .split('/')
            .any(|segment| segment != ANY_SEGMENTS && segment.contains(ANY_SEGMENTS))
        {
            return Err(GlobError::Stars);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Glob {
    type Error = GlobError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Glob> for String {
    fn from(glob: Glob) -> Self {
        glob.0
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the last `**` stands, and how much it has taken so far.
struct Taken {
    next_pattern: usize,
    start: usize,
    count: usize,
    captures_before: usize,
}

/// What each wildcard of `pattern` stands for in `text`, in order; the earlier ones take as little as they can.
///
/// Only the last `**` is ever tried again: what stood before it has been found as early as possible, so that a later
/// place for it could not help. That is what bounds the time.
fn captures<'t>(pattern: &str, text: &'t str) -> Option<Vec<&'t str>> {
    if text.len() > LONGEST_TEXT {
        return None;
    }
    let pattern: Vec<&str> = pattern.split('/').collect();
    let mut offset = 0;
    let mut segments = Vec::new();
    for segment in text.split('/') {
        segments.push((offset, segment));
        offset += segment.len() + 1;
    }
    let mut captures = Vec::new();
    let mut taken: Option<Taken> = None;
    let (mut at_pattern, mut at_text) = (0, 0);
    loop {
        let here = segments.get(at_text).map(|(_, segment)| *segment);
        match (pattern.get(at_pattern), here) {
            (None, None) => return Some(captures),
            (Some(&ANY_SEGMENTS), _) => {
                let last = at_pattern + 1 == pattern.len();
                taken = Some(Taken {
                    next_pattern: at_pattern + 1,
                    start: at_text,
                    count: if last {
                        segments.len().saturating_sub(at_text).max(1)
                    } else {
                        0
                    },
                    captures_before: captures.len(),
                });
            }
            (Some(segment), Some(here)) if capture_segment(segment, here, &mut captures) => {
                at_pattern += 1;
                at_text += 1;
                continue;
            }
            (None | Some(_), _) => taken.as_mut()?.count += 1,
        }
        let Taken {
            next_pattern,
            start,
            count,
            captures_before,
        } = *taken.as_ref()?;
        let end = start.checked_add(count)?;
        captures.truncate(captures_before);
        captures.push(span(text, segments.get(start..end)?));
        (at_pattern, at_text) = (next_pattern, end);
    }
}

/// The part of `text` that `segments` are, slashes between them included.
fn span<'t>(text: &'t str, segments: &[(usize, &str)]) -> &'t str {
    match (segments.first(), segments.last()) {
        (Some((start, _)), Some((end, last))) => {
            text.get(*start..end + last.len()).unwrap_or_default()
        }
        _ => "",
    }
}

/// Adds what each `*` of one segment stands for; adds nothing of use, and says so, where it does not match.
fn capture_segment<'t>(pattern: &str, text: &'t str, captures: &mut Vec<&'t str>) -> bool {
    let Some((prefix, mut pieces)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut left) = text.strip_prefix(prefix) else {
        return false;
    };
    if pattern.len() == 1 && left.is_empty() {
        return false;
    }
    while let Some((piece, after)) = pieces.split_once('*') {
        let Some((skipped, rest)) = left.split_once(piece) else {
            return false;
        };
        captures.push(skipped);
        (left, pieces) = (rest, after);
    }
    match left.strip_suffix(pieces) {
        Some(skipped) => {
            captures.push(skipped);
            true
        }
        None => false,
    }
}

#[cfg(test)]
#[path = "glob_tests.rs"]
mod tests;

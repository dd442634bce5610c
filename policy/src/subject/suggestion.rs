//! Which setting would make two signers one: for texts that tell an operator what differs.
//!
//! Invariant: only what the settings can fold, only between signers that have everything else in common, and never
//! wider than one prefix of branches or the release tags: a suggestion is pasted by somebody in a hurry. It is asked for
//! with the image's own identity, so that nothing of it but letters, digits, and `. _ / -` is ever part of one.

use super::REFS;
use crate::digest::is_lower_hex;
use crate::signer::Keyless;
use std::fmt;

/// SHA-1, as git has it where CI issuers write commits.
pub(crate) const COMMIT_DIGITS: usize = 40;
const BRANCHES: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";
/// The longest name of a branch that is taken up into a pattern.
const LONGEST_PREFIX: usize = 100;

/// What `refPatterns` can fold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fold {
    /// `…@<40 hex>`, as workflows have it that are pinned by commit.
    Commit,
    /// Refs that this pattern matches.
    Refs(String),
}

/// The value of `fold` in the settings.
impl fmt::Display for Fold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit => f.write_str("commit"),
            Self::Refs(pattern) => f.write_str(pattern),
        }
    }
}

/// What an operator would have to fold for `now` to be the same signer as `before`; none where no setting does that.
#[must_use]
pub(crate) fn fold_suggestion(before: &Keyless, now: &Keyless) -> Option<Fold> {
    if before.issuer != now.issuer || before.caller != now.caller || before.subject == now.subject {
        return None;
    }
    if let (Some(was), Some(is)) = (
        pinned_by_commit(&before.subject),
        pinned_by_commit(&now.subject),
    ) {
        let called = now.caller.as_ref().is_some_and(|caller| caller.has_ids());
        return (was == is && called).then_some(Fold::Commit);
    }
    let ((workflow, was), (same_workflow, is)) = (at_ref(&before.subject)?, at_ref(&now.subject)?);
    if workflow != same_workflow {
        return None;
    }
    if is_tag(was) && is_tag(is) {
        return Some(Fold::Refs(format!("{TAGS}*")));
    }
    let prefix = common_branches(was.strip_prefix(BRANCHES)?, is.strip_prefix(BRANCHES)?)?;
    Some(Fold::Refs(format!("{BRANCHES}{prefix}*")))
}

/// The workflow of a subject that ends in a commit.
pub(crate) fn pinned_by_commit(subject: &str) -> Option<&str> {
    let (workflow, commit) = subject.split_once('@')?;
    is_lower_hex(commit, COMMIT_DIGITS).then_some(workflow)
}

/// Workflow and ref of a subject that has exactly one.
fn at_ref(subject: &str) -> Option<(&str, &str)> {
    let (workflow, _) = subject.split_once(REFS)?;
    let reference = subject.strip_prefix(workflow)?.strip_prefix('@')?;
    (!reference.contains('@')).then_some((workflow, reference))
}

/// Whether it is a tag that the pattern of all tags matches, which does not cross slashes.
fn is_tag(reference: &str) -> bool {
    reference
        .strip_prefix(TAGS)
        .is_some_and(|tag| !tag.is_empty() && !tag.contains('/'))
}

/// What two branches have in common up to a separator, where they differ within one segment behind it: `release-1.2`
/// and `release-1.3` have `release-` in common.
fn common_branches<'t>(was: &'t str, is: &str) -> Option<&'t str> {
    let same = was
        .char_indices()
        .zip(is.chars())
        .find(|((_, a), b)| a != b)
        .map_or(was.len().min(is.len()), |((at, _), _)| at);
    let same = was.get(..same)?;
    let prefix = same.get(..=same.rfind(['-', '_', '/'])?)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-');
    let within_a_segment = |branch: &str| {
        branch
            .strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && !rest.contains('/'))
    };
    let fits = prefix.len() <= LONGEST_PREFIX
        && prefix.chars().all(plain)
        && within_a_segment(was)
        && within_a_segment(is);
    fits.then_some(prefix)
}

#[cfg(test)]
#[path = "suggestion_tests.rs"]
mod tests;

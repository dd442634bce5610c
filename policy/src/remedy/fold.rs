//! The setting that would make two signers one: the same workflow at different refs.
//!
//! Invariant: issuer, workflow and caller are the same, and only refs of one family differ. Commits are offered only
//! where the caller's numeric ids are part of both signers, since forks share commits; branches only where their names
//! begin alike: a pattern of all branches would know whoever can push one.

use crate::digest::is_lower_hex;
use crate::signer::{Keyless, Signer};
use std::fmt;

const BRANCHES: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";

/// A value of `fold` in `refPatterns`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fold {
    /// Refs that match this pattern.
    Refs(String),
    /// Commits.
    Commit,
}

impl Fold {
    /// What would make these two the same.
    #[must_use]
    pub fn between(known: &Signer, stranger: &Signer) -> Option<Self> {
        let (Signer::Keyless(known), Signer::Keyless(stranger)) = (known, stranger) else {
            return None;
        };
        let (workflow, before) = split(known)?;
        let (other_workflow, now) = split(stranger)?;
        let same = workflow == other_workflow
            && known.issuer == stranger.issuer
            && known.caller == stranger.caller;
        if !same || before == now {
            return None;
        }
        if is_lower_hex(before, 40) && is_lower_hex(now, 40) {
            let caller = known.caller.as_ref()?;
            let is_told = !caller.source_id.is_empty() && !caller.owner_id.is_empty();
            return is_told.then_some(Self::Commit);
        }
        if before.starts_with(TAGS) && now.starts_with(TAGS) {
            return Some(Self::Refs(format!("{TAGS}*")));
        }
        let begin = alike(before.strip_prefix(BRANCHES)?, now.strip_prefix(BRANCHES)?)?;
        Some(Self::Refs(format!("{BRANCHES}{begin}*")))
    }
}

/// The workflow and its ref, where there is one ref.
fn split(signer: &Keyless) -> Option<(&str, &str)> {
    let (workflow, git_ref) = signer.subject.split_once('@')?;
    let plain = !git_ref.contains(['@', '*']) && !workflow.is_empty();
    plain.then_some((workflow, git_ref))
}

/// How both begin, up to a separator; what follows is one segment in both.
fn alike<'a>(one: &'a str, other: &str) -> Option<&'a str> {
    let same = one
        .char_indices()
        .zip(other.chars())
        .take_while(|((_, a), b)| a == b)
        .last()
        .map_or(0, |((at, c), _)| at + c.len_utf8());
    let begin = one.get(..same)?;
    let end = begin.rfind(['/', '-', '_', '.'])? + 1;
    let (begin, rest) = one.split_at_checked(end)?;
    let other_rest = other.get(end..)?;
    let one_segment = !rest.contains('/') && !other_rest.contains('/');
    one_segment.then_some(begin)
}

impl fmt::Display for Fold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refs(pattern) => f.write_str(pattern),
            Self::Commit => f.write_str("commit"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::signer::Caller;
    use rstest::rstest;

    fn at(git_ref: &str, caller: Option<(&str, &str)>) -> Signer {
        Signer::Keyless(Keyless {
            issuer: "https://i.example".to_owned(),
            subject: format!("https://c.example/a/.github/workflows/r.yml@{git_ref}"),
            caller: caller.map(|(source, owner)| Caller {
                source_id: source.to_owned(),
                owner_id: owner.to_owned(),
            }),
        })
    }

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    #[rstest]
    #[case::branches(
        "refs/heads/release-1",
        "refs/heads/release-2",
        Some("refs/heads/release-*")
    )]
    #[case::longer(
        "refs/heads/release-10",
        "refs/heads/release-12",
        Some("refs/heads/release-*")
    )]
    #[case::folders("refs/heads/rel/1", "refs/heads/rel/2", Some("refs/heads/rel/*"))]
    #[case::deeper("refs/heads/rel/1", "refs/heads/rel/2/x", None)]
    #[case::nothing_alike("refs/heads/main", "refs/heads/evil", None)]
    #[case::tags("refs/tags/1", "refs/tags/2", Some("refs/tags/*"))]
    #[case::a_tag_and_a_branch("refs/tags/v-1", "refs/heads/v-1", None)]
    #[case::pull_request("refs/pull/1-1", "refs/pull/1-2", None)]
    #[case::folded_already("refs/tags/*", "refs/heads/a-1", None)]
    #[case::the_same("refs/heads/a-1", "refs/heads/a-1", None)]
    fn names_what_would_fold(#[case] one: &str, #[case] two: &str, #[case] fold: Option<&str>) {
        for (one, two) in [(one, two), (two, one)] {
            let between = Fold::between(&at(one, None), &at(two, None));
            assert_eq!(between.map(|f| f.to_string()).as_deref(), fold);
        }
    }

    #[rstest]
    #[case::ids(Some(("1", "2")), Some(("1", "2")), true)]
    #[case::another_caller(Some(("1", "2")), Some(("3", "2")), false)]
    #[case::half_told(Some(("1", "")), Some(("1", "")), false)]
    #[case::forks_share_commits(None, None, false)]
    fn commits_need_the_callers_ids(
        #[case] one: Option<(&str, &str)>,
        #[case] two: Option<(&str, &str)>,
        #[case] folds: bool,
    ) {
        let fold = Fold::between(&at(A, one), &at(B, two));
        assert_eq!(fold, folds.then_some(Fold::Commit));
    }

    #[test]
    fn who_differs_otherwise_is_never_folded() {
        let Signer::Keyless(known) = at("refs/heads/r-1", None) else {
            panic!("expected keyless")
        };
        let other = |issuer: &str, subject: &str| {
            Signer::Keyless(Keyless {
                issuer: issuer.to_owned(),
                subject: subject.to_owned(),
                caller: None,
            })
        };
        let stranger = known.subject.replace("r-1", "r-2");
        let known = Signer::Keyless(known);
        assert!(Fold::between(&known, &other("https://i.example", &stranger)).is_some());
        assert_eq!(
            Fold::between(&known, &other("https://evil.example", &stranger)),
            None
        );
        let elsewhere = stranger.replace("/a/", "/b/");
        assert_eq!(
            Fold::between(&known, &other("https://i.example", &elsewhere)),
            None
        );
        assert_eq!(
            Fold::between(&known, &other("https://i.example", "me@x")),
            None
        );
    }
}

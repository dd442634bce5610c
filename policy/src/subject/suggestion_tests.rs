//! Which setting makes two signers one: each suggestion is held against the settings that it is for.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::reference::Repository;
use crate::settings::Settings;
use crate::signer::Caller;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const WORKFLOW: &str = "https://github.com/acme/api/.github/workflows/release.yml";
const COMMIT: &str = "@09b495c3f12c7881b3cc17209a327792065c1a1d";
const OTHER_COMMIT: &str = "@a26eb006d04dd0c41a6e38dc15ddaf7b46143505";

fn keyless(reference: &str, caller: Option<(&str, &str)>) -> Keyless {
    Keyless {
        issuer: GITHUB.to_owned(),
        subject: format!("{WORKFLOW}{reference}"),
        caller: caller.map(|(source, owner)| Caller {
            source_id: source.to_owned(),
            owner_id: owner.to_owned(),
        }),
    }
}

fn compared(fold: &Fold, signer: &Keyless) -> String {
    let json = json!({"refPatterns": [{"repositories": ["**"], "fold": fold.to_string()}]});
    let settings = Settings::parse(json.to_string().as_bytes()).unwrap();
    let repository: Repository = "ghcr.io/acme/api".parse().unwrap();
    settings.comparison_subject(&repository, &signer.subject, signer.caller.as_ref())
}

#[rstest]
#[case::commits(COMMIT, OTHER_COMMIT, Some(("1", "2")), "commit")]
#[case::commits_by_owner(COMMIT, OTHER_COMMIT, Some(("", "2")), "commit")]
#[case::releases(
    "@refs/heads/release-1.2",
    "@refs/heads/release-1.3",
    None,
    "refs/heads/release-*"
)]
#[case::later_releases(
    "@refs/heads/release-9",
    "@refs/heads/release-10",
    None,
    "refs/heads/release-*"
)]
#[case::folder(
    "@refs/heads/release/1",
    "@refs/heads/release/2",
    None,
    "refs/heads/release/*"
)]
#[case::longer(
    "@refs/heads/ci/build-a",
    "@refs/heads/ci/build-ab",
    None,
    "refs/heads/ci/build-*"
)]
#[case::called("@refs/heads/v_1", "@refs/heads/v_2", Some(("1", "")), "refs/heads/v_*")]
#[case::unfolded_tags("@refs/tags/v1", "@refs/tags/v2", None, "refs/tags/*")]
fn suggests_what_makes_both_one(
    #[case] before: &str,
    #[case] now: &str,
    #[case] caller: Option<(&str, &str)>,
    #[case] fold: &str,
) {
    let (before, now) = (keyless(before, caller), keyless(now, caller));
    let suggested = fold_suggestion(&before, &now).unwrap();
    assert_eq!(suggested.to_string(), fold);
    assert_eq!(compared(&suggested, &before), compared(&suggested, &now));
}

#[rstest]
#[case::same("@refs/heads/main", "@refs/heads/main", None)]
#[case::every_branch("@refs/heads/main", "@refs/heads/evil", None)]
#[case::no_separator("@refs/heads/main", "@refs/heads/maintenance", None)]
#[case::versions_alone("@refs/heads/1.2", "@refs/heads/1.3", None)]
#[case::deeper("@refs/heads/release-1", "@refs/heads/release-2/x", None)]
#[case::nothing_behind("@refs/heads/release-", "@refs/heads/release-1", None)]
#[case::branch_and_tag("@refs/heads/v1", "@refs/tags/v1", None)]
#[case::pull_requests("@refs/pull/1/merge", "@refs/pull/2/merge", None)]
#[case::tag_with_slash("@refs/tags/a/1", "@refs/tags/a/2", None)]
#[case::second_ref("@refs/heads/x-1", "@refs/heads/x-2@refs/heads/x-3", None)]
#[case::wildcard_in_a_branch("@refs/heads/*-1", "@refs/heads/*-2", None)]
#[case::hostile_branch("@refs/heads/x y-1", "@refs/heads/x y-2", None)]
#[case::commits_without_a_caller(COMMIT, OTHER_COMMIT, None)]
#[case::commits_of_a_caller_by_name(COMMIT, OTHER_COMMIT, Some(("acme/api", "")))]
#[case::commits_of_nobody(COMMIT, OTHER_COMMIT, Some(("", "")))]
#[case::commit_and_branch(COMMIT, "@refs/heads/main", Some(("1", "2")))]
#[case::short_commit("@09b495c", "@a26eb00", Some(("1", "2")))]
fn suggests_nothing_else(
    #[case] before: &str,
    #[case] now: &str,
    #[case] caller: Option<(&str, &str)>,
) {
    assert_eq!(
        fold_suggestion(&keyless(before, caller), &keyless(now, caller)),
        None
    );
}

#[test]
fn everything_else_has_to_be_the_same() {
    let before = keyless(COMMIT, Some(("1", "2")));
    for now in [
        keyless(OTHER_COMMIT, Some(("1", "3"))),
        keyless(OTHER_COMMIT, Some(("3", "2"))),
        keyless(OTHER_COMMIT, None),
        Keyless {
            issuer: "https://i.example".to_owned(),
            ..keyless(OTHER_COMMIT, Some(("1", "2")))
        },
        Keyless {
            subject: format!("https://github.com/acme/web/x.yml{OTHER_COMMIT}"),
            ..before.clone()
        },
    ] {
        assert_eq!(fold_suggestion(&before, &now), None, "{now:?}");
    }
    let (other, release) = (
        "https://github.com/acme/api/x.yml@refs/heads/r-2",
        "@refs/heads/r-1",
    );
    let other = Keyless {
        subject: other.to_owned(),
        ..keyless("", None)
    };
    assert_eq!(fold_suggestion(&keyless(release, None), &other), None);
}

proptest! {
    /// Whatever an image's subject says, what is suggested is plain, works, and never folds every branch.
    #[test]
    fn suggestions_are_plain_and_work(
        was in "@refs/(heads|tags)/([a-z]{1,3}[-_/.*@ ]){0,2}[a-z0-9.]{0,4}",
        is in "@refs/(heads|tags)/([a-z]{1,3}[-_/.*@ ]){0,2}[a-z0-9.]{0,4}",
    ) {
        let (before, now) = (keyless(&was, None), keyless(&is, None));
        if let Some(fold) = fold_suggestion(&before, &now) {
            prop_assert_eq!(compared(&fold, &before), compared(&fold, &now));
            let everything = keyless("@refs/heads/main", None);
            prop_assert_eq!(compared(&fold, &everything), everything.subject);
        }
    }
}

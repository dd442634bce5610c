#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::signer::Keyless;
use rstest::rstest;
use serde_json::{Value, json};

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const WORKFLOW: &str = "https://github.com/acme/api/.github/workflows/release.yml";
const KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAET8ZdKPbeXpiys5SpYvqFUHbZA43V
YpXjHcUox4OhHskaKONOlHXRJp+zlGxnau+MJFPt8qmR4UNRjoNZ243Zzg==
-----END PUBLIC KEY-----";
const OTHER_KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAov3IvUZzkry1NtTTW3cqKwS1mls
t+sVJjaC/lhlFs4O60uyd34B2uP+Q/lXVdIoQdR2B2GE2bKHD7gLdVWdhw==
-----END PUBLIC KEY-----";

fn pinned(json: Value) -> PinnedSigner {
    serde_json::from_value(json).unwrap()
}

fn keyless(issuer: &str, subject: &str, caller: Option<(&str, &str)>) -> Signer {
    Signer::Keyless(Keyless {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        caller: caller.map(|(source, owner)| Caller {
            source_id: source.to_owned(),
            owner_id: owner.to_owned(),
        }),
    })
}

fn as_it_is(subject: &str) -> String {
    subject.to_owned()
}

#[rstest]
#[case::one_release("@refs/tags/v1.2.3")]
#[case::part_of_the_releases("@refs/tags/v1.*")]
#[case::all_releases("@refs/tags/*")]
fn a_pin_to_a_release_is_one_to_all_of_them(#[case] reference: &str) {
    let pin = pinned(json!({"issuer": GITHUB, "subject": format!("{WORKFLOW}{reference}")}));
    assert!(pin.matches(
        &keyless(GITHUB, &format!("{WORKFLOW}@refs/tags/*"), None),
        as_it_is
    ));
    assert!(!pin.matches(
        &keyless(GITHUB, &format!("{WORKFLOW}@refs/heads/main"), None),
        as_it_is
    ));
}

#[test]
fn the_issuer_is_part_of_the_signer() {
    let pin = pinned(json!({"issuer": "https://accounts.google.com", "subject": "*@acme.example"}));
    assert!(pin.matches(
        &keyless("https://accounts.google.com", "dev@acme.example", None),
        as_it_is
    ));
    assert!(!pin.matches(
        &keyless("https://github.com/login/oauth", "dev@acme.example", None),
        as_it_is
    ));
    assert!(!pin.matches(
        &keyless("https://accounts.google.com", "dev@evil.example", None),
        as_it_is
    ));
}

#[rstest]
#[case::anybody(None, None, Some(("1", "2")), false)]
#[case::by_repository(Some("1"), None, Some(("1", "2")), true)]
#[case::by_owner(None, Some("2"), Some(("1", "2")), true)]
#[case::by_both(Some("1"), Some("2"), Some(("1", "2")), true)]
#[case::other_repository(Some("3"), Some("2"), Some(("1", "2")), false)]
#[case::other_owner(Some("1"), Some("3"), Some(("1", "2")), false)]
#[case::unknown_caller(Some("1"), None, Some(("", "")), false)]
#[case::by_name(Some("acme/api"), None, Some(("acme/api", "")), true)]
#[case::other_name(Some("acme/ap"), None, Some(("acme/api", "")), false)]
#[case::no_caller(None, None, None, true)]
#[case::no_caller_where_one_is_named(Some("1"), None, None, false)]
fn a_reusable_workflow_is_matched_by_its_caller(
    #[case] source_id: Option<&str>,
    #[case] owner_id: Option<&str>,
    #[case] caller: Option<(&str, &str)>,
    #[case] matches: bool,
) {
    let mut json = json!({"issuer": GITHUB, "subject": format!("{WORKFLOW}@refs/tags/*")});
    if let Some(id) = source_id {
        json["sourceId"] = id.into();
    }
    if let Some(id) = owner_id {
        json["ownerId"] = id.into();
    }
    let signer = keyless(GITHUB, &format!("{WORKFLOW}@refs/tags/*"), caller);
    assert_eq!(pinned(json).matches(&signer, as_it_is), matches);
}

#[rstest]
#[case::one_branch("release-1.2", true)]
#[case::the_pattern("release-*", true)]
#[case::all_branches("*", true)]
#[case::raw_match("*-1.3", true)]
#[case::other_branch("main", false)]
fn both_sides_are_folded(#[case] branch: &str, #[case] matches: bool) {
    let prefix = format!("{WORKFLOW}@refs/heads/release-");
    let fold = |subject: &str| match subject.strip_prefix(&prefix) {
        Some(_) => format!("{prefix}*"),
        None => subject.to_owned(),
    };
    let pin =
        pinned(json!({"issuer": GITHUB, "subject": format!("{WORKFLOW}@refs/heads/{branch}")}));
    let signer = keyless(GITHUB, &format!("{WORKFLOW}@refs/heads/release-1.3"), None);
    assert_eq!(pin.matches(&signer, fold), matches);
}

const COMMIT: &str = "09b495c3f12c7881b3cc17209a327792065c1a1d";

/// `fold: commit` makes one text of every commit, on both sides.
#[rstest]
#[case::any_commit("{commit}", true)]
#[case::that_commit("09b495c3f12c7881b3cc17209a327792065c1a1d", true)]
#[case::another_commit("a26eb006d04dd0c41a6e38dc15ddaf7b46143505", true)]
#[case::branch("refs/heads/main", false)]
fn commits_are_pinned_by_pattern_or_folded(#[case] reference: &str, #[case] folded: bool) {
    let pin = pinned(
        json!({"issuer": GITHUB, "subject": format!("{WORKFLOW}@{reference}"), "sourceId": "1"}),
    );
    let signer = keyless(GITHUB, &format!("{WORKFLOW}@{COMMIT}"), Some(("1", "2")));
    let settings = json!({"refPatterns": [{"repositories": ["**"], "fold": "commit"}]});
    let settings = super::super::Settings::parse(settings.to_string().as_bytes()).unwrap();
    let repository = "ghcr.io/acme/api".parse().unwrap();
    let Signer::Keyless(Keyless { caller, .. }) = &signer else {
        panic!("expected a keyless signer");
    };
    let fold = |subject: &str| settings.comparison_subject(&repository, subject, caller.as_ref());
    assert_eq!(pin.matches(&signer, fold), folded);
    let unfolded = reference == "{commit}" || reference == COMMIT;
    assert_eq!(pin.matches(&signer, as_it_is), unfolded);
    let branch = keyless(
        GITHUB,
        &format!("{WORKFLOW}@refs/heads/evil"),
        Some(("1", "2")),
    );
    assert!(!pin.matches(&branch, fold) && !pin.matches(&branch, as_it_is));
    let stranger = keyless(GITHUB, &format!("{WORKFLOW}@{COMMIT}"), Some(("6", "2")));
    assert!(!pin.matches(&stranger, fold));
}

#[test]
fn a_key_is_one_key() {
    let signer = |pem| Signer::Key(PublicKey::from_pem(pem).unwrap());
    let pin = pinned(json!({"publicKey": KEY}));
    assert!(pin.matches(&signer(KEY), as_it_is));
    assert!(!pin.matches(&signer(OTHER_KEY), as_it_is));
    assert!(!pin.matches(&keyless(GITHUB, WORKFLOW, None), as_it_is));
    let anyone = pinned(json!({"issuer": GITHUB, "subject": "**"}));
    assert!(anyone.matches(&keyless(GITHUB, WORKFLOW, None), as_it_is));
    assert!(!anyone.matches(&signer(KEY), as_it_is));
}

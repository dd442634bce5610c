#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use rstest::rstest;

const COMMIT: &str = "09b495c3f12c7881b3cc17209a327792065c1a1d";
const WORKFLOW: &str = "https://github.com/acme/api/.github/workflows/release.yml";

#[rstest]
#[case::itself("dev@acme.example", "dev@acme.example")]
#[case::any_person("*@acme.example", "dev@acme.example")]
#[case::part_of_a_person("ci-*@acme.example", "ci-7@acme.example")]
#[case::any_domain("dev@*", "dev@acme.example")]
#[case::no_at(
    "https://kubernetes.io/namespaces/*/serviceaccounts/ci",
    "https://kubernetes.io/namespaces/prod/serviceaccounts/ci"
)]
#[case::all_tags(&format!("{WORKFLOW}@refs/tags/*"), &format!("{WORKFLOW}@refs/tags/v1.2.3"))]
#[case::folded_tags(&format!("{WORKFLOW}@refs/tags/*"), &format!("{WORKFLOW}@refs/tags/*"))]
#[case::tags_with_slashes(&format!("{WORKFLOW}@refs/tags/*"), &format!("{WORKFLOW}@refs/tags/api/v1"))]
#[case::rest_in_a_segment(&format!("{WORKFLOW}@refs/heads/release-*"), &format!("{WORKFLOW}@refs/heads/release-1/x"))]
#[case::rest_with_at(&format!("{WORKFLOW}@refs/heads/*"), &format!("{WORKFLOW}@refs/heads/a@b"))]
#[case::any_ref(&format!("{WORKFLOW}@*"), &format!("{WORKFLOW}@refs/heads/main"))]
#[case::any_repository("https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*", &format!("{WORKFLOW}@refs/tags/*"))]
#[case::any_workflow("https://github.com/acme/**@refs/tags/*", &format!("{WORKFLOW}@refs/tags/*"))]
#[case::empty_segments(
    "https://gitlab.com/acme/**//.gitlab-ci.yml@refs/heads/main",
    "https://gitlab.com/acme/a/b//.gitlab-ci.yml@refs/heads/main"
)]
#[case::pattern_in_the_middle(&format!("{WORKFLOW}@refs/*/main"), &format!("{WORKFLOW}@refs/heads/main"))]
#[case::commit(&format!("{WORKFLOW}@{{commit}}"), &format!("{WORKFLOW}@{COMMIT}"))]
#[case::commit_of_any_repository("https://github.com/acme/*/.github/workflows/release.yml@{commit}", &format!("{WORKFLOW}@{COMMIT}"))]
#[case::several_segments_in_the_end(&format!("{WORKFLOW}@refs/**"), &format!("{WORKFLOW}@refs/heads/main"))]
fn matches_subjects(#[case] pattern: &str, #[case] subject: &str) {
    assert!(pattern.parse::<SubjectGlob>().unwrap().matches(subject));
}

#[rstest]
#[case::other_domain("*@acme.example", "dev@acme.example.evil.example")]
#[case::second_at("*@acme.example", "dev@evil.example@acme.example")]
#[case::second_at_behind("dev@*.example", "dev@evil.example@acme.example")]
#[case::other_organisation(
    "https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*",
    "https://github.com/acme-evil/api/.github/workflows/release.yml@refs/tags/*"
)]
#[case::branch_for_tag(&format!("{WORKFLOW}@refs/tags/*"), &format!("{WORKFLOW}@refs/heads/main"))]
#[case::no_tag(&format!("{WORKFLOW}@refs/tags/*"), &format!("{WORKFLOW}@refs/tags/"))]
#[case::branch_named_like_a_workflow(
    "https://github.com/acme/**/release.yml@refs/tags/*",
    "https://github.com/acme/api/.github/workflows/evil.yml@refs/heads/x/release.yml@refs/tags/v1"
)]
#[case::branch_named_like_a_tag(
    "https://github.com/acme/api/.github/workflows/*@refs/tags/*",
    "https://github.com/acme/api/.github/workflows/evil.yml@refs/heads/x@refs/tags/v1"
)]
#[case::branch_for_commit(&format!("{WORKFLOW}@{{commit}}"), &format!("{WORKFLOW}@refs/heads/evil"))]
#[case::branch_named_like_a_commit(&format!("{WORKFLOW}@{{commit}}"), &format!("{WORKFLOW}@refs/heads/{COMMIT}"))]
#[case::short_commit(&format!("{WORKFLOW}@{{commit}}"), &format!("{WORKFLOW}@{}", &COMMIT[1..]))]
#[case::long_commit(&format!("{WORKFLOW}@{{commit}}"), &format!("{WORKFLOW}@{COMMIT}0"))]
#[case::upper_case_commit(&format!("{WORKFLOW}@{{commit}}"), &format!("{WORKFLOW}@{}", COMMIT.to_uppercase()))]
#[case::the_word_itself(&format!("{WORKFLOW}@{{commit}}"), &format!("{WORKFLOW}@{{commit}}"))]
#[case::at_before_commit(&format!("{WORKFLOW}@{{commit}}"), &format!("{WORKFLOW}@x@{COMMIT}"))]
#[case::no_at_in_text("dev@*", "dev")]
#[case::no_at_in_pattern("*", "dev@acme.example")]
#[case::not_anchored_at_the_end(&format!("{WORKFLOW}@refs/heads/main"), &format!("{WORKFLOW}@refs/heads/main2"))]
fn matches_no_other_subjects(#[case] pattern: &str, #[case] subject: &str) {
    assert!(!pattern.parse::<SubjectGlob>().unwrap().matches(subject));
}

#[rstest]
#[case::nothing_before("@acme.example", GlobError::Subject)]
#[case::nothing_after("dev@", GlobError::Subject)]
#[case::space("a b", GlobError::Character)]
#[case::stars("a**@b", GlobError::Stars)]
#[case::stars_after(&format!("{WORKFLOW}@refs/tags/v**"), GlobError::Stars)]
#[case::other_word(&format!("{WORKFLOW}@{{sha}}"), GlobError::Commit)]
#[case::commit_and_more(&format!("{WORKFLOW}@{{commit}}*"), GlobError::Commit)]
#[case::too_long(&format!("a@{}", "b".repeat(511)), GlobError::Length(513))]
fn rejects_what_is_no_subject(#[case] text: &str, #[case] error: GlobError) {
    assert_eq!(text.parse::<SubjectGlob>(), Err(error));
}

#[test]
fn the_longest_pattern_matches() {
    let subject = format!("a@{}", "b".repeat(LONGEST - 2));
    assert!(subject.parse::<SubjectGlob>().unwrap().matches(&subject));
}

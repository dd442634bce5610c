#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use proptest::prelude::*;
use rstest::rstest;

fn glob(text: &str) -> Glob {
    text.parse().unwrap()
}

#[rstest]
#[case::itself("prod", "prod")]
#[case::suffix("prod-*", "prod-eu")]
#[case::empty_part("prod-*", "prod-")]
#[case::prefix("*-prod", "eu-prod")]
#[case::inside("a-*-z", "a-b-c-z")]
#[case::two_stars("*b*", "abc")]
#[case::takes_the_later_piece("*-b", "a-b-b")]
#[case::any("*", "x")]
#[case::whole_segment("ghcr.io/*/api", "ghcr.io/acme/api")]
#[case::below("ghcr.io/acme/**", "ghcr.io/acme/a")]
#[case::far_below("ghcr.io/acme/**", "ghcr.io/acme/a/b/c")]
#[case::none_between("ghcr.io/**/api", "ghcr.io/api")]
#[case::some_between("ghcr.io/**/api", "ghcr.io/a/b/api")]
#[case::again_behind("**/api/*", "a/api/b/api/c")]
#[case::twice("**/a/**/b", "x/a/a/y/b/b")]
#[case::leading("**/nginx", "docker.io/library/nginx")]
#[case::everything("**", "a/b")]
#[case::question_mark_is_itself("a?", "a?")]
fn matches_what_it_stands_for(#[case] pattern: &str, #[case] text: &str) {
    assert!(glob(pattern).matches(text));
}

#[rstest]
#[case::longer("prod", "prod-eu")]
#[case::shorter("prod-*", "prod")]
#[case::not_anchored_in_front("prod", "xprod")]
#[case::across_slashes("ghcr.io/*", "ghcr.io/acme/api")]
#[case::empty_segment("ghcr.io/*/api", "ghcr.io//api")]
#[case::empty_text("*", "")]
#[case::neighbour("ghcr.io/org/**", "ghcr.io/org-evil/x")]
#[case::itself("ghcr.io/acme/**", "ghcr.io/acme")]
#[case::itself_with_slash("ghcr.io/acme/*", "ghcr.io/acme/")]
#[case::other_host("ghcr.io/**", "evil.example/ghcr.io/x")]
#[case::upper_case("ghcr.io/acme", "ghcr.io/Acme")]
#[case::end_missing("**/a/**/b", "x/a/y/c")]
#[case::overlapping_pieces("ab*ba", "aba")]
#[case::question_mark_is_no_wildcard("a?", "ab")]
#[case::class_is_no_wildcard("[ab]", "a")]
fn matches_nothing_else(#[case] pattern: &str, #[case] text: &str) {
    assert!(!glob(pattern).matches(text));
}

#[rstest]
#[case::empty("", GlobError::Length(0))]
#[case::too_long(&"a".repeat(513), GlobError::Length(513))]
#[case::space("a b", GlobError::Character)]
#[case::line_feed("a\n", GlobError::Character)]
#[case::invisible("a\u{200b}", GlobError::Character)]
#[case::part_of_a_segment("ghcr.io/acme**", GlobError::Stars)]
#[case::three("a/***", GlobError::Stars)]
fn rejects_what_is_no_glob(#[case] text: &str, #[case] error: GlobError) {
    assert_eq!(text.parse::<Glob>(), Err(error));
}

#[rstest]
#[case::whole("docker.io/library/nginx")]
#[case::below("docker.io/**")]
#[case::namespace("docker.io/*/nginx")]
#[case::part("ghcr.io/acme/api-*")]
#[case::front_part("ghcr.io/acme/*-api")]
#[case::port("registry.corp.example:5000/**")]
#[case::localhost("localhost/x")]
#[case::localhost_port("localhost:5000/*/x")]
#[case::any_registry("*/library/nginx")]
#[case::any_subdomain("*.corp.example/**")]
#[case::everything("**")]
#[case::anywhere("**/nginx")]
#[case::address("[fd00::1]:5000/x/**")]
fn accepts_patterns_of_repositories(#[case] text: &str) {
    assert_eq!(Glob::for_repositories(text).unwrap().as_str(), text);
}

#[rstest]
#[case::no_registry("nginx")]
#[case::no_registry_but_slash("acme/**")]
#[case::single_name_on_docker_hub("docker.io/nginx")]
#[case::single_star_on_docker_hub("docker.io/*")]
#[case::other_name_of_docker_hub("index.docker.io/library/nginx")]
#[case::default_port("ghcr.io:443/acme/x")]
#[case::upper_case_host("GHCR.io/acme/x")]
#[case::upper_case_path("ghcr.io/Acme/**")]
#[case::tag("ghcr.io/acme/x:v1")]
#[case::tag_pattern("ghcr.io/acme/x:*")]
#[case::digest(
    "ghcr.io/acme/x@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)]
#[case::trailing_slash("ghcr.io/acme/")]
#[case::scheme("https://ghcr.io/acme/**")]
#[case::port_pattern("ghcr.io:5*/x")]
fn rejects_patterns_that_no_repository_matches(#[case] text: &str) {
    assert_eq!(Glob::for_repositories(text), Err(GlobError::Repository));
}

#[rstest]
#[case::upper_case("Prod")]
#[case::slash("a/b")]
#[case::underscore("a_b")]
#[case::dot("a.b")]
fn rejects_patterns_that_no_namespace_matches(#[case] text: &str) {
    assert_eq!(Glob::for_namespaces(text), Err(GlobError::Namespace));
    assert!(Glob::for_namespaces("prod-*").is_ok());
}

fn rewrite(from: &str, to: &str) -> Result<Rewrite, GlobError> {
    Rewrite::new(
        Glob::for_repositories(from).unwrap(),
        Glob::for_repositories(to).unwrap(),
    )
}

#[rstest]
#[case::below(
    "mirror.corp.example/ghcr/**",
    "ghcr.io/**",
    "mirror.corp.example/ghcr/acme/api",
    "ghcr.io/acme/api"
)]
#[case::whole("a.io/x", "b.io/y/z", "a.io/x", "b.io/y/z")]
#[case::parts("a.io/*/team-*", "b.io/x-*/*", "a.io/acme/team-red", "b.io/x-acme/red")]
#[case::several("a.io/**/img-*", "b.io/**/*", "a.io/p/q/img-x", "b.io/p/q/x")]
#[case::none_between("a.io/**/x", "b.io/**/y", "a.io/x", "b.io/y")]
fn rewrites(#[case] from: &str, #[case] to: &str, #[case] text: &str, #[case] written: &str) {
    assert_eq!(
        rewrite(from, to).unwrap().apply(text).as_deref(),
        Some(written)
    );
}

#[test]
fn leaves_what_does_not_match() {
    let rewrite = rewrite("mirror.corp.example/ghcr/**", "ghcr.io/**").unwrap();
    assert_eq!(rewrite.apply("mirror.corp.example/ghcr-evil/x"), None);
    assert_eq!(rewrite.apply("mirror.corp.example/ghcr"), None);
}

#[rstest]
#[case::missing("a.io/**", "b.io/x")]
#[case::another_kind("a.io/**", "b.io/*")]
#[case::another_order("a.io/*/**", "b.io/**/*")]
#[case::one_more("a.io/*", "b.io/*-*")]
fn rejects_sides_with_other_wildcards(#[case] from: &str, #[case] to: &str) {
    assert_eq!(rewrite(from, to), Err(GlobError::Wildcards));
}

#[test]
fn limits_are_inclusive() {
    let longest = "a".repeat(LONGEST);
    assert!(glob(&longest).matches(&longest));
    assert!(glob("*").matches(&"a".repeat(LONGEST_TEXT)));
    assert!(!glob("*").matches(&"a".repeat(LONGEST_TEXT + 1)));
    // Bytes count, as in the names that are matched.
    let wide = "é".repeat(LONGEST / 2 + 1);
    assert_eq!(wide.parse::<Glob>(), Err(GlobError::Length(LONGEST + 2)));
}

/// What each wildcard takes: earlier ones as little as they can, the last `**` what is left.
#[rstest]
#[case::nothing("a/b", "a/b", &[])]
#[case::whole("*", "a", &["a"])]
#[case::part("a*", "abc", &["bc"])]
#[case::empty_part("a*", "a", &[""])]
#[case::two_parts("*-*", "a-b-c", &["a", "b-c"])]
#[case::three_parts("*-*-*", "a-b-c", &["a", "b", "c"])]
#[case::end("a/**", "a/b/c", &["b/c"])]
#[case::middle_takes_none("a/**/b", "a/b", &[""])]
#[case::middle_takes_some("a/**/b", "a/x/y/b", &["x/y"])]
#[case::first_takes_little("**/b/**", "a/b/b/c", &["a", "b/c"])]
#[case::first_takes_more("**/b/*", "a/b/b/c", &["a/b", "c"])]
#[case::tried_again_forgets("**/*-x/c", "a-x/b-x/c", &["a-x", "b"])]
#[case::tried_again_keeps_what_was_before("*/**/*-x/c", "r/a-x/b-x/c", &["r", "a-x", "b"])]
#[case::two_in_a_row("**/**", "a/b", &["", "a/b"])]
fn captures_what_wildcards_stand_for(
    #[case] pattern: &str,
    #[case] text: &str,
    #[case] expected: &[&str],
) {
    assert_eq!(captures(pattern, text).unwrap(), expected);
}

/// What takes exponential time in matchers that try every place for every wildcard.
#[test]
fn hostile_patterns_end() {
    let stars = glob(&"*a".repeat(250));
    assert!(!stars.matches(&("a".repeat(4000) + "b")));
    let segments = glob(&("**/a/".repeat(100) + "b"));
    assert!(!segments.matches(&"a/".repeat(2000)));
    let both = glob(&("**/*a*a*a/".repeat(50) + "b"));
    assert!(!both.matches(&"aaaaaaa/".repeat(500)));
    assert!(!glob("**").matches(&"a".repeat(LONGEST_TEXT + 1)));
}

/// What a glob means, tried at every place: correct, and far too slow for anything but small texts.
fn plainly(pattern: &[&str], text: &[&str]) -> bool {
    fn segment(pattern: &str, text: &str) -> bool {
        match pattern.split_at_checked(1) {
            None => text.is_empty(),
            Some(("*", rest)) => (0..=text.len()).any(|at| segment(rest, &text[at..])),
            Some((c, rest)) => text.strip_prefix(c).is_some_and(|text| segment(rest, text)),
        }
    }
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((&"**", [])), Some(_)) => true,
        (Some((&"**", [])), None) => false,
        (Some((&"**", rest)), _) => (0..=text.len()).any(|at| plainly(rest, &text[at..])),
        (Some((p, pattern)), Some((t, text))) => {
            (*p != "*" || !t.is_empty()) && segment(p, t) && plainly(pattern, text)
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn filled(pattern: &str, captured: &[&str]) -> String {
    let mut captured = captured.iter();
    let mut text = String::new();
    for (at, segment) in pattern.split('/').enumerate() {
        let written = if segment == "**" {
            captured.next().unwrap().to_string()
        } else {
            let pieces: Vec<&str> = segment.split('*').collect();
            pieces
                .iter()
                .enumerate()
                .fold(String::new(), |text, (at, piece)| {
                    let before = if at > 0 { captured.next().unwrap() } else { "" };
                    text + before + piece
                })
        };
        let skip = segment == "**" && written.is_empty();
        text += if at == 0 || skip || text.is_empty() {
            ""
        } else {
            "/"
        };
        text += &written;
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn agrees_with_the_plain_meaning(
        pattern in proptest::collection::vec("[ab]{0,2}|\\*|\\*\\*|[ab]?\\*[ab]?\\*?[ab]", 1..5),
        text in proptest::collection::vec("[ab]{0,3}", 1..6),
    ) {
        let (pattern, text) = (pattern.join("/"), text.join("/"));
        prop_assume!(!pattern.is_empty());
        if let Ok(glob) = pattern.parse::<Glob>() {
            let segments = |text| str::split(text, '/').collect::<Vec<_>>();
            prop_assert_eq!(glob.matches(&text), plainly(&segments(&pattern), &segments(&text)), "{} {}", pattern, text);
        }
    }

    #[test]
    fn captures_make_up_the_text(
        pattern in proptest::collection::vec("[ab]{1,2}|\\*|\\*\\*|[ab]?\\*[ab]", 1..5),
        text in proptest::collection::vec("[ab]{1,3}", 1..6),
    ) {
        let (pattern, text) = (pattern.join("/"), text.join("/"));
        if let Some(captured) = captures(&pattern, &text) {
            prop_assert_eq!(filled(&pattern, &captured), text);
        }
    }

    #[test]
    fn is_total(pattern in any::<String>(), text in any::<String>()) {
        if let Ok(glob) = pattern.parse::<Glob>() {
            let _ = glob.matches(&text);
            prop_assert_eq!(glob.to_string(), pattern.clone());
        }
        if let Ok(glob) = pattern.parse::<SubjectGlob>() {
            let nothing_before = format!("@{text}");
            prop_assert!(!glob.matches(&nothing_before));
        }
        let _ = Glob::for_repositories(&pattern);
    }

    #[test]
    fn normal_repositories_are_patterns_of_themselves(path in "[a-z0-9]{1,8}(/[a-z0-9]{1,8}){1,3}", host in "[a-z]{1,5}\\.example(:5000)?") {
        let repository = format!("{host}/{path}");
        prop_assert!(Glob::for_repositories(&repository).unwrap().matches(&repository));
        prop_assert_eq!(rewrite("**", "**").unwrap().apply(&repository), Some(repository));
    }
}

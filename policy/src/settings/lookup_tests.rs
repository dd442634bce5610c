#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::tests::settings;
use super::*;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const WORKFLOW: &str = "https://github.com/acme/api/.github/workflows/release.yml";

fn repository(text: &str) -> Repository {
    text.parse().unwrap()
}

fn entries(settings: &Settings, namespace: &str, repository: Option<&str>) -> Vec<usize> {
    let names = repository.map(|name| settings.names(&self::repository(name)));
    let found: Vec<&EnforceEntry> = settings
        .enforce_entries(namespace, names.as_ref())
        .collect();
    (0..settings.enforce.len())
        .filter(|at| {
            found
                .iter()
                .any(|e| std::ptr::eq(*e, &settings.enforce[*at]))
        })
        .collect()
}

#[test]
fn an_entry_applies_where_namespace_and_repository_match() {
    let settings = settings(&json!({"enforce": [
        {"namespaces": ["prod", "prod-*"], "repositories": ["ghcr.io/acme/**"]},
        {"repositories": ["docker.io/**"]},
        {"namespaces": ["web"]},
    ]}));
    assert_eq!(entries(&settings, "prod-eu", Some("ghcr.io/acme/api")), [0]);
    assert_eq!(entries(&settings, "prod", Some("nginx")), [1]);
    assert_eq!(entries(&settings, "web", Some("nginx")), [1, 2]);
    assert_eq!(
        entries(&settings, "produce", Some("ghcr.io/acme/api")),
        Vec::<usize>::new()
    );
    assert_eq!(
        entries(&settings, "prod", Some("ghcr.io/acme-evil/api")),
        Vec::<usize>::new()
    );
    assert_eq!(entries(&settings, "prod", None), [0, 1]);
    assert_eq!(entries(&settings, "other", None), [1]);
}

#[test]
fn pins_that_match_unite() {
    let signer = |subject: &str| json!({"issuer": GITHUB, "subject": subject});
    let settings = settings(&json!({"pins": [
        {"repositories": ["ghcr.io/acme/**"], "anyOf": [signer("a"), signer("b")]},
        {"repositories": ["ghcr.io/acme/api", "quay.io/acme/api"], "anyOf": [signer("c")]},
    ]}));
    let count = |name: &str| {
        settings
            .pinned(&settings.names(&repository(name)))
            .map(|signers| signers.len())
    };
    assert_eq!(count("ghcr.io/acme/api"), Some(3));
    assert_eq!(count("ghcr.io/acme/web"), Some(2));
    assert_eq!(count("quay.io/acme/api"), Some(1));
    assert_eq!(count("ghcr.io/acme-evil/api"), None);
}

const MIRROR: &str = "mirror.example/ghcr/acme/api";
const ORIGIN: &str = "ghcr.io/acme/api";

fn with_alias(mut fields: serde_json::Value) -> Settings {
    fields["aliases"] = json!([{"from": "mirror.example/ghcr/**", "to": "ghcr.io/**"}]);
    settings(&fields)
}

/// Whichever of its names a setting has, an image is meant by its mirror's name.
#[rstest]
#[case::own("mirror.example/ghcr/**", true, false)]
#[case::aliased("ghcr.io/**", true, true)]
#[case::both("**", true, true)]
#[case::neither("quay.io/**", false, false)]
fn enforce_matches_either_name(#[case] written: &str, #[case] mirror: bool, #[case] origin: bool) {
    let settings = with_alias(json!({"enforce": [{"repositories": [written]}]}));
    let enforced = |name| !entries(&settings, "prod", Some(name)).is_empty();
    assert_eq!((enforced(MIRROR), enforced(ORIGIN)), (mirror, origin));
}

#[rstest]
#[case::own(&[("mirror.example/**", "a")], Some(&["a"][..]), None)]
#[case::aliased(&[("ghcr.io/**", "a")], Some(&["a"][..]), Some(&["a"][..]))]
#[case::both_by_one(&[("**", "a")], Some(&["a"][..]), Some(&["a"][..]))]
#[case::the_aliass_where_both_match(&[("mirror.example/**", "a"), ("ghcr.io/**", "b")], Some(&["b"][..]), Some(&["b"][..]))]
#[case::order_is_nothing(&[("ghcr.io/**", "b"), ("mirror.example/**", "a")], Some(&["b"][..]), Some(&["b"][..]))]
#[case::those_for_one_name_unite(&[("mirror.example/**", "a"), ("ghcr.io/**", "b"), ("ghcr.io/acme/*", "c")], Some(&["b", "c"][..]), Some(&["b", "c"][..]))]
#[case::those_for_the_own_unite(&[("mirror.example/**", "a"), ("mirror.example/ghcr/**", "b")], Some(&["a", "b"][..]), None)]
fn pins_match_either_name_and_the_aliass_first(
    #[case] pins: &[(&str, &str)],
    #[case] mirror: Option<&[&str]>,
    #[case] origin: Option<&[&str]>,
) {
    let pins: Vec<_> = pins
        .iter()
        .map(|(repositories, subject)| {
            json!({"repositories": [repositories], "anyOf": [{"issuer": GITHUB, "subject": subject}]})
        })
        .collect();
    let settings = with_alias(json!({"pins": pins}));
    let pinned = |name| {
        let signers = settings.pinned(&settings.names(&repository(name)))?;
        let subjects = signers.into_iter().map(|signer| match signer {
            PinnedSigner::Keyless { subject, .. } => subject.as_str(),
            PinnedSigner::Key(_) => "key",
        });
        Some(subjects.collect::<Vec<_>>())
    };
    assert_eq!(pinned(MIRROR).as_deref(), mirror);
    assert_eq!(pinned(ORIGIN).as_deref(), origin);
}

#[rstest]
#[case::own(MIRROR, true, false)]
#[case::aliased(ORIGIN, true, true)]
#[case::neither("quay.io/acme/api", false, false)]
fn exceptions_are_for_the_names_as_written(
    #[case] written: &str,
    #[case] mirror: bool,
    #[case] origin: bool,
) {
    let digest = crate::digest::Digest::of(b"x");
    let image = format!("{written}@{digest}");
    let settings = with_alias(json!({"exceptions": [
        {"repository": written, "accepts": "unsigned", "reason": "T", "expires": "2027-03-31"},
        {"image": image, "accepts": "invalid", "reason": "T", "expires": "2027-03-31"},
    ]}));
    for exception in &settings.exceptions {
        assert_eq!(exception.scope.repository(), &repository(written));
        for (name, covered) in [(MIRROR, mirror), (ORIGIN, origin)] {
            let names = settings.names(&repository(name));
            assert_eq!(exception.covers_image(&names, Some(&digest)), covered);
        }
    }
}

#[test]
fn the_first_alias_decides_and_none_is_chained() {
    let settings = settings(&json!({"aliases": [
        {"from": "mirror.example/ghcr/**", "to": "ghcr.io/**"},
        {"from": "mirror.example/**", "to": "quay.io/**"},
        {"from": "ghcr.io/**", "to": "other.example/**"},
        {"from": "flat.example/*-*", "to": "docker.io/*/*"},
    ]}));
    let aliased = |name: &str| settings.aliased(&repository(name)).to_string();
    assert_eq!(aliased("mirror.example/ghcr/acme/api"), "ghcr.io/acme/api");
    assert_eq!(aliased("mirror.example/acme/api"), "quay.io/acme/api");
    assert_eq!(aliased("ghcr.io/acme/api"), "other.example/acme/api");
    assert_eq!(aliased("flat.example/acme-api"), "docker.io/acme/api");
    assert_eq!(aliased("nginx"), "docker.io/library/nginx");
}

/// A rewrite can make what is no repository; then nothing is rewritten.
#[rstest]
#[case::no_path("a.io/**/x", "b.io/**", "a.io/x")]
#[case::separator_at_the_end("a.io/x*", "b.io/x-*", "a.io/x")]
#[case::too_long("a.io/**", "b.io/a-rather-long-name-in-front/**", &format!("a.io/{}", "x".repeat(250)))]
fn leaves_repositories_where_an_alias_makes_none(
    #[case] from: &str,
    #[case] to: &str,
    #[case] name: &str,
) {
    let settings = settings(&json!({
        "aliases": [{"from": from, "to": to}],
        "mirrors": [{"for": from, "fetchFrom": to}],
    }));
    assert_eq!(settings.aliased(&repository(name)), repository(name));
    assert_eq!(settings.call_name(&name.parse().unwrap()), name);
}

/// What an alias or a mirror makes is a name like any other.
#[rstest]
#[case::single_name_on_docker_hub(
    "mirror.example/hub/**",
    "docker.io/**",
    "mirror.example/hub/nginx",
    "docker.io/library/nginx"
)]
#[case::long_name_on_docker_hub(
    "mirror.example/hub/**",
    "docker.io/**",
    "mirror.example/hub/library/nginx",
    "docker.io/library/nginx"
)]
#[case::someone_on_docker_hub(
    "mirror.example/hub/**",
    "docker.io/**",
    "mirror.example/hub/acme/web",
    "docker.io/acme/web"
)]
#[case::registry_from_the_path(
    "mirror.example/*/**",
    "*.io/**",
    "mirror.example/ghcr/acme/api",
    "ghcr.io/acme/api"
)]
fn what_a_rewrite_makes_is_normalised(
    #[case] from: &str,
    #[case] to: &str,
    #[case] name: &str,
    #[case] made: &str,
) {
    let settings = settings(&json!({
        "aliases": [{"from": from, "to": to}],
        "mirrors": [{"for": from, "fetchFrom": to}],
    }));
    assert_eq!(settings.aliased(&repository(name)), repository(made));
    assert_eq!(settings.call_name(&name.parse().unwrap()), made);
}

/// Mirrors are for names as they are spelled: what an alias makes of one is where nobody said to ask.
#[test]
fn mirrors_do_not_follow_aliases() {
    let settings = settings(&json!({
        "aliases": [{"from": "corp.example/hub/**", "to": "docker.io/**"}],
        "mirrors": [{"for": "docker.io/**", "fetchFrom": "other.example/**"}],
    }));
    let image = "corp.example/hub/nginx:1".parse().unwrap();
    assert_eq!(settings.call_name(&image), "corp.example/hub/nginx");
    assert_eq!(
        settings.aliased(image.repository()),
        repository("docker.io/library/nginx")
    );
}

#[rstest]
#[case::short("nginx:1.27", "mirror.example/hub/library/nginx")]
#[case::other_host("registry-1.docker.io/acme/web", "mirror.example/hub/acme/web")]
#[case::not_mirrored("GHCR.io:443/acme/api:v1", "ghcr.io/acme/api")]
fn calls_name_the_mirror_or_the_normalised_registry(#[case] spelled: &str, #[case] name: &str) {
    let settings = settings(
        &json!({"mirrors": [{"for": "docker.io/**", "fetchFrom": "mirror.example/hub/**"}]}),
    );
    assert_eq!(settings.call_name(&spelled.parse().unwrap()), name);
}

#[rstest]
#[case::release("@refs/heads/release-1.2", "@refs/heads/release-*")]
#[case::the_pattern_itself("@refs/heads/release-*", "@refs/heads/release-*")]
#[case::first_pattern_decides("@refs/heads/release-2/x", "@refs/heads/**")]
#[case::tag("@refs/tags/*", "@refs/tags/*")]
#[case::two_refs(
    "@refs/heads/release-1@refs/heads/release-2",
    "@refs/heads/release-1@refs/heads/release-2"
)]
fn folds_refs_in_comparisons(#[case] reference: &str, #[case] folded: &str) {
    let settings = settings(&json!({"refPatterns": [
        {"repositories": ["ghcr.io/acme/**"], "fold": "refs/heads/release-*"},
        {"repositories": ["ghcr.io/acme/api"], "fold": "refs/heads/**"},
    ]}));
    let subject = format!("{WORKFLOW}{reference}");
    let api = repository("ghcr.io/acme/api");
    assert_eq!(
        settings.comparison_subject(&api, &subject, None),
        format!("{WORKFLOW}{folded}")
    );
    assert_eq!(
        settings.comparison_subject(&repository("ghcr.io/evil/api"), &subject, None),
        subject
    );
}

const COMMIT: &str = "@09b495c3f12c7881b3cc17209a327792065c1a1d";
const OTHER_COMMIT: &str = "@a26eb006d04dd0c41a6e38dc15ddaf7b46143505";

/// Forks share commits: only who called is reason enough to let them be the same.
#[rstest]
#[case::called(COMMIT, OTHER_COMMIT, Some(("1", "2")), true)]
#[case::by_owner(COMMIT, OTHER_COMMIT, Some(("", "2")), true)]
#[case::not_called(COMMIT, OTHER_COMMIT, None, false)]
#[case::by_name(COMMIT, OTHER_COMMIT, Some(("acme/api", "")), false)]
#[case::by_nobody(COMMIT, OTHER_COMMIT, Some(("", "")), false)]
#[case::branch(COMMIT, "@refs/heads/main", Some(("1", "2")), false)]
#[case::short(COMMIT, "@09b495c", Some(("1", "2")), false)]
#[case::upper_case(COMMIT, "@A26EB006D04DD0C41A6E38DC15DDAF7B46143505", Some(("1", "2")), false)]
#[case::second_at(COMMIT, "@x@a26eb006d04dd0c41a6e38dc15ddaf7b46143505", Some(("1", "2")), false)]
fn folds_commits_of_known_callers(
    #[case] one: &str,
    #[case] other: &str,
    #[case] caller: Option<(&str, &str)>,
    #[case] same: bool,
) {
    let settings = settings(&json!({"refPatterns": [
        {"repositories": ["ghcr.io/acme/**"], "fold": "commit"},
    ]}));
    let signer = |reference: &str| {
        Signer::Keyless(Keyless {
            issuer: GITHUB.to_owned(),
            subject: format!("{WORKFLOW}{reference}"),
            caller: caller.map(|(source, owner)| Caller {
                source_id: source.to_owned(),
                owner_id: owner.to_owned(),
            }),
        })
    };
    let compared =
        |name: &str, reference: &str| settings.compared(&repository(name), &signer(reference));
    let api = "ghcr.io/acme/api";
    assert_eq!(compared(api, one) == compared(api, other), same);
    let elsewhere = "ghcr.io/evil/api";
    assert_ne!(compared(elsewhere, one), compared(elsewhere, other));
    // Who called stays part of who signed.
    let mut stranger = signer(other);
    if let Signer::Keyless(keyless) = &mut stranger {
        keyless.caller = Some(Caller {
            source_id: "66".to_owned(),
            owner_id: "2".to_owned(),
        });
    }
    assert_ne!(
        settings.compared(&repository(api), &stranger),
        compared(api, one)
    );
}

proptest! {
    #[test]
    fn folding_twice_changes_nothing(reference in "(@?refs/(heads|tags)/(release-|\\*|[a-z/@.]){0,6}){0,2}") {
        let settings = settings(&json!({"refPatterns": [{"repositories": ["**"], "fold": "refs/heads/release-*"}]}));
        let api = repository("ghcr.io/acme/api");
        let once = settings.comparison_subject(&api, &format!("{WORKFLOW}{reference}"), None);
        prop_assert_eq!(settings.comparison_subject(&api, &once, None), once);
    }
}

//! A signer's subject: the certificate's SAN, with the value of a release tag folded.
//!
//! Invariant: folding hides only which release it was, never who made it: only for CI issuers that write
//! `…@refs/tags/TAG` themselves, and only where `@refs/` stands once, so that nobody can smuggle a second one in. Nothing
//! else is folded unless the operator says so: see `fold_suggestion`.

mod suggestion;

pub use suggestion::Fold;
pub(crate) use suggestion::fold_suggestion;
pub(crate) use suggestion::{COMMIT_DIGITS, pinned_by_commit};

/// GitHub Actions' token issuer; enterprises may have their own slug below it.
const GITHUB: &str = "https://token.actions.githubusercontent.com";
const GITLAB: &str = "https://gitlab.com";
const TAGS: &str = "@refs/tags/";
/// What CI issuers write between a workflow and its ref.
pub(crate) const REFS: &str = "@refs/";

/// `san` as the subject of a signer of `issuer`: `…@refs/tags/v1.2.3` becomes `…@refs/tags/*`.
#[must_use]
pub fn fold_subject(issuer: &str, san: &str) -> String {
    match san.split_once(TAGS) {
        Some((workflow, _)) if folds_tags(issuer, san) => format!("{workflow}{TAGS}*"),
        _ => san.to_owned(),
    }
}

/// Whether `san` is a subject of which the release tag is folded, for a signer of `issuer`.
#[must_use]
pub(crate) fn folds_tags(issuer: &str, san: &str) -> bool {
    let Some((workflow, tag)) = san.split_once(TAGS) else {
        return false;
    };
    !tag.is_empty()
        && san.matches(REFS).count() == 1
        && (writes_refs(issuer) || is_gitlab_pipeline(issuer, workflow))
}

/// Whether `workflow` is a pipeline's definition in the GitLab instance that `issuer` is: `https://HOST[:PORT]`, then
/// the project, two slashes and a file `.yml`.
fn is_gitlab_pipeline(issuer: &str, workflow: &str) -> bool {
    let is_instance = issuer
        .strip_prefix("https://")
        .is_some_and(is_host_and_port);
    let path = workflow
        .strip_prefix(issuer)
        .and_then(|rest| rest.strip_prefix('/'));
    let definition = path.and_then(|path| path.split_once("//"));
    is_instance
        && definition.is_some_and(|(project, file)| !project.is_empty() && file.ends_with(".yml"))
}

fn is_host_and_port(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, "443"));
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host.split('.').all(label) && !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())
}

/// Whether the certificates of `issuer` end in `@REF` of the commit that was built.
#[must_use]
pub(crate) fn writes_refs(issuer: &str) -> bool {
    let slug = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if issuer == GITLAB || issuer == GITHUB {
        return true;
    }
    if let Some(enterprise) = issuer
        .strip_prefix(GITHUB)
        .and_then(|r| r.strip_prefix('/'))
    {
        return slug(enterprise);
    }
    // GitHub Enterprise Cloud with data residency: https://token.actions.SLUG.ghe.com
    issuer
        .strip_prefix("https://token.actions.")
        .and_then(|rest| rest.strip_suffix(".ghe.com"))
        .is_some_and(slug)
}

/// A name for `issuer` that people know, for texts.
#[must_use]
pub fn issuer_name(issuer: &str) -> Option<&'static str> {
    match issuer {
        "https://accounts.google.com" => Some("Google"),
        "https://github.com/login/oauth" => Some("GitHub login"),
        "https://login.microsoftonline.com" => Some("Microsoft"),
        GITLAB => Some("GitLab CI"),
        "https://agent.buildkite.com" => Some("Buildkite"),
        other if writes_refs(other) => Some("GitHub Actions"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const WORKFLOW: &str = "https://github.com/acme/api/.github/workflows/release.yml";

    #[rstest]
    #[case::github(GITHUB)]
    #[case::enterprise("https://token.actions.githubusercontent.com/hammer-time")]
    #[case::residency("https://token.actions.acme.ghe.com")]
    #[case::gitlab(GITLAB)]
    fn folds_release_tags(#[case] issuer: &str) {
        let san = format!("{WORKFLOW}@refs/tags/v1.2.3");
        assert_eq!(
            fold_subject(issuer, &san),
            format!("{WORKFLOW}@refs/tags/*")
        );
    }

    #[rstest]
    #[case::instance("https://gitlab.corp.example", "https://gitlab.corp.example")]
    #[case::port("https://git.corp.example:8443", "https://git.corp.example:8443")]
    #[case::dotless("https://gitlab", "https://gitlab")]
    fn folds_release_tags_of_gitlab_instances(#[case] issuer: &str, #[case] host: &str) {
        for path in ["acme/api//.gitlab-ci.yml", "a/b/c//ci/release.yml"] {
            let san = format!("{host}/{path}@refs/tags/v1.2.3");
            let folded = format!("{host}/{path}@refs/tags/*");
            assert_eq!(fold_subject(issuer, &san), folded);
            assert!(folds_tags(issuer, &san) && folds_tags(issuer, &folded));
        }
    }

    const INSTANCE: &str = "https://gitlab.corp.example";

    #[rstest]
    #[case::branch(INSTANCE, "/acme/api//.gitlab-ci.yml@refs/heads/main")]
    #[case::empty_tag(INSTANCE, "/acme/api//.gitlab-ci.yml@refs/tags/")]
    #[case::twice(INSTANCE, "/acme/api//.gitlab-ci.yml@refs/heads/x@refs/tags/v1")]
    #[case::twice_behind(INSTANCE, "/acme/api//.gitlab-ci.yml@refs/tags/x@refs/heads/v1")]
    #[case::no_definition(INSTANCE, "/acme/api/.gitlab-ci.yml@refs/tags/v1")]
    #[case::no_project(INSTANCE, "///.gitlab-ci.yml@refs/tags/v1")]
    #[case::other_file(INSTANCE, "/acme/api//Jenkinsfile@refs/tags/v1")]
    #[case::person_at_an_issuer(INSTANCE, "/users/dev@refs/tags/v1")]
    #[case::longer_host(INSTANCE, ".evil.example/acme/api//.gitlab-ci.yml@refs/tags/v1")]
    #[case::port_of_the_subject_alone(INSTANCE, ":8443/acme/api//.gitlab-ci.yml@refs/tags/v1")]
    #[case::issuer_with_path(
        "https://gitlab.corp.example/oidc",
        "/acme/api//.gitlab-ci.yml@refs/tags/v1"
    )]
    #[case::issuer_with_slash(
        "https://gitlab.corp.example/",
        "acme/api//.gitlab-ci.yml@refs/tags/v1"
    )]
    #[case::plain_http("http://gitlab.corp.example", "/a/b//.gitlab-ci.yml@refs/tags/v1")]
    #[case::no_port("https://gitlab.corp.example:", "/a/b//.gitlab-ci.yml@refs/tags/v1")]
    #[case::userinfo("https://x@gitlab.example", "/a/b//.gitlab-ci.yml@refs/tags/v1")]
    #[case::no_host("https://", "/a/b//.gitlab-ci.yml@refs/tags/v1")]
    fn leaves_other_subjects_of_instances_alone(#[case] issuer: &str, #[case] rest: &str) {
        let san = format!("{issuer}{rest}");
        assert_eq!(fold_subject(issuer, &san), san);
    }

    #[test]
    fn an_instance_speaks_for_itself_alone() {
        let san = "https://gitlab.other.example/acme/api//.gitlab-ci.yml@refs/tags/v1";
        assert_eq!(fold_subject(INSTANCE, san), san);
        assert_eq!(fold_subject("https://accounts.google.com", san), san);
    }

    #[rstest]
    #[case::branch(GITHUB, "@refs/heads/main")]
    #[case::empty_tag(GITHUB, "@refs/tags/")]
    #[case::twice(GITHUB, "@refs/heads/x@refs/tags/v1")]
    #[case::other_issuer("https://accounts.google.com", "@refs/tags/v1")]
    #[case::look_alike(
        "https://token.actions.githubusercontent.com.evil.example",
        "@refs/tags/v1"
    )]
    #[case::deeper("https://token.actions.githubusercontent.com/a/b", "@refs/tags/v1")]
    #[case::dotted("https://token.actions.evil.example/x.ghe.com", "@refs/tags/v1")]
    fn leaves_everything_else_alone(#[case] issuer: &str, #[case] reference: &str) {
        let san = format!("{WORKFLOW}{reference}");
        assert_eq!(fold_subject(issuer, &san), san);
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(san in any::<String>(), tag in "[a-z@/.]{0,12}") {
            for issuer in [GITHUB, INSTANCE] {
                let folded = fold_subject(issuer, &format!("{san}@refs/tags/{tag}"));
                prop_assert_eq!(fold_subject(issuer, &folded), folded);
            }
        }
    }
}

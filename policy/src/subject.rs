//! A signer's subject: the certificate's SAN, with the value of a release tag folded.
//!
//! Invariant: folding hides only which release it was, never who made it: only for CI issuers that write
//! `…@refs/tags/TAG` themselves, and only where `@refs/` stands once, so that nobody can smuggle a second one in.

/// GitHub Actions' token issuer; enterprises may have their own slug below it.
const GITHUB: &str = "https://token.actions.githubusercontent.com";
const GITLAB: &str = "https://gitlab.com";
const TAGS: &str = "@refs/tags/";

/// `san` as the subject of a signer of `issuer`: `…@refs/tags/v1.2.3` becomes `…@refs/tags/*`.
#[must_use]
pub fn fold_subject(issuer: &str, san: &str) -> String {
    match san.split_once(TAGS) {
        Some((workflow, tag))
            if writes_refs(issuer) && !tag.is_empty() && san.matches("@refs/").count() == 1 =>
        {
            format!("{workflow}{TAGS}*")
        }
        _ => san.to_owned(),
    }
}

/// Whether the certificates of `issuer` end in `@REF` of the commit that was built.
#[must_use]
pub fn writes_refs(issuer: &str) -> bool {
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
            let folded = fold_subject(GITHUB, &format!("{san}@refs/tags/{tag}"));
            prop_assert_eq!(fold_subject(GITHUB, &folded), folded);
        }
    }
}

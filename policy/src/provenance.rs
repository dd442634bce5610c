//! What the CA attests about the build, read from a certificate's extensions.
//!
//! Invariant: facts of a certificate, no judgement. They belong to a signer only once that certificate is proven.

use serde::{Deserialize, Serialize};

/// Fulcio's provenance extensions (1.3.6.1.4.1.57264.1.N, Fulcio's "OID Info" document); absent ones are `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provenance {
    /// .9, the workflow that signed, as a URI with its ref.
    pub builder: Option<String>,
    /// .11, such as `github-hosted`.
    pub runner: Option<String>,
    /// .12, the source repository's URI.
    pub source: Option<String>,
    /// .15, its number, which outlives a rename.
    pub source_id: Option<String>,
    /// .16, its owner's URI.
    pub owner: Option<String>,
    /// .17, the owner's number.
    pub owner_id: Option<String>,
    /// .18, the workflow that was started, as a URI with its ref.
    pub build_config: Option<String>,
    /// .20, the event that started it.
    pub trigger: Option<String>,
    /// .5 (older certificates), `owner/name` without a host.
    pub workflow_repository: Option<String>,
}

impl Provenance {
    /// Whether the workflow that signed lives in another repository than the source, as public reusable workflows do:
    /// then everybody can have it sign, and the caller is part of who signed. Where the CA does not name the workflow in
    /// an extension of its own, as before 2023, `san` is its name.
    #[must_use]
    pub(crate) fn is_called_from_elsewhere(&self, san: &str) -> bool {
        let builder = self.builder.as_deref().unwrap_or(san);
        match (&self.source, &self.workflow_repository) {
            (Some(source), _) => !lives_in(builder, source),
            (None, Some(repository)) => {
                let path = builder
                    .split_once("://")
                    .and_then(|(_, rest)| rest.split_once('/'))
                    .map_or("", |(_, path)| path);
                !lives_in(path, repository)
            }
            (None, None) => false,
        }
    }
}

fn lives_in(workflow: &str, repository: &str) -> bool {
    workflow
        .strip_prefix(repository)
        .is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const WORKFLOW: &str = "https://github.com/acme/api/.github/workflows/release.yml@refs/tags/v1";

    #[rstest]
    #[case::own(Some("https://github.com/acme/api"), None, false)]
    #[case::other(Some("https://github.com/evil/api"), None, true)]
    #[case::prefix_of_name(Some("https://github.com/acme/ap"), None, true)]
    #[case::other_host(Some("https://ghe.example/acme/api"), None, true)]
    #[case::old_own(None, Some("acme/api"), false)]
    #[case::old_other(None, Some("evil/api"), true)]
    #[case::old_prefix_of_name(None, Some("acme/ap"), true)]
    #[case::newer_says_more(Some("https://github.com/acme/api"), Some("evil/api"), false)]
    #[case::unsaid(None, None, false)]
    fn tells_reusable_workflows(
        #[case] source: Option<&str>,
        #[case] old: Option<&str>,
        #[case] elsewhere: bool,
    ) {
        let mut provenance = Provenance {
            builder: Some(WORKFLOW.to_owned()),
            source: source.map(str::to_owned),
            workflow_repository: old.map(str::to_owned),
            ..Provenance::default()
        };
        // The extension counts where it is there, the name where it is not.
        let other = "https://github.com/other/repository/.github/workflows/x.yml@refs/heads/main";
        assert_eq!(provenance.is_called_from_elsewhere(other), elsewhere);
        provenance.builder = None;
        assert_eq!(provenance.is_called_from_elsewhere(WORKFLOW), elsewhere);
    }

    #[rstest]
    #[case::person("dev@acme.example", None, false)]
    #[case::person_with_a_repository("dev@acme.example", Some("acme/api"), true)]
    #[case::no_workflow("https://kubernetes.io/namespaces/ci/serviceaccounts/x", None, false)]
    fn what_names_no_workflow_lives_nowhere(
        #[case] san: &str,
        #[case] repository: Option<&str>,
        #[case] elsewhere: bool,
    ) {
        let provenance = Provenance {
            workflow_repository: repository.map(str::to_owned),
            ..Provenance::default()
        };
        assert_eq!(provenance.is_called_from_elsewhere(san), elsewhere);
    }
}

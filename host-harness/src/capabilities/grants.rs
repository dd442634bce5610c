//! What a policy is allowed to ask.
//!
//! Invariant: fails closed. Resources are granted one by one; capabilities all, none or by pattern.

use std::collections::BTreeSet;

use thiserror::Error;

use continuity_cli::definition::Resource;

/// Everything that one policy is granted.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    /// Kubernetes objects it may read.
    pub resources: BTreeSet<Resource>,
    /// Whether it may read all of them, whatever `resources` says. No cluster grants this.
    pub all_resources: bool,
    /// Host calls it may make.
    pub capabilities: HostCapabilities,
}

impl Grants {
    /// All host calls, and these resources: what a ClusterAdmissionPolicy gets.
    pub fn all_calls(resources: impl IntoIterator<Item = Resource>) -> Self {
        Self {
            resources: resources.into_iter().collect(),
            all_resources: false,
            capabilities: HostCapabilities::All,
        }
    }

    /// Everything: for modules that nobody has annotated yet.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            all_resources: true,
            ..Self::all_calls([])
        }
    }

    pub(crate) fn allows_resource(&self, api_version: &str, kind: &str) -> bool {
        self.all_resources
            || self
                .resources
                .iter()
                .any(|granted| granted.api_version == api_version && granted.kind == kind)
    }
}

/// The host calls that a policy may make.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum HostCapabilities {
    /// None.
    #[default]
    None,
    /// All of them.
    All,
    /// Those that match: `oci/v2/verify`, or a whole branch like `oci/*`.
    Patterns(BTreeSet<String>),
}

/// A pattern that names no host call.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "`{pattern}` names no host capability: expected `*`, a path like `oci/v2/verify`, or a branch like `oci/*`, \
     where `*` stands only after the last `/`"
)]
pub struct PatternError {
    pattern: String,
}

impl HostCapabilities {
    /// Parses the patterns of `hostCapabilities`.
    ///
    /// # Errors
    /// When one is empty or has a wildcard elsewhere than as its last segment.
    pub fn parse(
        patterns: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Self, PatternError> {
        let mut parsed = BTreeSet::new();
        for pattern in patterns {
            let pattern = pattern.as_ref().trim();
            if pattern == "*" {
                return Ok(Self::All);
            }
            let stem = pattern.strip_suffix("/*").unwrap_or(pattern);
            if stem.is_empty() || stem.contains('*') {
                return Err(PatternError {
                    pattern: pattern.to_owned(),
                });
            }
            parsed.insert(pattern.to_owned());
        }
        Ok(if parsed.is_empty() {
            Self::None
        } else {
            Self::Patterns(parsed)
        })
    }

    /// Whether `namespace/operation` may be called.
    #[must_use]
    pub fn allows(&self, capability: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Patterns(patterns) => patterns.iter().any(|pattern| covers(pattern, capability)),
        }
    }

    /// The patterns that cover none of `capabilities`, for whoever wrote them.
    #[must_use]
    pub fn unused<'a>(&'a self, capabilities: &BTreeSet<String>) -> Vec<&'a str> {
        match self {
            Self::None | Self::All => Vec::new(),
            Self::Patterns(patterns) => patterns
                .iter()
                .filter(|pattern| {
                    !capabilities
                        .iter()
                        .any(|capability| covers(pattern, capability))
                })
                .map(String::as_str)
                .collect(),
        }
    }
}

fn covers(pattern: &str, capability: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(branch) => capability.starts_with(branch),
        None => pattern == capability,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[], "oci/v2/verify", false)]
    #[case(&["*"], "kubernetes/get_resource", true)]
    #[case(&["oci/v2/verify"], "oci/v2/verify", true)]
    #[case(&["oci/v2/verify"], "oci/v1/verify", false)]
    #[case(&["oci/*"], "oci/v1/manifest_digest", true)]
    #[case(&["oci/v2/*", "crypto/*"], "oci/v1/manifest_digest", false)]
    #[case(&["oci/v1/oci_manifest"], "oci/v1/oci_manifest_config", false)]
    fn grants_what_the_patterns_name(
        #[case] patterns: &[&str],
        #[case] capability: &str,
        #[case] allowed: bool,
    ) {
        let granted = HostCapabilities::parse(patterns).unwrap();
        assert_eq!(granted.allows(capability), allowed);
    }

    #[rstest]
    #[case("")]
    #[case("oci*")]
    #[case("*/verify")]
    #[case("oci/v1/oci_*")]
    #[case("/*")]
    fn rejects_patterns_that_name_nothing(#[case] pattern: &str) {
        assert!(HostCapabilities::parse([pattern]).is_err());
    }

    #[test]
    fn grants_resources_one_by_one() {
        let grants = Grants::all_calls([Resource {
            api_version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
        }]);
        assert!(grants.allows_resource("v1", "ConfigMap"));
        assert!(!grants.allows_resource("v1", "Secret"));
        assert!(!grants.allows_resource("apps/v1", "ConfigMap"));
    }
}

//! The argument of `--store`: where baselines are.
//!
//! Invariant: naming a store opens nothing; a directory is made only by a command that is going to write.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use super::{
    ClusterConfigMaps, ConfigMapSource, DirectoryBaselines, DirectorySource, KubernetesBaselines,
    Store, StoreError,
};
use crate::kubernetes::Cluster;

/// Where baselines are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// `dir:PATH`
    Directory(PathBuf),
    /// `kubernetes[:CONTEXT]`; without a context the kubeconfig's current one, or the pod's own cluster.
    Kubernetes(Option<String>),
}

impl Location {
    /// The baselines of `namespace`. A directory that is not there is made, if `create` says so.
    ///
    /// # Errors
    /// When there is no such directory or context. A cluster is asked nothing yet.
    pub fn open(&self, namespace: &str, create: bool) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::Directory(path) => Arc::new(DirectoryBaselines::open(path, namespace, create)?),
            Self::Kubernetes(context) => Arc::new(KubernetesBaselines::new(
                Cluster::connect(context.as_deref())?,
                namespace,
            )),
        })
    }

    /// The same as a policy asks for it: any ConfigMap, by namespace and name.
    ///
    /// # Errors
    /// As [`Location::open`].
    pub fn config_maps(&self) -> anyhow::Result<Arc<dyn ConfigMapSource>> {
        Ok(match self {
            Self::Directory(path) => Arc::new(DirectorySource::open(path)?),
            Self::Kubernetes(context) => Arc::new(ClusterConfigMaps::new(Cluster::connect(
                context.as_deref(),
            )?)),
        })
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Directory(path) => write!(formatter, "dir:{}", path.display()),
            Self::Kubernetes(None) => formatter.write_str("kubernetes"),
            Self::Kubernetes(Some(context)) => write!(formatter, "kubernetes:{context}"),
        }
    }
}

impl FromStr for Location {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("dir", path)) if !path.is_empty() => Ok(Self::Directory(PathBuf::from(path))),
            // Contexts have colons in them in some clouds.
            Some(("kubernetes", context)) if !context.is_empty() => {
                Ok(Self::Kubernetes(Some(context.to_owned())))
            }
            None if text == "kubernetes" => Ok(Self::Kubernetes(None)),
            Some(_) | None => Err("expected dir:PATH or kubernetes[:CONTEXT]".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("dir:a/b", Location::Directory(PathBuf::from("a/b")))]
    #[case("kubernetes", Location::Kubernetes(None))]
    #[case(
        "kubernetes:arn:aws:eks:x",
        Location::Kubernetes(Some("arn:aws:eks:x".to_owned()))
    )]
    fn accepts_both_kinds(#[case] text: &str, #[case] expected: Location) {
        assert_eq!(expected.to_string(), text);
        assert_eq!(text.parse(), Ok(expected));
    }

    #[rstest]
    #[case("")]
    #[case("dir:")]
    #[case("dir")]
    #[case("kubernetes:")]
    #[case("s3:bucket")]
    fn rejects_everything_else(#[case] text: &str) {
        assert!(text.parse::<Location>().is_err());
    }
}

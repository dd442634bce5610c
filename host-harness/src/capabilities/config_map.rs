//! `kubernetes/get_resource` for ConfigMaps, whatever they are stored in.
//!
//! Invariant: absent is a different answer than unreadable. Only a source that looked and found nothing may say so.

use std::collections::BTreeSet;

use anyhow::{anyhow, bail};
use serde_json::Value;
use thiserror::Error;

use super::field_mask;

/// Which ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigMapKey {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Where ConfigMaps come from.
pub trait ConfigMapSource: Send + Sync {
    /// The whole object, or nothing if there is none of that name there.
    ///
    /// # Errors
    /// When that cannot be told.
    fn read(&self, key: &ConfigMapKey) -> Result<Option<Value>, StoreError>;
}

/// Why a store did not say what it has.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file is there and cannot be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The file is larger than any ConfigMap.
    #[error("`{path}` has more than {limit} bytes, and no ConfigMap does")]
    TooLarge {
        /// The file.
        path: String,
        /// The most that is read.
        limit: u64,
    },
    /// The file is not YAML.
    #[error("`{path}` is not YAML")]
    Unparsable {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: serde_yaml_ng::Error,
    },
    /// The file is something else than the ConfigMap that its name promises.
    #[error("`{path}`: expected {field} `{expected}`, got `{found}`")]
    Unexpected {
        /// The file.
        path: String,
        /// Which field differs.
        field: &'static str,
        /// What it ought to be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The store is there, but it cannot be used.
    #[error("{0}")]
    Unusable(String),
}

/// The arguments of `get_resource`.
pub(crate) struct GetResource<'a> {
    pub(crate) api_version: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) name: &'a str,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) field_masks: Option<&'a BTreeSet<String>>,
}

/// Answers `get_resource` from a store, with the host's texts.
pub(crate) fn get_resource(
    store: Option<&dyn ConfigMapSource>,
    request: &GetResource<'_>,
) -> anyhow::Result<Value> {
    let GetResource {
        api_version,
        kind,
        name,
        namespace,
        field_masks,
    } = request;
    let store = store.ok_or_else(|| anyhow!("kube::Client was not initialized properly"))?;
    if (*api_version, *kind) != ("v1", "ConfigMap") {
        bail!("this host serves v1/ConfigMap and no {api_version}/{kind}");
    }
    let Some(namespace) = namespace else {
        bail!("Resource {api_version}/{kind} is namespaced, but no namespace was provided");
    };
    let key = ConfigMapKey {
        namespace: (*namespace).to_owned(),
        name: (*name).to_owned(),
    };
    let mut object = store.read(&key)?.ok_or_else(|| {
        anyhow!(
            "Cannot find {api_version}/{kind} named '{name}' inside of namespace '{:?}'",
            Some(namespace)
        )
    })?;
    if let Some(masks) = field_masks {
        field_mask::apply(masks, &mut object);
    }
    Ok(object)
}

//! ConfigMaps by namespace and name, wherever they are: what a policy's lookup is answered from.
//!
//! Invariant: absent is a different answer than unreadable. Only a source that looked and found nothing may say so.

use serde_json::Value;
use thiserror::Error;

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
    fn read(&self, key: &ConfigMapKey) -> Result<Option<Value>, SourceError>;
}

/// Why a store did not say what it has.
#[derive(Debug, Error)]
pub enum SourceError {
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
        source: yaml_serde::Error,
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

//! The ConfigMaps of a cluster for whoever only reads them.

use serde_json::Value;

use super::get;
use crate::kubernetes::Cluster;
use crate::store::{ConfigMapKey, ConfigMapSource, SourceError};

/// The ConfigMaps of a cluster, as a policy asks for them.
#[derive(Debug)]
pub struct ClusterConfigMaps(Cluster);

impl ClusterConfigMaps {
    /// Those of this cluster. Nothing is asked yet.
    #[must_use]
    pub fn new(cluster: Cluster) -> Self {
        Self(cluster)
    }
}

impl ConfigMapSource for ClusterConfigMaps {
    fn read(&self, key: &ConfigMapKey) -> Result<Option<Value>, SourceError> {
        let unusable = |error: String| SourceError::Unusable(error);
        let map =
            get(&self.0, &key.namespace, &key.name).map_err(|error| unusable(error.to_string()))?;
        map.map(|map| serde_json::to_value(map).map_err(|error| unusable(error.to_string())))
            .transpose()
    }
}

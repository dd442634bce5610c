//! Baselines in a cluster's ConfigMaps.
//!
//! Invariant: an object is replaced only at the `resourceVersion` that was read, only where it is ours by its managers,
//! labels and annotations, and only where it parses. Everything else is reported and left alone.

mod other_writer;
mod source;

use std::sync::OnceLock;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::ObjectMeta;
use signature_continuity::baseline::{
    Baseline, ConfigMapData, Lookup, Names, STATE_NAME, Shard, config_map_name,
};
use signature_continuity::reference::Repository;

use super::names::StoredNames;
use super::object::{self, Object};
use super::{LearnerState, Listed, Revision, Store, StoreError, Stored};
use crate::kubernetes::{Cluster, ClusterError, Question, as_ours};
use other_writer::{OtherWriter, THIS_WRITER};

pub use source::ClusterConfigMaps;

/// How often the state is written anew when somebody else was first: it is written whatever was there.
const STATE_ATTEMPTS: u32 = 5;

/// The store `kubernetes[:CONTEXT]`.
#[derive(Debug)]
pub struct KubernetesBaselines {
    cluster: Cluster,
    namespace: String,
    /// Set once the state object said that nobody else writes; each object says so again.
    claimed: OnceLock<()>,
}

impl KubernetesBaselines {
    /// The ConfigMaps of one namespace. Nothing is asked yet.
    #[must_use]
    pub fn new(cluster: Cluster, namespace: impl Into<String>) -> Self {
        Self {
            cluster,
            namespace: namespace.into(),
            claimed: OnceLock::new(),
        }
    }

    /// The cluster that they are in.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    fn present(&self, name: &str) -> Result<Option<ConfigMap>, StoreError> {
        Ok(get(&self.cluster, &self.namespace, name)?)
    }

    /// The object that is to be replaced: of the version that was read, and this learner's.
    fn unchanged(&self, name: &str, at: &str) -> Result<ConfigMap, StoreError> {
        let there = self
            .present(name)?
            .filter(|map| version(map) == at)
            .ok_or_else(|| StoreError::Conflict(name.to_owned()))?;
        self.mine(&there)?;
        Ok(there)
    }

    fn create(&self, object: Object) -> Result<ConfigMap, StoreError> {
        let name = object.name.clone();
        let map = ConfigMap {
            metadata: ObjectMeta {
                name: Some(object.name),
                namespace: Some(self.namespace.clone()),
                labels: Some(object.labels),
                annotations: Some(object.annotations),
                ..ObjectMeta::default()
            },
            data: Some(object.data),
            ..ConfigMap::default()
        };
        let question = Question::about_config_map("create", &self.namespace, &name);
        let namespace = self.namespace.clone();
        let created = self.cluster.ask(&question, move |client| {
            let (api, map) = (Api::namespaced(client, &namespace), map.clone());
            async move { api.create(&as_ours(), &map).await }
        });
        written(created, name)
    }

    /// Puts an object in the place of `there`, which keeps what others have added to its metadata.
    fn replace(&self, there: ConfigMap, object: Object) -> Result<ConfigMap, StoreError> {
        let mut map = there;
        map.metadata
            .labels
            .get_or_insert_default()
            .extend(object.labels);
        map.metadata
            .annotations
            .get_or_insert_default()
            .extend(object.annotations);
        map.metadata.managed_fields = None;
        map.data = Some(object.data);
        map.binary_data = None;
        let name = object.name.clone();
        let question = Question::about_config_map("update", &self.namespace, &name);
        let namespace = self.namespace.clone();
        let replaced = self.cluster.ask(&question, move |client| {
            let (api, map, name) = (
                Api::namespaced(client, &namespace),
                map.clone(),
                object.name.clone(),
            );
            async move { api.replace(&name, &as_ours(), &map).await }
        });
        written(replaced, name)
    }

    /// Refuses where another writer keeps this object.
    fn mine(&self, map: &ConfigMap) -> Result<(), StoreError> {
        match OtherWriter::of(&map.metadata) {
            None => Ok(()),
            Some(other) => {
                let name = map.metadata.name.as_deref().unwrap_or_default();
                Err(StoreError::OtherWriter(
                    other.refusal(&self.namespace, name),
                ))
            }
        }
    }

    fn check_state_once(&self) -> Result<(), StoreError> {
        if self.claimed.get().is_none() {
            self.claim()?;
            let _ = self.claimed.set(());
        }
        Ok(())
    }

    /// Hands over what is there, once more after `again` where the list had to be begun anew.
    fn listed(&self, again: impl FnMut(), mut take: impl FnMut(Listed)) -> Result<(), StoreError> {
        let question = Question::list("configmaps", Some(&self.namespace));
        let namespace = self.namespace.clone();
        // All of them, not only those with the label: one that lost it is a baseline that cannot be used.
        self.cluster.pages(
            &question,
            move |client| Api::<ConfigMap>::namespaced(client, &namespace),
            again,
            |page| {
                for map in page {
                    let name = map.metadata.name.clone().unwrap_or_default();
                    object::listed(&name, &data_of(map))
                        .into_iter()
                        .for_each(&mut take);
                }
            },
        )?;
        Ok(())
    }
}

impl Store for KubernetesBaselines {
    fn name(&self) -> String {
        format!("{} (namespace {})", self.cluster.name(), self.namespace)
    }

    fn each(&self, take: &mut dyn FnMut(Listed)) -> Result<(), StoreError> {
        self.listed(|| {}, take)
    }

    fn list(&self) -> Result<Vec<Listed>, StoreError> {
        let all = std::cell::RefCell::new(Vec::new());
        self.listed(
            || all.borrow_mut().clear(),
            |listed| all.borrow_mut().push(listed),
        )?;
        let mut all = all.into_inner();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    fn read(&self, repository: &Repository) -> Result<Stored, StoreError> {
        let Some(map) = self.present(&config_map_name(repository))? else {
            return Ok(Stored {
                lookup: Lookup::Absent,
                revision: Revision::Absent,
            });
        };
        let revision = Revision::At(version(&map).to_owned());
        Ok(Stored {
            lookup: Lookup::of_config_map(&data_of(map), repository),
            revision,
        })
    }

    fn write(&self, baseline: &Baseline, over: &Revision) -> Result<Revision, StoreError> {
        let object = Object::of_baseline(baseline)?;
        self.check_state_once()?;
        let written = match over {
            Revision::Absent => self.create(object)?,
            Revision::At(at) => {
                let there = self.unchanged(&object.name, at)?;
                let lookup = Lookup::of_config_map(&data_of(there.clone()), &baseline.repository);
                object::may_replace(&lookup, baseline)?;
                self.replace(there, object)?
            }
        };
        Ok(Revision::At(version(&written).to_owned()))
    }

    fn names(&self, shard: Shard) -> Result<StoredNames, StoreError> {
        let Some(map) = self.present(&shard.config_map_name())? else {
            return Ok(StoredNames {
                names: Ok(Names::new(shard)),
                revision: Revision::Absent,
            });
        };
        let revision = Revision::At(version(&map).to_owned());
        let names = Names::of_config_map(&data_of(map), shard).map_err(|error| error.to_string());
        Ok(StoredNames { names, revision })
    }

    fn write_names(&self, names: &Names, over: &Revision) -> Result<(), StoreError> {
        let object = Object::of_names(names)?;
        self.check_state_once()?;
        match over {
            Revision::Absent => self.create(object)?,
            Revision::At(at) => {
                let there = self.unchanged(&object.name, at)?;
                self.replace(there, object)?
            }
        };
        Ok(())
    }

    fn user(&self) -> Result<Option<String>, StoreError> {
        Ok(Some(self.cluster.user()?))
    }

    fn claim(&self) -> Result<(), StoreError> {
        match self.present(STATE_NAME)? {
            Some(map) => self.mine(&map),
            None => Ok(()),
        }
    }

    fn state(&self) -> Result<Option<LearnerState>, StoreError> {
        let Some(map) = self.present(STATE_NAME)? else {
            return Ok(None);
        };
        object::state(&map.data.unwrap_or_default())
            .map(Some)
            .map_err(|why| super::unreadable_state(&self.name(), &why))
    }

    fn write_state(&self, state: &LearnerState) -> Result<(), StoreError> {
        let object = Object::of_state(state, THIS_WRITER)?;
        let mut attempt = 1;
        loop {
            let written = match self.present(STATE_NAME)? {
                None => self.create(object.clone()),
                Some(map) => {
                    self.mine(&map)?;
                    if map.data.as_ref().is_some_and(object::is_newer_state) {
                        return Err(super::newer_state());
                    }
                    self.replace(map, object.clone())
                }
            };
            match written {
                Err(StoreError::Conflict(_)) if attempt < STATE_ATTEMPTS => attempt += 1,
                other => return other.map(drop),
            }
        }
    }
}

fn get(cluster: &Cluster, namespace: &str, name: &str) -> Result<Option<ConfigMap>, ClusterError> {
    // An empty name is the path of the list.
    if name.is_empty() || namespace.is_empty() {
        return Ok(None);
    }
    let question = Question::about_config_map("get", namespace, name);
    let (namespace, name) = (namespace.to_owned(), name.to_owned());
    let answer = cluster.ask(&question, move |client| {
        let (api, name) = (Api::namespaced(client, &namespace), name.clone());
        async move { api.get(&name).await }
    });
    match answer {
        Ok(map) => Ok(Some(map)),
        Err(ClusterError::Absent { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What was written. That it is gone meanwhile, or there already, is a conflict like any other.
fn written(answer: Result<ConfigMap, ClusterError>, name: String) -> Result<ConfigMap, StoreError> {
    match answer {
        Ok(map) => Ok(map),
        Err(ClusterError::Conflict { .. } | ClusterError::Absent { .. }) => {
            Err(StoreError::Conflict(name))
        }
        Err(error) => Err(error.into()),
    }
}

fn version(map: &ConfigMap) -> &str {
    map.metadata.resource_version.as_deref().unwrap_or_default()
}

fn data_of(map: ConfigMap) -> ConfigMapData {
    ConfigMapData {
        labels: map.metadata.labels.unwrap_or_default(),
        data: map.data.unwrap_or_default(),
    }
}

impl From<ClusterError> for StoreError {
    fn from(error: ClusterError) -> Self {
        match error {
            ClusterError::Failed { what, source } => Self::Failed { what, source },
            other @ (ClusterError::Absent { .. }
            | ClusterError::Unserved { .. }
            | ClusterError::Conflict { .. }
            | ClusterError::Expired { .. }
            | ClusterError::Forbidden { .. }) => Self::Failed {
                what: other.to_string(),
                source: None,
            },
        }
    }
}

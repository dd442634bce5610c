//! `kubernetes/get_resource` for ConfigMaps, whatever they are stored in.
//!
//! Invariant: absent is a different answer than unreadable. Only a source that looked and found nothing may say so.

use std::collections::BTreeSet;

use anyhow::{anyhow, bail};
use serde_json::Value;

use super::field_mask;
use continuity_cli::store::{ConfigMapKey, ConfigMapSource};

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

//! Which policies are served, and as what: policy-server's `policies.yml`, or ClusterAdmissionPolicies.
//!
//! Invariant: what policy-server would do with a file and what is done with it here is the same, or is refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::capabilities::HostCapabilities;
use continuity_cli::definition::{Definition, DefinitionError, Mode, Resource};
use continuity_cli::output::read_text;

/// A policy to be served.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// The last part of its route.
    pub(crate) id: String,
    /// How its module is to be run.
    pub(crate) definition: Definition,
    /// Which host calls it may make.
    pub(crate) capabilities: HostCapabilities,
    /// What its module's path is relative to.
    directory: PathBuf,
}

/// One policy of a `policies.yml`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FileEntry {
    module: String,
    #[serde(default)]
    policy_mode: Mode,
    #[serde(default)]
    allowed_to_mutate: Option<bool>,
    #[serde(default)]
    settings: Option<Map<String, Value>>,
    #[serde(default)]
    context_aware_resources: std::collections::BTreeSet<Resource>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    timeout_eval_seconds: Option<u64>,
    #[serde(default)]
    host_capabilities: Vec<String>,
    // Kubewarden's controller writes it, and nobody reads it.
    #[serde(default, rename = "namespacedName")]
    _namespaced_name: Option<Value>,
}

impl Entry {
    /// Reads a `policies.yml`, as policy-server has it.
    pub(crate) fn of_policies_file(path: &Path) -> anyhow::Result<Vec<Self>> {
        let text = read_text(path, "the policies")?;
        let policies: BTreeMap<String, Value> = yaml_serde::from_str(&text)
            .with_context(|| format!("`{}` is no map of policies by name", path.display()))?;
        if policies.is_empty() {
            bail!("`{}` has no policy in it", path.display());
        }
        let directory = path.parent().unwrap_or(Path::new(""));
        policies
            .into_iter()
            .map(|(id, value)| {
                Self::of_file_entry(&id, value, directory)
                    .with_context(|| format!("policy `{id}` in `{}`", path.display()))
            })
            .collect()
    }

    fn of_file_entry(id: &str, value: Value, directory: &Path) -> anyhow::Result<Self> {
        if value.get("policies").is_some() || value.get("expression").is_some() {
            bail!("it is a group of policies, and groups are not served here");
        }
        let entry: FileEntry = serde_json::from_value(value)?;
        Ok(Self {
            id: route(id)?,
            capabilities: HostCapabilities::parse(&entry.host_capabilities)?,
            directory: directory.to_owned(),
            definition: Definition {
                name: id.to_owned(),
                module: entry.module,
                settings: Value::Object(entry.settings.unwrap_or_default()),
                resources: entry.context_aware_resources,
                mutating: entry.allowed_to_mutate.unwrap_or(false),
                mode: entry.policy_mode,
                timeout_eval_seconds: entry.timeout_eval_seconds,
                message: entry.message,
                policy_server: None,
            },
        })
    }

    /// Reads all ClusterAdmissionPolicies of a file, under the routes that Kubewarden's controller gives them.
    pub(crate) fn of_definitions(path: &Path) -> anyhow::Result<Vec<Self>> {
        let definitions = Definition::read_all(path)?;
        if definitions.is_empty() {
            let path = path.to_owned();
            return Err(DefinitionError::Nothing { path }.into());
        }
        let directory = path.parent().unwrap_or(Path::new(""));
        definitions
            .into_iter()
            .map(|definition| {
                Ok(Self {
                    id: route(&format!("clusterwide-{}", definition.name))?,
                    definition,
                    capabilities: HostCapabilities::All,
                    directory: directory.to_owned(),
                })
            })
            .collect()
    }

    /// Where its module is, unless `named` is used instead.
    pub(crate) fn module_path(&self, named: Option<&Path>) -> anyhow::Result<PathBuf> {
        match named {
            Some(path) => Ok(path.to_owned()),
            None => Ok(self.definition.module_path(&self.directory)?),
        }
    }
}

/// A name that can stand in a path as it is.
fn route(id: &str) -> anyhow::Result<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if id.is_empty() || id.len() > 253 || !id.chars().all(plain) {
        bail!("its name is part of a URL: expected letters, digits, `-`, `.` and `_`");
    }
    Ok(id.to_owned())
}

#[cfg(test)]
#[path = "entries_tests.rs"]
mod tests;

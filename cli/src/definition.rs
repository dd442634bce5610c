//! Policy definitions: what a ClusterAdmissionPolicy says about how its module is to be run.
//!
//! Invariant: what a cluster would do with a definition and what is done with it here is the same, or is refused.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// What a policy definition does with a rejection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Rejects.
    #[default]
    Protect,
    /// Lets it pass, and only logs it.
    Monitor,
}

/// A kind of Kubernetes object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Like `v1` or `apps/v1`.
    pub api_version: String,
    /// Like `ConfigMap`.
    pub kind: String,
}

/// A ClusterAdmissionPolicy, as far as it matters to an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Its module, as spelled.
    pub module: String,
    /// Its settings.
    pub settings: Value,
    /// What it may read.
    pub resources: BTreeSet<Resource>,
    /// Whether it may change objects.
    pub mutating: bool,
    /// What it does with rejections.
    pub mode: Mode,
    /// How long it may take, in seconds.
    pub timeout_eval_seconds: Option<u64>,
    /// What it says instead of the policy's own message.
    pub message: Option<String>,
    /// The policy server that runs it, where the definition says so.
    pub policy_server: Option<String>,
}

/// Why something is no definition that can be run here.
#[derive(Debug, Error)]
pub enum DefinitionError {
    /// The file cannot be read.
    #[error("cannot read the policy `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// It is neither a module nor YAML.
    #[error("`{}` is neither a WebAssembly module nor a policy definition", path.display())]
    Unparsable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: yaml_serde::Error,
    },
    /// An AdmissionPolicy.
    #[error(
        "`{name}` is an AdmissionPolicy, which has no access to Kubernetes resources, so this policy cannot read its \
         baselines there; define a ClusterAdmissionPolicy"
    )]
    Namespaced {
        /// Its name.
        name: String,
    },
    /// Another kind of object.
    #[error("expected a ClusterAdmissionPolicy, got `{0}`")]
    OtherKind(String),
    /// No definition at all.
    #[error("`{}` has no ClusterAdmissionPolicy in it", path.display())]
    Nothing {
        /// The file.
        path: PathBuf,
    },
    /// Several, and none chosen.
    #[error("`{}` has several policies; choose one with --policy-name: {names}", path.display())]
    Several {
        /// The file.
        path: PathBuf,
        /// Their names.
        names: String,
    },
    /// None of that name.
    #[error("`{}` has no policy `{wanted}`, only: {names}", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        wanted: String,
        /// What there is.
        names: String,
    },
    /// The module is somewhere else.
    #[error(
        "the module of `{policy}` is `{module}`, and modules are not fetched; \
         pull it (`kwctl pull`, `oras pull`) and give its path with --module"
    )]
    Remote {
        /// The policy's name.
        policy: String,
        /// Its module.
        module: String,
    },
}

/// One object of a manifest.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Document {
    /// Its kind.
    pub kind: String,
    #[serde(default)]
    metadata: Named,
    /// What it says, as it stands there.
    #[serde(default)]
    pub spec: Value,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
struct Named {
    #[serde(default)]
    name: String,
}

impl Document {
    /// Its name; empty where it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.metadata.name
    }
}

/// Every object of a manifest, in order.
///
/// # Errors
/// When one of them is none.
pub fn documents(text: &str) -> Result<Vec<Document>, yaml_serde::Error> {
    let documents = yaml_serde::Deserializer::from_str(text).map(Option::<Document>::deserialize);
    // Between two separators there may be nothing.
    documents.filter_map(Result::transpose).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    module: String,
    #[serde(default)]
    settings: Option<Value>,
    #[serde(default)]
    context_aware_resources: BTreeSet<Resource>,
    #[serde(default)]
    mutating: bool,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    timeout_eval_seconds: Option<u64>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    policy_server: Option<String>,
}

impl Definition {
    /// Reads the definition in a file, or the one of that name.
    ///
    /// # Errors
    /// When there is none, or no single one.
    pub fn read(path: &Path, name: Option<&str>) -> Result<Self, DefinitionError> {
        let mut definitions = Self::read_all(path)?;
        let names = || {
            let names: Vec<&str> = definitions.iter().map(|it| it.name.as_str()).collect();
            names.join(", ")
        };
        match name {
            Some(wanted) => {
                let names = names();
                let found = definitions.into_iter().find(|it| it.name == wanted);
                found.ok_or_else(|| DefinitionError::Unknown {
                    path: path.to_owned(),
                    wanted: wanted.to_owned(),
                    names,
                })
            }
            None if definitions.len() > 1 => Err(DefinitionError::Several {
                path: path.to_owned(),
                names: names(),
            }),
            None => definitions.pop().ok_or_else(|| DefinitionError::Nothing {
                path: path.to_owned(),
            }),
        }
    }

    /// Reads all definitions in a file, in order; what else is in it is passed over.
    ///
    /// # Errors
    /// When there is something else only, or what cannot be run here.
    pub fn read_all(path: &Path) -> Result<Vec<Self>, DefinitionError> {
        let text = std::fs::read_to_string(path).map_err(|source| DefinitionError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        parse(&text).map_err(|error| error.into_definition_error(path))
    }

    /// The module's file: relative to the directory that the definition is in.
    ///
    /// # Errors
    /// When the module is no file here.
    pub fn module_path(&self, directory: &Path) -> Result<PathBuf, DefinitionError> {
        let local = match self.module.split_once("://") {
            Some(("file", path)) => directory.join(path),
            Some(_) => return Err(self.remote()),
            None => directory.join(&self.module),
        };
        if local.exists() {
            Ok(local)
        } else {
            Err(self.remote())
        }
    }

    fn remote(&self) -> DefinitionError {
        DefinitionError::Remote {
            policy: self.name.clone(),
            module: self.module.clone(),
        }
    }
}

enum ParseError {
    Yaml(yaml_serde::Error),
    Json(serde_json::Error),
    Other(DefinitionError),
}

impl ParseError {
    fn into_definition_error(self, path: &Path) -> DefinitionError {
        let source = match self {
            Self::Yaml(source) => source,
            Self::Json(source) => serde::de::Error::custom(source),
            Self::Other(error) => return error,
        };
        DefinitionError::Unparsable {
            path: path.to_owned(),
            source,
        }
    }
}

fn parse(text: &str) -> Result<Vec<Definition>, ParseError> {
    let mut definitions = Vec::new();
    let mut other = None;
    for document in documents(text).map_err(ParseError::Yaml)? {
        let Document {
            kind,
            metadata: Named { name },
            spec,
        } = document;
        match kind.as_str() {
            "ClusterAdmissionPolicy" => {}
            "AdmissionPolicy" => {
                return Err(ParseError::Other(DefinitionError::Namespaced { name }));
            }
            // Groups run several modules, and say something else than this policy does.
            "ClusterAdmissionPolicyGroup" | "AdmissionPolicyGroup" => {
                return Err(ParseError::Other(DefinitionError::OtherKind(kind)));
            }
            // What else is deployed beside it: servers, namespaces, roles.
            _ => {
                other.get_or_insert(kind);
                continue;
            }
        }
        let spec: Spec = serde_json::from_value(spec).map_err(ParseError::Json)?;
        definitions.push(Definition {
            name,
            module: spec.module,
            settings: spec
                .settings
                .filter(|settings| !settings.is_null())
                .unwrap_or_else(|| Value::Object(serde_json::Map::new())),
            resources: spec.context_aware_resources,
            mutating: spec.mutating,
            mode: spec.mode,
            timeout_eval_seconds: spec.timeout_eval_seconds,
            message: spec.message,
            policy_server: spec.policy_server,
        });
    }
    match (definitions.is_empty(), other) {
        (true, Some(kind)) => Err(ParseError::Other(DefinitionError::OtherKind(kind))),
        (true | false, _) => Ok(definitions),
    }
}

#[cfg(test)]
#[path = "definition_tests.rs"]
mod tests;

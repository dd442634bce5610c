//! Writing baselines as ConfigMaps.
//!
//! Invariant: a file is replaced whole or not at all, and the same baseline is the same bytes, so that a directory can
//! be kept in a GitOps repository.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use signature_continuity::baseline::{ANNOTATION, Baseline, LABEL, config_map_name};

/// A directory with one YAML file for each ConfigMap, named after it.
#[derive(Debug, Clone)]
pub struct DirectoryWriter {
    directory: PathBuf,
    namespace: String,
}

/// Why a ConfigMap could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file.
    #[error("cannot write `{path}`")]
    File {
        /// Where.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The baseline as JSON.
    #[error("the baseline cannot be put into JSON")]
    Json(#[from] serde_json::Error),
    /// The object as YAML.
    #[error("the ConfigMap cannot be put into YAML")]
    Yaml(#[from] serde_yaml_ng::Error),
}

impl DirectoryWriter {
    /// Writes below `directory`, for the namespace `namespace`.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>, namespace: impl Into<String>) -> Self {
        Self {
            directory: directory.into(),
            namespace: namespace.into(),
        }
    }

    /// Writes a baseline.
    ///
    /// # Errors
    /// When it cannot be written; the file is then as it was.
    pub fn baseline(&self, baseline: &Baseline) -> Result<(), WriteError> {
        let mut json = serde_json::to_string_pretty(baseline)?;
        json.push('\n');
        let name = config_map_name(&baseline.repository);
        let repository = baseline.repository.as_str();
        let metadata = json!({
            "labels": {LABEL: "true"},
            "annotations": {ANNOTATION: repository},
        });
        self.object(
            &name,
            metadata,
            &[
                ("repository", repository.to_owned()),
                ("baseline.json", json),
            ],
        )
    }

    /// Writes a ConfigMap that is no baseline.
    ///
    /// # Errors
    /// When it cannot be written; the file is then as it was.
    pub fn map(&self, name: &str, data: &[(&str, String)]) -> Result<(), WriteError> {
        self.object(name, json!({}), data)
    }

    fn object(
        &self,
        name: &str,
        mut metadata: Value,
        data: &[(&str, String)],
    ) -> Result<(), WriteError> {
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("name".to_owned(), Value::from(name));
            metadata.insert("namespace".to_owned(), Value::from(self.namespace.as_str()));
        }
        let data: BTreeMap<&str, &str> = data
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        let object =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
        replace(
            &self.directory.join(format!("{name}.yaml")),
            serde_yaml_ng::to_string(&object)?.as_bytes(),
        )
    }
}

/// Puts `bytes` in the place of a file in one step.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let failed = |source| WriteError::File {
        path: path.display().to_string(),
        source,
    };
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::capabilities::{ConfigMapKey, ConfigMapSource as _, DirectoryStore};
    use chrono::DateTime;
    use signature_continuity::baseline::{ConfigMapData, Lookup};
    use signature_continuity::posture::Rank;

    #[test]
    fn what_is_written_is_a_config_map_that_can_be_read() {
        let directory = tempfile::tempdir().unwrap();
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let baseline = Baseline::new("ghcr.io/acme/api".parse().unwrap(), Rank::Key, now);
        DirectoryWriter::new(directory.path(), "ns")
            .baseline(&baseline)
            .unwrap();
        let name = config_map_name(&baseline.repository);
        let store = DirectoryStore::open(directory.path()).unwrap();
        let object = store
            .read(&ConfigMapKey {
                namespace: "ns".to_owned(),
                name,
            })
            .unwrap()
            .unwrap();
        let map = ConfigMapData {
            labels: serde_json::from_value(object["metadata"]["labels"].clone()).unwrap(),
            data: serde_json::from_value(object["data"].clone()).unwrap(),
        };
        // Without signers it is no usable baseline yet, but everything else was found where it belongs.
        let Lookup::Unusable(why) = Lookup::of_config_map(&map, &baseline.repository) else {
            panic!("usable")
        };
        assert!(why.contains("signers"), "{why}");
    }

    #[test]
    fn replaces_a_file_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let writer = DirectoryWriter::new(directory.path(), "ns");
        writer.map("a", &[("k", "1".to_owned())]).unwrap();
        writer.map("a", &[("k", "2".to_owned())]).unwrap();
        let files: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
        assert_eq!(files.len(), 1);
        assert!(
            std::fs::read_to_string(directory.path().join("a.yaml"))
                .unwrap()
                .contains("k: '2'")
        );
    }
}

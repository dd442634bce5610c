//! Writing ConfigMaps as files.
//!
//! Invariant: a file is replaced whole or not at all, and the same object is the same bytes, so that a directory can be
//! kept in a GitOps repository. What a killed writer left beside it is never taken for an object.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use signature_continuity::baseline::Baseline;

use super::StoreError;
use super::object::Object;

/// What files that are not yet whole are called.
const TEMPORARY: (&str, &str) = (".continuity-", ".tmp");

/// A directory with one YAML file for each ConfigMap, named after it. Writes whatever it is told, over whatever is there.
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
        source: io::Error,
    },
    /// The baseline as an object.
    #[error(transparent)]
    Object(Box<StoreError>),
    /// The object as YAML.
    #[error("the ConfigMap cannot be put into YAML")]
    Yaml(#[from] yaml_serde::Error),
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
        let object =
            Object::of_baseline(baseline).map_err(|error| WriteError::Object(Box::new(error)))?;
        self.object(&object).map(drop)
    }

    /// Writes a ConfigMap that is no baseline.
    ///
    /// # Errors
    /// When it cannot be written; the file is then as it was.
    pub fn map(&self, name: &str, data: &[(&str, String)]) -> Result<(), WriteError> {
        let data = data
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect();
        let object = Object {
            name: name.to_owned(),
            data,
            ..Object::default()
        };
        self.object(&object).map(drop)
    }

    /// Writes an object, and says with which bytes.
    pub(super) fn object(&self, object: &Object) -> Result<Vec<u8>, WriteError> {
        let mut metadata = Map::new();
        for (field, entries) in [
            ("annotations", &object.annotations),
            ("labels", &object.labels),
        ] {
            if !entries.is_empty() {
                metadata.insert(field.to_owned(), texts(entries));
            }
        }
        metadata.insert("name".to_owned(), Value::from(object.name.as_str()));
        metadata.insert("namespace".to_owned(), Value::from(self.namespace.as_str()));
        let data = texts(&object.data);
        let object =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
        let bytes = yaml_serde::to_string(&object)?.into_bytes();
        self.replace(object_name(&object), &bytes)?;
        Ok(bytes)
    }

    /// Removes what killed writers left. Only whoever holds the directory's lock may: nobody else is writing then.
    pub(super) fn sweep(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Puts `bytes` in the place of a file in one step.
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let path = self.directory.join(format!("{name}.yaml"));
        let failed = |source| WriteError::File {
            path: path.display().to_string(),
            source,
        };
        let mut file = temporary().tempfile_in(&self.directory).map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        sync(&self.directory).map_err(failed)
    }
}

fn object_name(object: &Value) -> &str {
    object
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn texts(entries: &BTreeMap<String, String>) -> Value {
    entries
        .iter()
        .map(|(key, value)| (key.clone(), Value::from(value.as_str())))
        .collect::<Map<_, _>>()
        .into()
}

fn temporary() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY.0).suffix(TEMPORARY.1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any file of a repository, not for one user alone; what the umask takes away stays away.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder
}

/// Makes the new name last.
fn sync(directory: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::store::testing;
    use crate::store::{ConfigMapKey, ConfigMapSource as _, DirectorySource};
    use signature_continuity::baseline::{ConfigMapData, Lookup, config_map_name};

    #[test]
    fn what_is_written_is_a_config_map_that_can_be_read() {
        let directory = tempfile::tempdir().unwrap();
        let baseline = testing::baseline("ghcr.io/acme/api");
        DirectoryWriter::new(directory.path(), "ns")
            .baseline(&baseline)
            .unwrap();
        let store = DirectorySource::open(directory.path()).unwrap();
        let object = store
            .read(&ConfigMapKey {
                namespace: "ns".to_owned(),
                name: config_map_name(&baseline.repository),
            })
            .unwrap()
            .unwrap();
        let map = ConfigMapData {
            labels: serde_json::from_value(object["metadata"]["labels"].clone()).unwrap(),
            data: serde_json::from_value(object["data"].clone()).unwrap(),
        };
        assert_eq!(
            Lookup::of_config_map(&map, &baseline.repository),
            Lookup::Usable(Box::new(baseline))
        );
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

    #[test]
    fn sweeps_what_a_killed_writer_left_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        for name in [".continuity-a1b2c3.tmp", ".continuity.lock", "other.tmp"] {
            std::fs::write(directory.path().join(name), "half").unwrap();
        }
        DirectoryWriter::new(directory.path(), "ns")
            .sweep()
            .unwrap();
        let mut left: Vec<_> = std::fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, [".continuity.lock", "other.tmp"]);
    }
}

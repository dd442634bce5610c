//! Baselines in whatever files somebody kept them in: told by what is in them, not by their names.
//!
//! Invariant: each repository once, with the newest of its baselines; what calls itself a baseline and is none is named.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use signature_continuity::baseline::{Baseline, ConfigMapData};
use signature_continuity::clean::{SHOWN, clean};
use signature_continuity::reference::Repository;

use super::object;
use crate::inventory::sources::{self, SourceError};

/// What a backup has.
#[derive(Debug, Default)]
pub(crate) struct Backup {
    /// The baselines, in the order of their repositories.
    pub baselines: BTreeMap<Repository, Baseline>,
    /// What is there and cannot be used, and why.
    pub unusable: Vec<String>,
}

impl Backup {
    /// Reads a file, or all files below a directory: ConfigMaps, lists of them, several documents in one.
    ///
    /// # Errors
    /// When the file or directory itself cannot be read.
    pub(crate) fn read(path: &Path) -> Result<Self, SourceError> {
        let mut backup = Self::default();
        let unread = sources::objects(path, |file, object| backup.add(file, object))?;
        backup.unusable.extend(unread);
        Ok(backup)
    }

    fn add(&mut self, file: &str, value: &Value) {
        if value.get("kind").and_then(Value::as_str) != Some("ConfigMap") {
            return;
        }
        let name = value.pointer("/metadata/name").and_then(Value::as_str);
        let name = name.unwrap_or_default();
        let texts = |pointer| {
            let texts = value.pointer(pointer).cloned().unwrap_or_default();
            serde_json::from_value(texts).unwrap_or_default()
        };
        let map = ConfigMapData {
            labels: texts("/metadata/labels"),
            data: texts("/data"),
        };
        match object::listed(name, &map).map(|listed| listed.baseline) {
            None => {}
            Some(Ok(baseline)) => {
                let there = self.baselines.get(&baseline.repository);
                if there.is_none_or(|there| there.generation < baseline.generation) {
                    self.baselines
                        .insert(baseline.repository.clone(), *baseline);
                }
            }
            Some(Err(why)) => self.unusable.push(format!(
                "{} in {}: {}",
                clean(name, SHOWN),
                clean(file, SHOWN),
                clean(&why, SHOWN)
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::store::testing;
    use crate::store::{Location, Revision};
    use serde_json::json;

    fn object(repository: &str, generation: u64) -> Value {
        let directory = tempfile::tempdir().unwrap();
        let store = Location::Directory(directory.path().to_owned())
            .open("ns", true)
            .unwrap();
        let mut baseline = testing::baseline(repository);
        baseline.generation = generation;
        store.write(&baseline, &Revision::Absent).unwrap();
        let name = signature_continuity::baseline::config_map_name(&baseline.repository);
        let text = std::fs::read_to_string(directory.path().join(format!("{name}.yaml"))).unwrap();
        yaml_serde::from_str(&text).unwrap()
    }

    #[test]
    fn files_are_read_by_what_is_in_them() {
        let directory = tempfile::tempdir().unwrap();
        let put = |name: &str, value: &Value| {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, yaml_serde::to_string(value).unwrap()).unwrap();
        };
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [
            object("ghcr.io/acme/api", 2), object("ghcr.io/acme/web", 1),
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "other"}},
        ]});
        put("everything.yml", &list);
        put("monday/old.yaml", &object("ghcr.io/acme/api", 1));
        let mut broken = object("ghcr.io/acme/db", 1);
        broken["data"]["baseline.json"] = Value::from("{}");
        put("broken.json", &broken);
        let backup = Backup::read(directory.path()).unwrap();
        let found: Vec<(&str, u64)> = backup
            .baselines
            .iter()
            .map(|(repository, baseline)| (repository.as_str(), baseline.generation))
            .collect();
        assert_eq!(found, [("ghcr.io/acme/api", 2), ("ghcr.io/acme/web", 1)]);
        assert_eq!(backup.unusable.len(), 1, "{:?}", backup.unusable);
        // One file alone is a backup as well.
        let one = Backup::read(&directory.path().join("everything.yml")).unwrap();
        assert_eq!(one.baselines.len(), 2);
    }
}

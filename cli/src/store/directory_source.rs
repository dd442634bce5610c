//! A directory with one YAML file for each ConfigMap, named after it.
//!
//! Invariant: a name never leads out of the directory, and a file that is there but cannot be read is an error, never
//! an absent ConfigMap: lost memory is not a fresh start.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::source::{ConfigMapKey, ConfigMapSource, SourceError};

/// Kubernetes keeps at most 1 MiB; YAML needs some more for the same.
const MAX_BYTES: u64 = 4 << 20;

/// ConfigMaps below one directory.
#[derive(Debug, Clone)]
pub struct DirectorySource {
    directory: PathBuf,
}

impl DirectorySource {
    /// Opens a directory.
    ///
    /// # Errors
    /// When it is none.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, SourceError> {
        let directory = directory.into();
        if directory.is_dir() {
            Ok(Self { directory })
        } else {
            Err(SourceError::Unusable(format!(
                "the store `{}` is not a directory; create it, or name another one with --store dir:PATH",
                directory.display()
            )))
        }
    }

    /// The file of a ConfigMap.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.yaml"))
    }
}

impl ConfigMapSource for DirectorySource {
    fn read(&self, key: &ConfigMapKey) -> Result<Option<Value>, SourceError> {
        // No ConfigMap can have another kind of name, so none has.
        if !is_object_name(&key.name) {
            return Ok(None);
        }
        let path = self.path(&key.name);
        let Some(text) = read_text(&path)? else {
            return Ok(None);
        };
        let mut object: Value =
            yaml_serde::from_str(&text).map_err(|source| SourceError::Unparsable {
                path: path.display().to_string(),
                source,
            })?;
        let field = |pointer: &str| {
            let value = object.pointer(pointer).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        for (name, pointer, expected) in [
            ("apiVersion", "/apiVersion", "v1"),
            ("kind", "/kind", "ConfigMap"),
            ("metadata.name", "/metadata/name", key.name.as_str()),
        ] {
            let found = field(pointer);
            if found != expected {
                return Err(SourceError::Unexpected {
                    path: path.display().to_string(),
                    field: name,
                    expected: expected.to_owned(),
                    found,
                });
            }
        }
        match field("/metadata/namespace") {
            // Manifests are often written without one, to be applied to some namespace.
            none if none.is_empty() => {
                if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
                    metadata.insert("namespace".to_owned(), Value::from(key.namespace.as_str()));
                }
                Ok(Some(object))
            }
            namespace if namespace == key.namespace => Ok(Some(object)),
            // Of the same name, but elsewhere.
            _ => Ok(None),
        }
    }
}

fn read_text(path: &Path) -> Result<Option<String>, SourceError> {
    let unreadable = |source| SourceError::Unreadable {
        path: path.display().to_string(),
        source,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mut text = String::new();
    let read = file
        .take(MAX_BYTES.saturating_add(1))
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > MAX_BYTES {
        return Err(SourceError::TooLarge {
            path: path.display().to_string(),
            limit: MAX_BYTES,
        });
    }
    Ok(Some(text))
}

/// A DNS subdomain, as names of ConfigMaps are.
fn is_object_name(name: &str) -> bool {
    (1..=253).contains(&name.len())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
        && !name.starts_with(['-', '.'])
        && !name.contains("..")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use rstest::rstest;

    use super::*;

    fn store(files: &[(&str, &str)]) -> (tempfile::TempDir, DirectorySource) {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let store = DirectorySource::open(directory.path()).unwrap();
        (directory, store)
    }

    fn key(name: &str) -> ConfigMapKey {
        ConfigMapKey {
            namespace: "ns".to_owned(),
            name: name.to_owned(),
        }
    }

    const MAP: &str =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: ns}\ndata: {k: v}\n";

    #[test]
    fn accepts_a_whole_object() {
        let (_directory, store) = store(&[("a.yaml", MAP)]);
        let object = store.read(&key("a")).unwrap().unwrap();
        assert_eq!(object.pointer("/data/k"), Some(&Value::from("v")));
    }

    #[test]
    fn tells_absent_from_elsewhere_and_nameless() {
        let (directory, store) = store(&[("a.yaml", &MAP.replace("ns}", "other}"))]);
        std::fs::write(directory.path().join("..b.yaml"), MAP).unwrap();
        for name in ["a", "b", "../a", "..b", "", "A", "a/../a"] {
            assert!(store.read(&key(name)).unwrap().is_none(), "{name}");
        }
    }

    #[rstest]
    #[case::no_yaml("\t{", "is not YAML")]
    #[case::other_kind(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}",
        "expected kind `ConfigMap`, got `Secret`"
    )]
    #[case::other_name(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}",
        "expected metadata.name `a`, got `b`"
    )]
    #[case::empty("", "expected apiVersion `v1`, got ``")]
    fn rejects_files_that_are_something_else(#[case] text: &str, #[case] expected: &str) {
        let (_directory, store) = store(&[("a.yaml", text)]);
        let error = store.read(&key("a")).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn rejects_what_is_there_but_unreadable() {
        let (directory, store) = store(&[("large.yaml", &"#".repeat(5 << 20))]);
        std::fs::create_dir(directory.path().join("folder.yaml")).unwrap();
        std::fs::write(directory.path().join("binary.yaml"), b"\xff\xfe").unwrap();
        for name in ["large", "folder", "binary"] {
            assert!(store.read(&key(name)).is_err(), "{name}");
        }
    }
}

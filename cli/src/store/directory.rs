//! Baselines in a directory, ready for a GitOps repository: one YAML file for each ConfigMap.
//!
//! Invariant: between reading a file to compare it and replacing it nobody else of this tool writes, by a lock on a file
//! of the directory that ends with its process. Files that do not parse are reported and left alone.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use signature_continuity::baseline::{
    Baseline, ConfigMapData, Lookup, Names, STATE_NAME, Shard, config_map_name,
};
use signature_continuity::digest::Digest;
use signature_continuity::reference::Repository;

use super::directory_writer::{DirectoryWriter, WriteError};
use super::names::StoredNames;
use super::object::{self, Object, WRITER};
use super::{LearnerState, Listed, Revision, Store, StoreError, Stored};

/// As in the state object's annotation.
const THIS_WRITER: &str = "directory";
const LOCK: &str = ".continuity.lock";
/// Kubernetes keeps at most 1 MiB; YAML needs some more for the same.
const LARGEST: u64 = 4 << 20;

/// The store `dir:PATH`.
#[derive(Debug)]
pub struct DirectoryBaselines {
    directory: PathBuf,
    namespace: String,
    writer: DirectoryWriter,
    /// Whether what killed writers left was removed: once is enough, and reads the whole directory.
    swept: AtomicBool,
}

/// A file that is there.
struct Present {
    revision: String,
    /// The ConfigMap and its annotations, or why it is none.
    object: Result<(ConfigMapData, BTreeMap<String, String>), String>,
}

impl DirectoryBaselines {
    /// Opens a directory, for ConfigMaps of `namespace`. Where there is none it is made, if `create` says so.
    ///
    /// # Errors
    /// When it is no directory, or cannot be made.
    pub fn open(
        directory: impl Into<PathBuf>,
        namespace: impl Into<String>,
        create: bool,
    ) -> Result<Self, StoreError> {
        let (directory, namespace) = (directory.into(), namespace.into());
        let unusable = |what: &str, source: Option<io::Error>| StoreError::Failed {
            what: format!("the store `{}` {what}", directory.display()),
            source: source.map(Into::into),
        };
        if !directory.is_dir() {
            if !create {
                return Err(unusable(
                    "is not a directory; create it, or name another one with --store dir:PATH",
                    None,
                ));
            }
            std::fs::create_dir_all(&directory).map_err(|error| {
                unusable(
                    "cannot be made; name another one with --store dir:PATH",
                    Some(error),
                )
            })?;
        }
        Ok(Self {
            writer: DirectoryWriter::new(&directory, &namespace),
            directory,
            namespace,
            swept: AtomicBool::new(false),
        })
    }

    /// Holds the directory against every other writer, until it is dropped.
    fn lock(&self) -> Result<File, StoreError> {
        let path = self.directory.join(LOCK);
        let locked = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .and_then(|file| file.lock().map(|()| file))
            .and_then(|file| {
                if !self.swept.swap(true, Ordering::Relaxed) {
                    self.writer.sweep()?;
                }
                Ok(file)
            });
        locked.map_err(|error| StoreError::Failed {
            what: format!(
                "the store `{}` cannot be locked for writing; see who owns it and its file {LOCK}",
                self.directory.display()
            ),
            source: Some(error.into()),
        })
    }

    fn present(&self, name: &str) -> Result<Option<Present>, StoreError> {
        let path = self.directory.join(format!("{name}.yaml"));
        let bytes = match read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(StoreError::Failed {
                    what: format!("cannot read `{}`", path.display()),
                    source: Some(error.into()),
                });
            }
        };
        Ok(Some(Present {
            revision: Digest::of(&bytes).to_string(),
            object: self.object(name, &bytes),
        }))
    }

    fn object(
        &self,
        name: &str,
        bytes: &[u8],
    ) -> Result<(ConfigMapData, BTreeMap<String, String>), String> {
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LARGEST {
            return Err(format!("expected at most {LARGEST} bytes"));
        }
        let object: Value =
            yaml_serde::from_slice(bytes).map_err(|error| format!("it is not YAML: {error}"))?;
        for (pointer, expected) in [
            ("/apiVersion", "v1"),
            ("/kind", "ConfigMap"),
            ("/metadata/name", name),
            ("/metadata/namespace", self.namespace.as_str()),
        ] {
            let found = object.pointer(pointer).and_then(Value::as_str);
            // Manifests are often written without a namespace, to be applied to some.
            let may_be_absent = pointer == "/metadata/namespace" && found.is_none();
            if found != Some(expected) && !may_be_absent {
                return Err(format!(
                    "expected {expected} in {}",
                    pointer.trim_start_matches('/').replace('/', ".")
                ));
            }
        }
        let texts = |pointer: &str| -> Result<BTreeMap<String, String>, String> {
            match object.pointer(pointer) {
                None | Some(Value::Null) => Ok(BTreeMap::new()),
                Some(value) => serde_json::from_value(value.clone())
                    .map_err(|_| format!("expected texts in {}", pointer.replace('/', "."))),
            }
        };
        let map = ConfigMapData {
            labels: texts("/metadata/labels")?,
            data: texts("/data")?,
        };
        Ok((map, texts("/metadata/annotations")?))
    }

    fn lookup(present: Option<&Present>, repository: &Repository) -> Lookup {
        match present.map(|present| &present.object) {
            None => Lookup::Absent,
            Some(Ok((map, _))) => Lookup::of_config_map(map, repository),
            Some(Err(why)) => Lookup::Unusable(why.clone()),
        }
    }

    fn revision(present: Option<&Present>) -> Revision {
        present.map_or(Revision::Absent, |present| {
            Revision::At(present.revision.clone())
        })
    }

    /// Refuses where the state says that a cluster keeps its own baselines, of which this would be a copy.
    fn mine(&self, state: Option<&Present>) -> Result<(), StoreError> {
        let writer = state
            .and_then(|present| present.object.as_ref().ok())
            .and_then(|(_, annotations)| annotations.get(WRITER));
        match writer.map(String::as_str) {
            None | Some(THIS_WRITER) => Ok(()),
            Some(other) => Err(StoreError::OtherWriter(format!(
                "{} is a copy: its {STATE_NAME} was written by another store ({WRITER}: {}), and one store is kept for a cluster; \
                 stop that learner, then set {WRITER} to `{THIS_WRITER}` in {STATE_NAME}.yaml",
                self.name(),
                signature_continuity::clean::clean(other, 40),
            ))),
        }
    }
}

impl Store for DirectoryBaselines {
    fn name(&self) -> String {
        format!("dir:{}", self.directory.display())
    }

    fn each(&self, take: &mut dyn FnMut(Listed)) -> Result<(), StoreError> {
        let failed = |error: io::Error| StoreError::Failed {
            what: format!("the store `{}` cannot be listed", self.directory.display()),
            source: Some(error.into()),
        };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.directory).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            if let Some(name) = name.to_str().and_then(|name| name.strip_suffix(".yaml")) {
                names.push(name.to_owned());
            }
        }
        names.sort();
        for name in names {
            let Some(present) = self.present(&name)? else {
                continue;
            };
            match present.object {
                Ok((map, _)) => object::listed(&name, &map).into_iter().for_each(&mut *take),
                Err(why) if object::is_baseline_name(&name) => take(Listed {
                    // Nothing but hexadecimal digits: see above.
                    name,
                    baseline: Err(why),
                }),
                // Something else that is kept beside them.
                Err(_) => {}
            }
        }
        Ok(())
    }

    fn read(&self, repository: &Repository) -> Result<Stored, StoreError> {
        let present = self.present(&config_map_name(repository))?;
        Ok(Stored {
            lookup: Self::lookup(present.as_ref(), repository),
            revision: Self::revision(present.as_ref()),
        })
    }

    fn write(&self, baseline: &Baseline, over: &Revision) -> Result<Revision, StoreError> {
        let object = Object::of_baseline(baseline)?;
        let _lock = self.lock()?;
        self.mine(self.present(STATE_NAME)?.as_ref())?;
        let present = self.present(&object.name)?;
        if &Self::revision(present.as_ref()) != over {
            return Err(StoreError::Conflict(object.name));
        }
        object::may_replace(
            &Self::lookup(present.as_ref(), &baseline.repository),
            baseline,
        )?;
        let bytes = self.writer.object(&keeping(object, present))?;
        Ok(Revision::At(Digest::of(&bytes).to_string()))
    }

    fn names(&self, shard: Shard) -> Result<StoredNames, StoreError> {
        let present = self.present(&shard.config_map_name())?;
        let revision = Self::revision(present.as_ref());
        let names = match present.map(|present| present.object) {
            None => Ok(Names::new(shard)),
            Some(Ok((map, _))) => {
                Names::of_config_map(&map, shard).map_err(|error| error.to_string())
            }
            Some(Err(why)) => Err(why),
        };
        Ok(StoredNames { names, revision })
    }

    fn write_names(&self, names: &Names, over: &Revision) -> Result<(), StoreError> {
        let object = Object::of_names(names)?;
        let _lock = self.lock()?;
        self.mine(self.present(STATE_NAME)?.as_ref())?;
        let present = self.present(&object.name)?;
        if &Self::revision(present.as_ref()) != over {
            return Err(StoreError::Conflict(object.name));
        }
        self.writer.object(&keeping(object, present))?;
        Ok(())
    }

    fn claim(&self) -> Result<(), StoreError> {
        self.mine(self.present(STATE_NAME)?.as_ref())
    }

    fn state(&self) -> Result<Option<LearnerState>, StoreError> {
        let Some(present) = self.present(STATE_NAME)? else {
            return Ok(None);
        };
        present
            .object
            .and_then(|(map, _)| object::state(&map.data))
            .map(Some)
            .map_err(|why| super::unreadable_state(&self.name(), &why))
    }

    fn write_state(&self, state: &LearnerState) -> Result<(), StoreError> {
        let object = Object::of_state(state, THIS_WRITER)?;
        let _lock = self.lock()?;
        let present = self.present(STATE_NAME)?;
        self.mine(present.as_ref())?;
        if let Some(Ok((map, _))) = present.as_ref().map(|present| &present.object)
            && object::is_newer_state(&map.data)
        {
            return Err(super::newer_state());
        }
        self.writer.object(&keeping(object, present))?;
        Ok(())
    }
}

/// What others have added to a file's metadata, such as a team's label, is not this tool's to take away.
fn keeping(object: Object, present: Option<Present>) -> Object {
    match present.map(|present| present.object) {
        Some(Ok((map, annotations))) => object.keeping(map.labels, annotations),
        Some(Err(_)) | None => object,
    }
}

impl From<WriteError> for StoreError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Object(error) => *error,
            other @ (WriteError::File { .. } | WriteError::Yaml(_)) => Self::Failed {
                what: "the store's file is as it was".to_owned(),
                source: Some(other.into()),
            },
        }
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LARGEST.saturating_add(1))
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[path = "directory_tests.rs"]
mod tests;

//! Reading files that somebody else wrote.
//!
//! Invariant: bounded in size, number and depth, and each file once: a link that leads back is not followed again.
//! What is no regular file is not opened, since a pipe would wait for ever.

use super::{Gathering, SourceError};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The largest file that is read.
pub(super) const LARGEST: u64 = 16 * 1024 * 1024;
const MOST_FILES: usize = 100_000;
const DEEPEST: usize = 64;
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// The text of a named file, or of every YAML and JSON file below a named directory, in the order of their names.
pub(super) fn each(
    named: &Path,
    gathering: &mut Gathering,
    mut read: impl FnMut(&mut Gathering, &str, &str),
) -> Result<(), SourceError> {
    let failed = |source| SourceError {
        what: format!("`{}`", named.display()),
        source,
    };
    if !fs::metadata(named).map_err(failed)?.is_dir() {
        let text = text_of(named).map_err(failed)?;
        read(gathering, &named.display().to_string(), &text);
        return Ok(());
    }
    fs::read_dir(named).map_err(failed)?;
    let mut walk = Walk::default();
    walk.directory(named, 0, gathering);
    for path in &walk.files {
        let shown = path
            .strip_prefix(named)
            .unwrap_or(path)
            .display()
            .to_string();
        match text_of(path) {
            Ok(text) => read(gathering, &shown, &text),
            Err(error) => gathering.unread(&format!("{shown} was not read: {error}")),
        }
    }
    Ok(())
}

/// All of a reader's text, within the bounds.
pub(super) fn bounded(reader: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    reader.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST) {
        return Err(io::Error::other(format!(
            "it has more than {} MiB",
            LARGEST / 1024 / 1024
        )));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8"))
}

fn text_of(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    bounded(File::open(path)?)
}

#[derive(Default)]
struct Walk {
    files: Vec<PathBuf>,
    seen: HashSet<PathBuf>,
    full: bool,
}

impl Walk {
    fn directory(&mut self, directory: &Path, depth: usize, gathering: &mut Gathering) {
        if !self.is_new(directory) {
            return;
        }
        let entries = match fs::read_dir(directory) {
            Ok(entries) if depth < DEEPEST => entries,
            Ok(_) => {
                gathering.unread(&format!("{} is too deep", directory.display()));
                return;
            }
            Err(error) => {
                gathering.unread(&format!("{} was not read: {error}", directory.display()));
                return;
            }
        };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            // Links are followed: mounted ConfigMaps consist of them.
            let is_directory = fs::metadata(&path).is_ok_and(|metadata| metadata.is_dir());
            if is_directory {
                self.directory(&path, depth + 1, gathering);
            } else if has_extension(&path) {
                self.file(path, gathering);
            }
        }
    }

    fn file(&mut self, path: PathBuf, gathering: &mut Gathering) {
        if self.files.len() >= MOST_FILES {
            if !self.full {
                gathering.unread(&format!("only the first {MOST_FILES} files were read"));
            }
            self.full = true;
        } else if self.is_new(&path) {
            self.files.push(path);
        }
    }

    /// Whether this was not met before, by whatever name. What leads nowhere is met where it is read.
    fn is_new(&mut self, path: &Path) -> bool {
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        self.seen.insert(real)
    }
}

fn has_extension(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
}

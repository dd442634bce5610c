//! One run of the recorder: which cases are taken, and what becomes of the folders of others.
//!
//! Invariant: a folder's bytes follow from its own case and from the module, so a case can be recorded alone. Direction of
//! failure: a name that no case has is an error, and nothing is removed before everything has been recorded.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::studio::Studio;
use crate::{changed, continuous, hostile, shapes, undetermined, weaker};

/// What to record, and where.
pub struct Recording {
    pub module: PathBuf,
    pub out: PathBuf,
    /// Nothing here: all cases, and folders of cases that are no more are removed.
    pub only: BTreeSet<String>,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Recorded {
    pub cases: usize,
    /// Cases that are no more.
    pub removed: Vec<String>,
}

impl Recording {
    pub fn run(self) -> anyhow::Result<Recorded> {
        let mut studio = Studio::open(&self.module, &self.out, self.only.clone())?;
        continuous::record(&mut studio)?;
        changed::record(&mut studio)?;
        weaker::record(&mut studio)?;
        hostile::record(&mut studio)?;
        undetermined::record(&mut studio)?;
        shapes::record(&mut studio)?;
        ensure!(
            studio.surprises.is_empty(),
            "{} cases came out otherwise:\n{}",
            studio.surprises.len(),
            studio.surprises.join("\n")
        );
        let recorded = studio.recorded();
        let unknown: Vec<_> = self.only.difference(recorded).cloned().collect();
        ensure!(
            unknown.is_empty(),
            "there is no case of the name {}",
            unknown.join(", ")
        );
        let removed = if self.only.is_empty() {
            remove_others(&self.out, recorded)?
        } else {
            Vec::new()
        };
        Ok(Recorded {
            cases: recorded.len(),
            removed,
        })
    }
}

/// Removes cases that were not recorded; what is no case stays.
pub fn remove_others(out: &Path, recorded: &BTreeSet<String>) -> anyhow::Result<Vec<String>> {
    let mut removed = Vec::new();
    for entry in std::fs::read_dir(out)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !recorded.contains(&name) && entry.path().join("review.json").exists() {
            std::fs::remove_dir_all(entry.path())
                .with_context(|| format!("cannot remove the case {name}"))?;
            removed.push(name);
        }
    }
    removed.sort();
    Ok(removed)
}

//! One recorded case, as one generation of hosts answered it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use thiserror::Error;

use super::actual::Actual;
use crate::capabilities::{Grants, HostGeneration};
use crate::engine::Limits;
use crate::evaluation::{Evaluation, EvaluationError, Outcome};
use crate::module::PolicyModule;
use crate::session::{ReplayError, Replayer, Session};
use continuity_cli::admission::Review;

const REVIEW: &str = "review.json";
const SETTINGS: &str = "settings.yaml";
const SESSION: &str = "session.yml";
const EXPECTED: &str = "expected.json";

/// A replay waits for nothing, so only a loop without end takes longer than this, on however slow a machine.
const TIME: Duration = Duration::from_secs(60);

/// The file of the conversation with hosts of `generation`, where it is not that of the newest.
#[must_use]
pub fn session_file(generation: HostGeneration) -> String {
    file_of(generation, SESSION)
}

/// `session.yml`, and `session-1.35.yml` for a generation that is not the newest.
fn file_of(generation: HostGeneration, newest: &str) -> String {
    match newest.rsplit_once('.') {
        Some((stem, extension)) if generation != HostGeneration::default() => {
            format!("{stem}-{generation}.{extension}")
        }
        _ => newest.to_owned(),
    }
}

/// A case, read.
#[derive(Debug)]
pub struct Case {
    /// Its folder's name.
    pub name: String,
    folder: PathBuf,
    generation: HostGeneration,
    review: Review,
    settings: Value,
    session: Session,
    session_file: String,
}

/// Why there is no case.
#[derive(Debug, Error)]
pub enum CaseError {
    /// A directory cannot be listed.
    #[error("cannot list `{}`", path.display())]
    Unlistable {
        /// The directory.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Nothing to replay.
    #[error(
        "no cases found in {0}: a case is a folder with {REVIEW}, {SETTINGS}, {SESSION} and {EXPECTED}"
    )]
    Nothing(String),
    /// The folder has no session.
    #[error(
        "`{}` has no {SESSION}; record one: continuity-harness run MODULE --request-path {REVIEW} --settings-path {SETTINGS} \
         --store dir:store --allow-context-aware --record-host-capabilities-interactions {SESSION}",
        folder.display()
    )]
    NoSession {
        /// The case's folder.
        folder: PathBuf,
    },
}

impl Case {
    /// Reads the case in a folder, with the conversation that hosts of `generation` have: their own where there is one,
    /// the newest generation's otherwise.
    ///
    /// # Errors
    /// When a part of it is missing or cannot be read.
    pub fn load(folder: &Path, generation: HostGeneration) -> anyhow::Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read `{}`", path.display()))
        };
        // A folder without the newest generation's is no case, whatever else is there.
        if !folder.join(SESSION).exists() {
            return Err(CaseError::NoSession {
                folder: folder.to_owned(),
            }
            .into());
        }
        let session_file = Some(session_file(generation))
            .filter(|own| folder.join(own).exists())
            .unwrap_or_else(|| SESSION.to_owned());
        let settings = if folder.join(SETTINGS).exists() {
            yaml_serde::from_str(&read(SETTINGS)?)
                .with_context(|| format!("{SETTINGS} is not YAML"))?
        } else {
            Value::Null
        };
        Ok(Self {
            name: name_of(folder),
            review: Review::parse(&read(REVIEW)?)
                .with_context(|| format!("{REVIEW} is no request"))?,
            settings: if settings.is_null() {
                Value::Object(serde_json::Map::new())
            } else {
                settings
            },
            session: Session::read(&folder.join(&session_file))?,
            session_file,
            folder: folder.to_owned(),
            generation,
        })
    }

    /// Runs the module with the recorded answers.
    ///
    /// # Errors
    /// When the policy asks for something else than was recorded.
    pub fn run(&self, policy: &PolicyModule) -> anyhow::Result<Actual> {
        let replayer = Arc::new(Replayer::new(self.session.exchanges.clone()));
        let outcome =
            self.evaluation(policy)
                .run(&self.review, &self.settings, Arc::clone(&replayer) as _);
        match (&outcome, replayer.finish()) {
            // What failed before it asked for everything left the rest over; the failure is what is compared.
            (_, Ok(())) | (Err(_), Err(ReplayError::LeftOver { .. })) => Ok(outcome.into()),
            (_, Err(misfit)) => Err(misfit).with_context(|| {
                format!(
                    "{} does not fit; record it again if that is intended",
                    self.session_file
                )
            }),
        }
    }

    /// Judges the request once more, without its settings being validated: what a benchmark measures.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn validate(&self, policy: &PolicyModule) -> Result<Outcome, EvaluationError> {
        let replayer = Arc::new(Replayer::new(self.session.exchanges.clone()));
        self.evaluation(policy)
            .validate(&self.review, &self.settings, replayer)
    }

    fn evaluation(&self, policy: &PolicyModule) -> Evaluation {
        let grants = if self.session.ungranted {
            Grants::all_calls([])
        } else {
            Grants::everything()
        };
        Evaluation::new(policy.clone())
            .grants(grants)
            .clock(self.session.wall_clock())
            .limits(Limits {
                time: TIME,
                ..Limits::default()
            })
    }

    /// What is expected of this generation, or else of the newest; nothing before it was blessed for the first time.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn expected(&self) -> anyhow::Result<Option<Actual>> {
        match self.own_expected()? {
            None if self.generation != HostGeneration::default() => {
                read_expected(&self.folder.join(EXPECTED))
            }
            own => Ok(own),
        }
    }

    fn own_expected(&self) -> anyhow::Result<Option<Actual>> {
        read_expected(&self.folder.join(file_of(self.generation, EXPECTED)))
    }

    /// Writes down what is expected from now on. What is expected of the newest generation too is written once.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn bless(&self, actual: &Actual) -> anyhow::Result<()> {
        let path = self.folder.join(file_of(self.generation, EXPECTED));
        let unwritable = || format!("cannot write `{}`", path.display());
        if self.generation != HostGeneration::default() {
            let newest = read_expected(&self.folder.join(EXPECTED))?;
            if newest.as_ref() == Some(actual) {
                return match std::fs::remove_file(&path) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        Err(error).with_context(unwritable)
                    }
                    _ => Ok(()),
                };
            }
        }
        let text = format!("{}\n", serde_json::to_string_pretty(actual)?);
        std::fs::write(&path, text).with_context(unwritable)
    }
}

fn read_expected(path: &Path) -> anyhow::Result<Option<Actual>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("`{}` is no expectation", path.display()))
}

pub(super) fn name_of(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or(folder.as_os_str());
    name.to_string_lossy().into_owned()
}

/// The folders of cases: the directories themselves, or what is in them.
///
/// # Errors
/// When there is none.
pub fn find(directories: &[PathBuf], filter: Option<&str>) -> Result<Vec<PathBuf>, CaseError> {
    let mut found = Vec::new();
    for directory in directories {
        if directory.join(REVIEW).exists() {
            found.push(directory.clone());
            continue;
        }
        let unlistable = |source| CaseError::Unlistable {
            path: directory.clone(),
            source,
        };
        for entry in std::fs::read_dir(directory).map_err(unlistable)? {
            let path = entry.map_err(unlistable)?.path();
            if path.is_dir() && !name_of(&path).starts_with('.') {
                found.push(path);
            }
        }
    }
    found.retain(|folder| filter.is_none_or(|filter| name_of(folder).contains(filter)));
    found.sort();
    if found.is_empty() {
        let listed: Vec<String> = directories
            .iter()
            .map(|it| format!("`{}`", it.display()))
            .collect();
        let filtered = filter
            .map(|filter| format!(" that match `{filter}`"))
            .unwrap_or_default();
        return Err(CaseError::Nothing(format!(
            "{}{filtered}",
            listed.join(", ")
        )));
    }
    Ok(found)
}

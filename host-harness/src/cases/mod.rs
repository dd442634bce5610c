//! Recorded cases: whole evaluations, each in a folder of its own.
//!
//! A case has `review.json`, `settings.yaml` (or none, for no settings), `session.yml` and `expected.json`. Its `store` is
//! what the session was recorded from, kept for whoever records it again.
//!
//! Invariant: a case never passes without having been compared. A folder that is no case, or a directory without cases,
//! is an error, and so is a session that does not fit.

mod actual;
mod case;
mod side_by_side;

use std::path::{Path, PathBuf};

pub use actual::Actual;
pub use case::{Case, CaseError, find};
pub use side_by_side::side_by_side;

use crate::module::PolicyModule;

/// How one case went.
#[derive(Debug)]
pub struct Result {
    /// The case's name: its folder's.
    pub name: String,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of a case.
#[derive(Debug)]
pub enum Verdict {
    /// As expected.
    Passed,
    /// Not as expected.
    Failed(Difference),
    /// Not as before, and written down as expected from now on.
    Blessed,
    /// It could not be run.
    Broken(anyhow::Error),
}

/// What was expected and what came, as text that people can compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// From `expected.json`.
    pub expected: String,
    /// From the module.
    pub actual: String,
}

/// Replays all cases in `directories` whose names contain `filter`.
///
/// # Errors
/// When there is none.
pub fn replay(
    policy: &PolicyModule,
    directories: &[PathBuf],
    filter: Option<&str>,
    bless: bool,
) -> std::result::Result<Vec<Result>, CaseError> {
    let folders = case::find(directories, filter)?;
    Ok(folders
        .iter()
        .map(|folder| Result {
            name: case::name_of(folder),
            verdict: replay_one(policy, folder, bless).unwrap_or_else(Verdict::Broken),
        })
        .collect())
}

fn replay_one(policy: &PolicyModule, folder: &Path, bless: bool) -> anyhow::Result<Verdict> {
    let case = Case::load(folder)?;
    let actual = case.run(policy)?;
    match case.expected()? {
        Some(expected) if expected == actual => Ok(Verdict::Passed),
        _ if bless => {
            case.bless(&actual)?;
            Ok(Verdict::Blessed)
        }
        expected => Ok(Verdict::Failed(Difference {
            expected: expected.map(|it| it.text()).unwrap_or_default(),
            actual: actual.text(),
        })),
    }
}

//! Recorded cases: whole evaluations, each in a folder of its own.
//!
//! A case has `review.json`, `settings.yaml` (or none, for no settings), `session.yml` and `expected.json`, and is replayed
//! once for each [`HostGeneration`]. Those two are the newest generation's; where an older one has another conversation or
//! another outcome, `session-1.35.yml` and `expected-1.35.json` stand beside them.
//!
//! Invariant: a case never passes without having been compared. A folder that is no case, or a directory without cases,
//! is an error, and so is a session that does not fit.

mod actual;
mod case;
mod side_by_side;

use std::path::{Path, PathBuf};

pub use actual::Actual;
pub use case::{Case, CaseError, find, session_file};
pub use side_by_side::side_by_side;

use crate::capabilities::HostGeneration;
use crate::module::PolicyModule;

/// How one case went with one generation of hosts.
#[derive(Debug)]
pub struct Result {
    /// The case's name: its folder's.
    pub name: String,
    /// Whose answers it got.
    pub generation: HostGeneration,
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
    /// From `expected.json`, or the generation's own.
    pub expected: String,
    /// From the module.
    pub actual: String,
}

/// Replays all cases in `directories` whose names contain `filter`, each with every generation, the newest first.
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
    let results = folders.iter().flat_map(|folder| {
        // What an older generation is expected to answer is held against what the newest is.
        HostGeneration::ALL
            .into_iter()
            .rev()
            .map(move |generation| Result {
                name: case::name_of(folder),
                generation,
                verdict: replay_one(policy, folder, generation, bless)
                    .unwrap_or_else(Verdict::Broken),
            })
    });
    Ok(results.collect())
}

fn replay_one(
    policy: &PolicyModule,
    folder: &Path,
    generation: HostGeneration,
    bless: bool,
) -> anyhow::Result<Verdict> {
    let case = Case::load(folder, generation)?;
    let actual = case.run(policy)?;
    match case.expected()? {
        Some(expected) if expected == actual => {
            if bless {
                // An older generation's expectation that has become the newest's goes.
                case.bless(&actual)?;
            }
            Ok(Verdict::Passed)
        }
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

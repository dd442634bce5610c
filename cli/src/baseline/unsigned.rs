//! Repositories that are not signed: what was seen running, looked at in full and found without a signature.
//!
//! Invariant: only where everything of the repository that was looked at is known to be unsigned; what could not be found
//! out, or not in full, says nothing. A repository that was ever signed never becomes one of these.

use super::result::{BaselineEvent, UpdateResult};
use chrono::{DateTime, TimeDelta, Utc};
use signature_continuity::baseline::Baseline;
use signature_continuity::observe::{Evidence, Observation};
use signature_continuity::posture::{Posture, Rank};
use signature_continuity::reference::Repository;

/// How often it is written down that such a repository still runs.
const DAILY: TimeDelta = TimeDelta::days(1);

/// What the images of `repository` teach, where nobody signed one of them. `all` are those that were looked at, of which
/// at least one runs.
#[must_use]
pub fn never_signed<'a>(
    before: Option<&Baseline>,
    repository: &Repository,
    all: impl IntoIterator<Item = &'a Observation>,
    now: DateTime<Utc>,
) -> UpdateResult {
    let nothing =
        UpdateResult::Nothing("what could not be looked at in full is not known to be unsigned");
    let mut all = all.into_iter().peekable();
    if all.peek().is_none() || !all.all(is_unsigned) {
        return nothing;
    }
    let mut baseline = match before {
        Some(before) if before.is_signed() || now - before.last_seen < DAILY => {
            return UpdateResult::Unchanged;
        }
        Some(before) => before.clone(),
        None => Baseline::new(repository.clone(), Rank::Unsigned, now),
    };
    baseline.last_seen = now;
    baseline.generation = baseline.generation.saturating_add(1);
    UpdateResult::Learned {
        baseline: Box::new(baseline),
        news: match before {
            None => vec![BaselineEvent::NeverSigned],
            Some(_) => Vec::new(),
        },
    }
}

fn is_unsigned(observation: &Observation) -> bool {
    observation.posture == Posture::Unsigned
        && observation.evidence == Evidence::Proof
        && !observation.incomplete
}

#[cfg(test)]
#[path = "unsigned_tests.rs"]
mod tests;

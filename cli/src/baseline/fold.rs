//! What the digests of one repository teach, taken together.
//!
//! Invariant: only what runs begins a baseline, adds signers or starts a clock; the order of observations makes no
//! difference; in doubt nothing is learned.

use super::digest_observation::{DigestObservation, in_order};
use super::digests::OTHERS as MOST_AHEAD;
use super::history::{Past, Qualified, qualified};
use super::reason::Reason;
use super::result::{BaselineEvent, UpdateResult};
use super::update::BaselineUpdate;
use chrono::{DateTime, TimeDelta, Utc};
use signature_continuity::baseline::Baseline;
use signature_continuity::digest::Digest;
use signature_continuity::reference::Repository;
use signature_continuity::settings::Settings;
use std::collections::BTreeSet;

/// On what terms something is learned.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// How long after the first proof a baseline is established.
    pub establish_after: TimeDelta,
    /// The time.
    pub now: DateTime<Utc>,
    /// The repository's own past, where it was examined.
    pub past: Option<&'a Past<'a>>,
    /// Whether the sights are all that runs of the repository: only then it can become established, since what runs
    /// without a known signer is written down with that, once.
    pub may_establish: bool,
    /// The policy's settings: signers are compared as admission compares them.
    pub settings: &'a Settings,
    /// Where the sights are single images: what else of the repository runs, by what objects say.
    pub also_running: Option<&'a BTreeSet<Digest>>,
}

/// Folds the digests of `repository` that run into what is known of it.
#[must_use]
pub fn fold(
    before: Option<&Baseline>,
    repository: &Repository,
    sights: &[DigestObservation<'_>],
    terms: &Terms<'_>,
) -> UpdateResult {
    let sights = in_order(sights);
    // What is only declared begins nothing and adds nobody: it could be anything by the time that it runs.
    let (running, declared): (Vec<_>, Vec<_>) = sights.iter().partition(|sight| sight.runs);
    let past = terms.past.filter(|_| terms.may_establish);
    let historic = past.and_then(|past| qualified(past, &running));
    let (mut pupil, historic) = match before {
        Some(before) => {
            let due = before.first_seen + terms.establish_after;
            let pupil = BaselineUpdate::of(before.clone(), terms.settings, terms.now);
            let pupil = if was_never_signed(before) {
                pupil.begun()
            } else {
                pupil.cold_until(due)
            };
            let may = |qualified: &Qualified<'_>| {
                before.established.is_none()
                    && !was_never_signed(before)
                    && before.unsigned_until.is_none()
                    && !pupil.is_retired(qualified.signer())
            };
            let historic = historic.filter(may);
            (pupil, historic)
        }
        None => {
            let first = match &historic {
                Some(qualified) => Some(qualified.first),
                None => running.iter().find_map(|sight| sight.newcomer().ok()),
            };
            let Some(first) = first else {
                return UpdateResult::Nothing(why_nothing(&running));
            };
            let anew = Baseline::new(repository.clone(), first.proven.rank(), terms.now);
            let mut pupil = BaselineUpdate::of(anew, terms.settings, terms.now).begun();
            pupil.news.push(BaselineEvent::Repository);
            (pupil, historic)
        }
    };
    if let Some(qualified) = &historic {
        pupil.take_in_by_history(qualified);
    }
    let introductions = pupil.introductions(&running);
    for sight in &running {
        pupil.take_in_introduced(sight, &introductions);
    }
    for sight in &running {
        pupil.learn(sight);
    }
    for sight in &declared {
        pupil.foresee(sight);
    }
    if before.is_some_and(was_never_signed) {
        pupil.begin_the_clock();
    }
    if terms.may_establish {
        pupil.establish(&running, terms.establish_after, historic.is_some());
    }
    pupil.keep_up(&running, terms.also_running, terms.may_establish);
    pupil.lesson(before)
}

/// Whether a repository was seen, and never signed: its first proven signature begins it, as if it were new, but for its
/// past, which says nothing of somebody who came later.
fn was_never_signed(baseline: &Baseline) -> bool {
    !baseline.is_signed()
}

/// What releases that are to come teach: that they are by known signers. They add no signers and start no clock. Of more
/// than a baseline keeps, the newest are listed.
#[must_use]
pub fn ahead(
    before: Option<&Baseline>,
    sights: &[DigestObservation<'_>],
    settings: &Settings,
    now: DateTime<Utc>,
) -> UpdateResult {
    let Some(before) = before else {
        return UpdateResult::Nothing(
            "there is no baseline yet, and releases to come do not begin one",
        );
    };
    let mut pupil = BaselineUpdate::of(before.clone(), settings, now);
    let by_known = in_order(sights)
        .into_iter()
        .filter(|sight| pupil.is_by_known(sight));
    let by_known: Vec<DigestObservation<'_>> = by_known.collect();
    let newest = by_known.len().saturating_sub(MOST_AHEAD);
    for sight in by_known.iter().skip(newest) {
        pupil.foresee(sight);
    }
    // What runs is not known here, so nothing that may run is dropped.
    pupil.keep_up(&[], None, false);
    pupil.lesson(Some(before))
}

fn why_nothing(running: &[DigestObservation<'_>]) -> &'static str {
    let reasons: Vec<Reason> = running.iter().filter_map(|s| s.newcomer().err()).collect();
    let most_telling = reasons.iter().max_by_key(|reason| reason.weight());
    most_telling.map_or("what does not run teaches nothing", Reason::summary)
}

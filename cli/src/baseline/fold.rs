//! What the digests of one repository teach, taken together.

use super::digest_observation::{DigestObservation, first_signer, in_order};
use super::history::{Past, Qualified, qualified};
use super::result::{BaselineEvent, UpdateResult};
use super::update::BaselineUpdate;
use chrono::{DateTime, TimeDelta, Utc};
use signature_continuity::baseline::Baseline;
use signature_continuity::reference::Repository;
use signature_continuity::settings::Settings;

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
    let past = terms.past.filter(|_| terms.may_establish);
    let historic = past.and_then(|past| qualified(past, &sights));
    let (mut pupil, historic) = match before {
        Some(before) => {
            let due = before.first_seen + terms.establish_after;
            let pupil =
                BaselineUpdate::of(before.clone(), terms.settings, terms.now).cold_until(due);
            let may = |qualified: &Qualified<'_>| {
                before.established.is_none() && !pupil.is_retired(qualified.signer())
            };
            let historic = historic.filter(may);
            (pupil, historic)
        }
        None => {
            let first = match &historic {
                Some(qualified) => Some(qualified.first),
                None => sights.iter().find_map(|s| first_signer(&s.complete())),
            };
            let Some(first) = first else {
                return UpdateResult::Nothing(why_nothing(&sights));
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
    let introductions = pupil.introductions(&sights);
    for sight in &sights {
        pupil.take_in_introduced(sight, &introductions);
    }
    for sight in &sights {
        pupil.learn(sight);
    }
    if terms.may_establish {
        pupil.establish(&sights, terms.establish_after, historic.is_some());
    }
    pupil.keep_up(&sights, terms.may_establish);
    pupil.lesson(before)
}

/// What releases that are to come teach: that they are by known signers. They add no signers and start no clock.
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
    for sight in &in_order(sights) {
        pupil.foresee(sight);
    }
    pupil.lesson(Some(before))
}

fn why_nothing(sights: &[DigestObservation<'_>]) -> &'static str {
    if sights.iter().any(|sight| !sight.is_complete()) {
        return "not everybody who may have signed could be seen";
    }
    if sights.iter().any(|sight| !sight.teaching().is_empty()) {
        return "of several signers it is not known who was first";
    }
    if sights.iter().any(|sight| !sight.seen.signatures.is_empty()) {
        return "the signatures were made for another repository";
    }
    "what is not proven teaches nothing"
}

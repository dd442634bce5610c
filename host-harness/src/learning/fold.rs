//! What the digests of one repository teach, taken together.

use super::history::{Past, qualified};
use super::lesson::{Lesson, News};
use super::pupil::Pupil;
use super::sight::{Sight, first_signer, in_order};
use chrono::{DateTime, TimeDelta, Utc};
use signature_continuity::baseline::Baseline;
use signature_continuity::reference::Repository;
use signature_continuity::settings::Settings;
use signature_continuity::signer::Signer;

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
    sights: &[Sight<'_>],
    terms: &Terms<'_>,
) -> Lesson {
    let sights = in_order(sights);
    let historic = terms
        .past
        .and_then(|past| qualified(past, &sights))
        .filter(|qualified| {
            terms.may_establish
                && before.is_none_or(|b| may_be_established_by(b, qualified.signer()))
        });
    let mut pupil = match before {
        Some(before) => Pupil::of(before.clone(), terms.settings, terms.now),
        None => {
            let first = match &historic {
                Some(qualified) => Some(qualified.first),
                None => sights.iter().find_map(|s| first_signer(&s.complete())),
            };
            let Some(first) = first else {
                return Lesson::Nothing(why_nothing(&sights));
            };
            let rank = first.proven.rank();
            let mut pupil = Pupil::of(
                Baseline::new(repository.clone(), rank, terms.now),
                terms.settings,
                terms.now,
            );
            pupil.news.push(News::Repository);
            pupil
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
    sights: &[Sight<'_>],
    settings: &Settings,
    now: DateTime<Utc>,
) -> Lesson {
    let Some(before) = before else {
        return Lesson::Nothing("there is no baseline yet, and releases to come do not begin one");
    };
    let mut pupil = Pupil::of(before.clone(), settings, now);
    for sight in &in_order(sights) {
        pupil.foresee(sight);
    }
    pupil.lesson(Some(before))
}

fn may_be_established_by(before: &Baseline, signer: &Signer) -> bool {
    let retired = before
        .record(&signer.id())
        .is_some_and(|record| record.retired.is_some());
    before.established.is_none() && !retired
}

fn why_nothing(sights: &[Sight<'_>]) -> &'static str {
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

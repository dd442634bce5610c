//! The learner: looks at images, holds them against what is known, and writes what they teach.
//!
//! Invariant: a repository's baseline is written as soon as its images were looked at, over the very version that was
//! read, and read again where somebody else was faster; `continuity-state` is written last, and only by a run that came
//! to its end. What is there and cannot be used is never written over. Lost baselines are reported, and while some are
//! lost no new one is begun.

mod ahead;
mod difference;
mod ending;
mod examine;
mod options;
mod outcome;
mod snapshot;
mod waiting;
mod writing;

pub use difference::difference;
pub use options::{History, Options, Share};
pub use outcome::{Change, Outcome, is_drift, looks_broken};
pub(crate) use snapshot::StoreSnapshot;

use crate::baseline::{
    DigestObservation, Past, Terms, Untaught, UpdateResult, fold, never_signed, untaught,
};
use crate::inventory::{Entry, Familiarity, Further, Group, Image, Survey};
use crate::observation::{Note, RepositoryObserver};
use crate::output::cause::with_cause;
use crate::store::{Store, StoreError, Stored, lookup_of, names};
use chrono::{DateTime, Utc};
use signature_continuity::baseline::{Baseline, Lookup};
use signature_continuity::observe::Observation;
use signature_continuity::reference::Repository;
use signature_continuity::settings::Settings;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use waiting::{is_unknown, waits};

/// Learns from images.
pub struct Learner<'a> {
    /// Where baselines are.
    pub store: &'a dyn Store,
    /// The policy's settings.
    pub settings: &'a Settings,
    /// Who looks.
    pub observer: &'a dyn RepositoryObserver,
    /// How it is done.
    pub options: Options,
    /// The time.
    pub now: DateTime<Utc>,
    /// Set when it is to end early; what was finished is saved.
    pub stop: &'a AtomicBool,
}

impl Learner<'_> {
    /// Looks at `images`, which run, and learns from them. `step` is told of each image that is begun.
    ///
    /// # Errors
    /// When the store cannot be claimed or listed. What fails later is in the outcome, beside what was found out.
    pub fn run(
        &self,
        images: Vec<Image>,
        step: &(dyn Fn(&Image) + Sync),
    ) -> Result<Outcome, StoreError> {
        if !self.options.dry_run {
            self.store.claim()?;
        }
        self.give_up_lost()?;
        let memory = StoreSnapshot::recall(self.store)?;
        let mut outcome = Outcome::begin(&memory);
        self.name_all(&memory, &mut outcome);
        let further: &Further<'_> = &|group: &mut Group| self.examine(group, &memory);
        let further = (self.options.history != History::Not).then_some(further);
        let surveyed = self.survey(images, &memory, further, step, &mut outcome);
        let finished = surveyed.and_then(|()| match self.options.share {
            Share::Whole => self.establish_the_rest(&memory, &mut outcome),
            Share::Declared | Share::DeclaredPart | Share::Part | Share::Arriving => Ok(()),
        });
        self.name_new(&mut outcome, 0);
        outcome.interrupted = self.stop.load(Ordering::Relaxed);
        let remembered = finished.and_then(|()| {
            if outcome.interrupted || self.options.dry_run {
                return Ok(());
            }
            // What could not be read is kept: a new count would say that nothing was lost. What is damaged is mended.
            if memory.is_unread() && self.options.accept_lost.is_empty() {
                return Ok(());
            }
            self.remember(&memory, &outcome)
        });
        // Whatever the store refuses, what was found out is told.
        if let Err(error) = remembered {
            outcome.fail(with_cause(&error));
        }
        Ok(outcome)
    }

    /// Looks at images as they come, between two runs, and learns from those that run: by what a run remembered of the
    /// store, and without last words.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(crate) fn look_at(
        &self,
        images: Vec<Image>,
        memory: &StoreSnapshot,
    ) -> Result<Outcome, StoreError> {
        let mut outcome = Outcome::default();
        let surveyed = self.survey(images, memory, None, &|_| (), &mut outcome);
        // What was begun is named, whatever came after.
        self.name_new(&mut outcome, 0);
        outcome.interrupted = self.stop.load(Ordering::Relaxed);
        surveyed.map(|()| outcome)
    }

    fn survey(
        &self,
        images: Vec<Image>,
        memory: &StoreSnapshot,
        further: Option<&Further<'_>>,
        step: &(dyn Fn(&Image) + Sync),
        outcome: &mut Outcome,
    ) -> Result<(), StoreError> {
        let read: Mutex<BTreeMap<Repository, Stored>> = Mutex::default();
        let lookup = |repository: &Repository| self.lookup(repository, memory, &read);
        let familiarity = |repository: &Repository| memory.familiarity(repository);
        let survey = Survey {
            further,
            ..self.terms(memory, &familiarity)
        };
        let ended = survey.run(images, &lookup, step, |group| {
            let stored = group.repository.as_ref().and_then(|repository| {
                let mut read = read
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                read.remove(repository)
            });
            self.group(group, stored, memory, outcome)
        })?;
        outcome.end(ended);
        Ok(())
    }

    /// On what terms images are looked at.
    fn terms<'s>(
        &'s self,
        memory: &'s StoreSnapshot,
        familiarity: &'s (dyn Fn(&Repository) -> Familiarity + Sync),
    ) -> Survey<'s> {
        Survey {
            settings: self.settings,
            observer: self.observer,
            concurrency: self.options.concurrency,
            now: self.now,
            stop: self.stop,
            further: None,
            familiarity,
            time: self.options.time,
            cursor: memory.cursor(),
        }
    }

    fn lookup(
        &self,
        repository: &Repository,
        memory: &StoreSnapshot,
        read: &Mutex<BTreeMap<Repository, Stored>>,
    ) -> Lookup {
        let stored = self.read(repository, memory);
        if let Ok(stored) = &stored {
            read.lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .insert(repository.clone(), stored.clone());
        }
        lookup_of(stored)
    }

    /// What the store has of a repository; what is on record as signed and not there is lost.
    fn read(&self, repository: &Repository, memory: &StoreSnapshot) -> Result<Stored, StoreError> {
        if self.options.share == Share::Arriving {
            // Names may be other ones since the run before: somebody restored, or accepted a loss.
            return names::find(self.store, repository);
        }
        let stored = self.store.read(repository)?;
        Ok(Stored {
            lookup: memory.hold(repository, stored.lookup),
            ..stored
        })
    }

    /// What the images of one repository teach.
    fn group(
        &self,
        group: Group,
        stored: Option<Stored>,
        memory: &StoreSnapshot,
        outcome: &mut Outcome,
    ) -> Result<(), StoreError> {
        let Group {
            repository,
            entries,
            cut_short,
            past,
            unlisted,
        } = group;
        if let Some(repository) = &repository {
            // Whatever comes of it: it is not one of those of which nothing runs.
            outcome.surveyed.insert(repository.clone());
            if let Some(why) = unlisted {
                outcome.note(format!(
                    "{repository}: its past was not examined, since its tags could not be listed: {why}"
                ));
            }
        }
        if let (Some(repository), Some(stored), false) = (&repository, stored, cut_short) {
            let sights: Vec<DigestObservation<'_>> =
                entries.iter().filter_map(|e| self.sight(e)).collect();
            let past_sights = past.as_ref().map(|past| Past {
                sights: past
                    .seen
                    .iter()
                    .filter_map(|seen| DigestObservation::new(seen, false))
                    .collect(),
                unseen: past.unseen,
            });
            if past.is_some() {
                outcome.examined.insert(repository.clone());
            }
            let share = self.options.share;
            let unknown = entries.iter().find(|entry| is_unknown(entry, share));
            if let Some(unknown) = unknown
                && self.is_due(&stored.lookup)
            {
                outcome.note(waits(repository, unknown));
            }
            let terms = Terms {
                establish_after: self.settings.baseline.establish_after,
                now: self.now,
                past: past_sights.as_ref(),
                may_establish: !share.is_partial() && unknown.is_none(),
                settings: self.settings,
                also_running: self.options.also_running.as_ref(),
            };
            let all = unsigned_candidates(&entries, share);
            let teach = |before: Option<&Baseline>| {
                let lesson = fold(before, repository, &sights, &terms);
                match (&all, &lesson) {
                    (Some(all), UpdateResult::Nothing(_) | UpdateResult::Unchanged)
                        if before.is_none_or(|before| !before.is_signed()) =>
                    {
                        let all = all.iter().copied();
                        match never_signed(before, repository, all, self.now) {
                            UpdateResult::Nothing(_) => lesson,
                            taught @ (UpdateResult::Unchanged | UpdateResult::Learned { .. }) => {
                                taught
                            }
                        }
                    }
                    _ => lesson,
                }
            };
            let after = match teach(stored.lookup.baseline()) {
                UpdateResult::Learned { baseline, .. } => Some(*baseline),
                UpdateResult::Unchanged | UpdateResult::Nothing(_) => {
                    stored.lookup.baseline().cloned()
                }
            };
            for entry in &entries {
                let (Ok(found), Ok(reference)) = (&entry.found, &entry.image.reference) else {
                    continue;
                };
                // By the name that the image spells; that a registry has no API is nobody's concern here.
                let registry = reference.repository().registry();
                let notes = found.seen.notes.iter();
                for note in notes.filter(|note| **note != Note::NoReferrersApi) {
                    outcome.note(format!("{registry}: {note}"));
                }
            }
            for one in untaught(after.as_ref(), repository, &sights) {
                // What is to be pasted names the image as it was spelled, not as an alias leads on.
                let spelled = entries.iter().find_map(|entry| {
                    let seen = &entry.found.as_ref().ok()?.seen;
                    let reference = entry.image.reference.as_ref().ok()?;
                    (seen.observation.digest.as_ref() == Some(&one.digest))
                        .then(|| reference.repository().clone())
                });
                let repository = spelled.unwrap_or_else(|| one.repository.clone());
                outcome.note(Untaught { repository, ..one }.to_string());
            }
            self.write(repository, stored, &teach, memory, outcome)?;
        }
        outcome.take(entries);
        Ok(())
    }

    /// Whether a baseline is to become established by now.
    fn is_due(&self, lookup: &Lookup) -> bool {
        match lookup {
            Lookup::Usable(baseline) => {
                let due = baseline.first_seen + self.settings.baseline.establish_after;
                baseline.established.is_none() && due <= self.now
            }
            Lookup::Absent | Lookup::Unusable(_) | Lookup::Lost | Lookup::Unread => false,
        }
    }

    fn sight<'e>(&self, entry: &'e Entry) -> Option<DigestObservation<'e>> {
        let found = entry.found.as_ref().ok()?;
        let runs = self.options.share.is_declared() || entry.image.running.is_some();
        DigestObservation::new(&found.seen, runs)
    }
}

/// What the images of a repository carry, where all of them were looked at and one of them runs.
fn unsigned_candidates(entries: &[Entry], share: Share) -> Option<Vec<&Observation>> {
    let runs = |entry: &Entry| share.is_declared() || entry.image.running.is_some();
    // Of images that come one by one nobody knows what else there is.
    if share == Share::Arriving || !entries.iter().any(runs) {
        return None;
    }
    let found = entries.iter().map(|entry| entry.found.as_ref().ok());
    found
        .map(|found| found.map(|found| &found.seen.observation))
        .collect()
}

#[cfg(test)]
mod tests;

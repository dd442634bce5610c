//! Looking at images as objects name them, and learning from those that run.
//!
//! Invariant: by the rules of learning, as a full pass does: what runs teaches, what is declared only has its digest marked
//! when a known signer is proven. What is learned is looked at once more, so that what is shown is what the policy sees now.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::Utc;
use signature_continuity::baseline::Baseline;
use signature_continuity::digest::Digest;
use signature_continuity::drift::Drift;
use signature_continuity::posture::Posture;
use signature_continuity::reference::Repository;
use tracing::warn;

use super::queue::{Job, key};
use super::schedule::Look;
use super::shared::Shared;
use crate::inventory::{Entry, Image, Place, TimeLimits};
use crate::learner::{History, Learner, Options, Outcome, Share};
use crate::output::cause::with_cause;
use crate::store::names;

/// For how long a worker waits before it looks whether it is to end.
const PATIENCE: Duration = Duration::from_millis(500);
/// How many baselines single images begin between two full passes.
const MOST_NEW: usize = 10_000;
/// For how long images of one repository hold a place.
const JOB: Duration = Duration::from_secs(60);

impl Shared {
    /// One of the threads that look at images.
    pub(super) fn look_on(&self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let Some(job) = self.schedule.take(PATIENCE) else {
                continue;
            };
            let began = Instant::now();
            let looks = self.look_at(&job);
            self.metrics.looked(job.images.len(), began.elapsed());
            let familiarity = self.familiarity(&job.repository);
            self.schedule.done(&job, looks, familiarity, Instant::now());
        }
    }

    /// Looks at the images of a job; what came of each.
    fn look_at(&self, job: &Job) -> Vec<(Image, Look)> {
        let term = self.term();
        let (images, running) = {
            let objects = self.objects();
            let images = job.images.iter().map(|image| objects.everywhere(image));
            // Whom nobody names any more, nobody asks about.
            let images = images.filter(|image| !image.places.is_empty());
            let is_of_it = |named: &Repository| self.settings.aliased(named) == job.repository;
            (images.collect::<Vec<Image>>(), objects.running(is_of_it))
        };
        let Some(over) = term.over().filter(|_| term.is_on() && !images.is_empty()) else {
            return Vec::new();
        };
        let learn = || self.learn(images.clone(), running.clone(), over);
        let outcome = match learn() {
            Ok(outcome) => outcome,
            Err(error) => {
                self.metrics.failed();
                warn!(error = %with_cause(error.as_ref()), repository = %job.repository, "not looked at");
                return all_open(images);
            }
        };
        let mut failed = is_unfinished(&outcome);
        let mut entries = outcome.entries;
        if !outcome.changes.is_empty()
            && let Ok(again) = learn()
        {
            failed |= is_unfinished(&again);
            entries = again.entries;
        }
        let looks = entries.iter().map(|entry| {
            let look = if failed { Look::Open } else { look(entry) };
            (entry.image.clone(), look)
        });
        let looks: Vec<(Image, Look)> = looks.collect();
        // A signature may come some moments after its image: the first look alone says nothing to anybody else.
        let is_first = |entry: &Entry| {
            entry.learner_drift() == Some(&Drift::Unsigned)
                && self.schedule.tries(&entry.image) == 0
        };
        let (first, told) = entries.into_iter().partition(is_first);
        self.show(told, true);
        self.show(first, false);
        let seen: BTreeSet<_> = looks.iter().map(|(image, _)| key(image)).collect();
        let missed = images
            .into_iter()
            .filter(|image| !seen.contains(&key(image)));
        let missed = all_open(missed.collect());
        looks.into_iter().chain(missed).collect()
    }

    fn learn(
        &self,
        images: Vec<Image>,
        running: BTreeSet<Digest>,
        over: &AtomicBool,
    ) -> anyhow::Result<Outcome> {
        let observer = self.observers.current();
        let begun = self.begun_since.load(Ordering::Relaxed);
        let learner = Learner {
            store: &self.store,
            settings: &self.settings,
            observer: &*observer,
            options: Options {
                concurrency: 1,
                history: History::Not,
                most_new: MOST_NEW.saturating_sub(begun),
                share: Share::Arriving,
                time: TimeLimits::of_run(JOB),
                also_running: Some(running),
                ..Options::default()
            },
            now: Utc::now(),
            stop: over,
        };
        let snapshot = self.snapshot();
        let snapshot = snapshot.context("this replica does not lead any more")?;
        let mut outcome = learner.look_at(images, &snapshot)?;
        self.name_signed(&mut outcome);
        self.tell(&outcome);
        self.remember(&outcome);
        for note in &outcome.notes {
            self.board.note(note);
        }
        Ok(outcome)
    }

    /// Names what was signed and could not be named: now, or with the next look.
    fn name_signed(&self, outcome: &mut Outcome) {
        let mut unnamed = self.unnamed.lock().unwrap_or_else(PoisonError::into_inner);
        let tried = !outcome.unnamed.is_empty();
        unnamed.append(&mut outcome.unnamed);
        if unnamed.is_empty() || tried {
            return;
        }
        match names::record(&self.store, unnamed.iter()) {
            Ok(_) => unnamed.clear(),
            Err(error) => {
                warn!(error = %with_cause(&error), "signed repositories are not named yet")
            }
        }
    }

    /// Tells what changed, and what did not get done.
    pub(super) fn tell(&self, outcome: &Outcome) {
        let now = Utc::now();
        for change in &outcome.changes {
            for event in &change.news {
                self.board.tell(now, &change.repository, &event.to_string());
            }
        }
        for failure in &outcome.failures {
            self.metrics.failed();
            warn!("{failure}");
        }
    }

    /// Adds what was begun to what is known of the store.
    pub(super) fn remember(&self, outcome: &Outcome) {
        for change in &outcome.changes {
            let was_signed = change.before.as_ref().is_some_and(Baseline::is_signed);
            if change.before.is_none() {
                self.begun_since.fetch_add(1, Ordering::Relaxed);
            }
            if change.before.is_none() || was_signed != change.after.is_signed() {
                self.begun(&change.repository, change.after.is_signed());
            }
        }
    }

    /// Shows what was found, and announces drift where it is to be.
    pub(super) fn show(&self, entries: Vec<Entry>, announced: bool) {
        let now = Utc::now();
        for entry in &entries {
            let Ok(found) = &entry.found else { continue };
            let drift = entry.learner_drift().map(ToString::to_string);
            let before = self.board.drift_before(&entry.image);
            if drift != before && entry.drifts_for_the_learner() {
                let what = format!(
                    "drift {}: {}",
                    drift.as_deref().unwrap_or_default(),
                    entry.image.spelled
                );
                self.board.tell(now, &found.repository, &what);
            }
            self.metrics.answered(&found.seen.observation);
        }
        if announced {
            let (written, left_out) = self.announcer.announce(&entries, &self.objects);
            self.metrics.announced(written, left_out);
        }
        let Some(reports) = self.announcer.reports() else {
            return self.board.put(entries);
        };
        let places = entries.iter().flat_map(|entry| entry.image.places.clone());
        let places: BTreeSet<Place> = places.collect();
        self.board.put(entries);
        let (images, _) = self.objects().images();
        reports.write(&places, &self.board.at(images, &places), &self.objects);
    }
}

fn all_open(images: Vec<Image>) -> Vec<(Image, Look)> {
    images
        .into_iter()
        .map(|image| (image, Look::Open))
        .collect()
}

/// Whether something of an outcome did not get done: it is tried again then.
fn is_unfinished(outcome: &Outcome) -> bool {
    !outcome.failures.is_empty() || !outcome.held_back.is_empty() || outcome.surplus > 0
}

/// Whether enough was found out about an image. One that no known signer signed may get its signature yet.
fn look(entry: &Entry) -> Look {
    let Ok(found) = &entry.found else {
        return Look::Open;
    };
    let is_known = !found.known.is_empty();
    let is_unknown = found.seen.observation.posture == Posture::Unknown;
    // What nobody ever signed is no drift, and is not asked about again and again.
    let is_calm = entry.image.running.is_some() && !entry.drifts_for_the_learner();
    if is_unknown || !(is_known || is_calm) {
        Look::Open
    } else {
        Look::Settled
    }
}

//! Looking at images as objects name them, and learning from those that run.
//!
//! Invariant: by the rules of learning, as a full pass does: what runs teaches, what is declared only has its digest marked
//! when a known signer is proven. What is learned is looked at once more, so that what is shown is what the policy sees now.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::Utc;
use signature_continuity::posture::Posture;
use signature_continuity::reference::Repository;
use tracing::warn;

use super::queue::{Job, key};
use super::schedule::Look;
use super::watcher::Shared;
use crate::inventory::{Entry, Familiarity, Image, Place, TimeLimits};
use crate::learner::{History, Learner, Options, Outcome, Share};
use crate::output::cause::with_cause;

/// For how long a worker waits before it looks whether it is to end.
const PATIENCE: Duration = Duration::from_millis(500);
/// How many baselines single images begin between two full passes' worth of time.
const MOST_NEW: usize = 10_000;

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

    fn familiarity(&self, repository: &Repository) -> Familiarity {
        let familiarity = self.with_snapshot(|snapshot| snapshot.familiarity(repository));
        familiarity.unwrap_or(Familiarity::Nothing)
    }

    /// Looks at the images of a job; what came of each.
    fn look_at(&self, job: &Job) -> Vec<(Image, Look)> {
        if self.halt.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let images: Vec<Image> = {
            let objects = self.objects();
            job.images
                .iter()
                .map(|image| objects.everywhere(image))
                .collect()
        };
        let outcome = match self.learn(images.clone()) {
            Ok(outcome) => outcome,
            Err(error) => {
                self.metrics.failed();
                warn!(error = %with_cause(error.as_ref()), repository = %job.repository, "not looked at");
                return all_open(images);
            }
        };
        let learned = self.tell(&outcome);
        let mut entries = outcome.entries;
        if learned && let Ok(again) = self.learn(images.clone()) {
            self.tell(&again);
            entries = again.entries;
        }
        let looks = entries
            .iter()
            .map(|entry| (entry.image.clone(), look(entry)));
        let looks: Vec<(Image, Look)> = looks.collect();
        self.show(entries);
        let seen: BTreeSet<_> = looks.iter().map(|(image, _)| key(image)).collect();
        let missed = images
            .into_iter()
            .filter(|image| !seen.contains(&key(image)));
        let missed = all_open(missed.collect());
        looks.into_iter().chain(missed).collect()
    }

    fn learn(&self, images: Vec<Image>) -> anyhow::Result<Outcome> {
        let observer = self.observers.current()?;
        let learner = Learner {
            store: &self.store,
            settings: &self.settings,
            observer: &*observer,
            options: Options {
                concurrency: 1,
                history: History::Not,
                most_new: MOST_NEW,
                share: Share::Arriving,
                time: TimeLimits::default(),
                ..Options::default()
            },
            now: Utc::now(),
            stop: &self.halt,
        };
        let outcome = self.with_snapshot(|snapshot| learner.look_at(images, snapshot));
        let outcome = outcome.ok_or_else(|| anyhow::anyhow!("this replica does not lead"))?;
        Ok(outcome?)
    }

    /// Tells what changed; whether anything did.
    pub(super) fn tell(&self, outcome: &Outcome) -> bool {
        let now = Utc::now();
        for change in &outcome.changes {
            if change.before.is_none() {
                self.begun(&change.repository, change.after.is_signed());
            }
            for event in &change.news {
                self.board.tell(now, &change.repository, &event.to_string());
            }
        }
        for failure in &outcome.failures {
            self.metrics.failed();
            warn!("{failure}");
        }
        !outcome.changes.is_empty()
    }

    /// Shows what was found, and announces drift.
    pub(super) fn show(&self, entries: Vec<Entry>) {
        let now = Utc::now();
        for entry in &entries {
            let Ok(found) = &entry.found else { continue };
            let drift = entry.learner_drift().map(ToString::to_string);
            let before = self.board.drift_before(&entry.image);
            if drift != before && entry.drifts_for_the_learner() {
                let what = format!(
                    "{}: {}",
                    entry.image.spelled,
                    drift.as_deref().unwrap_or_default()
                );
                self.board.tell(now, &found.repository, &what);
            }
            self.metrics.answered(&found.seen.observation);
        }
        let written = self.announcer.announce(&entries, &self.objects);
        self.metrics.announced(written);
        let places = entries.iter().flat_map(|entry| entry.image.places.clone());
        let places: BTreeSet<Place> = places.collect();
        self.board.put(entries);
        if let Some(reports) = self.announcer.reports() {
            reports.write(&places, &self.inventory().entries, &self.objects);
        }
    }
}

fn all_open(images: Vec<Image>) -> Vec<(Image, Look)> {
    images
        .into_iter()
        .map(|image| (image, Look::Open))
        .collect()
}

/// Whether enough was found out about an image. What a signature is still missing for may get one.
fn look(entry: &Entry) -> Look {
    let Ok(found) = &entry.found else {
        return Look::Open;
    };
    let is_known = !found.known.is_empty();
    let is_unknown = found.seen.observation.posture == Posture::Unknown;
    let runs = entry.image.running.is_some();
    if is_unknown || !(is_known || runs) {
        Look::Open
    } else {
        Look::Settled
    }
}

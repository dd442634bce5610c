//! Releases to come: verified before they are deployed, so that hosts that cannot prove them admit them.
//!
//! Invariant: it adds no signers and starts no clock; it only lists digests of known signers.

use super::examine::newest;
use super::{Learner, Outcome, StoreSnapshot};
use crate::baseline::{DigestObservation, UpdateResult, ahead};
use crate::inventory::{Image, Survey, TimeLimits};
use crate::observation::spelled;
use crate::output::cause::with_cause;
use crate::output::words::counted;
use crate::store::{StoreError, lookup_of};
use signature_continuity::baseline::{Baseline, Lookup};
use signature_continuity::reference::{ImageReference, Repository};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

/// How many tags of a repository are listed to choose from.
const MOST_LISTED: usize = 10_000;

impl Learner<'_> {
    /// Verifies `images` that are about to be deployed.
    ///
    /// # Errors
    /// As [`Learner::run`].
    pub(crate) fn ahead_of(
        &self,
        images: Vec<Image>,
        step: &(dyn Fn(&Image) + Sync),
    ) -> Result<Outcome, StoreError> {
        let memory = StoreSnapshot::recall(self.store)?;
        let mut outcome = Outcome::begin(&memory);
        let familiarity = |repository: &Repository| memory.familiarity(repository);
        let survey = Survey {
            // Somebody named them.
            time: TimeLimits {
                strangers: None,
                ..self.options.time
            },
            ..self.terms(&memory, &familiarity)
        };
        let lookup = |repository: &Repository| lookup_of(self.store.read(repository));
        let ended = survey.run(images, &lookup, step, |group| {
            if let Some(repository) = &group.repository {
                let found = group.entries.iter().filter_map(|e| e.found.as_ref().ok());
                let sights: Vec<DigestObservation<'_>> = found
                    .filter_map(|f| DigestObservation::new(&f.seen, false))
                    .collect();
                let teach =
                    |before: Option<&Baseline>| ahead(before, &sights, self.settings, self.now);
                let stored = match self.store.read(repository) {
                    Ok(stored) => stored,
                    Err(error) => {
                        outcome.refused(format!("{repository}: {error}"), error)?;
                        outcome.take(group.entries);
                        return Ok(());
                    }
                };
                if let UpdateResult::Nothing(why) = teach(stored.lookup.baseline())
                    && stored.lookup == Lookup::Absent
                {
                    outcome.note(format!("{repository}: {why}"));
                }
                self.write(repository, stored, &teach, &memory, &mut outcome)?;
            }
            outcome.take(group.entries);
            Ok::<(), StoreError>(())
        })?;
        outcome.end(ended);
        outcome.interrupted = self.stop.load(Ordering::Relaxed);
        Ok(outcome)
    }

    /// After a run: verifies the newest tags of all repositories that have a baseline, and adds what came of it. `begin` is
    /// told how many images that are.
    pub fn look_ahead(
        &self,
        most: usize,
        outcome: &mut Outcome,
        begin: &dyn Fn(usize),
        step: &(dyn Fn(&Image) + Sync),
    ) {
        if outcome.interrupted {
            return;
        }
        if self.options.time.is_over() {
            outcome.note(
                "releases to come were not looked at: the time of the run was over".to_owned(),
            );
            return;
        }
        let ahead = self.newest_tags(most).and_then(|(images, notes)| {
            begin(images.len());
            Ok((self.ahead_of(images, step)?, notes))
        });
        match ahead {
            Ok((ahead, notes)) => outcome.add_ahead(ahead, notes),
            // What was learned before is told all the same.
            Err(error) => outcome.fail(format!("releases to come: {}", with_cause(&error))),
        }
    }

    /// The newest tags of all repositories that have baselines. What could not be listed, or not to its end, is in the
    /// second.
    ///
    /// # Errors
    /// When the store cannot be listed.
    pub(crate) fn newest_tags(&self, most: usize) -> Result<(Vec<Image>, Vec<String>), StoreError> {
        let memory = StoreSnapshot::recall(self.store)?;
        let mut repositories: Vec<&Repository> = memory.repositories().collect();
        // Not always the same ones last: the time may not last for all.
        let first = usize::try_from(self.now.timestamp()).unwrap_or(0) % repositories.len().max(1);
        repositories.rotate_left(first);
        let queue: Mutex<Vec<&Repository>> = Mutex::new(repositories);
        let found: Mutex<(Vec<Image>, Vec<String>)> = Mutex::default();
        let lock = |e| std::sync::PoisonError::into_inner(e);
        std::thread::scope(|scope| {
            for _ in 0..self.options.concurrency.max(1) {
                scope.spawn(|| {
                    loop {
                        let next = queue.lock().unwrap_or_else(lock).pop();
                        let Some(repository) = next.filter(|_| !self.is_to_end())
                        else {
                            return;
                        };
                        let listed = self.newest_of(repository, most);
                        let mut found = found
                            .lock()
                            .unwrap_or_else(std::sync::PoisonError::into_inner);
                        match listed {
                            Ok((images, more)) => {
                                found.0.extend(images);
                                if more {
                                    found.1.push(format!(
                                        "{repository}: only the first {MOST_LISTED} tags that the registry lists were looked through for the newest"
                                    ));
                                }
                            }
                            Err(why) => found.1.push(format!("{repository}: {why}")),
                        }
                    }
                });
            }
        });
        let (mut images, mut notes) = found
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        images.sort_by(|a, b| a.spelled.cmp(&b.spelled));
        notes.sort();
        let left = queue
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if self.options.time.is_over() && !left.is_empty() {
            notes.push(format!(
                "the time of the run was over before the newest tags of {} were listed; --run-timeout gives it more",
                counted(left.len(), "repository", "repositories")
            ));
        }
        Ok((images, notes))
    }

    fn newest_of(
        &self,
        repository: &Repository,
        most: usize,
    ) -> Result<(Vec<Image>, bool), String> {
        // What the registry behind an alias is asked for, nobody may be able to reach by the name of its baseline.
        let name = spelled(self.settings, repository);
        let reference: ImageReference = name.parse().map_err(|error| format!("{error}"))?;
        let tags = self.observer.tags(&reference, MOST_LISTED)?;
        let images = newest(tags.listed, most).into_iter().map(|tag| {
            let spelled = format!("{name}:{tag}");
            Image {
                reference: spelled.parse(),
                spelled,
                running: None,
                hidden: false,
                places: BTreeSet::new(),
            }
        });
        Ok((images.collect(), tags.more))
    }
}

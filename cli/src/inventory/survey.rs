//! Looking at many images at once.
//!
//! Invariant: each image comes back exactly once, whatever became of it; the images of one repository come back
//! together, so that they can be learned together. When the time is over, what was not reached comes back without its
//! images, and is told, with the place where the next run is to begin. Nothing is kept that was handed on.

use super::turns::{Ended, Turns, Work};
use super::{Cursor, Entry, Familiarity, Image, Standing, TimeLimits, judge};
use crate::observation::{Observe, ObservedImage};
use chrono::{DateTime, Utc};
use signature_continuity::baseline::Lookup;
use signature_continuity::clean::{SHOWN, clean};
use signature_continuity::judgement::scope;
use signature_continuity::posture::Cause;
use signature_continuity::reference::{ImageReference, Repository};
use signature_continuity::settings::{RepositoryNames, Settings, TrustControl};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::time::Instant;

/// On what terms images are looked at.
pub struct Survey<'a> {
    /// The policy's settings.
    pub settings: &'a Settings,
    /// Who looks.
    pub observer: &'a dyn Observe,
    /// How many images are looked at at once.
    pub concurrency: usize,
    /// The time by which they are judged.
    pub now: DateTime<Utc>,
    /// Set when no further image is to be begun.
    pub stop: &'a AtomicBool,
    /// What else is to be looked at once a repository's images were: done by the same worker.
    pub further: Option<&'a Further<'a>>,
    /// What is known of a repository: those that have something to lose are looked at before all others.
    pub familiarity: &'a (dyn Fn(&Repository) -> Familiarity + Sync),
    /// For how long.
    pub time: TimeLimits,
    /// Where the run before ended.
    pub cursor: &'a Cursor,
}

/// Looks further at a repository whose images were looked at.
pub type Further<'a> = dyn Fn(&mut Group) + Sync + 'a;

/// The images of one repository.
#[derive(Debug)]
pub struct Group {
    /// Which; `None`: those that are no references.
    pub repository: Option<Repository>,
    /// Its images, judged against the baseline as it was.
    pub entries: Vec<Entry>,
    /// Whether some of its images were not looked at, because it was to stop or the time was over.
    pub cut_short: bool,
    /// The repository's own past, where it was examined.
    pub past: Option<ObservedPast>,
    /// Why its past could not be examined: its tags are not listed.
    pub unlisted: Option<String>,
}

impl Group {
    fn of(repository: Option<Repository>, entries: Vec<Entry>) -> Self {
        Self {
            repository,
            entries,
            cut_short: false,
            past: None,
            unlisted: None,
        }
    }
}

/// What was seen of a repository's past.
#[derive(Debug, Clone, Default)]
pub struct ObservedPast {
    /// Each image that was looked at.
    pub seen: Vec<ObservedImage>,
    /// How many could not be looked at.
    pub unseen: usize,
}

/// What the workers share.
struct Shared<'s> {
    turns: Mutex<Turns>,
    control: OnceLock<bool>,
    lookup: &'s (dyn Fn(&Repository) -> Lookup + Sync),
    step: &'s (dyn Fn(&Image) + Sync),
}

impl Shared<'_> {
    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Survey<'_> {
    /// Looks at all images; `lookup` says what is known of a repository, and `done` takes each repository's images.
    ///
    /// # Errors
    /// With the first error of `done`; nothing further is begun then.
    pub fn run<E>(
        &self,
        images: Vec<Image>,
        lookup: &(dyn Fn(&Repository) -> Lookup + Sync),
        step: &(dyn Fn(&Image) + Sync),
        mut done: impl FnMut(Group) -> Result<(), E>,
    ) -> Result<Ended, E> {
        let places = self.concurrency.max(1);
        let (turns, unreadable) = self.plan(images, places);
        if !unreadable.is_empty() {
            done(Group::of(None, unreadable))?;
        }
        let shared = Shared {
            turns: Mutex::new(turns),
            control: OnceLock::new(),
            lookup,
            step,
        };
        let (sender, receiver) = mpsc::sync_channel::<Group>(places);
        std::thread::scope(|scope| {
            for _ in 0..places {
                let sender = sender.clone();
                scope.spawn(|| self.work(&shared, sender));
            }
            drop(sender);
            // A failure of `done` drops the receiver: whoever hands over next learns of it, and ends.
            receiver.into_iter().try_for_each(&mut done)
        })?;
        let turns = shared.turns.into_inner();
        let mut turns = turns.unwrap_or_else(PoisonError::into_inner);
        // It is not to stop, so it was the time: who was not reached is not one of whom nothing runs.
        while !self.stop.load(Ordering::Relaxed)
            && let Some(work) = turns.leave()
        {
            let mut group = Group::of(Some(work.repository), Vec::new());
            group.cut_short = true;
            done(group)?;
        }
        Ok(turns.end())
    }

    fn work(&self, shared: &Shared<'_>, sender: SyncSender<Group>) {
        loop {
            if self.stop.load(Ordering::Relaxed) || self.time.is_over() {
                return;
            }
            let next = shared.turns().take();
            let Some(work) = next else { return };
            let group = self.look_at(work, shared);
            let was_stopped = self.stop.load(Ordering::Relaxed);
            if (was_stopped && group.entries.is_empty()) || sender.send(group).is_err() {
                return;
            }
        }
    }

    fn look_at(&self, mut work: Work, shared: &Shared<'_>) -> Group {
        let mut group = Group::of(Some(work.repository.clone()), Vec::new());
        let baseline = (shared.lookup)(&work.repository);
        let images = std::mem::take(&mut work.images);
        let (mut unreached, mut answered) = (images.len(), false);
        for (image, reference) in images {
            let is_spent = work.is_strange() && shared.turns().is_spent();
            if self.stop.load(Ordering::Relaxed) || self.time.is_over() || is_spent {
                group.cut_short = true;
                break;
            }
            (shared.step)(&image);
            let began = Instant::now();
            let entry = self.entry(image, &reference, &baseline, shared.lookup, &shared.control);
            let is_silent = is_silent(&entry);
            if work.is_strange() {
                shared.turns().spend(began.elapsed(), is_silent);
            }
            // That nobody answered after the end says nothing about him.
            if is_silent && self.time.is_over() {
                group.cut_short = true;
                break;
            }
            answered |= !is_silent;
            unreached -= 1;
            group.entries.push(entry);
        }
        if let Some(further) = self.further.filter(|_| !group.cut_short) {
            further(&mut group);
        }
        shared.turns().looked_at(&work, answered, unreached);
        group
    }

    /// The work by repository; and what is no reference.
    fn plan(&self, images: Vec<Image>, places: usize) -> (Turns, Vec<Entry>) {
        let mut unreadable = Vec::new();
        let mut by_repository: BTreeMap<Repository, Vec<(Image, ImageReference)>> = BTreeMap::new();
        for image in images {
            match image.reference.clone() {
                Ok(reference) => {
                    let repository = self.settings.aliased(reference.repository());
                    by_repository
                        .entry(repository)
                        .or_default()
                        .push((image, reference));
                }
                Err(error) => unreadable.push(Entry {
                    enforced: is_enforced(self.settings, &image, None),
                    found: Err(format!("no image reference: {error}")),
                    image,
                }),
            }
        }
        let work = by_repository.into_iter().map(|(repository, images)| {
            let familiarity = (self.familiarity)(&repository);
            Work::new(repository, images, familiarity)
        });
        let turns = Turns::new(work, self.cursor, self.now);
        (turns.within(self.time, places), unreadable)
    }

    fn entry(
        &self,
        image: Image,
        reference: &ImageReference,
        own: &Lookup,
        lookup: &(dyn Fn(&Repository) -> Lookup + Sync),
        control: &OnceLock<bool>,
    ) -> Entry {
        let standing = Standing::new(self.settings, reference, own, lookup);
        let seen = match standing.observe(self.observer, reference) {
            Ok(seen) => seen,
            Err(why) => {
                return Entry {
                    enforced: is_enforced(self.settings, &image, Some(&standing.names)),
                    image,
                    found: Err(clean(&why, SHOWN)),
                };
            }
        };
        let control_fails = || {
            let control_image = self.settings.trust_control.as_ref();
            control_image
                .is_some_and(|image| *control.get_or_init(|| control_fails(self.observer, image)))
        };
        let mut found = judge::judge(
            self.settings,
            &image,
            standing.names,
            standing.lookup,
            seen,
            self.now,
            control_fails,
        );
        found.slim();
        Entry {
            image,
            enforced: found.enforced,
            found: Ok(Box::new(found)),
        }
    }
}

/// Whether its registry did not answer.
fn is_silent(entry: &Entry) -> bool {
    let observation = entry.found.as_ref().map(|found| &found.seen.observation);
    observation.is_ok_and(|it| matches!(it.unknown, Some((Cause::Outage, _))))
}

/// Whether the settings enforce a scope that an image runs in; without a repository, one that it could be of; without a
/// place, one of every namespace, as for images that can be looked at.
fn is_enforced(settings: &Settings, image: &Image, names: Option<&RepositoryNames>) -> bool {
    let places = image.places.iter().map(|place| place.namespace.as_str());
    places
        .chain([""])
        .any(|namespace| scope(settings, &judge::surroundings(namespace), names).is_enforced())
}

/// Whether the known-good image is looked at and its signer not proven by its `.sig`, which is what the policy looks at. Not
/// to get an answer about it is no failure.
#[must_use]
pub fn control_fails(observer: &dyn Observe, control: &TrustControl) -> bool {
    let Ok(seen) = observer.observe(&control.image, &Lookup::Absent) else {
        return false;
    };
    let mut proven = seen.observation.proven.iter();
    let is_proven = proven.any(|proven| control.names(proven.signer()));
    let answered = !matches!(
        seen.observation.unknown,
        Some((
            Cause::Outage | Cause::Absent | Cause::Limit | Cause::Host,
            _
        ))
    );
    seen.observation.has_signature_tag && answered && !is_proven
}

#[cfg(test)]
#[path = "survey_tests.rs"]
mod tests;

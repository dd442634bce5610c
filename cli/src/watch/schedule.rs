//! When an image is looked at: as soon as an object names it, and again where nothing was found out.
//!
//! Invariant: an image waits once, however many objects name it. What was found out about a digest holds until the next
//! full pass; a tag may mean something else by now, so a new object has it looked at again. What was not found out is tried
//! again, more and more seldom, and then left to the full pass. An image that is named while an earlier look still holds is
//! looked at once that is over: nobody may name it again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use signature_continuity::reference::Repository;

use super::queue::{Job, Key, Queue, key};
use crate::inventory::{Familiarity, Image};

/// After how long an image of which nothing was found out is looked at again. A signature may come after its image.
const AGAIN: [Duration; 4] = [
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(60),
    Duration::from_secs(300),
];
/// For how long it holds what a tag meant.
const TAG_HOLDS: Duration = Duration::from_secs(30);
/// Of how many images it is remembered when they were looked at.
const MOST_REMEMBERED: usize = 100_000;
/// How many wait for another try.
const MOST_PLANNED: usize = 20_000;

/// What came of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Enough was found out.
    Settled,
    /// It is to be tried again.
    Open,
}

#[derive(Debug, Clone, Copy)]
struct Looked {
    at: Instant,
    look: Look,
    tries: usize,
}

#[derive(Debug)]
struct Waiting {
    queue: Queue,
    looked: BTreeMap<Key, Looked>,
    again: BTreeMap<(Instant, u64), (Repository, Image, Familiarity)>,
    /// Those of them, by image.
    planned: BTreeMap<Key, (Instant, u64)>,
    number: u64,
}

/// What is to be looked at, and when; shared by whoever names images and whoever looks at them.
#[derive(Debug)]
pub(super) struct Schedule {
    waiting: Mutex<Waiting>,
    wake: Condvar,
}

impl Schedule {
    /// For so many places that look at images at once.
    pub(super) fn new(places: usize) -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                queue: Queue::new(places),
                looked: BTreeMap::new(),
                again: BTreeMap::new(),
                planned: BTreeMap::new(),
                number: 0,
            }),
            wake: Condvar::new(),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An object names an image.
    pub(super) fn name(
        &self,
        repository: Repository,
        image: Image,
        familiarity: Familiarity,
        now: Instant,
    ) {
        let mut waiting = self.waiting();
        match waiting.holds_until(&image, now) {
            Holds::Always => return,
            Holds::Until(due) => {
                if !waiting.planned.contains_key(&key(&image)) {
                    waiting.plan(repository, image, familiarity, due);
                }
                return;
            }
            Holds::Not => {}
        }
        // Whoever names it anew may know that it is another one by now.
        waiting.unplan(&key(&image));
        if waiting.queue.push(repository, image, familiarity) {
            self.wake.notify_one();
        }
    }

    /// How often an image was looked at in a row without enough being found out.
    pub(super) fn tries(&self, image: &Image) -> usize {
        let waiting = self.waiting();
        waiting
            .looked
            .get(&key(image))
            .map_or(0, |looked| looked.tries)
    }

    /// What was found out about these images holds no more.
    pub(super) fn forget<'k>(&self, keys: impl Iterator<Item = &'k Key>) {
        let mut waiting = self.waiting();
        for key in keys {
            waiting.looked.remove(key);
        }
    }

    /// The next images, or nothing where none are there before `patience` is over.
    pub(super) fn take(&self, patience: Duration) -> Option<Job> {
        let end = Instant::now() + patience;
        let mut waiting = self.waiting();
        loop {
            let now = Instant::now();
            if let Some(job) = waiting.next(now) {
                return Some(job);
            }
            let left = end.checked_duration_since(now)?;
            let next = waiting.again.keys().next();
            let next = next.map_or(left, |(at, _)| at.saturating_duration_since(now).min(left));
            let next = next.max(Duration::from_millis(1));
            let woken = self.wake.wait_timeout(waiting, next);
            (waiting, _) = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    #[cfg(test)]
    fn take_at(&self, now: Instant) -> Option<Job> {
        self.waiting().next(now)
    }

    /// What came of a job, image by image.
    pub(super) fn done(
        &self,
        job: &Job,
        looks: Vec<(Image, Look)>,
        familiarity: Familiarity,
        now: Instant,
    ) {
        let mut waiting = self.waiting();
        waiting.queue.done(job);
        for (image, look) in looks {
            waiting.note(&job.repository, image, look, familiarity, now);
        }
        // A place is free.
        self.wake.notify_one();
    }

    /// Forgets what waits, and what was looked at: somebody else leads.
    pub(super) fn clear(&self) {
        let mut waiting = self.waiting();
        waiting.queue.clear();
        waiting.looked.clear();
        waiting.again.clear();
        waiting.planned.clear();
    }

    /// Forgets when images were looked at that nobody names any more.
    pub(super) fn keep(&self, named: &BTreeSet<Key>) {
        let mut waiting = self.waiting();
        waiting.looked.retain(|key, _| named.contains(key));
        let gone = waiting.planned.keys().filter(|key| !named.contains(*key));
        for key in gone.cloned().collect::<Vec<_>>() {
            waiting.unplan(&key);
        }
    }

    /// How many images wait, those for another try among them; and how many found no room.
    pub(super) fn length(&self) -> (usize, u64) {
        let waiting = self.waiting();
        let length = waiting.queue.len().saturating_add(waiting.again.len());
        (length, waiting.queue.dropped())
    }
}

/// For how long what was found out about an image holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Always,
    Until(Instant),
    Not,
}

impl Waiting {
    fn holds_until(&self, image: &Image, now: Instant) -> Holds {
        let Some(looked) = self.looked.get(&key(image)) else {
            return Holds::Not;
        };
        let reference = image.reference.as_ref();
        let names_digest = reference.is_ok_and(|it| it.digest().is_some());
        let until = looked.at + TAG_HOLDS;
        match looked.look {
            Look::Settled if names_digest => Holds::Always,
            // What is tried again by plan needs no other look; what is not has to be looked at whenever it is named.
            Look::Open if !self.planned.contains_key(&key(image)) => Holds::Not,
            Look::Settled | Look::Open if now < until => Holds::Until(until),
            Look::Settled | Look::Open => Holds::Not,
        }
    }

    /// What is to be looked at now.
    fn next(&mut self, now: Instant) -> Option<Job> {
        self.bring_back(now);
        while let Some(mut job) = self.queue.take() {
            // Another namespace may have had the same one looked at meanwhile.
            job.images
                .retain(|image| self.holds_until(image, now) == Holds::Not);
            if !job.images.is_empty() {
                return Some(job);
            }
            self.queue.done(&job);
        }
        None
    }

    fn note(
        &mut self,
        repository: &Repository,
        image: Image,
        look: Look,
        familiarity: Familiarity,
        now: Instant,
    ) {
        let key = key(&image);
        let before = self.looked.get(&key);
        let tries = match (look, before) {
            (
                Look::Open,
                Some(Looked {
                    look: Look::Open,
                    tries,
                    ..
                }),
            ) => tries.saturating_add(1),
            (Look::Open, _) => 1,
            (Look::Settled, _) => 0,
        };
        // What is not remembered is not tried again either: it would be so for ever.
        if self.looked.len() >= MOST_REMEMBERED && before.is_none() {
            return;
        }
        self.looked.insert(
            key.clone(),
            Looked {
                at: now,
                look,
                tries,
            },
        );
        let pause = tries.checked_sub(1).and_then(|at| AGAIN.get(at));
        if let Some(pause) = pause.filter(|_| !self.planned.contains_key(&key)) {
            self.plan(repository.clone(), image, familiarity, now + *pause);
        }
    }

    fn plan(
        &mut self,
        repository: Repository,
        image: Image,
        familiarity: Familiarity,
        due: Instant,
    ) {
        if self.planned.len() >= MOST_PLANNED {
            return;
        }
        self.number = self.number.wrapping_add(1);
        let due = (due, self.number);
        self.planned.insert(key(&image), due);
        self.again.insert(due, (repository, image, familiarity));
    }

    fn unplan(&mut self, key: &Key) {
        if let Some(due) = self.planned.remove(key) {
            self.again.remove(&due);
        }
    }

    /// Puts those whose time has come back into the queue.
    fn bring_back(&mut self, now: Instant) {
        while let Some(entry) = self.again.first_entry().filter(|it| it.key().0 <= now) {
            let (repository, image, familiarity) = entry.remove();
            let key = key(&image);
            self.planned.remove(&key);
            // Its time has come: what was found out before holds no more.
            if let Some(looked) = self.looked.get_mut(&key) {
                looked.at = looked.at.checked_sub(TAG_HOLDS).unwrap_or(looked.at);
            }
            self.queue.push(repository, image, familiarity);
        }
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;

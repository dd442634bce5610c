//! When an image is looked at: as soon as an object names it, and again where nothing was found out.
//!
//! Invariant: an image waits once, however many objects name it. What was found out about a digest holds until the next
//! full pass; a tag may mean something else by now, so a new object has it looked at again. What was not found out is tried
//! again, more and more seldom, and then left to the full pass.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use signature_continuity::reference::Repository;

use super::queue::{Job, Queue, key};
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

type Key = (String, Option<String>);

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
    planned: BTreeSet<Key>,
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
                planned: BTreeSet::new(),
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
        if waiting.holds(&image, now) {
            return;
        }
        // Whoever names it anew may know that it is another one by now.
        if waiting.planned.remove(&key(&image)) {
            let named = key(&image);
            waiting.again.retain(|_, (_, image, _)| key(image) != named);
        }
        if waiting.queue.push(repository, image, familiarity) {
            self.wake.notify_one();
        }
    }

    /// The next images, or nothing where none are there before `patience` is over.
    pub(super) fn take(&self, patience: Duration) -> Option<Job> {
        let end = Instant::now() + patience;
        let mut waiting = self.waiting();
        loop {
            let now = Instant::now();
            waiting.bring_back(now);
            if let Some(job) = waiting.queue.take() {
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
    pub(super) fn keep(&self, named: &BTreeSet<(String, Option<String>)>) {
        self.waiting().looked.retain(|key, _| named.contains(key));
    }

    /// How many images wait, those for another try among them; and how many found no room.
    pub(super) fn length(&self) -> (usize, u64) {
        let waiting = self.waiting();
        let length = waiting.queue.len().saturating_add(waiting.again.len());
        (length, waiting.queue.dropped())
    }
}

impl Waiting {
    /// Whether what was found out about an image still holds.
    fn holds(&self, image: &Image, now: Instant) -> bool {
        let Some(looked) = self.looked.get(&key(image)) else {
            return false;
        };
        let names_digest = image
            .reference
            .as_ref()
            .is_ok_and(|it| it.digest().is_some());
        match looked.look {
            Look::Settled if names_digest => true,
            Look::Settled | Look::Open => now.saturating_duration_since(looked.at) < TAG_HOLDS,
        }
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
        if self.looked.len() < MOST_REMEMBERED || before.is_some() {
            self.looked.insert(
                key.clone(),
                Looked {
                    at: now,
                    look,
                    tries,
                },
            );
        }
        let pause = tries.checked_sub(1).and_then(|at| AGAIN.get(at));
        if let Some(pause) = pause.filter(|_| !self.planned.contains(&key)) {
            self.number = self.number.wrapping_add(1);
            self.planned.insert(key);
            let due = (now + *pause, self.number);
            self.again
                .insert(due, (repository.clone(), image, familiarity));
        }
    }

    /// Puts those whose time has come back into the queue.
    fn bring_back(&mut self, now: Instant) {
        while let Some(entry) = self
            .again
            .first_entry()
            .filter(|entry| entry.key().0 <= now)
        {
            let (repository, image, familiarity) = entry.remove();
            self.planned.remove(&key(&image));
            self.queue.push(repository, image, familiarity);
        }
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;

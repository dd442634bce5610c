//! Whose turn it is: in which order repositories are looked at, and where the next run is to begin.
//!
//! Invariant: every repository has a turn, and only one. Who has something to lose comes first, then others of registries
//! that are known, and at last those of which nothing is known, within their own time. Registries take turns, so that a
//! slow one holds up its own images only; each begins where the run before ended, so that none of its names starve.

use super::{Cursor, Image, TimeLimits};
use chrono::{DateTime, Utc};
use signature_continuity::reference::{ImageReference, Repository};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Where a run did not reach all of a registry, one of so many turns is a new one's in the next: known ones alone may
/// take all the time there is.
const NEW_AMONG_KNOWN: usize = 4;
/// A look that takes longer costs time although there was an answer.
const LEISURELY: Duration = Duration::from_secs(5);

/// What is known of a repository before it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Familiarity {
    /// It has a baseline, and so something to lose.
    Repository,
    /// Others of its registry have.
    Registry,
    /// Nothing: anybody may have named any host.
    Nothing,
}

/// How a survey ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended {
    /// Where the next one is to begin.
    pub cursor: Cursor,
    /// How many images of known registries were not reached in time.
    pub unreached: usize,
    /// How many of registries of which nothing is known.
    pub unreached_strangers: usize,
    /// The first repository that was not reached.
    pub first_unreached: Option<Repository>,
}

/// One repository, to be looked at.
pub(super) struct Work {
    pub(super) repository: Repository,
    pub(super) images: Vec<(Image, ImageReference)>,
    familiarity: Familiarity,
    /// Its place in its lane.
    at: usize,
}

impl Work {
    pub(super) fn new(
        repository: Repository,
        images: Vec<(Image, ImageReference)>,
        familiarity: Familiarity,
    ) -> Self {
        Self {
            repository,
            images,
            familiarity,
            at: 0,
        }
    }

    /// Whether nothing is known of it.
    pub(super) fn is_strange(&self) -> bool {
        self.familiarity == Familiarity::Nothing
    }

    fn lane(&self) -> LaneKey {
        (self.familiarity, self.repository.registry().to_owned())
    }
}

type LaneKey = (Familiarity, String);

/// The repositories of one registry that are equally familiar, in the order of their turns.
#[derive(Default)]
struct Lane {
    order: Vec<Repository>,
    /// Up to which place somebody was begun with.
    begun: usize,
    /// Up to which place somebody answered.
    answered: usize,
}

impl Lane {
    /// With whom the next run begins: behind the last one that answered. Where nobody did it moves on by one all the
    /// same: whoever stands first may be why.
    fn next(&self) -> Option<&Repository> {
        let at = match (self.begun, self.answered) {
            (0, _) => 0,
            (_, 0) => 1,
            (_, answered) => answered,
        };
        self.order.get(at)
    }
}

/// The turns of one run.
pub(super) struct Turns {
    familiar: VecDeque<Work>,
    strange: VecDeque<Work>,
    lanes: BTreeMap<LaneKey, Lane>,
    /// How much time is left for strangers, of all places together.
    strangers: Option<Duration>,
    ended: Ended,
}

impl Turns {
    pub(super) fn new(
        work: impl Iterator<Item = Work>,
        cursor: &Cursor,
        now: DateTime<Utc>,
    ) -> Self {
        let mut by_lane: BTreeMap<LaneKey, Vec<Work>> = BTreeMap::new();
        for work in work {
            by_lane.entry(work.lane()).or_default().push(work);
        }
        let mut lanes = BTreeMap::new();
        let mut queues: BTreeMap<LaneKey, VecDeque<Work>> = BTreeMap::new();
        for (key, mut works) in by_lane {
            let known = key.0 == Familiarity::Repository;
            if let Some(next) = cursor.next(&key.1, known) {
                let at = works.partition_point(|work| work.repository < *next);
                begin_at(&mut works, at);
            }
            for (at, work) in works.iter_mut().enumerate() {
                work.at = at;
            }
            let order = works.iter().map(|work| work.repository.clone()).collect();
            let lane = Lane {
                order,
                ..Lane::default()
            };
            lanes.insert(key.clone(), lane);
            queues.insert(key, works.into());
        }
        let mut known = Vec::new();
        let mut others = Vec::new();
        let mut strange = Vec::new();
        let mut waiting: BTreeMap<String, VecDeque<Work>> = BTreeMap::new();
        for ((familiarity, registry), queue) in queues {
            match familiarity {
                Familiarity::Repository => known.push((registry, queue)),
                Familiarity::Registry => {
                    waiting.insert(registry, queue);
                }
                Familiarity::Nothing => strange.push((registry, queue)),
            }
        }
        for (registry, queue) in &mut known {
            // The run before did not reach all of them.
            let was_short = [true, false].map(|known| cursor.next(registry, known).is_some());
            if was_short.contains(&true)
                && let Some(new) = waiting.get_mut(registry)
            {
                mix(queue, new);
            }
        }
        others.extend(waiting);
        // Where no run left its word, any of them is as good: not always the same.
        let at = match cursor.stranger() {
            Some(next) => strange.partition_point(|(registry, _)| registry.as_str() < next),
            None => usize::try_from(now.timestamp()).unwrap_or(0) % strange.len().max(1),
        };
        begin_at(&mut strange, at);
        let mut familiar = in_turns(known);
        familiar.extend(in_turns(others));
        Self {
            familiar,
            strange: in_turns(strange),
            lanes,
            strangers: None,
            ended: Ended::default(),
        }
    }

    /// With so much time, on so many places.
    pub(super) fn within(mut self, time: TimeLimits, places: usize) -> Self {
        let places = u32::try_from(places).unwrap_or(u32::MAX);
        self.strangers = time.strangers.map(|time| time.saturating_mul(places));
        self
    }

    /// Whose turn it is.
    pub(super) fn take(&mut self) -> Option<Work> {
        if let Some(work) = self.familiar.pop_front() {
            return Some(work);
        }
        if self.is_spent() {
            return None;
        }
        self.strange.pop_front()
    }

    /// Notes what a look at a stranger took.
    pub(super) fn spend(&mut self, took: Duration, is_silent: bool) {
        if is_silent || took > LEISURELY {
            self.strangers = self.strangers.map(|left| left.saturating_sub(took));
        }
    }

    /// Whether strangers have no time left.
    pub(super) fn is_spent(&self) -> bool {
        self.strangers.is_some_and(|left| left.is_zero())
    }

    /// Notes that somebody had his turn, whether any of his images got an answer, and how many there was no time for.
    pub(super) fn looked_at(&mut self, work: &Work, answered: bool, unreached: usize) {
        if let Some(lane) = self.lanes.get_mut(&work.lane()) {
            lane.begun = lane.begun.max(work.at.saturating_add(1));
            if answered && unreached == 0 {
                lane.answered = lane.answered.max(work.at.saturating_add(1));
            }
        }
        self.miss(work, unreached);
    }

    /// Somebody who had no turn.
    pub(super) fn leave(&mut self) -> Option<Work> {
        let left = self.familiar.pop_front().or_else(|| {
            let stranger = self.strange.pop_front()?;
            let cursor = &mut self.ended.cursor;
            if cursor.stranger().is_none() {
                cursor.begin_with_stranger(stranger.repository.registry());
            }
            Some(stranger)
        })?;
        self.miss(&left, left.images.len());
        Some(left)
    }

    fn miss(&mut self, work: &Work, images: usize) {
        if images == 0 {
            return;
        }
        let count = if work.is_strange() {
            &mut self.ended.unreached_strangers
        } else {
            &mut self.ended.unreached
        };
        *count = count.saturating_add(images);
        let first = &mut self.ended.first_unreached;
        first.get_or_insert_with(|| work.repository.clone());
    }

    /// How it ended. Lanes of familiar registries are kept before others.
    pub(super) fn end(self) -> Ended {
        let Self {
            lanes, mut ended, ..
        } = self;
        for ((familiarity, registry), lane) in &lanes {
            // Strangers that had no turn are begun with by registry.
            if *familiarity == Familiarity::Nothing && lane.begun == 0 {
                continue;
            }
            if let Some(next) = lane.next() {
                let known = *familiarity == Familiarity::Repository;
                ended.cursor.begin_with(registry, known, next.clone());
            }
        }
        ended
    }
}

/// What stands at `at` comes first, and what stood before it last.
fn begin_at<T>(all: &mut [T], at: usize) {
    if at < all.len() {
        all.rotate_left(at);
    }
}

/// Puts some of `new` between those that are known, so that both get on.
fn mix(known: &mut VecDeque<Work>, new: &mut VecDeque<Work>) {
    let mut mixed = VecDeque::with_capacity(known.len());
    for (n, work) in std::mem::take(known).into_iter().enumerate() {
        mixed.push_back(work);
        if (n + 1).is_multiple_of(NEW_AMONG_KNOWN - 1) {
            mixed.extend(new.pop_front());
        }
    }
    *known = mixed;
}

/// One repository of each registry after the other.
fn in_turns(mut registries: Vec<(String, VecDeque<Work>)>) -> VecDeque<Work> {
    let mut ordered = VecDeque::new();
    while !registries.is_empty() {
        registries.retain_mut(|(_, queue)| {
            ordered.extend(queue.pop_front());
            !queue.is_empty()
        });
    }
    ordered
}

#[cfg(test)]
#[path = "turns_tests.rs"]
mod tests;

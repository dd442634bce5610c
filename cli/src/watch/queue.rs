//! Whose image is looked at next: fair turns for registries and for namespaces.
//!
//! Invariant: repositories that have something to lose come first, and never all the time; registries take turns, and in
//! each of them namespaces do, so that whoever names many images delays his own. One registry, and all that nobody knows,
//! hold a part of the places only. What does not fit is dropped, counted, and left to the next full pass.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use signature_continuity::reference::Repository;

use crate::inventory::{Familiarity, Image};

/// How many images of one namespace wait.
const MOST_OF_NAMESPACE: usize = 2000;
/// How many wait in all.
const MOST: usize = 20_000;
/// How many images of one repository are looked at together.
const TOGETHER: usize = 16;
/// One of so many turns is not a known repository's, where others wait.
const OTHERS_TURN: u64 = 4;

/// Images of one repository, to be looked at together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) repository: Repository,
    pub(super) images: Vec<Image>,
    familiarity: Familiarity,
}

#[derive(Debug, Default)]
struct Lane {
    namespaces: VecDeque<(String, VecDeque<(Repository, Image)>)>,
}

/// What waits.
#[derive(Debug)]
pub(super) struct Queue {
    places: usize,
    lanes: BTreeMap<Familiarity, VecDeque<(String, Lane)>>,
    waiting: BTreeSet<(String, Option<String>)>,
    of_namespace: BTreeMap<String, usize>,
    busy_registries: BTreeMap<String, usize>,
    busy: BTreeMap<Familiarity, usize>,
    turns: u64,
    dropped: u64,
}

/// An image, as the queue tells it from others: its text, and the digest that runs.
pub(super) fn key(image: &Image) -> (String, Option<String>) {
    let running = image
        .running
        .as_ref()
        .map(|digest| digest.as_str().to_owned());
    (image.spelled.clone(), running)
}

impl Queue {
    /// For so many places that look at images at once.
    pub(super) fn new(places: usize) -> Self {
        Self {
            places: places.max(1),
            lanes: BTreeMap::new(),
            waiting: BTreeSet::new(),
            of_namespace: BTreeMap::new(),
            busy_registries: BTreeMap::new(),
            busy: BTreeMap::new(),
            turns: 0,
            dropped: 0,
        }
    }

    /// How many images wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// How many found no room since it began.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Puts an image into its namespace's turn. Whether it waits now; one that waits already does so once.
    pub(super) fn push(
        &mut self,
        repository: Repository,
        image: Image,
        familiarity: Familiarity,
    ) -> bool {
        let key = key(&image);
        if self.waiting.contains(&key) {
            return true;
        }
        let place = image.places.first();
        let namespace = place.map_or_else(String::new, |place| place.namespace.clone());
        let of_namespace = self.of_namespace.entry(namespace.clone()).or_default();
        if *of_namespace >= MOST_OF_NAMESPACE || self.waiting.len() >= MOST {
            self.dropped = self.dropped.saturating_add(1);
            return false;
        }
        *of_namespace = of_namespace.saturating_add(1);
        self.waiting.insert(key);
        let lanes = self.lanes.entry(familiarity).or_default();
        let registry = repository.registry().to_owned();
        let at = lanes.iter().position(|(name, _)| *name == registry);
        let at = at.unwrap_or_else(|| {
            lanes.push_back((registry, Lane::default()));
            lanes.len().saturating_sub(1)
        });
        if let Some((_, lane)) = lanes.get_mut(at) {
            lane.push(namespace, repository, image);
        }
        true
    }

    /// The next images, where there is a place for them.
    pub(super) fn take(&mut self) -> Option<Job> {
        self.turns = self.turns.wrapping_add(1);
        let mut order = [
            Familiarity::Repository,
            Familiarity::Registry,
            Familiarity::Nothing,
        ];
        if self.turns.is_multiple_of(OTHERS_TURN) {
            order.rotate_left(1);
            if self.turns.is_multiple_of(OTHERS_TURN * 2) {
                order.rotate_left(1);
            }
        }
        order
            .into_iter()
            .find_map(|familiarity| self.take_of(familiarity))
    }

    fn take_of(&mut self, familiarity: Familiarity) -> Option<Job> {
        let busy = self.busy.get(&familiarity).copied().unwrap_or_default();
        if busy >= self.most_of(familiarity) {
            return None;
        }
        let most_of_registry = self.places.div_ceil(2);
        let lanes = self.lanes.get_mut(&familiarity)?;
        let is_free = |registry: &String| {
            let busy = self.busy_registries.get(registry);
            busy.is_none_or(|busy| *busy < most_of_registry)
        };
        let at = lanes.iter().position(|(registry, _)| is_free(registry))?;
        let (registry, mut lane) = lanes.remove(at)?;
        let (namespace, repository, images) = lane.take();
        if !lane.namespaces.is_empty() {
            lanes.push_back((registry.clone(), lane));
        }
        let repository = repository?;
        for image in &images {
            self.waiting.remove(&key(image));
        }
        if let Some(left) = self.of_namespace.get_mut(&namespace) {
            *left = left.saturating_sub(images.len());
            if *left == 0 {
                self.of_namespace.remove(&namespace);
            }
        }
        let busy = self.busy.entry(familiarity).or_default();
        *busy = busy.saturating_add(1);
        let busy = self.busy_registries.entry(registry).or_default();
        *busy = busy.saturating_add(1);
        Some(Job {
            repository,
            images,
            familiarity,
        })
    }

    /// A job that was taken has ended: its place is free.
    pub(super) fn done(&mut self, job: &Job) {
        if let Some(busy) = self.busy.get_mut(&job.familiarity) {
            *busy = busy.saturating_sub(1);
        }
        let registry = job.repository.registry();
        if let Some(busy) = self.busy_registries.get_mut(registry) {
            *busy = busy.saturating_sub(1);
            if *busy == 0 {
                self.busy_registries.remove(registry);
            }
        }
    }

    /// Forgets what waits: somebody else leads.
    pub(super) fn clear(&mut self) {
        self.lanes.clear();
        self.waiting.clear();
        self.of_namespace.clear();
    }

    /// How many places images of this familiarity hold at once.
    fn most_of(&self, familiarity: Familiarity) -> usize {
        match familiarity {
            Familiarity::Repository => self.places,
            Familiarity::Registry => self.places.div_ceil(2),
            Familiarity::Nothing => self.places.div_ceil(4),
        }
    }
}

impl Lane {
    fn push(&mut self, namespace: String, repository: Repository, image: Image) {
        let own = self
            .namespaces
            .iter_mut()
            .find(|(own, _)| *own == namespace);
        match own {
            Some((_, images)) => images.push_back((repository, image)),
            None => {
                let images = VecDeque::from([(repository, image)]);
                self.namespaces.push_back((namespace, images));
            }
        }
    }

    /// The images of one repository in the namespace whose turn it is.
    fn take(&mut self) -> (String, Option<Repository>, Vec<Image>) {
        let Some((namespace, mut waiting)) = self.namespaces.pop_front() else {
            return (String::new(), None, Vec::new());
        };
        let first = waiting.front().map(|(repository, _)| repository.clone());
        let mut images = Vec::new();
        let mut others = VecDeque::with_capacity(waiting.len());
        while let Some((repository, image)) = waiting.pop_front() {
            if Some(&repository) == first.as_ref() && images.len() < TOGETHER {
                images.push(image);
            } else {
                others.push_back((repository, image));
            }
        }
        if !others.is_empty() {
            self.namespaces.push_back((namespace.clone(), others));
        }
        (namespace, first, images)
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;

//! Whose image is looked at next: fair turns for namespaces, and in each of them for registries.
//!
//! Invariant: namespaces take turns, so that whoever names many images, on however many hosts of his own, delays his own.
//! Repositories that have something to lose come first, and never all the time. One namespace, one registry, and all that
//! nobody knows, hold a part of the places only. What does not fit is dropped, counted, and left to the next full pass.

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

/// An image, as it is told from others: its text, and the digest that runs.
pub(super) type Key = (String, Option<String>);

/// The key of an image.
pub(super) fn key(image: &Image) -> Key {
    let running = image
        .running
        .as_ref()
        .map(|digest| digest.as_str().to_owned());
    (image.spelled.clone(), running)
}

/// The namespace that an image waits in.
pub(super) fn namespace(image: &Image) -> &str {
    let place = image.places.first();
    place.map_or("", |place| place.namespace.as_str())
}

/// Images of one repository, to be looked at together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) repository: Repository,
    pub(super) images: Vec<Image>,
    namespace: String,
    familiarity: Familiarity,
}

type Waiting = VecDeque<(Repository, Image)>;

/// What waits in one namespace, by registry, in the order of their turns.
#[derive(Debug, Default)]
struct Lane {
    registries: VecDeque<(String, Waiting)>,
}

/// What waits.
#[derive(Debug)]
pub(super) struct Queue {
    places: usize,
    lanes: BTreeMap<Familiarity, VecDeque<(String, Lane)>>,
    /// Each image once in each namespace: nobody's waits behind those of others who name the same.
    waiting: BTreeSet<(String, Key)>,
    of_namespace: BTreeMap<String, usize>,
    busy_namespaces: BTreeMap<String, usize>,
    busy_registries: BTreeMap<String, usize>,
    busy: BTreeMap<Familiarity, usize>,
    turns: u64,
    dropped: u64,
}

impl Queue {
    /// For so many places that look at images at once.
    pub(super) fn new(places: usize) -> Self {
        Self {
            places: places.max(1),
            lanes: BTreeMap::new(),
            waiting: BTreeSet::new(),
            of_namespace: BTreeMap::new(),
            busy_namespaces: BTreeMap::new(),
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

    /// Puts an image into its namespace's turn, if it does not wait there already. Whether it waits now.
    pub(super) fn push(
        &mut self,
        repository: Repository,
        image: Image,
        familiarity: Familiarity,
    ) -> bool {
        let namespace = namespace(&image).to_owned();
        let waits = (namespace.clone(), key(&image));
        if self.waiting.contains(&waits) {
            return true;
        }
        let of_namespace = self.of_namespace.entry(namespace.clone()).or_default();
        if *of_namespace >= MOST_OF_NAMESPACE || self.waiting.len() >= MOST {
            self.dropped = self.dropped.saturating_add(1);
            return false;
        }
        *of_namespace = of_namespace.saturating_add(1);
        self.waiting.insert(waits);
        let lanes = self.lanes.entry(familiarity).or_default();
        let at = lanes.iter().position(|(own, _)| *own == namespace);
        let at = at.unwrap_or_else(|| {
            lanes.push_back((namespace, Lane::default()));
            lanes.len().saturating_sub(1)
        });
        if let Some((_, lane)) = lanes.get_mut(at) {
            lane.push(repository, image);
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
        let half = self.places.div_ceil(2);
        let (busy_namespaces, busy_registries) = (&self.busy_namespaces, &self.busy_registries);
        let has_room = |busy: &BTreeMap<String, usize>, name: &str| {
            busy.get(name).is_none_or(|busy| *busy < half)
        };
        let lanes = self.lanes.get_mut(&familiarity)?;
        let (at, registry) = lanes
            .iter()
            .enumerate()
            .find_map(|(at, (namespace, lane))| {
                if !has_room(busy_namespaces, namespace) {
                    return None;
                }
                let mut registries = lane.registries.iter();
                let registry = registries.position(|(name, _)| has_room(busy_registries, name))?;
                Some((at, registry))
            })?;
        let (namespace, mut lane) = lanes.remove(at)?;
        let taken = lane.take(registry);
        if !lane.registries.is_empty() {
            lanes.push_back((namespace.clone(), lane));
        }
        let (repository, images) = taken?;
        for image in &images {
            self.waiting.remove(&(namespace.clone(), key(image)));
        }
        if let Some(left) = self.of_namespace.get_mut(&namespace) {
            *left = left.saturating_sub(images.len());
            if *left == 0 {
                self.of_namespace.remove(&namespace);
            }
        }
        let registry = repository.registry().to_owned();
        *self.busy.entry(familiarity).or_default() += 1;
        *self.busy_registries.entry(registry).or_default() += 1;
        *self.busy_namespaces.entry(namespace.clone()).or_default() += 1;
        Some(Job {
            repository,
            images,
            namespace,
            familiarity,
        })
    }

    /// A job that was taken has ended: its place is free.
    pub(super) fn done(&mut self, job: &Job) {
        if let Some(busy) = self.busy.get_mut(&job.familiarity) {
            *busy = busy.saturating_sub(1);
        }
        free(&mut self.busy_registries, job.repository.registry());
        free(&mut self.busy_namespaces, &job.namespace);
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

fn free(busy: &mut BTreeMap<String, usize>, name: &str) {
    if let Some(held) = busy.get_mut(name) {
        *held = held.saturating_sub(1);
        if *held == 0 {
            busy.remove(name);
        }
    }
}

impl Lane {
    fn push(&mut self, repository: Repository, image: Image) {
        let registry = repository.registry();
        let own = self.registries.iter_mut().find(|(own, _)| own == registry);
        match own {
            Some((_, waiting)) => waiting.push_back((repository, image)),
            None => {
                let registry = registry.to_owned();
                let waiting = VecDeque::from([(repository, image)]);
                self.registries.push_back((registry, waiting));
            }
        }
    }

    /// The images of one repository on the registry that stands at `at`; that registry's next turn is the last.
    fn take(&mut self, at: usize) -> Option<(Repository, Vec<Image>)> {
        let (registry, mut waiting) = self.registries.remove(at)?;
        let (first, _) = waiting.front()?;
        let first = first.clone();
        let mut images = Vec::new();
        let mut others = VecDeque::new();
        while let Some((repository, image)) = waiting.pop_front() {
            if repository == first && images.len() < TOGETHER {
                images.push(image);
            } else {
                others.push_back((repository, image));
            }
        }
        if !others.is_empty() {
            self.registries.push_back((registry, others));
        }
        Some((first, images))
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;

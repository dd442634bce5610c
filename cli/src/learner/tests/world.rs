//! A store and registries in memory.

use super::super::*;
use crate::baseline::tests::make::{digest, now};
use crate::inventory::Place;
use crate::observation::{Observe, ObservedImage};
use crate::store::names::StoredNames;
use crate::store::{LearnerState, Listed, Revision};
use continuity_registry::Tags;
use signature_continuity::baseline::{Names, Shard, config_map_name};
use signature_continuity::reference::ImageReference;
use std::sync::atomic::AtomicUsize;

pub(super) const API: &str = "ghcr.io/acme/api";

/// A store in memory: versions are numbers.
#[derive(Default)]
pub(super) struct Shelf {
    pub(super) baselines: Mutex<BTreeMap<Repository, (Baseline, usize)>>,
    pub(super) state: Mutex<Option<LearnerState>>,
    pub(super) names: Mutex<BTreeMap<Shard, (Names, usize)>>,
    pub(super) writes: AtomicUsize,
    /// So many reads fail.
    pub(super) unreadable: AtomicUsize,
    /// So many writes are refused.
    pub(super) refusing: AtomicUsize,
    /// Whether baselines are listed, and gone when they are read.
    pub(super) vanishing: AtomicBool,
    /// Whether the state cannot be read.
    pub(super) stateless: AtomicBool,
    /// So often somebody else writes between a read and a write.
    pub(super) disturbed: AtomicUsize,
    pub(super) broken: Mutex<BTreeMap<Repository, String>>,
}

impl Shelf {
    pub(super) fn baseline(&self) -> Baseline {
        self.baselines.lock().unwrap()[&API.parse().unwrap()]
            .0
            .clone()
    }

    pub(super) fn put(&self, baseline: Baseline) {
        let mut baselines = self.baselines.lock().unwrap();
        let version = baselines.get(&baseline.repository).map_or(0, |(_, v)| *v);
        baselines.insert(baseline.repository.clone(), (baseline, version + 1));
    }
}

impl Store for Shelf {
    fn name(&self) -> String {
        "memory".to_owned()
    }
    fn each(&self, take: &mut dyn FnMut(Listed)) -> Result<(), StoreError> {
        let usable = self.baselines.lock().unwrap();
        let usable = usable.values().map(|(baseline, _)| Listed {
            name: config_map_name(&baseline.repository),
            baseline: Ok(Box::new(baseline.clone())),
        });
        let broken = self.broken.lock().unwrap();
        let broken = broken.iter().map(|(repository, why)| Listed {
            name: config_map_name(repository),
            baseline: Err(why.clone()),
        });
        usable.chain(broken).for_each(take);
        Ok(())
    }
    fn read(&self, repository: &Repository) -> Result<Stored, StoreError> {
        if spent(&self.unreadable) {
            return Err(failed());
        }
        if self.vanishing.load(Ordering::SeqCst) {
            return Ok(Stored {
                lookup: Lookup::Absent,
                revision: Revision::Absent,
            });
        }
        if let Some(why) = self.broken.lock().unwrap().get(repository) {
            return Ok(Stored {
                lookup: Lookup::Unusable(why.clone()),
                revision: Revision::At("broken".to_owned()),
            });
        }
        let baselines = self.baselines.lock().unwrap();
        Ok(match baselines.get(repository) {
            None => Stored {
                lookup: Lookup::Absent,
                revision: Revision::Absent,
            },
            Some((baseline, version)) => Stored {
                lookup: Lookup::Usable(Box::new(baseline.clone())),
                revision: Revision::At(version.to_string()),
            },
        })
    }
    fn write(&self, baseline: &Baseline, over: &Revision) -> Result<Revision, StoreError> {
        if spent(&self.refusing) {
            return Err(StoreError::OtherWriter("somebody else keeps it".to_owned()));
        }
        let decrease = |n: usize| n.checked_sub(1);
        if self
            .disturbed
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, decrease)
            .is_ok()
        {
            let mut other = baseline.clone();
            other.signers.truncate(1);
            other.log = None;
            self.put(other);
        }
        let current = self.read(&baseline.repository)?.revision;
        if &current != over {
            return Err(StoreError::Conflict(baseline.repository.to_string()));
        }
        self.put(baseline.clone());
        self.writes.fetch_add(1, Ordering::SeqCst);
        Ok(self.read(&baseline.repository)?.revision)
    }
    fn names(&self, shard: Shard) -> Result<StoredNames, StoreError> {
        let names = self.names.lock().unwrap();
        let (names, version) = names
            .get(&shard)
            .cloned()
            .unwrap_or_else(|| (Names::new(shard), 0));
        Ok(StoredNames {
            names: Ok(names),
            revision: Revision::At(version.to_string()),
        })
    }
    fn write_names(&self, names: &Names, over: &Revision) -> Result<(), StoreError> {
        if &self.names(names.shard())?.revision != over {
            return Err(StoreError::Conflict(names.shard().config_map_name()));
        }
        let mut all = self.names.lock().unwrap();
        let version = all.get(&names.shard()).map_or(0, |(_, version)| *version);
        all.insert(names.shard(), (names.clone(), version + 1));
        Ok(())
    }
    fn state(&self) -> Result<Option<LearnerState>, StoreError> {
        if self.stateless.load(Ordering::SeqCst) {
            return Err(failed());
        }
        Ok(self.state.lock().unwrap().clone())
    }
    fn write_state(&self, state: &LearnerState) -> Result<(), StoreError> {
        if spent(&self.refusing) {
            return Err(failed());
        }
        *self.state.lock().unwrap() = Some(state.clone());
        Ok(())
    }
}

fn failed() -> StoreError {
    StoreError::Failed {
        what: "it failed".to_owned(),
        source: None,
    }
}

/// Counts one down, if there is one.
fn spent(times: &AtomicUsize) -> bool {
    times
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
        .is_ok()
}

/// What registries hold, by reference as spelled.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) images: BTreeMap<String, ObservedImage>,
    pub(super) tags: Vec<String>,
    pub(super) more_tags: bool,
    pub(super) listed: AtomicUsize,
    /// Whose tags were listed.
    pub(super) asked: Mutex<Vec<String>>,
}

impl Observe for Shown {
    fn observe(&self, reference: &ImageReference, _: &Lookup) -> Result<ObservedImage, String> {
        self.images
            .get(reference.spelled())
            .cloned()
            .ok_or_else(|| "nothing there".to_owned())
    }
}

impl RepositoryObserver for Shown {
    fn tags(&self, reference: &ImageReference, _: usize) -> Result<Tags, String> {
        self.asked.lock().unwrap().push(reference.name().to_owned());
        self.listed.fetch_add(1, Ordering::SeqCst);
        Ok(Tags {
            listed: self.tags.clone(),
            more: self.more_tags,
        })
    }
}

pub(super) fn shown(images: &[(&str, ObservedImage)]) -> Shown {
    let images = images
        .iter()
        .map(|(tag, seen)| (format!("{API}:{tag}"), seen.clone()));
    Shown {
        images: images.collect(),
        ..Shown::default()
    }
}

pub(super) fn running(tags: &[&str]) -> Vec<Image> {
    let images = tags.iter().map(|tag| {
        let spelled = format!("{API}:{tag}");
        Image {
            reference: spelled.parse(),
            spelled,
            running: Some(digest(tag)),
            hidden: false,
            places: [Place {
                namespace: "prod".to_owned(),
                kind: "Pod".to_owned(),
                name: (*tag).to_owned(),
            }]
            .into(),
        }
    });
    images.collect()
}

pub(super) fn run_at(
    shelf: &Shelf,
    observer: &Shown,
    tags: &[&str],
    options: Options,
    at: DateTime<Utc>,
) -> Outcome {
    run_images(shelf, observer, running(tags), options, at)
}

pub(super) fn run_images(
    shelf: &Shelf,
    observer: &Shown,
    images: Vec<Image>,
    options: Options,
    at: DateTime<Utc>,
) -> Outcome {
    let learner = Learner {
        store: shelf,
        settings: &Settings::default(),
        observer,
        options,
        now: at,
        stop: &AtomicBool::new(false),
    };
    learner.run(images, &|_| {}).unwrap()
}

pub(super) fn run(shelf: &Shelf, observer: &Shown, tags: &[&str]) -> Outcome {
    run_at(shelf, observer, tags, Options::default(), now())
}

//! What the watcher's threads share: what there is, what is known of it, and what is to be looked at.
//!
//! Invariant: threads share nothing but what is here. Whoever does not lead looks at nothing and writes nothing; he follows
//! objects all the same, so that he can go on at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

use chrono::Utc;
use signature_continuity::reference::Repository;
use signature_continuity::settings::Settings;

use super::announcer::Announcer;
use super::board::Board;
use super::fenced_store::FencedStore;
use super::leadership::Leadership;
use super::metrics::Metrics;
use super::objects::ObjectEvent;
use super::observers::Observers;
use super::queue::{Key, key};
use super::run::{Watch, WatchOptions};
use super::schedule::Schedule;
use super::term::Term;
use super::troubles::Troubles;
use crate::inventory::{Familiarity, Image, Inventory, Kind, LiveObjects, Place};
use crate::kubernetes::Cluster;
use crate::learner::StoreSnapshot;

/// In how many namespaces' turns one image waits.
const MOST_NAMESPACES: usize = 16;

/// What threads share.
pub(super) struct Shared {
    pub(super) cluster: Cluster,
    pub(super) settings: Settings,
    pub(super) options: WatchOptions,
    pub(super) store: FencedStore,
    pub(super) leadership: Arc<Leadership>,
    pub(super) schedule: Schedule,
    pub(super) objects: Mutex<LiveObjects>,
    pub(super) troubles: Arc<Troubles>,
    pub(super) board: Board,
    pub(super) observers: Observers,
    pub(super) metrics: Metrics,
    pub(super) announcer: Announcer,
    /// Never held while anybody waits: it is copied, and replaced.
    snapshot: RwLock<Option<Arc<StoreSnapshot>>>,
    term: RwLock<Term>,
    /// Baselines that are signed, and were not named for lack of an answer.
    pub(super) unnamed: Mutex<BTreeSet<Repository>>,
    /// How many baselines single images began since the last full pass.
    pub(super) begun_since: AtomicUsize,
}

impl Shared {
    /// Nothing is known yet, and nobody leads.
    pub(super) fn new(watch: Watch) -> Self {
        let leadership = Arc::<Leadership>::default();
        Self {
            announcer: Announcer::new(watch.cluster.clone(), watch.options.reports),
            schedule: Schedule::new(watch.options.concurrency),
            store: FencedStore::new(watch.store, Arc::clone(&leadership)),
            observers: Observers::new(watch.observer, watch.make_observer),
            cluster: watch.cluster,
            settings: watch.settings,
            options: watch.options,
            leadership,
            objects: Mutex::default(),
            troubles: Arc::default(),
            board: Board::default(),
            metrics: Metrics::new(),
            snapshot: RwLock::default(),
            term: RwLock::default(),
            unnamed: Mutex::default(),
            begun_since: AtomicUsize::new(0),
        }
    }

    pub(super) fn objects(&self) -> MutexGuard<'_, LiveObjects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the store remembered when everything was gone through last, and what was begun since.
    pub(super) fn snapshot(&self) -> Option<Arc<StoreSnapshot>> {
        let snapshot = self.snapshot.read();
        snapshot.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is known of a repository before it is looked at; nothing while nobody leads.
    pub(super) fn familiarity(&self, repository: &Repository) -> Familiarity {
        let snapshot = self.snapshot();
        snapshot.map_or(Familiarity::Nothing, |it| it.familiarity(repository))
    }

    /// The term that this replica leads in, if it does.
    pub(super) fn term(&self) -> Term {
        let term = self.term.read();
        term.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_term(&self, term: Term) {
        let mut own = self.term.write().unwrap_or_else(PoisonError::into_inner);
        own.end();
        *own = term;
    }

    /// Notes that a baseline was begun since.
    pub(super) fn begun(&self, repository: &Repository, signed: bool) {
        let mut snapshot = self
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(snapshot) = snapshot.as_mut() {
            Arc::make_mut(snapshot).begun(repository, signed);
        }
    }

    /// Reads anew what the store remembers.
    pub(super) fn recall(&self) -> anyhow::Result<()> {
        let recalled = StoreSnapshot::recall(&self.store)?;
        let mut snapshot = self
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *snapshot = Some(Arc::new(recalled));
        Ok(())
    }

    pub(super) fn forget_snapshot(&self) {
        let mut snapshot = self
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *snapshot = None;
    }

    /// An object names an image: it is looked at soon, if anybody is to.
    pub(super) fn name(&self, image: Image) {
        if !self.term().is_on() {
            return;
        }
        let Ok(reference) = &image.reference else {
            // It is told by the next full pass, with whatever else cannot be read.
            return;
        };
        let repository = self.settings.aliased(reference.repository());
        let familiarity = self.familiarity(&repository);
        // What is only declared could make anybody's registry be asked.
        let runs = image.running.is_some();
        if !runs && familiarity != Familiarity::Repository {
            return;
        }
        // Each namespace's own turn.
        let mut namespaces: BTreeMap<&str, &Place> = BTreeMap::new();
        for place in &image.places {
            namespaces.entry(&place.namespace).or_insert(place);
        }
        for place in namespaces.into_values().take(MOST_NAMESPACES) {
            let image = Image {
                places: BTreeSet::from([place.clone()]),
                ..image.clone()
            };
            let now = Instant::now();
            self.schedule
                .name(repository.clone(), image, familiarity, now);
        }
    }

    pub(super) fn take(&self, kind: &'static Kind, event: ObjectEvent) {
        let named = {
            let mut objects = self.objects();
            match event {
                ObjectEvent::Begin => {
                    objects.begin(kind);
                    return;
                }
                ObjectEvent::Complete => {
                    objects.complete(kind);
                    return;
                }
                ObjectEvent::Delete(object) => {
                    objects.delete(kind, &object);
                    return;
                }
                ObjectEvent::Apply(object) => objects.apply(kind, *object),
            }
        };
        for image in named {
            self.name(image);
        }
    }

    /// The inventory as it is now.
    pub(super) fn inventory(&self) -> Inventory {
        let (images, mut notes) = self.objects().images();
        notes.extend(self.troubles.all());
        self.board.inventory(images, notes, Utc::now())
    }

    /// Forgets what concerns images that nobody names any more.
    pub(super) fn tidy(&self) {
        let (images, _) = self.objects().images();
        let named: BTreeSet<_> = images.iter().map(key).collect();
        self.board.keep(&named);
        self.schedule.keep(&named);
        self.announcer.tidy();
    }

    /// The baselines of these repositories are other ones by now: their images are looked at again.
    pub(super) fn look_again(&self, changed: &BTreeSet<Repository>) {
        let (mut images, _) = self.objects().images();
        images.retain(|image| {
            let reference = image.reference.as_ref();
            reference.is_ok_and(|it| changed.contains(&self.settings.aliased(it.repository())))
        });
        let keys: Vec<Key> = images.iter().map(key).collect();
        self.schedule.forget(keys.iter());
        for image in images {
            self.name(image);
        }
    }

    /// Everything that objects name and that is of a known repository, or runs, is looked at: nobody knows what the replica
    /// that led before had begun.
    pub(super) fn name_everything(&self) {
        let (images, _) = self.objects().images();
        for image in images {
            self.name(image);
        }
    }
}

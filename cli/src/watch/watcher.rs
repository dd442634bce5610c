//! The parts of the watcher, and how they go together.
//!
//! Invariant: threads share nothing but what is here. Whoever does not lead looks at nothing and writes nothing; he follows
//! objects all the same, so that he can go on at once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::Utc;
use signature_continuity::reference::Repository;
use signature_continuity::settings::Settings;
use tracing::{info, warn};

use super::announcer::Announcer;
use super::board::Board;
use super::fenced_store::FencedStore;
use super::leadership::{Candidate, Leadership};
use super::metrics::Metrics;
use super::objects::{self, ObjectEvent, Troubles};
use super::observers::{MakeObserver, Observers};
use super::queue::key;
use super::schedule::Schedule;
use super::server;
use crate::inventory::{Familiarity, Image, Inventory, Kind, LiveObjects};
use crate::kubernetes::Cluster;
use crate::learner::StoreSnapshot;
use crate::output::cause::with_cause;
use crate::store::Store;

/// How often it is looked at who leads.
const TICK: Duration = Duration::from_millis(200);

/// How the watcher works.
#[derive(Debug, Clone)]
pub(crate) struct WatchOptions {
    /// How many images are looked at at once.
    pub(crate) concurrency: usize,
    /// How often everything is gone through.
    pub(crate) every: Duration,
    /// For how long, at most.
    pub(crate) run_timeout: Duration,
    /// Whether repositories' own past is examined in full passes, and how many tags of each.
    pub(crate) history: Option<usize>,
    /// How many of the newest tags of each known repository are verified after full passes.
    pub(crate) ahead: Option<usize>,
    /// Where `/metrics` and the page are served.
    pub(crate) listen: std::net::SocketAddr,
    /// By which address the other replicas reach this one.
    pub(crate) address: Option<String>,
    /// Whether policy reports are written.
    pub(crate) reports: bool,
}

/// What is watched, and by whom.
pub(crate) struct Watch {
    /// The cluster.
    pub(crate) cluster: Cluster,
    /// Its baselines.
    pub(crate) store: Arc<dyn Store>,
    /// The policy's settings.
    pub(crate) settings: Settings,
    /// How it works.
    pub(crate) options: WatchOptions,
    /// Makes who looks at images.
    pub(crate) make_observer: Box<MakeObserver>,
}

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
    snapshot: RwLock<Option<StoreSnapshot>>,
    /// Set while this replica does not lead, or is to end: who looks at images ends early.
    pub(super) halt: AtomicBool,
}

impl Shared {
    pub(super) fn objects(&self) -> MutexGuard<'_, LiveObjects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the store remembered when everything was gone through last.
    pub(super) fn with_snapshot<T>(&self, with: impl FnOnce(&StoreSnapshot) -> T) -> Option<T> {
        let snapshot = self.snapshot.read().unwrap_or_else(PoisonError::into_inner);
        snapshot.as_ref().map(with)
    }

    /// Notes that a baseline was begun since.
    pub(super) fn begun(&self, repository: &Repository, signed: bool) {
        let mut snapshot = self
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(snapshot) = snapshot.as_mut() {
            snapshot.begun(repository, signed);
        }
    }

    /// Reads anew what the store remembers.
    pub(super) fn recall(&self) -> anyhow::Result<()> {
        let recalled = StoreSnapshot::recall(&self.store)?;
        let mut snapshot = self
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *snapshot = Some(recalled);
        Ok(())
    }

    fn forget_snapshot(&self) {
        let mut snapshot = self
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *snapshot = None;
    }

    /// An object names an image: it is looked at soon, if anybody is to.
    pub(super) fn name(&self, image: Image) {
        if self.halt.load(Ordering::Relaxed) {
            return;
        }
        let Ok(reference) = &image.reference else {
            // It is told by the next full pass, with whatever else cannot be read.
            return;
        };
        let repository = self.settings.aliased(reference.repository());
        let familiarity = self.with_snapshot(|snapshot| snapshot.familiarity(&repository));
        let Some(familiarity) = familiarity else {
            return;
        };
        // What is only declared could make anybody's registry be asked.
        let runs = image.running.is_some();
        if runs || familiarity == Familiarity::Repository {
            self.schedule
                .name(repository, image, familiarity, Instant::now());
        }
    }

    fn take(&self, kind: &'static Kind, event: ObjectEvent) {
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
    }

    /// Everything that objects name and that is of a known repository, or runs, is looked at: nobody knows what the replica
    /// that led before had begun.
    fn name_everything(&self) {
        let (images, _) = self.objects().images();
        for image in images {
            self.name(image);
        }
    }

    /// This replica leads from now on.
    fn begin_term(&self) {
        loop {
            match self.recall() {
                Ok(()) => break,
                Err(error) => {
                    warn!(error = %with_cause(error.as_ref()), "baselines cannot be read; trying again")
                }
            }
            std::thread::sleep(Duration::from_secs(2));
            if !self.leadership.holds() {
                return;
            }
        }
        self.halt.store(false, Ordering::Relaxed);
        self.name_everything();
    }

    fn end_term(&self) {
        self.halt.store(true, Ordering::Relaxed);
        self.schedule.clear();
        self.board.clear();
        self.forget_snapshot();
    }
}

impl Watch {
    /// Watches until it is to stop.
    ///
    /// # Errors
    /// When the address cannot be listened on, or no thread can be started.
    pub(crate) fn run(self, identity: String, stop: &AtomicBool) -> anyhow::Result<()> {
        let leadership = Arc::<Leadership>::default();
        let namespace = self.settings.baseline.namespace.clone();
        let shared = Arc::new(Shared {
            announcer: Announcer::new(self.cluster.clone(), self.options.reports),
            schedule: Schedule::new(self.options.concurrency),
            store: FencedStore::new(self.store, Arc::clone(&leadership)),
            observers: Observers::new(self.make_observer),
            cluster: self.cluster,
            settings: self.settings,
            options: self.options,
            leadership,
            objects: Mutex::default(),
            troubles: Arc::default(),
            board: Board::default(),
            metrics: Metrics::new(),
            snapshot: RwLock::default(),
            halt: AtomicBool::new(true),
        });
        server::serve(&shared)?;
        let taker = Arc::clone(&shared);
        let take: Arc<dyn Fn(&'static Kind, ObjectEvent) + Send + Sync> =
            Arc::new(move |kind, event| taker.take(kind, event));
        objects::follow(&shared.cluster, &shared.troubles, &take)?;
        let candidate = Candidate {
            cluster: &shared.cluster,
            namespace: &namespace,
            identity,
            address: shared.options.address.clone(),
            leadership: &shared.leadership,
        };
        info!(listen = %shared.options.listen, "watching");
        std::thread::scope(|scope| {
            for _ in 0..shared.options.concurrency.max(1) {
                scope.spawn(|| shared.look_on(stop));
            }
            scope.spawn(|| shared.pass_on(stop));
            scope.spawn(|| candidate.run(stop));
            shared.follow_terms(stop);
        });
        Ok(())
    }
}

impl Shared {
    fn follow_terms(&self, stop: &AtomicBool) {
        let mut leading = false;
        while !stop.load(Ordering::Relaxed) {
            let holds = self.leadership.holds();
            match (leading, holds) {
                (false, true) => {
                    self.begin_term();
                    leading = !self.halt.load(Ordering::Relaxed);
                }
                (true, false) => {
                    info!("this replica does not lead any more");
                    self.end_term();
                    leading = false;
                }
                (true, true) | (false, false) => {}
            }
            std::thread::sleep(TICK);
        }
        self.halt.store(true, Ordering::Relaxed);
    }
}

//! The parts of the watcher, and how they go together.
//!
//! Invariant: threads share nothing but what is here. Whoever does not lead looks at nothing and writes nothing; he follows
//! objects all the same, so that he can go on at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::Utc;
use signature_continuity::reference::Repository;
use signature_continuity::settings::Settings;
use tokio::sync::mpsc;
use tracing::{info, warn};

use super::announcer::Announcer;
use super::baselines;
use super::board::Board;
use super::fenced_store::FencedStore;
use super::leadership::{Candidate, Leadership};
use super::metrics::Metrics;
use super::objects::{self, ObjectEvent, Troubles};
use super::observers::{MakeObserver, Observers};
use super::queue::{Key, key};
use super::schedule::Schedule;
use super::server;
use super::term::Term;
use crate::inventory::{Familiarity, Image, Inventory, Kind, LiveObjects, Place};
use crate::kubernetes::Cluster;
use crate::learner::StoreSnapshot;
use crate::output::cause::with_cause;
use crate::store::Store;

/// How often it is looked at who leads.
const TICK: Duration = Duration::from_millis(200);
/// How many events wait to be taken in before the watch itself does.
const MOST_EVENTS: usize = 1024;
/// In how many namespaces' turns one image waits.
const MOST_NAMESPACES: usize = 16;
/// For how long images that were begun may go on after it is to end: a cluster waits for 30 s.
const ENDS_WITHIN: Duration = Duration::from_secs(20);

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
    /// Never held while anybody waits: it is copied, and replaced.
    snapshot: RwLock<Option<Arc<StoreSnapshot>>>,
    term: RwLock<Term>,
    /// Baselines that are signed, and were not named for lack of an answer.
    pub(super) unnamed: Mutex<BTreeSet<Repository>>,
    /// How many baselines single images began since the last full pass.
    pub(super) begun_since: AtomicUsize,
}

impl Shared {
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

    fn set_term(&self, term: Term) {
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

    fn forget_snapshot(&self) {
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
    fn name_everything(&self) {
        let (images, _) = self.objects().images();
        for image in images {
            self.name(image);
        }
    }

    /// This replica leads from now on.
    fn begin_term(&self, stop: &AtomicBool) {
        loop {
            match self.recall() {
                Ok(()) => break,
                Err(error) => {
                    warn!(error = %with_cause(error.as_ref()), "baselines cannot be read; trying again")
                }
            }
            std::thread::sleep(Duration::from_secs(1));
            if stop.load(Ordering::Relaxed) || !self.leadership.holds() {
                return;
            }
        }
        self.set_term(Term::new());
        self.name_everything();
    }

    fn end_term(&self) {
        self.set_term(Term::default());
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
            term: RwLock::default(),
            unnamed: Mutex::default(),
            begun_since: AtomicUsize::new(0),
        });
        end_where_a_thread_does();
        server::serve(&shared)?;
        let (sender, mut receiver) = mpsc::channel(MOST_EVENTS);
        objects::follow(&shared.cluster, &shared.troubles, &sender)?;
        baselines::follow(&shared, &namespace)?;
        let taker = Arc::clone(&shared);
        std::thread::spawn(move || {
            while let Some((kind, event)) = receiver.blocking_recv() {
                taker.take(kind, event);
            }
        });
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
            scope.spawn(|| {
                candidate.run(stop);
                // What a registry holds up is not worth waiting for: it is looked at again by whoever leads next.
                std::thread::spawn(|| {
                    std::thread::sleep(ENDS_WITHIN);
                    info!("ended with images under way");
                    std::process::exit(0);
                });
            });
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
                    self.begin_term(stop);
                    leading = self.term().is_on();
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
        self.set_term(Term::default());
    }
}

/// A thread that panics leaves what it held: the process ends then, and is started anew.
fn end_where_a_thread_does() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        before(panic);
        std::process::abort();
    }));
}

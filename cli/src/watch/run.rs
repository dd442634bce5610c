//! The watcher's threads, and for how long a replica leads.
//!
//! Invariant: what a term began ends with it; whoever begins to lead reads anew what the store remembers, and looks at
//! everything that objects name.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signature_continuity::settings::Settings;
use tokio::sync::mpsc;
use tracing::{info, warn};

use super::leadership::Candidate;
use super::observers::MakeObserver;
use super::shared::Shared;
use super::term::Term;
use super::{baselines, objects, server};
use crate::kubernetes::Cluster;
use crate::observation::ImageObserver;
use crate::output::cause::with_cause;
use crate::store::Store;

/// How often it is looked at who leads.
const TICK: Duration = Duration::from_millis(200);
/// How many events wait to be taken in before the watch itself does.
const MOST_EVENTS: usize = 1024;
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
    /// Who looks at images first.
    pub(crate) observer: ImageObserver,
    /// Makes who comes after.
    pub(crate) make_observer: Box<MakeObserver>,
}

impl Watch {
    /// Watches until it is to stop.
    ///
    /// # Errors
    /// When the address cannot be listened on, or no thread can be started.
    pub(crate) fn run(self, identity: String, stop: &AtomicBool) -> anyhow::Result<()> {
        let namespace = self.settings.baseline.namespace.clone();
        let shared = Arc::new(Shared::new(self));
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

/// A thread that panics leaves what it held: the process ends then, and is started anew.
fn end_where_a_thread_does() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        before(panic);
        std::process::abort();
    }));
}

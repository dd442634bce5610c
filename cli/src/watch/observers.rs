//! The observer that looks at images: made anew now and then.
//!
//! Invariant: an observer gives a registry up that does not answer, and keeps credentials and a trust root that it was made
//! with; one that stays for ever would do so for ever. Where a new one cannot be made the old one serves on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::warn;

use crate::observation::ImageObserver;
use crate::output::cause::with_cause;

/// For how long one serves.
const SERVES: Duration = Duration::from_secs(300);

/// Makes an observer: for a run of so long, or for ever.
pub(crate) type MakeObserver =
    dyn Fn(Option<Duration>) -> anyhow::Result<ImageObserver> + Send + Sync;

pub(super) struct Observers {
    make: Box<MakeObserver>,
    current: Mutex<(Instant, Arc<ImageObserver>)>,
}

impl Observers {
    pub(super) fn new(first: ImageObserver, make: Box<MakeObserver>) -> Self {
        Self {
            make,
            current: Mutex::new((Instant::now(), Arc::new(first))),
        }
    }

    /// The one for single images.
    pub(super) fn current(&self) -> Arc<ImageObserver> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0.elapsed() >= SERVES {
            current.0 = Instant::now();
            match (self.make)(None) {
                Ok(made) => current.1 = Arc::new(made),
                Err(error) => {
                    warn!(error = %with_cause(error.as_ref()), "the old observer serves on");
                }
            }
        }
        Arc::clone(&current.1)
    }

    /// One of its own, for a run of so long.
    pub(super) fn for_run(&self, run: Duration) -> anyhow::Result<ImageObserver> {
        (self.make)(Some(run))
    }
}

//! The time that one image's observation may take.
//!
//! Invariant: only its own requests cost it time, and what their registry makes it wait for. A place among the requests
//! that run at once is waited for at nobody's expense: where many want one, the last of them would never be looked at.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use signature_continuity::host_error::{HostError, Outage};
use tokio::time::{Instant, timeout};

/// What is left of it. An image's questions are asked one after the other.
#[derive(Debug)]
pub(super) struct ImageTime {
    left: Mutex<Duration>,
}

impl ImageTime {
    pub(super) fn new(all: Duration) -> Self {
        Self {
            left: Mutex::new(all),
        }
    }

    /// Runs `work` for as long as there is time. That it is over is the image's own loss: it may be large.
    pub(super) async fn spend<T>(
        &self,
        work: impl Future<Output = Result<T, HostError>>,
    ) -> Result<T, HostError> {
        let over = Err(HostError::Outage(Outage::Unreachable));
        let left = *self.left();
        if left.is_zero() {
            return over;
        }
        let began = Instant::now();
        let done = timeout(left, work).await.unwrap_or(over);
        let mut left = self.left();
        *left = left.saturating_sub(began.elapsed());
        done
    }

    fn left(&self) -> std::sync::MutexGuard<'_, Duration> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! What all requests to one registry share: how many run at once, a pause that it asked for, and whether it is given up.
//!
//! Invariant: a pause holds for every request to the registry, so that asking again never multiplies with concurrency;
//! a registry that is given up is not asked again. Neither touches another registry.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use signature_continuity::host_error::Outage;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::limits::RequestLimits;
use super::transport::Transport;

/// One registry.
#[derive(Debug)]
pub(super) struct Throttle {
    /// How it is reached.
    pub(super) transport: Transport,
    requests: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    pause: Option<Pause>,
    unanswered: u32,
    lost: Duration,
    /// Why.
    given_up: Option<Outage>,
}

/// Until when the registry is left alone, and why.
#[derive(Debug, Clone, Copy)]
struct Pause {
    until: Instant,
    why: Outage,
}

/// What a request has to do before it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Go {
    /// It may be made.
    Now,
    /// The registry wants to be left alone for so long, and why.
    After(Duration, Outage),
    /// The registry is given up, and why.
    Never(Outage),
}

impl Throttle {
    pub(super) fn new(transport: Transport, limits: &RequestLimits) -> Self {
        Self {
            transport,
            requests: Semaphore::new(limits.at_once.max(1)),
            state: Mutex::default(),
        }
    }

    /// Waits for one of the places of requests that run at once. A registry that is given up has none, and keeps nobody
    /// waiting.
    pub(super) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        self.requests.acquire().await.ok()
    }

    pub(super) fn go(&self) -> Go {
        let state = self.state();
        if let Some(why) = state.given_up {
            return Go::Never(why);
        }
        let now = Instant::now();
        match state.pause {
            Some(Pause { until, why }) if until > now => Go::After(until - now, why),
            Some(_) | None => Go::Now,
        }
    }

    /// From now on every request waits for so long. A longer pause stays. Whether the registry is given up by that: a
    /// pause is time lost once, however many wait for its end.
    pub(super) fn pause(&self, pause: Duration, why: Outage, limits: &RequestLimits) -> bool {
        let now = Instant::now();
        // A registry may name any number; a day is longer than any run.
        let until = now + pause.min(Duration::from_secs(24 * 60 * 60));
        let mut state = self.state();
        let paused_until = state.pause.map_or(now, |present| present.until.max(now));
        if until <= paused_until {
            return false;
        }
        state.pause = Some(Pause { until, why });
        // Nobody waits for the end of one that is too long.
        if pause > limits.patience {
            return false;
        }
        self.charge(&mut state, until - paused_until, why, limits)
    }

    pub(super) fn answered(&self) {
        self.state().unanswered = 0;
    }

    /// Notes a request that was not answered in time; whether the registry is given up by that.
    pub(super) fn unanswered(&self, limits: &RequestLimits) -> bool {
        let mut state = self.state();
        state.unanswered = state.unanswered.saturating_add(1);
        if state.unanswered >= limits.unanswered {
            return self.give_up(&mut state, Outage::Unreachable);
        }
        self.charge(&mut state, limits.request, Outage::Unreachable, limits)
    }

    /// Notes time that was lost to this registry; whether it is given up by that.
    pub(super) fn lost(&self, time: Duration, why: Outage, limits: &RequestLimits) -> bool {
        self.charge(&mut self.state(), time, why, limits)
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.state().given_up.is_some()
    }

    fn charge(
        &self,
        state: &mut State,
        time: Duration,
        why: Outage,
        limits: &RequestLimits,
    ) -> bool {
        state.lost = state.lost.saturating_add(time);
        state.lost >= limits.lost && self.give_up(state, why)
    }

    /// Whether it was not given up before.
    fn give_up(&self, state: &mut State, why: Outage) -> bool {
        self.requests.close();
        let first = state.given_up.is_none();
        state.given_up.get_or_insert(why);
        first
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

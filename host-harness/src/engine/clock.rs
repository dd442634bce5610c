//! The guest's clocks: real, or fixed so that a recorded evaluation sees the time at which it was recorded.
//!
//! Invariant: the guest's wall clock and its monotonic clock move together under a fixed clock, so that a time budget
//! is spent the same way on every replay. Time never goes backwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtxBuilder};

/// Where the guest's time comes from.
pub trait WallClock: Send + Sync {
    /// Time since the Unix epoch.
    fn now(&self) -> Duration;

    /// Called once for each host call that leaves the host, so that a fixed clock can advance.
    fn host_call_made(&self) {}

    /// Whether the guest's monotonic clock is to follow this one.
    fn is_fixed(&self) -> bool {
        false
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl WallClock for SystemClock {
    fn now(&self) -> Duration {
        // A machine whose clock stands before 1970 is taken to be at 1970: the guest has no way to say anything better.
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    }
}

/// A clock that stands still but for a fixed step with each host call.
#[derive(Debug)]
pub struct FixedClock {
    start: Duration,
    tick: Duration,
    calls: AtomicU64,
}

impl FixedClock {
    /// A clock at `start` since the Unix epoch that advances by `tick` with each host call.
    #[must_use]
    pub fn new(start: Duration, tick: Duration) -> Self {
        Self {
            start,
            tick,
            calls: AtomicU64::new(0),
        }
    }
}

impl WallClock for FixedClock {
    fn now(&self) -> Duration {
        let calls = u32::try_from(self.calls.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        self.start.saturating_add(self.tick.saturating_mul(calls))
    }

    fn host_call_made(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    fn is_fixed(&self) -> bool {
        true
    }
}

/// Gives `clock` to the guest.
pub(crate) fn give_to_guest(clock: &Arc<dyn WallClock>, builder: &mut WasiCtxBuilder) {
    builder.wall_clock(Wasi(Arc::clone(clock)));
    if clock.is_fixed() {
        builder.monotonic_clock(Wasi(Arc::clone(clock)));
    }
}

struct Wasi(Arc<dyn WallClock>);

impl HostWallClock for Wasi {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.0.now()
    }
}

impl HostMonotonicClock for Wasi {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.now().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advances_a_fixed_clock_with_host_calls_only() {
        let clock = FixedClock::new(Duration::from_secs(100), Duration::from_millis(200));
        assert_eq!(clock.now(), Duration::from_secs(100));
        assert_eq!(clock.now(), Duration::from_secs(100));
        clock.host_call_made();
        clock.host_call_made();
        assert_eq!(clock.now(), Duration::from_millis(100_400));
    }

    #[test]
    fn does_not_overflow_at_the_end_of_time() {
        let clock = FixedClock::new(Duration::MAX, Duration::MAX);
        clock.host_call_made();
        assert_eq!(clock.now(), Duration::MAX);
    }
}

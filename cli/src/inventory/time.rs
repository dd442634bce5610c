//! For how long a survey goes on.
//!
//! Invariant: the end is the same for everybody; registries of which nothing is known have a part of the time only, so
//! that nobody holds up the rest by naming hosts that do not answer.

use std::time::{Duration, Instant};

/// When a survey ends, whatever it has reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeLimits {
    /// The end; without one it goes on until everything was looked at.
    pub end: Option<Instant>,
    /// How much time registries of which nothing is known may cost in all, while every place is theirs.
    pub strangers: Option<Duration>,
}

impl TimeLimits {
    /// Of a run that may take so long from now on. A quarter of it is for strangers.
    #[must_use]
    pub(crate) fn of_run(all: Duration) -> Self {
        Self {
            end: Instant::now().checked_add(all),
            strangers: Some(all / 4),
        }
    }

    /// Whether it is over.
    #[must_use]
    pub(crate) fn is_over(&self) -> bool {
        self.end.is_some_and(|end| end <= Instant::now())
    }
}

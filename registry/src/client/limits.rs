//! How much is asked of one registry, and for how long it is waited for.

use std::time::Duration;

/// Bounds for each registry host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// The most requests at once.
    pub at_once: usize,
    /// The longest that one request may take, its answer's body included.
    pub request: Duration,
    /// After so much time lost to a registry it is given up for the rest of the run, however often it answers in
    /// between: in requests that took more than half of what one may take, in pauses that it asked for, and in
    /// asking again.
    pub lost: Duration,
    /// The longest that one image's observation may take, all its requests and the pauses that registries ask for
    /// included. What it waits for a place beside others is not its own.
    pub image: Duration,
    /// For how long anything is asked at all, from the start of the client; without it there is no end.
    pub run: Option<Duration>,
    /// After so many unanswered requests in a row it is given up as well.
    pub unanswered: u32,
    /// The longest that one request waits, in all, because the registry asked for it (`Retry-After`).
    pub patience: Duration,
    /// How often a failed request is made, the first time included.
    pub attempts: u32,
    /// The first pause before it is made again, where the registry names none; it doubles each time.
    pub backoff: Duration,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            at_once: 4,
            request: Duration::from_secs(10),
            lost: Duration::from_secs(120),
            image: Duration::from_secs(120),
            run: None,
            unanswered: 3,
            patience: Duration::from_secs(60),
            attempts: 3,
            backoff: Duration::from_millis(500),
        }
    }
}

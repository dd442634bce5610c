//! Successful answers, kept for as long as the host keeps them.
//!
//! Invariant: errors are never kept, and an answer is never older than its kind allows.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Beyond this many answers those that have expired are dropped, and if none has, everything is.
const CAPACITY: usize = 4096;

/// Answers by what was asked.
#[derive(Debug)]
pub(crate) struct TtlCache {
    lifetime: Duration,
    answers: Mutex<HashMap<String, (Instant, Vec<u8>)>>,
}

impl TtlCache {
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self {
            lifetime,
            answers: Mutex::default(),
        }
    }

    /// The answer to `key`, if there is one that is fresh at `now`.
    pub(crate) fn answer(&self, key: &str, now: Instant) -> Option<Vec<u8>> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, answer) = answers.get(key)?;
        (now.saturating_duration_since(*since) < self.lifetime).then(|| answer.clone())
    }

    pub(crate) fn keep(&self, key: String, answer: &[u8], now: Instant) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= CAPACITY {
            answers.retain(|_, (since, _)| now.saturating_duration_since(*since) < self.lifetime);
            if answers.len() >= CAPACITY {
                answers.clear();
            }
        }
        answers.insert(key, (now, answer.to_vec()));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn forgets_at_the_end_of_the_lifetime() {
        let cache = TtlCache::new(Duration::from_secs(60));
        let start = Instant::now();
        cache.keep("key".to_owned(), b"answer", start);
        let almost = start.checked_add(Duration::from_millis(59_999)).unwrap();
        assert_eq!(cache.answer("key", almost).as_deref(), Some(&b"answer"[..]));
        let expired = start.checked_add(Duration::from_secs(60)).unwrap();
        assert_eq!(cache.answer("key", expired), None);
        assert_eq!(cache.answer("other", start), None);
    }

    #[test]
    fn stays_bounded() {
        let cache = TtlCache::new(Duration::from_secs(60));
        let now = Instant::now();
        for number in 0..3 * CAPACITY {
            cache.keep(number.to_string(), b"", now);
        }
        assert!(cache.answers.lock().unwrap().len() <= CAPACITY);
    }
}

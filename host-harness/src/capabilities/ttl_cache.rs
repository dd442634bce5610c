//! Successful answers, kept for as long as the host keeps them.
//!
//! Invariant: errors are never kept, and an answer is never older than its kind allows. While one answer is fetched, whoever
//! asks the same cache waits, whatever for: so it is in the host, where one registry that hangs holds up all.

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

    /// The answer to `key`: the one that is kept, or what `fetch` gets.
    ///
    /// # Errors
    /// When `fetch` fails.
    pub(crate) fn answer_or<E>(
        &self,
        key: String,
        now: impl Fn() -> Instant,
        fetch: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((since, answer)) = answers.get(&key)
            && self.is_fresh(*since, now())
        {
            return Ok(answer.clone());
        }
        let answer = fetch()?;
        let now = now();
        if answers.len() >= CAPACITY {
            answers.retain(|_, (since, _)| self.is_fresh(*since, now));
            if answers.len() >= CAPACITY {
                answers.clear();
            }
        }
        answers.insert(key, (now, answer.clone()));
        Ok(answer)
    }

    fn is_fresh(&self, since: Instant, now: Instant) -> bool {
        now.saturating_duration_since(since) < self.lifetime
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn fetched(cache: &TtlCache, key: &str, now: Instant) -> bool {
        let mut fetched = false;
        let answer = cache.answer_or(
            key.to_owned(),
            || now,
            || {
                fetched = true;
                Ok::<_, ()>(key.as_bytes().to_vec())
            },
        );
        assert_eq!(answer.unwrap(), key.as_bytes());
        fetched
    }

    #[test]
    fn forgets_at_the_end_of_the_lifetime() {
        let cache = TtlCache::new(Duration::from_secs(60));
        let start = Instant::now();
        assert!(fetched(&cache, "key", start));
        let almost = start.checked_add(Duration::from_millis(59_999)).unwrap();
        assert!(!fetched(&cache, "key", almost));
        assert!(fetched(&cache, "other", almost));
        let expired = start.checked_add(Duration::from_secs(60)).unwrap();
        assert!(fetched(&cache, "key", expired));
    }

    #[test]
    fn keeps_no_error() {
        let cache = TtlCache::new(Duration::from_secs(60));
        let now = Instant::now();
        let failed = cache.answer_or("key".to_owned(), || now, || Err("no"));
        assert_eq!(failed, Err("no"));
        assert!(fetched(&cache, "key", now));
    }

    #[test]
    fn stays_bounded() {
        let cache = TtlCache::new(Duration::from_secs(60));
        let now = Instant::now();
        for number in 0..3 * CAPACITY {
            assert!(fetched(&cache, &number.to_string(), now));
        }
        assert!(cache.answers.lock().unwrap().len() <= CAPACITY);
    }

    #[test]
    fn holds_up_all_while_one_is_fetched() {
        let cache = TtlCache::new(Duration::from_secs(60));
        let (began, begun) = std::sync::mpsc::channel();
        let (go_on, wait) = std::sync::mpsc::channel::<()>();
        let (sender, answered) = std::sync::mpsc::channel();
        let cache = &cache;
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let hang = || {
                    began.send(()).unwrap();
                    wait.recv().unwrap();
                    Err(())
                };
                cache
                    .answer_or("hangs".to_owned(), Instant::now, hang)
                    .unwrap_err();
            });
            begun.recv().unwrap();
            scope.spawn(move || {
                fetched(cache, "other", Instant::now());
                sender.send(()).unwrap();
            });
            assert!(answered.recv_timeout(Duration::from_millis(200)).is_err());
            go_on.send(()).unwrap();
            answered.recv_timeout(Duration::from_secs(10)).unwrap();
        });
    }
}

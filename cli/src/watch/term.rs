//! For how long a replica leads.
//!
//! Invariant: a term that ended is over for whoever began something in it, though the next one began: what he did not get
//! done is not to be taken for done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// For how long this replica leads. A term that ended is over for whoever began something in it, though the next one began.
#[derive(Debug, Clone, Default)]
pub(super) struct Term {
    over: Option<Arc<AtomicBool>>,
}

impl Term {
    /// One that begins now.
    pub(super) fn new() -> Self {
        Self {
            over: Some(Arc::default()),
        }
    }

    /// Whether this replica leads.
    pub(super) fn is_on(&self) -> bool {
        self.over
            .as_ref()
            .is_some_and(|over| !over.load(Ordering::Relaxed))
    }

    /// Set once it is over.
    pub(super) fn over(&self) -> Option<&Arc<AtomicBool>> {
        self.over.as_ref()
    }

    /// Whether it is the same one.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (&self.over, &other.over) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    /// It is over.
    pub(super) fn end(&self) {
        if let Some(over) = &self.over {
            over.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_that_ended_stays_over_when_the_next_one_begins() {
        let first = Term::new();
        let held = first.clone();
        assert!(held.is_on() && held.is(&first));
        first.end();
        let second = Term::new();
        assert!(second.is_on() && !held.is_on());
        assert!(!second.is(&first));
        assert!(held.over().is_some_and(|over| over.load(Ordering::Relaxed)));
        assert!(!Term::default().is_on());
    }
}

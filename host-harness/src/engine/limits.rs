//! What a guest may use.
//!
//! Invariant: the memory of one instance never grows past the limit, and what was refused is remembered, because a
//! guest that cannot grow its memory dies of an `unreachable` that says nothing.

use std::time::Duration;

use wasmtime::ResourceLimiter;

/// Limits of one call of a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of linear memory.
    pub memory: usize,
    /// How long a call may take, as `timeoutEvalSeconds` counts it: a host call is never cut short, but the guest does
    /// not run on after it.
    pub time: Duration,
}

impl Limits {
    /// Kubewarden's default of `timeoutEvalSeconds`.
    pub const DEFAULT_TIME: Duration = Duration::from_secs(2);
    /// 256 MiB.
    pub const DEFAULT_MEMORY: usize = 256 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: Self::DEFAULT_MEMORY,
            time: Self::DEFAULT_TIME,
        }
    }
}

/// No policy needs tables of more elements than this; without a bound a small module takes gigabytes.
const TABLE_ELEMENTS: usize = 1 << 20;

/// Keeps an instance within its memory.
#[derive(Debug)]
pub(crate) struct MemoryLimiter {
    limit: usize,
    refused: Option<usize>,
}

impl MemoryLimiter {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            refused: None,
        }
    }

    /// How much was asked for and how much may be had, if anything was refused.
    pub(crate) fn refused(&self) -> Option<(usize, usize)> {
        self.refused.map(|asked| (asked, self.limit))
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = desired <= self.limit;
        if !granted {
            self.refused = Some(desired);
        }
        Ok(granted)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }

    fn memories(&self) -> usize {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_what_it_refused() {
        let mut limiter = MemoryLimiter::new(100);
        assert!(
            limiter
                .memory_growing(0, 100, None)
                .is_ok_and(|granted| granted)
        );
        assert_eq!(limiter.refused(), None);
        assert!(
            limiter
                .memory_growing(100, 101, None)
                .is_ok_and(|granted| !granted)
        );
        assert_eq!(limiter.refused(), Some((101, 100)));
    }
}

//! The guest's standard output and error.
//!
//! A policy has nothing to say there but its panic message, so the last kilobytes are kept for the error that follows
//! and everything goes to the debug log. Invariant: bounded, and writing never fails.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// A panic message and the place it comes from fit in.
const KEPT: usize = 2048;
/// How much the guest may write at once.
const CHUNK: usize = 4096;

/// The last words of a guest.
#[derive(Debug, Clone, Default)]
pub(crate) struct LastWords(Arc<Mutex<VecDeque<u8>>>);

impl LastWords {
    /// What is left of them, as one line.
    pub(crate) fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = kept.iter().copied().collect();
        String::from_utf8_lossy(&bytes)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn keep(&self, bytes: &[u8]) {
        tracing::debug!(target: "guest", "{}", String::from_utf8_lossy(bytes).trim_end());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(bytes);
        let surplus = kept.len().saturating_sub(KEPT);
        kept.drain(..surplus);
    }
}

impl IsTerminal for LastWords {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LastWords {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for LastWords {
    async fn ready(&mut self) {}
}

impl OutputStream for LastWords {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        self.keep(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_end_of_what_was_written() {
        let words = LastWords::default();
        words.keep(&[b'x'; 5000]);
        words.keep(b"\n  panicked at\n here");
        let text = words.text();
        assert!(text.ends_with("x panicked at here"), "{text}");
        assert!(text.len() <= KEPT);
    }
}

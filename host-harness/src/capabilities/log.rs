//! The policy's own log lines.
//!
//! Invariant: bounded, whatever the guest logs, and a line that cannot be read is kept as what it is: logging never
//! fails an evaluation.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// More lines than the largest pod has images, several times over.
const MAX_ENTRIES: usize = 1024;
const MAX_BYTES: usize = 64 << 10;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogEntry {
    /// `trace`, `debug`, `info`, `warning` or `error`.
    pub level: String,
    /// The message; empty where there is none.
    #[serde(default)]
    pub message: String,
    /// Its other fields.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// Log lines in the order in which they came.
#[derive(Debug, Default)]
pub struct Log(Mutex<Vec<LogEntry>>);

impl Log {
    /// Takes out everything logged so far.
    pub fn take(&self) -> Vec<LogEntry> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn add(&self, payload: &[u8]) {
        let entry = read(payload);
        show(&entry);
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() < MAX_ENTRIES {
            entries.push(entry);
        }
    }
}

fn read(payload: &[u8]) -> LogEntry {
    let kept = payload.get(..MAX_BYTES).unwrap_or(payload);
    serde_json::from_slice(kept).map_or_else(
        |error| LogEntry {
            level: "error".to_owned(),
            message: format!("a log line of the policy cannot be read: {error}"),
            fields: Map::new(),
        },
        |mut entry: LogEntry| {
            entry.level = entry.level.to_ascii_lowercase();
            entry
        },
    )
}

/// Passes a line on, at its own level.
fn show(entry: &LogEntry) {
    macro_rules! show {
        ($level:ident) => {
            tracing::$level!(
                target: "policy",
                data = %serde_json::to_string(&entry.fields).unwrap_or_default(),
                "{}",
                entry.message
            )
        };
    }
    match entry.level.as_str() {
        "error" => show!(error),
        "warning" => show!(warn),
        "debug" => show!(debug),
        "trace" => show!(trace),
        _ => show!(info),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_fields_and_lower_cases_levels() {
        let log = Log::default();
        log.add(br#"{"level":"INFO","message":"image","drift":"none","n":3}"#);
        let entries = log.take();
        assert_eq!(entries.len(), 1);
        let entry = entries.first().map(|entry| serde_json::json!(entry));
        assert_eq!(
            entry,
            Some(serde_json::json!({"level": "info", "message": "image", "drift": "none", "n": 3}))
        );
        assert_eq!(log.take(), []);
    }

    #[test]
    fn survives_lines_that_are_none_and_floods() {
        let log = Log::default();
        for _ in 0..2000 {
            log.add(b"\xff");
        }
        let entries = log.take();
        assert_eq!(entries.len(), MAX_ENTRIES);
        assert!(entries.iter().all(|entry| entry.level == "error"));
    }
}

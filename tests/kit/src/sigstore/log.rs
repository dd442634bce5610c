//! A transparency log as cosign 2 sees it: it takes a body and returns a signed timestamp.
//!
//! Unlike a real one it checks nothing, so that it can also sign what a real log would refuse.
//! Invariant: the timestamp is the log's signature over the canonical JSON of the entry's four fields
//! as they were when it was made; changing a field afterwards leaves a timestamp that no longer fits.

use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{EntryBody, KeyKind, KeySource, SigningKey};

/// A log: its key and its id.
#[derive(Clone, Debug)]
pub struct TransparencyLog {
    key: SigningKey,
    id: [u8; 32],
}

impl TransparencyLog {
    /// A log with a fresh P-256 key.
    ///
    /// # Errors
    /// When the key cannot be made.
    pub fn new() -> Result<Self> {
        Self::with_keys(&KeySource::random())
    }

    /// The same, with a key from `keys`.
    ///
    /// # Errors
    /// When the key cannot be made.
    pub fn with_keys(keys: &KeySource) -> Result<Self> {
        let key = keys.fresh(KeyKind::P256)?;
        let id = Sha256::digest(key.spki()).into();
        Ok(Self { key, id })
    }

    /// The log's id: SHA-256 of its public key.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        self.id
    }

    /// The log's key, to sign entries by hand.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The entry that `body` gets at `at`.
    ///
    /// # Errors
    /// When the log's key cannot sign.
    pub fn enter(&self, body: &EntryBody, at: DateTime<Utc>) -> Result<LogEntry> {
        self.enter_bytes(body.json().as_bytes(), at)
    }

    /// The entry of a body that need not be one: garbage, another layout, nothing.
    ///
    /// # Errors
    /// When the log's key cannot sign.
    pub fn enter_bytes(&self, body: &[u8], at: DateTime<Utc>) -> Result<LogEntry> {
        let mut entry = LogEntry {
            payload: EntryPayload {
                body: STANDARD.encode(body),
                integrated_time: at.timestamp(),
                // Real indexes grow with time; this one does, and needs no state.
                log_index: at.timestamp().rem_euclid(1_000_000_000),
                log_id: hex::encode(self.id),
            },
            signed_entry_timestamp: String::new(),
        };
        self.sign(&mut entry)?;
        Ok(entry)
    }

    /// Signs the entry's fields as they are now, whatever log they name.
    ///
    /// # Errors
    /// When the log's key cannot sign.
    pub fn sign(&self, entry: &mut LogEntry) -> Result<()> {
        let signature = self.key.sign(canonical_entry(&entry.payload).as_bytes())?;
        entry.signed_entry_timestamp = STANDARD.encode(signature);
        Ok(())
    }
}

/// The value of the annotation `dev.sigstore.cosign/bundle`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LogEntry {
    /// Base64 of the log's signature.
    pub signed_entry_timestamp: String,
    /// What was signed.
    pub payload: EntryPayload,
}

/// The four fields that the timestamp covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryPayload {
    /// Base64 of the body.
    pub body: String,
    /// Unix seconds.
    pub integrated_time: i64,
    /// The entry's number.
    pub log_index: i64,
    /// Hex of the log's id.
    #[serde(rename = "logID")]
    pub log_id: String,
}

impl LogEntry {
    /// The annotation's text.
    ///
    /// # Errors
    /// When the entry cannot be written as JSON.
    pub fn annotation(&self) -> Result<String> {
        Ok(serde_json::to_string(self)?)
    }
}

/// Canonical JSON of what a timestamp covers: keys sorted, no white space, and in strings only the
/// quotation mark and the backslash escaped.
#[must_use]
pub fn canonical_entry(payload: &EntryPayload) -> String {
    format!(
        "{{\"body\":{},\"integratedTime\":{},\"logID\":{},\"logIndex\":{}}}",
        canonical_string(&payload.body),
        payload.integrated_time,
        canonical_string(&payload.log_id),
        payload.log_index,
    )
}

fn canonical_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

//! A signature's transparency-log entry, as its bundle annotation claims it.
//!
//! Invariant: this only reads. That the log really holds the entry is the host's to prove; what is decided with it is
//! whether an entry belongs to the layer that carries it. Whatever cannot be read is an error, never "no entry".

use crate::pem::decode_base64;
use crate::public_key::PublicKey;
use serde::Deserialize;

/// The longest bundle annotation that is read: entries of the public-good log are below 16 KiB.
const LONGEST: usize = 64 * 1024;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// When the log took it, in seconds since 1970.
    pub integrated_time: i64,
    /// What it says.
    pub body: EntryBody,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryBody {
    /// `hashedrekord` 0.0.1 with a SHA-256: a signature over a digest (Rekor's type of that name).
    HashedRekord {
        /// Lower-case hex of what was signed.
        hash: String,
        /// The signature's bytes.
        signature: Vec<u8>,
        /// By what it was verified.
        verifier: Verifier,
    },
    /// A kind that says nothing about a signature layer, as `kind version`.
    Other(String),
}

/// What verified a logged signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verifier {
    /// A certificate, in DER.
    Certificate(Vec<u8>),
    /// A key.
    Key(PublicKey),
    /// Neither, or a key of a kind that hosts do not verify; says why.
    Unreadable(String),
}

/// Why an annotation is no readable entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogEntryError {
    /// More than anyone needs.
    #[error("expected at most {LONGEST} bytes, got {0}")]
    TooLong(usize),
    /// Not the JSON of a bundle.
    #[error("expected the JSON of a log bundle: {0}")]
    Json(String),
    /// Base64.
    #[error("expected base64 in {0}")]
    Base64(&'static str),
}

#[derive(Deserialize)]
struct Bundle {
    #[serde(rename = "SignedEntryTimestamp")]
    _signed_entry_timestamp: String,
    #[serde(rename = "Payload")]
    payload: Payload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    body: String,
    integrated_time: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    api_version: String,
    kind: String,
    spec: serde_json::Value,
}

#[derive(Deserialize)]
struct HashedRekord {
    data: Data,
    signature: Signature,
}

#[derive(Deserialize)]
struct Data {
    hash: Hash,
}

#[derive(Deserialize)]
struct Hash {
    algorithm: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signature {
    content: String,
    public_key: Content,
}

#[derive(Deserialize)]
struct Content {
    content: String,
}

impl LogEntry {
    /// From a layer's bundle annotation.
    ///
    /// # Errors
    /// When it cannot be read as one entry.
    pub fn from_annotation(text: &str) -> Result<Self, LogEntryError> {
        if text.len() > LONGEST {
            return Err(LogEntryError::TooLong(text.len()));
        }
        let bundle: Bundle = serde_json::from_str(text).map_err(json)?;
        let body =
            decode_base64(&bundle.payload.body).ok_or(LogEntryError::Base64("the entry's body"))?;
        Ok(Self {
            integrated_time: bundle.payload.integrated_time,
            body: EntryBody::from_json(&body)?,
        })
    }
}

impl EntryBody {
    fn from_json(text: &[u8]) -> Result<Self, LogEntryError> {
        let body: Body = serde_json::from_slice(text).map_err(json)?;
        if body.kind != "hashedrekord" || body.api_version != "0.0.1" {
            return Ok(Self::Other(format!("{} {}", body.kind, body.api_version)));
        }
        let spec: HashedRekord = serde_json::from_value(body.spec).map_err(json)?;
        if spec.data.hash.algorithm != "sha256" {
            return Ok(Self::Other(format!(
                "hashedrekord with {}",
                spec.data.hash.algorithm
            )));
        }
        let decode = |text: &str, what| decode_base64(text).ok_or(LogEntryError::Base64(what));
        let verifier = decode(&spec.signature.public_key.content, "the entry's public key")?;
        Ok(Self::HashedRekord {
            hash: spec.data.hash.value,
            signature: decode(&spec.signature.content, "the entry's signature")?,
            verifier: Verifier::from_pem(&verifier),
        })
    }
}

impl Verifier {
    fn from_pem(text: &[u8]) -> Self {
        let Ok(text) = std::str::from_utf8(text) else {
            return Self::Unreadable("expected PEM".to_owned());
        };
        if let Ok(der) = crate::pem::decode("CERTIFICATE", text) {
            return Self::Certificate(der);
        }
        match PublicKey::from_pem(text) {
            Ok(key) => Self::Key(key),
            Err(error) => Self::Unreadable(error.to_string()),
        }
    }
}

fn json(error: serde_json::Error) -> LogEntryError {
    // Without the input: its words are somebody else's.
    LogEntryError::Json(format!(
        "{:?} error at line {} column {}",
        error.classify(),
        error.line(),
        error.column()
    ))
}

#[cfg(test)]
#[path = "log_entry_tests.rs"]
mod tests;

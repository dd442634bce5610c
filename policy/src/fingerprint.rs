//! A drift's fingerprint: what a drift prints and what an exception accepts, in the same words.
//!
//! Invariant: a fingerprint is exact. Ids are whole, so that an exception never accepts more than the one drift that
//! somebody looked at, and what is found on a pinned repository is in one order, so that the order of layers does not
//! matter. What is not written like this does not parse.

use crate::certificate::LONGEST_FIELD;
use crate::clean::shows_plainly;
use crate::digest::is_lower_hex;
use crate::signer::SignerId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The provenance facts that can drift.
const FIELDS: [&str; 4] = ["source", "owner", "builder", "runner"];
/// More signers than an image's signatures may have layers.
const MOST_SIGNERS: usize = 64;
const SHORT_ID: usize = 12;

/// What a drift is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Fingerprint {
    /// No pinned signer, and what is there instead.
    Pin(PinFound),
    /// Parts of a signature contradict each other.
    Invalid,
    /// The repository was signed, the image is not.
    Unsigned,
    /// A key where there were certificates; the key's SHA-256 in hex.
    DowngradeKey(String),
    /// Nothing proven where something was.
    DowngradeUnverifiable,
    /// Proven by somebody unknown.
    Signer(SignerId),
    /// Built in a way never seen.
    Provenance {
        /// `source`, `owner`, `builder` or `runner`.
        field: String,
        /// What it is now.
        value: String,
    },
}

/// What a pinned repository's image has instead of a pinned signer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PinFound {
    /// No signature.
    Unsigned,
    /// Nothing proven.
    Unverifiable,
    /// Other signers: sorted, each once, at least one. See `PinFound::signers`.
    Signers(Vec<SignerId>),
}

/// Why a text is no fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FingerprintError {
    /// None of them.
    #[error(
        "expected unsigned, invalid, signer:ID, downgrade:key:SHA256, downgrade:unverifiable, provenance:FIELD=VALUE or pin:…, as the drift prints it"
    )]
    Unknown,
    /// Of the answers that are not known no exception makes known ones.
    #[error(
        "expected a drift that can be accepted; undetermined never is: what could not be found out has to be asked again"
    )]
    Undetermined,
    /// The short form that people see.
    #[error(
        "expected a whole signer id of 64 hex digits, got its first {SHORT_ID}: `continuity explain IMAGE` shows all of it"
    )]
    ShortId,
    /// Something else in an id's place.
    #[error("expected a signer id of 64 lower-case hex digits")]
    Id,
    /// Too many signers.
    #[error("expected at most {MOST_SIGNERS} signers, got {0}")]
    Signers(usize),
    /// A key's digest.
    #[error("expected the key's SHA-256 as 64 lower-case hex digits")]
    Key,
    /// A provenance field.
    #[error("expected provenance:FIELD=VALUE with a field of source, owner, builder, runner")]
    Field,
    /// A provenance value.
    #[error("expected a printable value of 1 to {LONGEST_FIELD} bytes after provenance:FIELD=")]
    Value,
}

impl PinFound {
    /// What is found where these signed.
    #[must_use]
    pub(crate) fn signers(ids: impl IntoIterator<Item = SignerId>) -> Option<Self> {
        let mut ids: Vec<SignerId> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        (!ids.is_empty()).then_some(Self::Signers(ids))
    }
}

impl Fingerprint {
    /// Whether this says so little about an image that accepting it for a whole repository would accept everything
    /// that anyone pushes.
    #[must_use]
    pub(crate) fn one_digest_only(&self) -> bool {
        match self {
            Self::Invalid | Self::DowngradeUnverifiable | Self::Pin(PinFound::Unverifiable) => true,
            Self::Unsigned
            | Self::DowngradeKey(_)
            | Self::Signer(_)
            | Self::Provenance { .. }
            | Self::Pin(PinFound::Unsigned | PinFound::Signers(_)) => false,
        }
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "invalid" => Ok(Self::Invalid),
            None if text == "unsigned" => Ok(Self::Unsigned),
            Some(("pin", found)) => found.parse().map(Self::Pin),
            Some(("downgrade", "unverifiable")) => Ok(Self::DowngradeUnverifiable),
            Some(("downgrade", key)) => match key.strip_prefix("key:") {
                Some(sha256) if is_lower_hex(sha256, 64) => {
                    Ok(Self::DowngradeKey(sha256.to_owned()))
                }
                Some(_) => Err(FingerprintError::Key),
                None => Err(FingerprintError::Unknown),
            },
            Some(("signer", id)) => parse_id(id).map(Self::Signer),
            Some(("provenance", fact)) => parse_provenance(fact),
            _ if text.starts_with("undetermined") => Err(FingerprintError::Undetermined),
            _ => Err(FingerprintError::Unknown),
        }
    }
}

impl FromStr for PinFound {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "unsigned" => Ok(Self::Unsigned),
            None if text == "unverifiable" => Ok(Self::Unverifiable),
            Some(("signer", ids)) => {
                let count = ids.split('+').count();
                if count > MOST_SIGNERS {
                    return Err(FingerprintError::Signers(count));
                }
                let ids: Vec<SignerId> = ids.split('+').map(parse_id).collect::<Result<_, _>>()?;
                Self::signers(ids).ok_or(FingerprintError::Id)
            }
            _ => Err(FingerprintError::Unknown),
        }
    }
}

fn parse_id(text: &str) -> Result<SignerId, FingerprintError> {
    if is_lower_hex(text, SHORT_ID) {
        return Err(FingerprintError::ShortId);
    }
    text.parse().map_err(|_| FingerprintError::Id)
}

fn parse_provenance(fact: &str) -> Result<Fingerprint, FingerprintError> {
    let (field, value) = fact.split_once('=').ok_or(FingerprintError::Field)?;
    if !FIELDS.contains(&field) {
        return Err(FingerprintError::Field);
    }
    let fits =
        !value.is_empty() && value.len() <= LONGEST_FIELD && value.chars().all(shows_plainly);
    if !fits {
        return Err(FingerprintError::Value);
    }
    Ok(Fingerprint::Provenance {
        field: field.to_owned(),
        value: value.to_owned(),
    })
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pin(found) => write!(f, "pin:{found}"),
            Self::Invalid => f.write_str("invalid"),
            Self::Unsigned => f.write_str("unsigned"),
            Self::DowngradeKey(sha256) => write!(f, "downgrade:key:{sha256}"),
            Self::DowngradeUnverifiable => f.write_str("downgrade:unverifiable"),
            Self::Signer(id) => write!(f, "signer:{id}"),
            Self::Provenance { field, value } => write!(f, "provenance:{field}={value}"),
        }
    }
}

impl fmt::Display for PinFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => f.write_str("unsigned"),
            Self::Unverifiable => f.write_str("unverifiable"),
            Self::Signers(ids) => {
                for (at, id) in ids.iter().enumerate() {
                    write!(f, "{}{id}", if at == 0 { "signer:" } else { "+" })?;
                }
                Ok(())
            }
        }
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = FingerprintError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

#[cfg(test)]
#[path = "fingerprint_tests.rs"]
mod tests;

//! The entries of a baseline: signers, candidates, and digests.
//!
//! Invariant: a signer's id is always computed from the signer, and an entry whose stored id differs does not parse:
//! somebody edited one and not the other.

use crate::digest::Digest;
use crate::posture::Posture;
use crate::public_key::PublicKey;
use crate::signer::{Caller, Keyless, Signer, SignerId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A signer of a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawSigner", into = "RawSigner")]
pub struct SignerRecord {
    /// Who.
    pub signer: Signer,
    /// How it came in.
    pub origin: Origin,
    /// Whether it has stood alone, without a signer of higher rank beside it.
    pub alone: bool,
    /// When it was first seen.
    pub first_seen: DateTime<Utc>,
    /// When it was last seen, to the day.
    pub last_seen: DateTime<Utc>,
    /// On how many digests.
    pub digests: u64,
    /// Set once it was ended; only an approval revives it.
    pub retired: Option<Retired>,
}

/// How a signer came into a baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Seen on a running image.
    Observed,
    /// Read from the repository's own past.
    History,
    /// Introduced by a known signer.
    Introduced(Introduction),
    /// Approved by somebody.
    Approved {
        /// Who approved.
        by: String,
        /// Why.
        reason: String,
    },
}

/// By whom a signer was introduced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    /// The known signer's id.
    pub by: SignerId,
}

/// Who ended a signer, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retired {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// That somebody who was ended was approved again: the end stays on the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revived {
    /// Whom.
    pub id: SignerId,
    /// The end as it was.
    pub retired: Retired,
    /// When it was undone.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A stranger seen beside a known signer: recorded, and still a stranger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// The stranger's id.
    pub id: SignerId,
    /// Its issuer, where keyless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Its subject, where keyless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Its key, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// When it was first seen.
    pub first_seen: DateTime<Utc>,
    /// The known signer beside which it was seen.
    pub beside: String,
}

/// What the transparency log knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// The earliest signature of a known signer.
    pub earliest: DateTime<Utc>,
}

/// A digest on which a known signer was proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// The digest.
    pub digest: Digest,
    /// The signer's id, or at least its first 12 digits.
    signer: String,
    /// The index that lists it, where it is a platform's manifest of a verified one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Digest>,
    /// When it was last seen.
    pub at: DateTime<Utc>,
}

/// A digest that ran when its repository's baseline became established.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tolerated {
    /// The digest.
    pub digest: Digest,
    /// What it had then.
    pub posture: Posture,
    /// When it last ran.
    pub at: DateTime<Utc>,
}

/// A digest that somebody allowed for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed {
    /// The digest.
    pub digest: Digest,
    /// Until when.
    pub until: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl SignerRecord {
    /// The signer's id.
    #[must_use]
    pub fn id(&self) -> SignerId {
        self.signer.id()
    }
}

impl Verified {
    /// An entry for a signer.
    #[must_use]
    pub fn new(digest: Digest, signer: &SignerId, at: DateTime<Utc>) -> Self {
        Self {
            digest,
            signer: signer.as_str().to_owned(),
            of: None,
            at,
        }
    }

    /// Whether it could mean the signer `id`.
    #[must_use]
    pub fn names(&self, id: &SignerId) -> bool {
        self.signer.len() >= 12 && id.as_str().starts_with(&self.signer)
    }
}

/// As it stands in JSON.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSigner {
    id: SignerId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    public_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    origin: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    introduced_by: Option<SignerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    alone: bool,
    first_seen: DateTime<Utc>,
    last_seen: DateTime<Utc>,
    digests: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retired: Option<Retired>,
}

/// Why an entry is no signer.
#[derive(Debug, thiserror::Error)]
enum RecordError {
    #[error("expected issuer and subject, or publicKey and sha256")]
    Neither,
    #[error("expected a public key: {0}")]
    Key(#[from] crate::public_key::PublicKeyError),
    #[error("expected the id {0} of this signer, got another")]
    Id(SignerId),
    #[error("expected the key's sha256, got another")]
    Sha256,
    #[error(
        "expected origin observed, history, introduced or approved, with who and why where somebody decided"
    )]
    Origin,
}

impl TryFrom<RawSigner> for SignerRecord {
    type Error = RecordError;

    fn try_from(raw: RawSigner) -> Result<Self, Self::Error> {
        let signer = match (raw.issuer, raw.subject, raw.public_key) {
            (Some(issuer), Some(subject), None) => {
                let caller = (raw.source_id.is_some() || raw.owner_id.is_some()).then(|| Caller {
                    source_id: raw.source_id.unwrap_or_default(),
                    owner_id: raw.owner_id.unwrap_or_default(),
                });
                Signer::Keyless(Keyless {
                    issuer,
                    subject,
                    caller,
                })
            }
            (None, None, Some(pem)) => {
                let key = PublicKey::from_pem(&pem)?;
                if raw.sha256.is_some_and(|sha256| sha256 != key.sha256()) {
                    return Err(RecordError::Sha256);
                }
                Signer::Key(key)
            }
            _ => return Err(RecordError::Neither),
        };
        if signer.id() != raw.id {
            return Err(RecordError::Id(signer.id()));
        }
        let origin = match (raw.origin.as_str(), raw.introduced_by, raw.by, raw.reason) {
            ("observed", None, _, _) => Origin::Observed,
            ("history", None, _, _) => Origin::History,
            ("introduced", Some(by), _, _) => Origin::Introduced(Introduction { by }),
            ("approved", None, Some(by), Some(reason)) => Origin::Approved { by, reason },
            _ => return Err(RecordError::Origin),
        };
        Ok(Self {
            signer,
            origin,
            alone: raw.alone,
            first_seen: raw.first_seen,
            last_seen: raw.last_seen,
            digests: raw.digests,
            retired: raw.retired,
        })
    }
}

impl From<SignerRecord> for RawSigner {
    fn from(record: SignerRecord) -> Self {
        let id = record.id();
        let (mut issuer, mut subject, mut source_id, mut owner_id) = (None, None, None, None);
        let (mut public_key, mut sha256) = (None, None);
        match record.signer {
            Signer::Keyless(keyless) => {
                issuer = Some(keyless.issuer);
                subject = Some(keyless.subject);
                if let Some(caller) = keyless.caller {
                    source_id = Some(caller.source_id);
                    owner_id = Some(caller.owner_id);
                }
            }
            Signer::Key(key) => {
                public_key = Some(key.pem());
                sha256 = Some(key.sha256());
            }
        }
        let (origin, introduced_by, by, reason) = match record.origin {
            Origin::Observed => ("observed", None, None, None),
            Origin::History => ("history", None, None, None),
            Origin::Introduced(Introduction { by }) => ("introduced", Some(by), None, None),
            Origin::Approved { by, reason } => ("approved", None, Some(by), Some(reason)),
        };
        Self {
            id,
            issuer,
            subject,
            source_id,
            owner_id,
            public_key,
            sha256,
            origin: origin.to_owned(),
            introduced_by,
            by,
            reason,
            alone: record.alone,
            first_seen: record.first_seen,
            last_seen: record.last_seen,
            digests: record.digests,
            retired: record.retired,
        }
    }
}

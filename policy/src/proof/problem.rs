//! What is wrong with a claim, and which posture follows from it.

use crate::posture::Posture;
use std::fmt;

/// What is wrong with a claim. Contradictions come first in order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// Parts of the signature contradict each other.
    Contradiction(&'static str),
    /// The host says that this certificate or key did not sign the digest.
    NotSignedBy(&'static str),
    /// No configured authority issued the certificate.
    ForeignAuthority,
    /// The host can use none of the signatures.
    NonePassed,
    /// The host cannot use what the registry serves.
    Unusable,
    /// The certificate breaks a rule.
    Certificate(String),
    /// The log entry cannot be used.
    LogEntry(String),
    /// There is no log entry, so nothing says that the certificate was valid.
    NoLogEntry,
    /// A key that hosts do not verify.
    Key(String),
    /// A key that neither a log entry nor the baseline gives.
    UnknownKey,
    /// There is no signature to verify.
    Signature(&'static str),
    /// The signature data as a whole: beyond the bounds, or no signatures at all.
    Data(String),
    /// A bundle, which only the learner can read.
    Bundle,
}

impl Problem {
    /// The posture that it leads to where nothing is proven.
    #[must_use]
    pub fn posture(&self) -> Posture {
        match self {
            Self::Contradiction(_) | Self::NotSignedBy(_) => Posture::Invalid,
            Self::ForeignAuthority
            | Self::NonePassed
            | Self::Unusable
            | Self::Certificate(_)
            | Self::LogEntry(_)
            | Self::NoLogEntry
            | Self::Key(_)
            | Self::UnknownKey
            | Self::Signature(_)
            | Self::Data(_)
            | Self::Bundle => Posture::Unverifiable,
        }
    }

    /// Whether a broken trust root would look the same.
    #[must_use]
    pub fn could_be_the_trust_root(&self) -> bool {
        matches!(
            self,
            Self::NotSignedBy(_) | Self::ForeignAuthority | Self::NonePassed
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contradiction(what) => f.write_str(what),
            Self::NotSignedBy(what) => write!(f, "the {what} did not sign this digest"),
            Self::ForeignAuthority => f.write_str("no configured authority issued the certificate"),
            Self::NonePassed => {
                f.write_str("the host accepts none of the signatures (another log or trust root?)")
            }
            Self::Unusable => {
                f.write_str("the host cannot use the signatures that the registry serves")
            }
            Self::Certificate(why) => write!(f, "the certificate: {why}"),
            Self::LogEntry(why) => write!(f, "the log entry {why}"),
            Self::NoLogEntry => f.write_str("there is no log entry"),
            Self::Key(why) => write!(f, "the key: {why}"),
            Self::UnknownKey => f.write_str("signed by a key that is not known here"),
            Self::Signature(why) => f.write_str(why),
            Self::Data(why) => write!(f, "the signature data: {why}"),
            Self::Bundle => f.write_str("signed in a bundle, which this host cannot prove"),
        }
    }
}

//! What is wrong with a claim, and which posture follows from it.

use crate::posture::{Cause, Posture};
use std::fmt;

/// What is wrong with a claim. Contradictions come first in order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// Parts of the signature contradict each other.
    Contradiction(&'static str),
    /// No configured authority issued the certificate.
    ForeignAuthority,
    /// The host does not confirm a signature in which nothing contradicts itself: somebody else's key, a blob that it
    /// could not fetch and a log that it does not know read alike.
    NotConfirmed,
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
    pub(crate) fn posture(&self) -> Posture {
        match self {
            Self::Contradiction(_) => Posture::Invalid,
            Self::NotConfirmed | Self::Key(_) | Self::Bundle => Posture::Unknown,
            Self::ForeignAuthority
            | Self::Certificate(_)
            | Self::LogEntry(_)
            | Self::NoLogEntry
            | Self::UnknownKey
            | Self::Signature(_)
            | Self::Data(_) => Posture::Unverifiable,
        }
    }

    /// Why the posture is unknown, where it is.
    #[must_use]
    pub(crate) fn cause(&self) -> Option<Cause> {
        match self {
            Self::NotConfirmed => Some(Cause::Answer),
            Self::Key(_) | Self::Bundle => Some(Cause::Format),
            Self::Contradiction(_)
            | Self::ForeignAuthority
            | Self::Certificate(_)
            | Self::LogEntry(_)
            | Self::NoLogEntry
            | Self::UnknownKey
            | Self::Signature(_)
            | Self::Data(_) => None,
        }
    }

    /// Whether a broken trust root would look the same.
    #[must_use]
    pub(crate) fn could_be_the_trust_root(&self) -> bool {
        matches!(self, Self::NotConfirmed | Self::ForeignAuthority)
    }
}

/// The posture of `problems` where nothing is proven, and why it is unknown. What another reader could prove is not
/// called unverifiable; a contradiction that was seen here stands whatever else is there.
#[must_use]
pub(crate) fn posture_of(problems: &[Problem]) -> (Posture, Option<Cause>) {
    if problems.iter().any(|p| p.posture() == Posture::Invalid) {
        return (Posture::Invalid, None);
    }
    match problems.iter().filter_map(Problem::cause).min() {
        Some(cause) => (Posture::Unknown, Some(cause)),
        None => (Posture::Unverifiable, None),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contradiction(what) => f.write_str(what),
            Self::ForeignAuthority => f.write_str("no configured authority issued the certificate"),
            Self::NotConfirmed => f.write_str("the host does not confirm the signature"),
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

//! The words for what was found: posture, rank and, where nothing could be found out, the cause.
//!
//! Invariant: `unknown` is never `unsigned`. Only a registry that says "absent" leads to the latter.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An image's signing posture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Posture {
    /// At least one signer is proven.
    Signed,
    /// Parts of a signature contradict each other.
    Invalid,
    /// Signature data is there, and nothing could be proven from it here.
    Unverifiable,
    /// No signature, as far as this host sees.
    Unsigned,
    /// The outside world did not answer.
    Unknown,
}

/// How strong a kind of evidence is. A higher rank never excuses a new signer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rank {
    /// Nothing.
    Unsigned,
    /// Something that could not be proven.
    Unverifiable,
    /// A long-lived key.
    Key,
    /// A certified identity.
    Keyless,
}

/// Why something could not be determined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// No connection, a time-out, 5xx, a rate limit; or 401 and 403 where the image itself was not served either.
    Outage,
    /// The registry answered, and it is not understood; or the host does not confirm a signature in which nothing is
    /// wrong.
    Answer,
    /// There is no such tag or digest: nothing can run.
    Absent,
    /// Time or the number of images.
    Limit,
    /// The baseline is there and cannot be used, or reading it failed.
    Baseline,
    /// The known-good image cannot be proven either.
    TrustRoot,
    /// Signature data that this host cannot prove and the learner can.
    Format,
    /// The policy was not granted a capability or a resource.
    Host,
}

impl Posture {
    /// The word in texts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Invalid => "invalid",
            Self::Unverifiable => "unverifiable",
            Self::Unsigned => "unsigned",
            Self::Unknown => "unknown",
        }
    }
}

impl Cause {
    /// The word in texts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Outage => "outage",
            Self::Answer => "answer",
            Self::Absent => "absent",
            Self::Limit => "limit",
            Self::Baseline => "baseline",
            Self::TrustRoot => "trust-root",
            Self::Format => "format",
            Self::Host => "host",
        }
    }
}

impl fmt::Display for Posture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

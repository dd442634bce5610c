//! What came of observations: nothing, or a baseline that is to be written.

use signature_continuity::baseline::Baseline;
use signature_continuity::digest::Digest;
use signature_continuity::signer::{Signer, SignerId};
use std::fmt;

/// What observations taught about one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateResult {
    /// Nothing, and why; there is no baseline.
    Nothing(&'static str),
    /// The baseline is as it was.
    Unchanged,
    /// The baseline as it is now.
    Learned {
        /// To be written.
        baseline: Box<Baseline>,
        /// What is new in it.
        news: Vec<BaselineEvent>,
    },
}

/// One thing that is new in a baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaselineEvent {
    /// The repository was never seen signed before.
    Repository,
    /// The repository was seen running, looked at in full, and nobody signed it.
    NeverSigned,
    /// A cold baseline takes a signer in.
    Signer(Signer),
    /// A known signer introduced another one.
    Introduced {
        /// Who is known from now on.
        signer: Signer,
        /// By whose word.
        by: SignerId,
    },
    /// A stranger stands beside a known signer.
    Candidate(Signer),
    /// A digest on which a known signer was proven.
    Verified(Digest),
    /// A digest that runs without a known signer, and may go on.
    Tolerated(Digest),
    /// A tolerated digest did not run for a month.
    Forgotten(Digest),
    /// From now on drift counts.
    Established,
    /// The repository's own past established it.
    History(Signer),
}

/// As a line for people.
impl fmt::Display for BaselineEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository => f.write_str("the repository's first proven signature"),
            Self::NeverSigned => f.write_str("seen running, looked at in full, and not signed"),
            Self::Signer(signer) => write!(f, "signer {}  {signer}", signer.id().short()),
            Self::Introduced { signer, by } => write!(
                f,
                "signer {}  {signer}, introduced by {}",
                signer.id().short(),
                by.short()
            ),
            Self::Candidate(signer) => write!(
                f,
                "stranger beside a known signer, noted: {}  {signer}",
                signer.id().short()
            ),
            Self::Verified(digest) => write!(f, "verified {digest}"),
            Self::Tolerated(digest) => {
                write!(f, "tolerated {digest}: it runs, without a known signer")
            }
            Self::Forgotten(digest) => {
                write!(
                    f,
                    "no longer tolerated {digest}: it did not run for 30 days"
                )
            }
            Self::Established => f.write_str("established: from now on drift counts"),
            Self::History(signer) => write!(
                f,
                "its own past establishes signer {}  {signer}",
                signer.id().short()
            ),
        }
    }
}

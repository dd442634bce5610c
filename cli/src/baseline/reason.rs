//! Why nobody is taken from a digest.
//!
//! Invariant: it only tells; what comes from an image is cleaned before it is kept.

use signature_continuity::clean::{SHOWN, clean};
use signature_continuity::proof::Problem;

/// Why nobody is taken from a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Nobody is proven.
    NotProven,
    /// Whoever signed made it for another repository; what it names.
    Elsewhere(String),
    /// Beside a signature for this repository one is there that was made for another one, and earlier; what it names.
    ElsewhereEarlier(String),
    /// It is not known who was first.
    Unordered,
    /// Signed by a key that no log names.
    UnknownKey,
    /// A signature could not be judged, or contradicts itself; in which way.
    Unjudged(String),
    /// Not everybody who may have signed could be seen.
    Unseen,
}

impl Reason {
    pub(super) fn unjudged(problem: &Problem) -> Self {
        if *problem == Problem::UnknownKey {
            Self::UnknownKey
        } else {
            Self::Unjudged(clean(&problem.to_string(), SHOWN))
        }
    }

    /// In a few words.
    #[must_use]
    pub(crate) fn summary(&self) -> &'static str {
        match self {
            Self::NotProven => "what is not proven teaches nothing",
            Self::Elsewhere(_) => "the signatures were made for another repository",
            Self::ElsewhereEarlier(_) => "a signature for another repository was there before",
            Self::Unordered => "of several signers it is not known who was first",
            Self::UnknownKey => "it is signed by a key that no log names",
            Self::Unjudged(_) => "a signature beside it could not be judged",
            Self::Unseen => "not everybody who may have signed could be seen",
        }
    }

    /// Of several reasons the one that says most.
    pub(super) fn weight(&self) -> u8 {
        match self {
            Self::NotProven => 0,
            Self::Elsewhere(_) => 1,
            Self::ElsewhereEarlier(_) => 2,
            Self::UnknownKey => 3,
            Self::Unjudged(_) => 4,
            Self::Unordered => 5,
            Self::Unseen => 6,
        }
    }
}

//! Observing images natively: what the policy observes, by its own rules, and what it cannot see.
//!
//! Invariant: a signature is here only when it is proven, at least as strictly as the module's host proves it; what its
//! payload and the log say belongs to that very signature. What could not be found out is never "nothing there".

mod host;
mod image_observer;
mod native;
pub mod rekor;
mod spelled;
mod traits;

use chrono::{DateTime, Utc};
use signature_continuity::baseline::Format;
use signature_continuity::digest::Digest;
use signature_continuity::observe::Observation;
use signature_continuity::proof::ProvenSigner;
use signature_continuity::signer::SignerId;
use std::collections::BTreeMap;
use std::fmt;

pub use image_observer::ImageObserver;
pub use native::NativeObserver;
pub use spelled::spelled;
pub use traits::{Observe, RepositoryObserver};

/// What was seen of one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedImage {
    /// By the policy's rules, with the bundles that its host cannot read, and whoever is known: what is learned from.
    pub observation: Observation,
    /// What the policy sees of the reference, through a host that reads no bundles and by what its baseline says: what
    /// admission judges.
    pub as_policy: Observation,
    /// The same for whoever names the tag alone, where the index under it is what was seen.
    pub index_as_policy: Option<Observation>,
    /// Each proven signature, and what only the native observation knows of it. The signers are those of `observation`.
    pub signatures: Vec<Signature>,
    /// The digests of the platforms' manifests, where the image is an index.
    pub platforms: Vec<Digest>,
    /// How many attestations refer to it; they prove no signer.
    pub attestations: usize,
    /// How it was looked at, where that bears on what was seen.
    pub notes: Vec<Note>,
}

impl ObservedImage {
    /// Nothing is seen beside what this says, whoever looks.
    #[must_use]
    pub(crate) fn of_nothing(observation: Observation) -> Self {
        Self {
            as_policy: observation.clone(),
            observation,
            index_as_policy: None,
            signatures: Vec::new(),
            platforms: Vec::new(),
            attestations: 0,
            notes: Vec::new(),
        }
    }
}

/// What bears on what was seen, and is no fault of the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The registry has no referrers API; the tag that stands in for it was looked at.
    NoReferrersApi,
    /// The registry refuses to say what refers to the image.
    ReferrersRefused,
    /// The registry was not reached; why, in one clause, cleaned.
    NotReached(String),
}

/// For people.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotReached(cause) => return write!(f, "the registry was not reached: {cause}"),
            Self::NoReferrersApi => {
                "the registry has no API for what refers to an image; the tag that stands in for it was looked at"
            }
            Self::ReferrersRefused => {
                "the registry refuses to say what refers to an image, so bundles beside it would not be seen; its credentials may not suffice for that"
            }
        })
    }
}

/// A proven signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// By whom, and in which format.
    pub proven: ProvenSigner,
    /// When the log took it in, by the log's own signature; `None` where no log did.
    pub logged_at: Option<DateTime<Utc>>,
    /// Whether it was made for this repository.
    pub signed_repository: SignedRepository,
    /// Whom its signer introduces in signed annotations (`signature-continuity/introduces`), and when the log first took
    /// that word in.
    pub introduces: BTreeMap<SignerId, Option<DateTime<Utc>>>,
}

/// For which repository a signature was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedRepository {
    /// Its payload names this repository, an alias of it, or another spelling of its name.
    Here,
    /// Its payload is of another type, or names this repository not; what it names, cleaned.
    Elsewhere(String),
    /// It names none: bundles do not.
    Unsaid,
}

impl Signature {
    /// In which format it is.
    #[must_use]
    pub fn format(&self) -> Format {
        self.proven.format()
    }
}

//! Drift: how an image differs from its repository's baseline. A pure function of values.
//!
//! Invariant: all drifts that apply are reported, the most severe first; an exception removes exactly the drift whose
//! fingerprint it names, and nothing that could not be determined. Each kind has a file that holds all there is to say
//! about it (`Kind`): another one is a file, a variant, and what the compiler then asks for.

mod case;
mod downgrade;
mod invalid;
mod new;
mod pin;
mod rejects;
mod signer;
mod undetermined;
mod unsigned;

pub(crate) use case::Case;
pub(crate) use rejects::Rejects;

use crate::fingerprint::{Fingerprint, PinFound};
use crate::host_error::Outage;
use crate::posture::Cause;
use crate::remedy::{Remedy, Situation};
use crate::settings::Exception;
use crate::signer::SignerId;
use std::fmt;

/// The page that explains each drift, by an anchor of its name.
pub(crate) const PAGE: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/drift.md");

/// One way in which an image differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drift {
    /// A pinned repository's image has no pinned signer.
    Pin(PinFound),
    /// Parts of a signature contradict each other.
    Invalid,
    /// It could not be found out.
    Undetermined(Cause, Option<Outage>),
    /// The repository was signed, this image is not.
    Unsigned,
    /// What is proven is of lower rank than the baseline; `None`: nothing is proven.
    Downgrade(Option<String>),
    /// Proven, but by no known signer.
    Signer(SignerId),
    /// There is no baseline.
    New,
}

/// What there is to say about a kind of drift. Its file also says when it applies, as a function of a [`Case`].
trait Kind {
    /// The word in texts, and the anchor of the page that explains it.
    fn name(&self) -> &'static str;

    /// What happened to an image, behind "1 of 3 images".
    fn phrase(&self) -> &'static str;

    /// Drifts are told in falling order of it, and the first decides.
    fn severity(&self) -> u8;

    /// The short id of what it is about, as people type it.
    fn detail(&self) -> Option<String>;

    /// What an exception has to name; `None`: none accepts it.
    fn fingerprint(&self) -> Option<Fingerprint>;

    /// Where it rejects.
    fn rejects(&self) -> Rejects;

    /// Whether it rests on a proof. Only then it rejects a workload, whose pods are judged anew.
    fn is_proven(&self) -> bool;

    /// Whether something changed, so that there is something to warn about.
    fn is_change(&self) -> bool {
        true
    }

    /// What can be done about it, the best first.
    fn remedies(&self, situation: &Situation<'_>) -> Vec<Remedy>;
}

/// When each kind applies. A rule that is missing here is dead code, which the compiler tells.
const RULES: [fn(&Case<'_>) -> Option<Drift>; 7] = [
    pin::applies,
    invalid::applies,
    undetermined::applies,
    unsigned::applies,
    downgrade::applies,
    signer::applies,
    new::applies,
];

impl Drift {
    fn with<R>(&self, f: impl FnOnce(&dyn Kind) -> R) -> R {
        match self {
            Self::Pin(found) => f(&pin::Pin(found)),
            Self::Invalid => f(&invalid::Invalid),
            Self::Undetermined(cause, outage) => f(&undetermined::Undetermined(*cause, *outage)),
            Self::Unsigned => f(&unsigned::Unsigned),
            Self::Downgrade(key) => f(&downgrade::Downgrade(key.as_deref())),
            Self::Signer(id) => f(&signer::Stranger(id)),
            Self::New => f(&new::New),
        }
    }

    /// The word in texts, and the anchor of the page that explains it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.with(|kind| kind.name())
    }

    /// What happened to an image, behind "1 of 3 images".
    #[must_use]
    pub(crate) fn phrase(&self) -> &'static str {
        self.with(|kind| kind.phrase())
    }

    /// Drifts are told in falling order of it, and the first decides.
    #[must_use]
    pub(crate) fn severity(&self) -> u8 {
        self.with(|kind| kind.severity())
    }

    /// Where the page that explains it is.
    #[must_use]
    pub fn page(&self) -> String {
        format!("{PAGE}#{}", self.name())
    }

    /// What an exception has to name. What could not be determined cannot be accepted.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.with(|kind| kind.fingerprint())
    }

    /// Where it rejects.
    #[must_use]
    pub(crate) fn rejects(&self) -> Rejects {
        self.with(|kind| kind.rejects())
    }

    /// Whether it rests on a proof. Only then it rejects a workload, whose pods are judged anew.
    #[must_use]
    pub(crate) fn is_proven(&self) -> bool {
        self.with(|kind| kind.is_proven())
    }

    /// Whether something changed, so that there is something to warn about.
    #[must_use]
    pub(crate) fn is_change(&self) -> bool {
        self.with(|kind| kind.is_change())
    }

    /// What can be done about it, the best first.
    pub(crate) fn remedies(&self, situation: &Situation<'_>) -> Vec<Remedy> {
        self.with(|kind| kind.remedies(situation))
    }

    /// The cause, where it could not be determined.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Self::Undetermined(cause, _) => Some(*cause),
            Self::Pin(_)
            | Self::Invalid
            | Self::Unsigned
            | Self::Downgrade(_)
            | Self::Signer(_)
            | Self::New => None,
        }
    }
}

/// With the short id of what it is about, as people type it.
impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self.with(|kind| kind.detail()) {
            Some(detail) => write!(f, " {detail}"),
            None => Ok(()),
        }
    }
}

/// An image's drifts: those that stand, and those that an exception accepts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assessment {
    /// In order; the first decides.
    pub drifts: Vec<Drift>,
    /// What an exception in force accepts.
    pub accepted: Vec<Drift>,
}

/// Holds an observation against the baseline. `exceptions` are those in force for this image.
#[must_use]
pub(crate) fn assess(case: &Case<'_>, exceptions: &[&Exception]) -> Assessment {
    let mut assessment = Assessment::default();
    let mut drifts: Vec<Drift> = RULES.iter().filter_map(|applies| applies(case)).collect();
    drifts.sort_by_key(|drift| std::cmp::Reverse(drift.severity()));
    for drift in drifts {
        let fingerprint = drift.fingerprint();
        let covered = exceptions
            .iter()
            .any(|exception| Some(&exception.accepts) == fingerprint.as_ref());
        if covered {
            assessment.accepted.push(drift);
        } else {
            assessment.drifts.push(drift);
        }
    }
    assessment
}

#[cfg(test)]
#[path = "drift_tests.rs"]
mod tests;

//! What is compared: an observation, and the baseline that it is held against.
//!
//! Invariant: what could not be found out is told before anything is concluded, unless the baseline lists the digest:
//! that needs nobody's answer. Only a pin can want more than a listed digest says.

use crate::baseline::{Baseline, Lookup};
use crate::host_error::Outage;
use crate::known::Known;
use crate::observe::{Evidence, Observation};
use crate::posture::{Cause, Posture};
use crate::proof::ProvenSigner;
use chrono::{DateTime, Utc};

/// An image's observation beside its repository's baseline.
pub(crate) struct Case<'a> {
    /// The baseline.
    pub lookup: &'a Lookup,
    /// Whom the image may be signed by.
    pub known: &'a Known<'a>,
    /// What it carries.
    pub observation: &'a Observation,
    /// By which time allowances are judged.
    pub now: DateTime<Utc>,
}

/// How much there is to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    /// Nothing: it could not be found out.
    Undetermined(Cause, Option<Outage>),
    /// Nothing more: the baseline answers for this very image.
    Continuous,
    /// Nothing: nobody was asked about a repository without baseline.
    NotAsked,
    /// Pins alone: the rest is continuous, since the baseline lists the digest.
    Pins,
    /// What was proven.
    Proof,
}

impl<'a> Case<'a> {
    pub(super) fn compared(&self) -> Compared {
        match self.lookup {
            Lookup::Unusable(_) | Lookup::Lost => {
                return Compared::Undetermined(Cause::Baseline, None);
            }
            Lookup::Unread => return Compared::Undetermined(Cause::Limit, None),
            Lookup::Absent | Lookup::Usable(_) => {}
        }
        match self.observation.evidence {
            Evidence::Verified(_)
            | Evidence::Tolerated
            | Evidence::Allowed
            | Evidence::ObservedUnsigned => return Compared::Continuous,
            Evidence::NotAsked => return Compared::NotAsked,
            Evidence::Proof => {}
        }
        let listed = self.listed();
        match listed {
            Listed::Enough => Compared::Continuous,
            Listed::No | Listed::ButPinned if self.observation.posture == Posture::Unknown => {
                // Without a word about why, it is not called an outage: that may be waived.
                let (cause, outage) = self.observation.unknown.unwrap_or((Cause::Answer, None));
                Compared::Undetermined(cause, outage)
            }
            Listed::ButPinned => Compared::Pins,
            Listed::No => Compared::Proof,
        }
    }

    /// What the baseline says of the digest, whoever was asked about it.
    fn listed(&self) -> Listed {
        let (Some(baseline), Some(digest)) = (self.lookup.baseline(), &self.observation.digest)
        else {
            return Listed::No;
        };
        let pinned = self.known.is_pinned();
        let mut verifiers = baseline.verifiers(digest).peekable();
        let verified = verifiers.peek().is_some();
        let verified_as_pinned = verifiers.any(|signer| self.known.satisfies_pin(signer));
        let tolerated = baseline.tolerated(digest).is_some();
        if baseline.allowed(digest, self.now).is_some() || verified_as_pinned {
            Listed::Enough
        } else if !(verified || tolerated) {
            Listed::No
        } else if pinned {
            Listed::ButPinned
        } else {
            Listed::Enough
        }
    }

    /// The baseline of a repository that was signed, where what was proven is to be held against it.
    pub(super) fn signed(&self) -> Option<&'a Baseline> {
        let baseline = self.lookup.baseline()?;
        (self.compared() == Compared::Proof && baseline.is_signed()).then_some(baseline)
    }

    /// Who was proven, by whether they are known.
    pub(super) fn signers(&self) -> (Vec<&'a ProvenSigner>, Vec<&'a ProvenSigner>) {
        self.observation
            .proven
            .iter()
            .partition(|proven| self.known.contains(proven.signer()))
    }
}

enum Listed {
    No,
    Enough,
    ButPinned,
}

//! Drift: how an image differs from its repository's baseline. A pure function of values.
//!
//! Invariant: all drifts that apply are reported, in the contract's order; an exception removes exactly the drift whose
//! fingerprint it names, and nothing that could not be determined.

use crate::baseline::Lookup;
use crate::fingerprint::{Fingerprint, PinFound};
use crate::host_error::Outage;
use crate::known::Known;
use crate::observe::{Evidence, Observation};
use crate::posture::{Cause, Posture, Rank};
use crate::proof::ProvenSigner;
use crate::settings::Exception;
use crate::signer::{Signer, SignerId};
use std::fmt;

/// One way in which an image differs. The order of variants is the order of report.
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

impl Drift {
    /// The word in texts, and the anchor of the page that explains it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pin(_) => "pin",
            Self::Invalid => "invalid",
            Self::Undetermined(..) => "undetermined",
            Self::Unsigned => "unsigned",
            Self::Downgrade(_) => "downgrade",
            Self::Signer(_) => "signer",
            Self::New => "new",
        }
    }

    /// What an exception has to name. What could not be determined cannot be accepted.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        match self {
            Self::Pin(found) => Some(Fingerprint::Pin(found.clone())),
            Self::Invalid => Some(Fingerprint::Invalid),
            Self::Unsigned => Some(Fingerprint::Unsigned),
            Self::Downgrade(Some(sha256)) => Some(Fingerprint::DowngradeKey(sha256.clone())),
            Self::Downgrade(None) => Some(Fingerprint::DowngradeUnverifiable),
            Self::Signer(id) => Some(Fingerprint::Signer(id.clone())),
            Self::Undetermined(..) | Self::New => None,
        }
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
        match self {
            Self::Signer(id) => write!(f, " {}", id.short()),
            Self::Downgrade(Some(sha256)) => {
                write!(f, " key {}", sha256.get(..12).unwrap_or_default())
            }
            Self::Downgrade(None) => f.write_str(" unverifiable"),
            Self::Undetermined(cause, Some(outage)) => write!(f, " ({cause}: {})", outage.as_str()),
            Self::Undetermined(cause, None) => write!(f, " ({cause})"),
            Self::Pin(PinFound::Signers(ids)) => match ids.first() {
                Some(id) => write!(f, " {}", id.short()),
                None => Ok(()),
            },
            Self::Pin(PinFound::Unsigned) => f.write_str(" unsigned"),
            Self::Pin(PinFound::Unverifiable) => f.write_str(" unverifiable"),
            Self::Invalid | Self::Unsigned | Self::New => Ok(()),
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
pub fn assess(
    lookup: &Lookup,
    known: &Known<'_>,
    observation: &Observation,
    exceptions: &[&Exception],
) -> Assessment {
    let mut assessment = Assessment::default();
    for drift in drifts(lookup, known, observation) {
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

fn drifts(lookup: &Lookup, known: &Known<'_>, observation: &Observation) -> Vec<Drift> {
    match lookup {
        Lookup::Unusable(_) => return vec![Drift::Undetermined(Cause::Baseline, None)],
        Lookup::Unread => return vec![Drift::Undetermined(Cause::Limit, None)],
        Lookup::Absent | Lookup::Usable(_) => {}
    }
    match observation.evidence {
        Evidence::Verified(_) | Evidence::Tolerated | Evidence::Allowed => return Vec::new(),
        Evidence::NotAsked => return vec![Drift::New],
        Evidence::Proof => {}
    }
    let baseline = lookup.baseline();
    // Such a repository's image without a `.sig` may well be signed: in a way that is not seen from here.
    let unseen = baseline.is_some_and(|b| b.publishes_bundles())
        && !observation.has_signature_tag
        && !observation.bundles_read
        && matches!(
            observation.posture,
            Posture::Unsigned | Posture::Unverifiable
        );
    if unseen {
        let listed = listed(lookup, observation);
        return if listed && !known.is_pinned() {
            Vec::new()
        } else {
            vec![Drift::Undetermined(Cause::Format, None)]
        };
    }
    if observation.posture == Posture::Unknown {
        let (cause, outage) = observation.unknown.unwrap_or((Cause::Outage, None));
        return vec![Drift::Undetermined(cause, outage)];
    }
    let mut drifts = Vec::new();
    drifts.extend(against_pins(known, observation));
    if listed(lookup, observation) {
        return drifts;
    }
    if observation.posture == Posture::Invalid {
        drifts.push(Drift::Invalid);
    }
    match baseline {
        Some(baseline) => drifts.extend(against_baseline(baseline.rank, known, observation)),
        None => drifts.push(Drift::New),
    }
    drifts
}

/// Whether the baseline lists the digest: then only a pin can want more.
fn listed(lookup: &Lookup, observation: &Observation) -> bool {
    let (Some(baseline), Some(digest)) = (lookup.baseline(), &observation.digest) else {
        return false;
    };
    baseline.verified(digest).is_some() || baseline.tolerated(digest).is_some()
}

fn against_pins(known: &Known<'_>, observation: &Observation) -> Option<Drift> {
    if !known.is_pinned()
        || observation
            .proven
            .iter()
            .any(|p| known.satisfies_pin(p.signer()))
    {
        return None;
    }
    let mut ids: Vec<SignerId> = observation.proven.iter().map(|p| p.signer().id()).collect();
    ids.sort();
    ids.dedup();
    Some(Drift::Pin(match observation.posture {
        Posture::Signed if !ids.is_empty() => PinFound::Signers(ids),
        Posture::Unsigned => PinFound::Unsigned,
        Posture::Signed | Posture::Unverifiable | Posture::Invalid | Posture::Unknown => {
            PinFound::Unverifiable
        }
    }))
}

fn against_baseline(rank: Rank, known: &Known<'_>, observation: &Observation) -> Vec<Drift> {
    match observation.posture {
        Posture::Unsigned => return vec![Drift::Unsigned],
        Posture::Unverifiable => return vec![Drift::Downgrade(None)],
        Posture::Invalid | Posture::Unknown => return Vec::new(),
        Posture::Signed => {}
    }
    let (ours, strangers): (Vec<&ProvenSigner>, Vec<&ProvenSigner>) = observation
        .proven
        .iter()
        .partition(|proven| known.contains(proven.signer()));
    // Strangers count only where nobody else signed: they must not lift the rank.
    let counted = if ours.is_empty() { &strangers } else { &ours };
    let best = counted
        .iter()
        .map(|proven| proven.rank())
        .max()
        .unwrap_or(Rank::Unsigned);
    let alone = ours
        .iter()
        .any(|proven| known.may_stand_alone(proven.signer()));
    let mut drifts = Vec::new();
    if best < rank && !alone {
        let keys = counted.iter().filter_map(|proven| match proven.signer() {
            Signer::Key(key) => Some(key.sha256()),
            Signer::Keyless(_) => None,
        });
        drifts.push(Drift::Downgrade(keys.min()));
    }
    if ours.is_empty() {
        // The strongest stranger stands for all, by id where several are equally strong.
        let first = strangers
            .iter()
            .max_by_key(|p| (p.rank(), std::cmp::Reverse(p.signer().id())));
        drifts.extend(first.map(|proven| Drift::Signer(proven.signer().id())));
    }
    drifts
}

#[cfg(test)]
#[path = "drift_tests.rs"]
mod tests;

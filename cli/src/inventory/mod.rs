//! The inventory: every image, where it runs, and how it stands to its repository's baseline.
//!
//! Invariant: nothing is left out silently. What cannot be read is an entry too, and says so. Drift, decision and posture
//! are the policy's, by what its host sees; what the learner sees more stands beside them, and is never mixed with them.

mod cluster;
pub mod counts;
mod cursor;
pub mod json;
mod judge;
pub(crate) mod learner_view;
pub mod metrics;
pub mod order;
pub mod page;
#[cfg(any(test, feature = "e2e"))]
pub mod sample;
pub mod shown;
pub mod sources;
mod standing;
pub(crate) mod summary;
mod survey;
pub mod table;
mod time;
mod turns;

pub use cluster::cluster_images;
pub(crate) use cluster::{Kind, LiveObjects, ObjectImages, kinds};
pub(crate) use cursor::Cursor;
pub use judge::judge;
pub use standing::Standing;
pub use survey::{Further, Group, ObservedPast, Survey, control_fails};
pub(crate) use time::TimeLimits;
pub(crate) use turns::{Ended, Familiarity};

use crate::observation::ObservedImage;
use chrono::{DateTime, Utc};
use continuity_registry::TrustRoot;
use signature_continuity::baseline::Lookup;
use signature_continuity::decision::Code;
use signature_continuity::digest::Digest;
use signature_continuity::drift::{Assessment, Drift};
use signature_continuity::observe::{Evidence, Observation};
use signature_continuity::posture::Cause;
use signature_continuity::reference::{ImageReference, ReferenceError, Repository};
use signature_continuity::remedy::Remedy;
use signature_continuity::signer::SignerId;
use std::collections::BTreeSet;

/// An image that is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// As it was spelled; cleaned and cut where it is no reference.
    pub spelled: String,
    /// What is asked for: as spelled, with the digest that runs where that is known.
    pub reference: Result<ImageReference, ReferenceError>,
    /// The digest that runs, where that is known: by a container's status.
    pub running: Option<Digest>,
    /// Whether it runs by a container's status that does not say with which digest.
    pub hidden: bool,
    /// Where.
    pub places: BTreeSet<Place>,
}

/// Where an image runs, or would.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The namespace; empty for lists.
    pub namespace: String,
    /// `Deployment`, `Pod`.
    pub kind: String,
    /// The object's name.
    pub name: String,
}

/// What was found out about a set of images.
#[derive(Debug, Clone, PartialEq)]
pub struct Inventory {
    /// When it was taken.
    pub taken: DateTime<Utc>,
    /// One for each distinct image, loudest first.
    pub entries: Vec<Entry>,
    /// The trust root that signatures were held against.
    pub trust_root: TrustRoot,
    /// What is said besides the images, for people.
    pub notes: Vec<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What is not among the images although it was to be.
    pub left_out: LeftOut,
}

/// How many images an inventory lacks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// There was no time to look at them.
    pub unreached: usize,
    /// They were looked at, and are beyond the bound of what is kept.
    pub unlisted: usize,
    /// So many of those drift.
    pub unlisted_drifting: usize,
}

/// One image of the inventory.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Which, and where.
    pub image: Image,
    /// What was found, or why it cannot be looked at, cleaned.
    pub found: Result<Box<Found>, String>,
    /// Whether the settings given enforce a scope that it runs in.
    pub enforced: bool,
}

/// What was found about one image.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What its baseline belongs to.
    pub repository: Repository,
    /// The baseline, as it was before anything was learned.
    pub lookup: Lookup,
    /// What the image carries, as the learner sees it: whoever signed, also what the policy's host cannot prove.
    pub seen: ObservedImage,
    /// How that differs from the baseline.
    pub learner: Assessment,
    /// What the policy sees of it. Where a broken trust root explains it, that is `unknown`.
    pub as_policy: Observation,
    /// How that differs from the baseline: what admission decides by.
    pub assessment: Assessment,
    /// Those of the signers that are known: by the baseline, a pin or an exception, as the settings compare them.
    pub known: BTreeSet<SignerId>,
    /// What can be done about the drift that decides, the best first.
    pub remedies: Vec<Remedy>,
    /// What an enforced scope would do with it.
    pub if_enforced: IfEnforced,
    /// Whether the settings given enforce a scope that it runs in.
    pub enforced: bool,
}

/// What an enforced scope does with an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IfEnforced {
    /// It rejects it.
    Reject(Code),
    /// It would, were the baseline established.
    NotEstablished,
    /// It admits it.
    Admit,
}

impl Found {
    /// Drops the digests that its baseline lists: nobody asks for them once it is judged, and of many images they would
    /// fill the memory.
    fn slim(&mut self) {
        if let Lookup::Usable(baseline) = &mut self.lookup {
            baseline.verified = Vec::new();
            baseline.tolerated = Vec::new();
        }
    }

    /// From where the posture is known that is shown: what the policy sees or, where it asks nobody, what the learner does.
    #[must_use]
    pub fn shown(&self) -> &Observation {
        match self.as_policy.evidence {
            Evidence::NotAsked => &self.seen.observation,
            Evidence::Proof
            | Evidence::Verified(_)
            | Evidence::Tolerated
            | Evidence::Allowed
            | Evidence::ObservedUnsigned => &self.as_policy,
        }
    }

    /// Whether the learner sees something else than the policy: another posture, or another drift that decides.
    #[must_use]
    pub(crate) fn learner_differs(&self) -> bool {
        self.shown().posture != self.seen.observation.posture
            || self.assessment.drifts.first() != self.learner.drifts.first()
    }
}

impl Entry {
    /// The drift that decides at admission.
    #[must_use]
    pub(crate) fn policy_drift(&self) -> Option<&Drift> {
        let found = self.found.as_ref().ok()?;
        found.assessment.drifts.first()
    }

    /// The drift that decides by what the learner sees.
    #[must_use]
    pub fn learner_drift(&self) -> Option<&Drift> {
        let found = self.found.as_ref().ok()?;
        found.learner.drifts.first()
    }

    /// Whether the policy sees a drift that somebody has to look into, or the image cannot be looked at.
    #[must_use]
    pub(crate) fn drifts_at_admission(&self) -> bool {
        self.found.is_err() || is_for_somebody(self.policy_drift())
    }

    /// Whether the learner does.
    #[must_use]
    pub(crate) fn drifts_for_the_learner(&self) -> bool {
        self.found.is_err() || is_for_somebody(self.learner_drift())
    }

    /// Whether it is rejected by the settings given.
    #[must_use]
    pub(crate) fn is_rejected(&self) -> bool {
        let rejects = match &self.found {
            Ok(found) => matches!(found.if_enforced, IfEnforced::Reject(_)),
            // What cannot be read cannot be judged.
            Err(_) => true,
        };
        self.enforced && rejects
    }
}

/// Whether a drift is more than a missing answer or a new repository.
fn is_for_somebody(drift: Option<&Drift>) -> bool {
    match drift {
        None | Some(Drift::New) => false,
        Some(Drift::Undetermined(cause, _)) => matches!(cause, Cause::Baseline),
        Some(
            Drift::Pin(_)
            | Drift::Invalid
            | Drift::Unsigned
            | Drift::Downgrade(_)
            | Drift::Signer(_),
        ) => true,
    }
}

//! The inventory: every image, where it runs, and how it stands to its repository's baseline.
//!
//! Invariant: nothing is left out silently. What cannot be read is an entry too, and says so.

mod cluster;
pub mod counts;
mod cursor;
pub mod json;
mod judge;
pub mod metrics;
pub mod order;
pub mod page;
#[cfg(any(test, feature = "e2e"))]
pub mod sample;
pub mod shown;
pub mod sources;
pub mod summary;
mod survey;
pub mod table;
mod time;
mod turns;

pub use cluster::cluster_images;
pub use cursor::Cursor;
pub use judge::judge;
pub use survey::{Ended, Further, Group, ObservedPast, Survey, control_fails};
pub use time::TimeLimits;
pub use turns::Familiarity;

use crate::observation::ObservedImage;
use chrono::{DateTime, Utc};
use continuity_registry::TrustRoot;
use signature_continuity::baseline::Lookup;
use signature_continuity::decision::Code;
use signature_continuity::digest::Digest;
use signature_continuity::drift::{Assessment, Drift};
use signature_continuity::reference::{ImageReference, ReferenceError, Repository};
use signature_continuity::remedy::Remedy;
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
    /// What the image carries.
    pub seen: ObservedImage,
    /// How that differs from the baseline.
    pub assessment: Assessment,
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
}

impl Entry {
    /// The drift that decides.
    #[must_use]
    pub fn drift(&self) -> Option<&Drift> {
        self.found
            .as_ref()
            .ok()
            .and_then(|found| found.assessment.drifts.first())
    }

    /// Whether it is rejected by the settings given.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        let rejects = match &self.found {
            Ok(found) => matches!(found.if_enforced, IfEnforced::Reject(_)),
            // What cannot be read cannot be judged.
            Err(_) => true,
        };
        self.enforced && rejects
    }
}

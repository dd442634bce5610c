//! As an image of which repository a reference is judged, and by which baseline.
//!
//! Invariant: the names are those that admission judges by. An image under a name that is another spelling of a known
//! repository is asked about nowhere: what it carries is not known, and it teaches nothing.

use crate::observation::{Observe, ObservedImage};
use signature_continuity::baseline::Lookup;
use signature_continuity::judged_names;
use signature_continuity::observe::Observation;
use signature_continuity::posture::Cause;
use signature_continuity::reference::{ImageReference, Repository};
use signature_continuity::settings::{RepositoryNames, Settings};
use std::cell::OnceCell;

/// The repository that an image is judged as one of.
pub struct Standing {
    /// Its names.
    pub names: RepositoryNames,
    /// Its baseline.
    pub lookup: Lookup,
    /// Whether the image itself names another one.
    respelled: bool,
}

impl Standing {
    /// Of `reference`, whose own repository has the baseline `own`; `lookup` says what is known of another.
    #[must_use]
    pub fn new(
        settings: &Settings,
        reference: &ImageReference,
        own: &Lookup,
        lookup: &dyn Fn(&Repository) -> Lookup,
    ) -> Self {
        let own_name = settings.aliased(reference.repository());
        let other = OnceCell::new();
        let looked_up = |repository: &Repository| {
            if *repository == own_name {
                own
            } else {
                other.get_or_init(|| lookup(repository))
            }
        };
        let (names, respelled) = judged_names(settings, reference, |repository| {
            looked_up(repository).could_be_lost()
        });
        let lookup = looked_up(names.aliased()).clone();
        Self {
            names,
            lookup,
            respelled,
        }
    }

    /// What the image carries.
    ///
    /// # Errors
    /// When it cannot be looked at, in one sentence.
    pub fn observe(
        &self,
        observer: &dyn Observe,
        reference: &ImageReference,
    ) -> Result<ObservedImage, String> {
        if self.respelled {
            // No digest: one that is listed under the other name may have been another registry's.
            return Ok(ObservedImage::of_nothing(Observation::unknown(
                None,
                Cause::Answer,
                None,
            )));
        }
        observer.observe(reference, &self.lookup)
    }
}

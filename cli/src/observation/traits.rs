//! What surveys and the learner ask of whoever observes: tests put somebody else in its place.

use super::ObservedImage;
use continuity_registry::Tags;
use signature_continuity::baseline::Lookup;
use signature_continuity::reference::ImageReference;

/// Observes one image.
pub trait Observe: Sync {
    /// What the image carries, whoever its baseline knows.
    ///
    /// # Errors
    /// When it cannot be looked at, in one sentence.
    fn observe(&self, reference: &ImageReference, lookup: &Lookup)
    -> Result<ObservedImage, String>;
}

/// Observes one image, and lists what else its repository holds.
pub trait RepositoryObserver: Observe {
    /// The tags of the repository that `reference` is in, at most `limit`, and whether there are more.
    ///
    /// # Errors
    /// When the registry does not say, in one sentence.
    fn tags(&self, reference: &ImageReference, limit: usize) -> Result<Tags, String>;
}

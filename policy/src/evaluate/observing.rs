//! What is looked at of one image, by what is known of its repository.
//!
//! Invariant: nobody is asked where the baseline cannot be used, or says that the repository was looked at and never
//! signed. Direction of failure: without a usable baseline an image is `undetermined`, never new.

use crate::baseline::Lookup;
use crate::calls::Calls;
use crate::judgement::exceptions_in_force;
use crate::known::Known;
use crate::observe::{HostRejectsReference, ImageContext, Observation, observe};
use crate::posture::Cause;
use crate::reference::ImageReference;
use crate::settings::{RepositoryNames, Settings};

/// What admission sees of one image of the repository `names`.
///
/// # Errors
/// When the host does not take its reference.
pub fn observe_image(
    calls: &Calls<'_>,
    settings: &Settings,
    reference: &ImageReference,
    names: &RepositoryNames,
    lookup: &Lookup,
) -> Result<Observation, HostRejectsReference> {
    let digest = || reference.digest().cloned();
    match lookup {
        Lookup::Unread => return Ok(Observation::unknown(digest(), Cause::Limit, None)),
        Lookup::Unusable(_) | Lookup::Lost => {
            return Ok(Observation::unknown(digest(), Cause::Baseline, None));
        }
        Lookup::Absent | Lookup::Usable(_) => {}
    }
    // Which digest a tag means is found out on the way.
    let in_force = exceptions_in_force(settings, names, None, calls.started());
    let known = Known::new(settings, names, lookup.baseline(), &in_force);
    let never_signed = lookup
        .baseline()
        .is_some_and(|baseline| !baseline.is_signed());
    if never_signed && !known.is_pinned() && !settings.observe_new {
        return Ok(Observation::observed_unsigned(digest()));
    }
    let image = ImageContext {
        reference,
        repository: names.aliased(),
        lookup,
        known: &known,
        thorough: false,
    };
    observe(calls, settings, &image)
}

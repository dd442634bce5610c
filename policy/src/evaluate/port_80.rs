//! Names with the port 80: plain HTTP may be another registry, and may be another spelling of one that is known.
//!
//! Invariant: such a name without a baseline of its own never counts as new while the name without the port has a past
//! (a baseline in any state, or a pin): the image is judged as one of that repository, and what it carries is not known.

use crate::reference::{ImageReference, Repository};
use crate::settings::{RepositoryNames, Settings};

/// The names that an image is judged by, and whether they are not its own. `has_no_past` says whether a repository has no
/// baseline that protects anything: none, or one that was never signed.
#[must_use]
pub fn judged_names(
    settings: &Settings,
    reference: &ImageReference,
    has_no_past: impl Fn(&Repository) -> bool,
) -> (RepositoryNames, bool) {
    let names = settings.names(reference.repository());
    let without = reference.repository().without_port_80();
    let without = without.filter(|_| has_no_past(names.aliased()));
    match without.map(|without| settings.names(&without)) {
        Some(known) if !has_no_past(known.aliased()) || settings.pinned(&known).is_some() => {
            (known, true)
        }
        Some(_) | None => (names, false),
    }
}

//! Names with the port 80: plain HTTP may be another registry, and may be another spelling of one that is known.
//!
//! Invariant: such a name without a baseline of its own never counts as new while the name without the port has a past
//! (a baseline in any state, or a pin): the image is judged as one of that repository, and what it carries is not known.

use super::Evaluator;
use crate::baseline::Lookup;
use crate::reference::{ImageReference, Repository};
use crate::settings::RepositoryNames;
use std::collections::BTreeMap;

impl Evaluator<'_, '_> {
    /// The names that an image is judged by, and whether they are not its own.
    pub(super) fn judged_names(
        &self,
        reference: &ImageReference,
        lookups: &BTreeMap<Repository, Lookup>,
    ) -> (RepositoryNames, bool) {
        let names = self.settings.names(reference.repository());
        // One of a repository that was never signed protects nothing either.
        let absent = |names: &RepositoryNames| {
            let lookup = lookups.get(names.aliased());
            lookup.is_some_and(Lookup::could_be_lost)
        };
        let without = reference.repository().without_port_80();
        let without = without.filter(|_| absent(&names));
        match without.map(|without| self.settings.names(&without)) {
            Some(known) if !absent(&known) || self.settings.pinned(&known).is_some() => {
                (known, true)
            }
            Some(_) | None => (names, false),
        }
    }
}

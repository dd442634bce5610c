//! What was found out about one image besides the policy's observation.
//!
//! Invariant: a fact belongs to a layer or bundle that was proven; what got no answer, or was refused, is said.

use std::collections::BTreeSet;

use signature_continuity::baseline::Format;
use signature_continuity::signer::SignerId;

use super::ObservingHost;
use crate::observation::{Note, SignedRepository};

/// What was found out besides the observation.
pub(in crate::observation) struct Findings {
    /// What was noted while proving.
    pub(in crate::observation) facts: Vec<Fact>,
    /// How many attestations there are.
    pub(in crate::observation) attestations: usize,
    /// Whether that is all there is to be known.
    pub(in crate::observation) is_all: bool,
    /// Whether each layer that names neither a certificate nor a log entry is by a known key.
    pub(in crate::observation) keys_are_known: bool,
    /// Whether the registry refuses for good to say what refers to the image.
    pub(in crate::observation) refused: bool,
    /// For people.
    pub(in crate::observation) notes: Vec<Note>,
}

/// What is known of one proven layer or bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::observation) struct Fact {
    pub(in crate::observation) signer: SignerId,
    pub(in crate::observation) format: Format,
    /// In seconds since 1970.
    pub(in crate::observation) logged_at: Option<i64>,
    pub(in crate::observation) signed_repository: SignedRepository,
    pub(in crate::observation) introduces: BTreeSet<SignerId>,
}

impl ObservingHost<'_> {
    /// What was found out so far; what is noted later belongs to another look.
    pub(in crate::observation) fn take_findings(&self) -> Findings {
        let referring = self.referring.get();
        let keys_are_known = match self.layers.get() {
            Some(Ok(layers)) => {
                let proven = self.proven.borrow();
                let mut nameless = layers.iter().filter(|layer| layer.is_nameless());
                nameless.all(|layer| layer.own().is_some_and(|own| proven.contains(&own)))
            }
            Some(Err(_)) | None => false,
        };
        Findings {
            keys_are_known,
            refused: matches!(referring, Some(Ok(found)) if found.refused.is_some()),
            facts: self.facts.take(),
            attestations: self.attestations.get(),
            is_all: !self.unanswered.get(),
            notes: self.notes.take(),
        }
    }

    /// For people: something that the observation alone does not say.
    pub(super) fn remark(&self, note: Note) {
        let mut notes = self.notes.borrow_mut();
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
}

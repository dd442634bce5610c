//! How an image that was seen stands to its repository's baseline, and what enforcement would do with it.
//!
//! Invariant: the judgement is the policy's own. Nothing is decided here that admission decides otherwise.

use super::{Found, IfEnforced, Image, Place};
use crate::observation::ObservedImage;
use chrono::{DateTime, Utc};
use signature_continuity::baseline::Lookup;
use signature_continuity::decision::{Decision, Leniency, Ruling};
use signature_continuity::judgement::{Facts, Judgement, Surroundings};
use signature_continuity::settings::{RepositoryNames, Settings};

/// Holds what was seen of an image of the repository `names` against its baseline. `control_fails` is asked only where a
/// broken trust root would look the same: whether the known-good image cannot be proven either.
#[must_use]
pub fn judge(
    settings: &Settings,
    image: &Image,
    names: RepositoryNames,
    lookup: Lookup,
    seen: ObservedImage,
    now: DateTime<Utc>,
    control_fails: impl FnOnce() -> bool,
) -> Found {
    let facts = Facts {
        names,
        lookup,
        observation: seen.observation.clone(),
    };
    let judgement = Judgement::new(settings, facts, &surroundings(""), now, control_fails);
    // The strictest place decides; where nothing is enforced, a scope without a word of its own.
    let ruling = image
        .places
        .iter()
        .map(|place| judgement.ruling_in(&surroundings_of(place)))
        .filter(|ruling| ruling.enforced)
        .max_by_key(|ruling| ruling.decision)
        .unwrap_or_else(|| judgement.ruling.clone());
    let blamed = judgement.observation != seen.observation;
    Found {
        if_enforced: if_enforced(&ruling),
        enforced: ruling.enforced,
        repository: judgement.repository,
        lookup: judgement.lookup,
        assessment: judgement.assessment,
        remedies: judgement.remedies,
        // Where the trust root is to blame, nothing is said about whoever it proved.
        seen: ObservedImage {
            observation: judgement.observation,
            signatures: if blamed { Vec::new() } else { seen.signatures },
            ..seen
        },
    }
}

/// What runs are pods, whatever made them.
fn surroundings(namespace: &str) -> Surroundings<'_> {
    Surroundings {
        namespace,
        template: false,
        audit: false,
    }
}

/// Of one place of an image.
pub(super) fn surroundings_of(place: &Place) -> Surroundings<'_> {
    surroundings(&place.namespace)
}

fn if_enforced(ruling: &Ruling) -> IfEnforced {
    match (ruling.decision, ruling.leniency) {
        (Decision::Reject(code), _) => IfEnforced::Reject(code),
        (Decision::Admit, Some(Leniency::NotEstablished)) => IfEnforced::NotEstablished,
        (Decision::Admit, Some(Leniency::Template | Leniency::Waived) | None) => IfEnforced::Admit,
    }
}

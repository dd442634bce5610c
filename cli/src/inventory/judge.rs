//! How an image that was seen stands to its repository's baseline, and what enforcement would do with it.
//!
//! Invariant: the judgement is the policy's own, of what the policy sees. Nothing is decided here that admission decides
//! otherwise. What the learner sees is held against the same baseline by the same rules, for what is learned and for what
//! is said beside; it never changes what is said of admission.

use super::{Found, IfEnforced, Image};
use crate::observation::ObservedImage;
use chrono::{DateTime, Utc};
use signature_continuity::baseline::Lookup;
use signature_continuity::decision::{Decision, Leniency, Ruling};
use signature_continuity::judgement::{Facts, Judgement, Surroundings};
use signature_continuity::observe::Observation;
use signature_continuity::reference::ImageReference;
use signature_continuity::settings::{RepositoryNames, Settings};
use std::cell::OnceCell;

/// Holds what was seen of an image of the repository `names` against its baseline. `control_fails` is asked at most once,
/// and only where a broken trust root would look the same: whether the known-good image cannot be proven either.
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
    let (control, asked) = (std::cell::Cell::new(Some(control_fails)), OnceCell::new());
    let control_fails =
        || *asked.get_or_init(|| control.take().is_some_and(|control_fails| control_fails()));
    let judge = |observation: Observation| {
        let facts = Facts {
            names: names.clone(),
            lookup: lookup.clone(),
            observation,
        };
        Judgement::new(settings, facts, &surroundings(""), now, control_fails)
    };
    let learner = judge(seen.observation.clone());
    let judgement = judge(as_policy(image, &seen));
    // The strictest place decides; where nothing is enforced, a scope without a word of its own.
    let ruling = image
        .places
        .iter()
        .map(|place| judgement.ruling_in(&surroundings(&place.namespace)))
        .filter(|ruling| ruling.enforced)
        .max_by_key(|ruling| ruling.decision)
        .unwrap_or_else(|| judgement.ruling.clone());
    let blamed = learner.observation != seen.observation;
    let known = learner.known();
    let signers = learner.observation.proven.iter().map(|p| p.signer());
    let known = signers
        .filter(|signer| known.contains(signer))
        .map(|signer| signer.id())
        .collect();
    Found {
        if_enforced: if_enforced(&ruling),
        enforced: ruling.enforced,
        repository: judgement.repository,
        lookup: judgement.lookup,
        as_policy: judgement.observation,
        assessment: judgement.assessment,
        remedies: judgement.remedies,
        learner: learner.assessment,
        known,
        // Where the trust root is to blame, nothing is said about whoever it proved.
        seen: ObservedImage {
            observation: learner.observation,
            signatures: if blamed { Vec::new() } else { seen.signatures },
            ..seen
        },
    }
}

/// What admission sees: of the digest that the image names, or else of what its tag means.
fn as_policy(image: &Image, seen: &ObservedImage) -> Observation {
    let spelled: Option<ImageReference> = image.spelled.parse().ok();
    let names_digest = spelled.is_some_and(|spelled| spelled.digest().is_some());
    let of_index = seen.index_as_policy.as_ref().filter(|_| !names_digest);
    of_index.unwrap_or(&seen.as_policy).clone()
}

/// What runs are pods, whatever made them; of a list, those of a namespace without a name.
pub(super) fn surroundings(namespace: &str) -> Surroundings<'_> {
    Surroundings {
        namespace,
        template: false,
        audit: false,
    }
}

fn if_enforced(ruling: &Ruling) -> IfEnforced {
    match (ruling.decision, ruling.leniency) {
        (Decision::Reject(code), _) => IfEnforced::Reject(code),
        (Decision::Admit, Some(Leniency::NotEstablished)) => IfEnforced::NotEstablished,
        (Decision::Admit, Some(Leniency::Template | Leniency::Waived) | None) => IfEnforced::Admit,
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;

//! What the learner sees of an image and the policy does not, in one line.
//!
//! Invariant: said only where it differs from what the policy sees, and never in place of it. The command that is printed
//! names the image as it was spelled, by the digest that was looked at, and nothing of a signature.

use super::{Entry, Found, shown};
use signature_continuity::baseline::Format;
use signature_continuity::observe::Observation;
use signature_continuity::reference::ImageReference;
use signature_continuity::signer::Signer;
use std::collections::BTreeSet;

/// `signed (bundle) by gh acme/api release tags; learn it: continuity learn --images …`
#[must_use]
pub(crate) fn learner_sees(entry: &Entry) -> Option<String> {
    let found = entry.found.as_deref().ok()?;
    let reference = entry.image.reference.as_ref().ok()?;
    of(found, reference)
}

/// The same of what was found of `reference`.
#[must_use]
pub(crate) fn of(found: &Found, reference: &ImageReference) -> Option<String> {
    if !found.learner_differs() {
        return None;
    }
    let observation = &found.seen.observation;
    let mut text = posture(observation);
    let formats: BTreeSet<Format> = found.seen.signatures.iter().map(|s| s.format()).collect();
    if formats.len() == 1 && formats.contains(&Format::Bundle) {
        text.push_str(" (bundle)");
    }
    if let Some(signers) = signers(found) {
        text.push_str(&format!(" by {signers}"));
    }
    match found.learner.drifts.first() {
        // What cannot be found out says why by itself.
        Some(drift) if drift.cause().is_none() => text.push_str(&format!(", drift {drift}")),
        Some(_) | None => {}
    }
    if let Some(command) = learn_it(found, reference) {
        text.push_str(&format!("; learn it: {command}"));
    }
    Some(text)
}

/// The command that has it learned, where that would end the drift.
fn learn_it(found: &Found, reference: &ImageReference) -> Option<String> {
    let drifts = !found.assessment.drifts.is_empty();
    let is_known = found.learner.drifts.is_empty() && !found.known.is_empty();
    let digest = found.seen.observation.digest.as_ref()?;
    (drifts && is_known).then(|| format!("continuity learn --images {}@{digest}", reference.name()))
}

/// In words, with the cause of what is unknown.
pub(crate) fn posture(observation: &Observation) -> String {
    match &observation.unknown {
        Some((cause, Some(outage))) => {
            format!("{} ({cause}: {})", observation.posture, outage.as_str())
        }
        Some((cause, None)) => format!("{} ({cause})", observation.posture),
        None => observation.posture.to_string(),
    }
}

/// Those who are proven, known ones first.
pub(crate) fn signers(found: &Found) -> Option<String> {
    let proven = found.seen.observation.proven.iter();
    let signers: Vec<&Signer> = proven.map(|proven| proven.signer()).collect();
    shown::first_of(signers, found)
}

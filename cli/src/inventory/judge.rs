//! How an image that was seen stands to its repository's baseline, and what enforcement would do with it.
//!
//! Invariant: the rules are the policy's own functions. Nothing is decided here that admission decides otherwise.

use super::{Found, IfEnforced, Image};
use crate::observation::ObservedImage;
use chrono::{DateTime, Utc};
use signature_continuity::baseline::Lookup;
use signature_continuity::decision::{Decision, Scope, decide};
use signature_continuity::drift::{Assessment, Drift, assess};
use signature_continuity::known::Known;
use signature_continuity::posture::{Cause, Posture};
use signature_continuity::reference::Repository;
use signature_continuity::settings::{Exception, Settings};

/// Holds what was seen of an image of `repository` against the baseline.
#[must_use]
pub fn judge(
    settings: &Settings,
    image: &Image,
    repository: Repository,
    lookup: Lookup,
    mut seen: ObservedImage,
    now: DateTime<Utc>,
) -> Found {
    let digest = seen.observation.digest.clone();
    let in_force: Vec<&Exception> = settings
        .exceptions
        .iter()
        .filter(|exception| {
            exception.covers_image(&repository, digest.as_ref()) && !exception.is_expired(now)
        })
        .collect();
    let known = Known::new(settings, &repository, lookup.baseline(), &in_force);
    // What somebody allowed is admitted unseen; here it was looked at all the same.
    let is_allowed = digest
        .as_ref()
        .zip(lookup.baseline())
        .is_some_and(|(digest, baseline)| baseline.allowed(digest, now).is_some());
    let assessment = if is_allowed {
        Assessment::default()
    } else {
        assess(&lookup, &known, &seen.observation, &in_force)
    };
    let first = assessment.drifts.first();
    if matches!(first, Some(Drift::Undetermined(Cause::Format, _))) {
        // What is not seen from here is not called unsigned.
        seen.observation.posture = Posture::Unknown;
    }
    let decision_in = |scope: &Scope<'_>| decide(scope, &lookup, known.is_pinned(), first, now);
    let scopes: Vec<Scope<'_>> = image
        .places
        .iter()
        .map(|place| {
            let entries = settings.enforce_entries(&place.namespace, Some(&repository));
            Scope::new(settings, entries.collect(), false)
        })
        .filter(Scope::is_enforced)
        .collect();
    let enforced = !scopes.is_empty();
    // The strictest place decides; where nothing is enforced, a scope without a word of its own.
    let decision = if enforced {
        scopes.iter().map(decision_in).max_by_key(severity)
    } else {
        Some(decision_in(&Scope::new(settings, Vec::new(), false)))
    };
    let against_baseline = matches!(
        first,
        Some(Drift::Unsigned | Drift::Downgrade(_) | Drift::Signer(_))
    );
    let if_enforced = match decision {
        Some(Decision::Reject(code)) => IfEnforced::Reject(code),
        Some(Decision::Admit) | None if against_baseline => IfEnforced::NotEstablished,
        Some(Decision::Admit) | None => IfEnforced::Admit,
    };
    Found {
        repository,
        lookup,
        seen,
        assessment,
        if_enforced,
        enforced,
    }
}

fn severity(decision: &Decision) -> u8 {
    match decision {
        Decision::Admit => 0,
        Decision::Reject(signature_continuity::decision::Code::TryAgain) => 1,
        Decision::Reject(signature_continuity::decision::Code::Forbidden) => 2,
    }
}

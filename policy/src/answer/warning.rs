//! Warnings: what is said when an image is admitted although something changed, and of exceptions that end.
//!
//! Invariant: whatever is admitted despite drift carries one; what did not change carries none.

use super::is_admitted_drift;
use super::words::{before, now, short_image, signers, unreadable};
use crate::baseline::Lookup;
use crate::clean::clean;
use crate::decision::Leniency;
use crate::drift::Drift;
use crate::evaluate::{Evaluation, ImageReport};
use crate::posture::Cause;

/// What is said when an image is admitted although something changed.
pub(super) fn warning(evaluation: &Evaluation<'_>, report: &ImageReport<'_>) -> Option<String> {
    if !is_admitted_drift(evaluation, report) {
        return None;
    }
    let image = short_image(report, 100);
    let finding = match &report.finding {
        Err(error) => return Some(format!("{image} was not judged: {}", unreadable(error))),
        Ok(finding) => finding,
    };
    let drift = finding.drift()?;
    let now = now(finding, 80);
    let was = match finding.lookup.baseline() {
        Some(baseline) if baseline.is_signed() => {
            let carried = signers(finding);
            format!("; was {}", before(baseline, carried.first().copied(), 60))
        }
        Some(_) | None => String::new(),
    };
    let note = match finding.ruling.leniency {
        _ if finding.is_cold() => " (not established)",
        Some(Leniency::Template) if report.enforced => " (its pods are judged anew)",
        Some(Leniency::Template | Leniency::NotEstablished | Leniency::Waived) | None => "",
    };
    Some(match (drift, &finding.lookup) {
        (Drift::Undetermined(Cause::Baseline, _), Lookup::Unusable(why)) => {
            format!(
                "{image}: its baseline cannot be used: {}; run continuity check",
                clean(why, 100)
            )
        }
        (Drift::Undetermined(Cause::Baseline, _), Lookup::Lost) => {
            format!("{image}: its baseline is lost; run continuity restore")
        }
        (Drift::Undetermined(Cause::Format, _), _) => {
            format!(
                "{image}: {drift}{note}; continuity learn --images proves what this host cannot{was}"
            )
        }
        (Drift::Undetermined(..), _) => format!("{image}: {drift}{note}{was}"),
        _ => format!("{image}: {drift}{note}; now {now}{was}"),
    })
}

/// Exceptions for an image that expire soon or have.
pub(super) fn ageing(evaluation: &Evaluation<'_>, report: &ImageReport<'_>) -> Vec<String> {
    let Ok(finding) = &report.finding else {
        return Vec::new();
    };
    let say = |exception: &&crate::settings::Exception| {
        let state = if exception.is_expired(evaluation.now) {
            "expired on"
        } else {
            "expires on"
        };
        format!(
            "the exception for {} ({}) {state} {}: {}",
            finding.repository,
            exception.accepts,
            exception.expires,
            clean(&exception.reason, 80)
        )
    };
    finding.ageing.iter().map(say).collect()
}

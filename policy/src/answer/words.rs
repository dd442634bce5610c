//! Sentences about one image.

use super::{cut, is_admitted_drift, is_cold};
use crate::baseline::{Baseline, Lookup};
use crate::clean::{SHOWN, clean};
use crate::decision::Decision;
use crate::drift::Drift;
use crate::evaluate::{Evaluation, Finding, ImageReport, Unreadable};
use crate::posture::{Cause, Posture};
use crate::proof::ProvenSigner;
use crate::signer::Signer;

/// An image as people know it: the reference as spelled, and the digest that it meant.
pub(super) fn image(report: &ImageReport<'_>) -> String {
    let spelled = unmistakable(report, clean(&report.image.spelled, SHOWN));
    match report
        .finding
        .as_ref()
        .ok()
        .and_then(|finding| finding.observation.digest.as_ref())
    {
        Some(digest) if !report.image.spelled.contains('@') => format!("{spelled}@{digest}"),
        _ => spelled,
    }
}

/// A foreign text, fit to be shown, in at most `limit` bytes.
pub(super) fn shown(text: &str, limit: usize) -> String {
    cut(&clean(text, limit), limit)
}

/// What is no reference in quotes: it could read like a line of ours.
fn unmistakable(report: &ImageReport<'_>, spelled: String) -> String {
    match report.image.reference {
        Ok(_) => spelled,
        Err(_) => format!("\"{spelled}\""),
    }
}

/// The image with the first digits of its digest, where room is short.
pub(super) fn short_image(report: &ImageReport<'_>, limit: usize) -> String {
    let spelled = report.image.spelled.split('@').next().unwrap_or_default();
    let spelled = unmistakable(report, shown(spelled, limit));
    match report
        .finding
        .as_ref()
        .ok()
        .and_then(|finding| finding.observation.digest.as_ref())
    {
        Some(digest) => format!("{spelled}@{}", digest.hex().get(..8).unwrap_or_default()),
        None => spelled,
    }
}

/// A signer in at most `limit` bytes: by whose word it is one is not cut away with the end of a long name.
fn named(signer: &Signer, limit: usize) -> String {
    let whole = signer.to_string();
    match whole.rfind(" (").map(|at| whole.split_at(at)) {
        Some((who, by)) if by.len() < limit / 2 => {
            format!("{}{}", shown(who, limit - by.len()), shown(by, by.len()))
        }
        _ => shown(&whole, limit),
    }
}

/// What the repository was signed by, and since when.
pub(super) fn before(baseline: &Baseline, limit: usize) -> String {
    let mut known: Vec<_> = baseline.known().collect();
    known.sort_by_key(|record| std::cmp::Reverse(record.digests));
    let Some(first) = known.first() else {
        return "nobody who is not retired".to_owned();
    };
    let more = match known.len() {
        1 => String::new(),
        many => format!(" and {} more", many - 1),
    };
    let images: u64 = known
        .iter()
        .map(|record| record.digests)
        .fold(0, u64::saturating_add);
    let since = baseline
        .log
        .as_ref()
        .map_or(baseline.first_seen, |log| log.earliest);
    let plural = if images == 1 { "image" } else { "images" };
    format!(
        "{}{more}, {images} {plural} since {}",
        named(&first.signer, limit),
        since.format("%Y-%m-%d")
    )
}

/// What the image carries now.
pub(super) fn now(finding: &Finding<'_>, limit: usize) -> String {
    let observation = &finding.observation;
    // Whatever the registry showed of it: it is not known what the image carries.
    if let Some(Drift::Undetermined(cause, outage)) = finding.drift() {
        return match (cause, outage) {
            (Cause::Outage, Some(outage)) => format!("not known ({})", outage.as_str()),
            (Cause::Format, _) => "not known (bundles cannot be proven here)".to_owned(),
            (cause, _) => format!("not known ({cause})"),
        };
    }
    match observation.posture {
        Posture::Signed => {
            let mut signers: Vec<&ProvenSigner> = observation.proven.iter().collect();
            // The one that the drift is about first, as the drift's id names it.
            signers.sort_by_key(|p| {
                (
                    finding.drift() != Some(&Drift::Signer(p.signer().id())),
                    p.signer().id(),
                )
            });
            match signers.as_slice() {
                [] => "signed".to_owned(),
                [one] => named(one.signer(), limit),
                [first, rest @ ..] => {
                    format!("{} and {} more", named(first.signer(), limit), rest.len())
                }
            }
        }
        Posture::Unsigned => "no signature".to_owned(),
        Posture::Invalid | Posture::Unverifiable => match observation.problems.first() {
            Some(problem) => format!(
                "a signature of which nothing is proven: {}",
                shown(&problem.to_string(), limit)
            ),
            None => "a signature of which nothing is proven".to_owned(),
        },
        Posture::Unknown => "not known".to_owned(),
    }
}

/// The name under which an image is counted.
pub(super) fn drift_name(report: &ImageReport<'_>) -> &'static str {
    match &report.finding {
        Err(_) => "unreadable",
        Ok(finding) => finding.drift().map_or("continuous", Drift::name),
    }
}

/// Why an image cannot be looked at.
pub(super) fn unreadable(error: &Unreadable) -> String {
    match error {
        Unreadable::Reference(error) => format!("its reference does not parse: {error}"),
        Unreadable::Host => "the host does not take its reference".to_owned(),
    }
}

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
    let was = finding
        .lookup
        .baseline()
        .map(|b| format!("; was {}", before(b, 60)))
        .unwrap_or_default();
    Some(match (drift, &finding.lookup) {
        (Drift::Undetermined(Cause::Baseline, _), Lookup::Unusable(why)) => {
            format!(
                "{image}: its baseline cannot be used: {}; run continuity check",
                clean(why, 100)
            )
        }
        (Drift::Undetermined(Cause::Format, _), _) => {
            format!(
                "{image}: {drift}; run continuity learn --images first: this host cannot prove bundles{was}"
            )
        }
        (Drift::Undetermined(..), _) => format!("{image}: {drift}{was}"),
        (_, lookup) if is_cold(evaluation, lookup) => {
            format!("{image}: {drift} (not yet established); now {now}{was}")
        }
        _ => format!("{image}: {drift}; now {now}{was}"),
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

/// One image's audit annotation.
pub(super) fn annotation(report: &ImageReport<'_>) -> String {
    let decision = match report.decision {
        Decision::Admit => "admit".to_owned(),
        Decision::Reject(code) if report.enforced => format!("reject {}", code.number()),
        Decision::Reject(code) => format!("would reject {}", code.number()),
    };
    match &report.finding {
        Err(error) => format!(
            "{} unreadable {decision}: {}",
            clean(&report.image.spelled, SHOWN),
            unreadable(error)
        ),
        Ok(finding) => {
            let drift = finding
                .drift()
                .map_or_else(|| "continuous".to_owned(), Drift::to_string);
            format!(
                "{} {drift} {} {decision}",
                image(report),
                finding.observation.posture
            )
        }
    }
}

/// A kind as Kubernetes names it.
pub(super) fn kind(kind: &str) -> String {
    if kind.is_empty() {
        "request".to_owned()
    } else {
        clean(kind, 60)
    }
}

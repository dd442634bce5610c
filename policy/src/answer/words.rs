//! Sentences about one image.

use super::cut::{cut, cut_apart};
use crate::baseline::{Baseline, SignerRecord};
use crate::clean::{SHOWN, clean};
use crate::decision::Decision;
use crate::drift::Drift;
use crate::evaluate::{ImageReport, Unreadable};
use crate::judgement::Judgement;
use crate::posture::{Cause, Posture};
use crate::proof::{Problem, ProvenSigner, rank_of};
use crate::signer::Signer;
use std::cmp::Reverse;

/// Less is not given as a reason.
const SHORTEST_REASON: usize = 30;
/// What is said where nothing changed.
const NONE: &str = "none";

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

/// Two signers in at most `limit` bytes each: by whose word it is one is not cut away with the end of a long name, nor
/// what differs between them.
fn named_apart(one: &Signer, other: &Signer, limit: usize) -> (String, String) {
    let plain = |signer: &Signer| {
        let whole = signer.to_string();
        clean(&whole, whole.len())
    };
    let (one_whole, other_whole) = (plain(one), plain(other));
    let (one_who, one_by) = by_whose_word(&one_whole, limit);
    let (other_who, other_by) = by_whose_word(&other_whole, limit);
    let room = limit - one_by.len().max(other_by.len());
    let (one_who, other_who) = cut_apart(one_who, other_who, room);
    let (one_name, other_name) = (
        format!("{one_who}{one_by}"),
        format!("{other_who}{other_by}"),
    );
    if one_name == other_name && one != other {
        // Somebody may have put the mark of a cut into a name.
        let with_id =
            |signer: &Signer| format!("{} {}", cut(&one_name, limit - 13), signer.id().short());
        return (with_id(one), with_id(other));
    }
    (one_name, other_name)
}

/// Who, and in brackets by whose word, where that is short.
fn by_whose_word(whole: &str, limit: usize) -> (&str, &str) {
    match whole.rfind(" (").map(|at| whole.split_at(at)) {
        Some((who, by)) if by.len() < limit / 2 => (who, by),
        _ => (whole, ""),
    }
}

/// The known signer who is named for all: who signed most.
fn first_known(baseline: &Baseline) -> Option<&SignerRecord> {
    baseline.known().max_by_key(|record| {
        (
            record.digests,
            rank_of(&record.signer),
            Reverse(record.id()),
        )
    })
}

/// What the repository was signed by, and since when; `beside`: who is shown beside it.
pub(super) fn before(baseline: &Baseline, beside: Option<&Signer>, limit: usize) -> String {
    let Some(first) = first_known(baseline) else {
        return if baseline.is_signed() {
            "nobody who is not retired".to_owned()
        } else {
            format!(
                "no signature, seen since {}",
                baseline.first_seen.format("%Y-%m-%d")
            )
        };
    };
    let more = match baseline.known().count() {
        1 => String::new(),
        many => format!(" and {} more", many - 1),
    };
    let images: u64 = baseline
        .known()
        .map(|record| record.digests)
        .fold(0, u64::saturating_add);
    let since = baseline
        .log
        .as_ref()
        .map_or(baseline.first_seen, |log| log.earliest);
    let plural = if images == 1 { "image" } else { "images" };
    let name = named_apart(&first.signer, beside.unwrap_or(&first.signer), limit).0;
    format!(
        "{name}{more}, {images} {plural} since {}",
        since.format("%Y-%m-%d")
    )
}

/// Who signed the image: the one that the drift is about first, as the drift's id names it.
pub(super) fn signers<'j>(judgement: &'j Judgement<'_>) -> Vec<&'j Signer> {
    let proven = judgement.observation.proven.iter();
    let mut signers: Vec<&Signer> = proven.map(ProvenSigner::signer).collect();
    signers.sort_by_cached_key(|signer| {
        let id = signer.id();
        (judgement.drift() != Some(&Drift::Signer(id.clone())), id)
    });
    signers
}

/// What the image carries now.
pub(super) fn now(judgement: &Judgement<'_>, limit: usize) -> String {
    let observation = &judgement.observation;
    // Whatever the registry showed of it: it is not known what the image carries.
    if let Some(Drift::Undetermined(cause, outage)) = judgement.drift() {
        return match (cause, outage) {
            (Cause::Outage, Some(outage)) => format!("not known ({})", outage.as_str()),
            (Cause::Answer, _) if observation.problems.contains(&Problem::NotConfirmed) => {
                "a signature that the host does not confirm".to_owned()
            }
            (Cause::Format, _) => {
                "a signature in a form that this host cannot prove (a bundle: cosign 3)".to_owned()
            }
            (cause, _) => format!("not known ({cause})"),
        };
    }
    match observation.posture {
        Posture::Signed => {
            let baseline = judgement.lookup.baseline();
            let beside = baseline.and_then(first_known).map(|record| &record.signer);
            let name = |signer: &Signer| named_apart(signer, beside.unwrap_or(signer), limit).0;
            match signers(judgement).as_slice() {
                [] => "signed".to_owned(),
                [one] => name(one),
                [first, rest @ ..] => format!("{} and {} more", name(first), rest.len()),
            }
        }
        Posture::Unsigned if observation.bundles_read => "no signature".to_owned(),
        Posture::Unsigned => {
            "no signature that this host can see (it may be a bundle: cosign 3)".to_owned()
        }
        Posture::Invalid | Posture::Unverifiable => match observation.problems.first() {
            // Beginnings of reasons say nothing.
            Some(problem) if limit > SHORTEST_REASON => format!(
                "a signature of which nothing is proven: {}",
                shown(&problem.to_string(), limit)
            ),
            Some(_) | None => "a signature of which nothing is proven".to_owned(),
        },
        Posture::Unknown => "not known".to_owned(),
    }
}

/// The name under which an image is counted.
pub(super) fn drift_name(report: &ImageReport<'_>) -> &'static str {
    match &report.finding {
        Err(_) => "unreadable",
        Ok(finding) => finding.drift().map_or(NONE, Drift::name),
    }
}

/// Why an image cannot be looked at.
pub(super) fn unreadable(error: &Unreadable) -> String {
    match error {
        Unreadable::Reference(error) => format!("its reference does not parse: {error}"),
        Unreadable::Host => "the host does not take its reference".to_owned(),
    }
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
                .map_or_else(|| NONE.to_owned(), Drift::to_string);
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

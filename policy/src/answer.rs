//! The answer to a request: rejection, warnings, audit annotations, log lines.
//!
//! Invariant: pure, bounded and clean: every foreign text has passed [`crate::clean`]; warnings are at most 256 bytes
//! and ten, with the rest counted; nothing that is to be pasted comes from the image. It says "changed", never
//! "attacked".

mod cut;
mod denial;
mod line;
mod warning;
mod words;

pub use line::Line;

use crate::decision::{Code, Decision};
use crate::drift::Drift;
use crate::evaluate::{Evaluation, ImageReport, Outcome};
use cut::cut;
use std::collections::BTreeMap;

/// Kubernetes' API conventions: longer warnings may be cut, and so may many of them.
const LONGEST_WARNING: usize = 256;
const MOST_WARNINGS: usize = 10;
/// How many images get an audit annotation of their own.
const MOST_ANNOTATED: usize = 16;
const LONGEST_ANNOTATION: usize = 400;
/// How many images get a log line of their own: each is a host call. As many as can be judged.
const MOST_LINES: usize = 1024;

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `None`: admitted. Otherwise the HTTP status and the text of the rejection.
    pub rejection: Option<(u16, String)>,
    /// For whoever asked.
    pub warnings: Vec<String>,
    /// For the audit log.
    pub annotations: BTreeMap<String, String>,
    /// For the policy server's log, one for each image.
    pub lines: Vec<Line>,
}

/// Puts an evaluation into words.
#[must_use]
pub(crate) fn answer(evaluation: &Evaluation<'_>) -> Answer {
    let images = match &evaluation.outcome {
        Outcome::Images(images) => images,
        Outcome::Nothing => return said(evaluation, None, "nothing to look at"),
        Outcome::MirrorPod => {
            return said(
                evaluation,
                None,
                "a static pod's mirror was not judged: its node runs it already",
            );
        }
        Outcome::Unreadable(error) => {
            let why = format!(
                "this {} was not judged: {error}",
                words::kind(&evaluation.context.kind)
            );
            let rejection = (evaluation.namespace_enforced || evaluation.reported).then(|| {
                (
                    Code::Forbidden.number(),
                    denial::unreadable(evaluation, &why),
                )
            });
            return said(evaluation, rejection, &why);
        }
    };
    let code = evaluation.rejected().map(|(_, code)| code).max();
    let rejection = code.map(|code| (code.number(), denial::text(evaluation, images)));
    let mut warnings: Vec<String> = images
        .iter()
        .filter_map(|image| warning::warning(evaluation, image))
        .collect();
    warnings.extend(
        images
            .iter()
            .flat_map(|image| warning::ageing(evaluation, image)),
    );
    warnings.extend(evaluation.notes.iter().cloned());
    Answer {
        rejection,
        warnings: bounded(warnings),
        annotations: annotations(images),
        lines: lines(evaluation, images),
    }
}

fn said(evaluation: &Evaluation<'_>, rejection: Option<(u16, String)>, what: &str) -> Answer {
    let silent = matches!(evaluation.outcome, Outcome::Nothing);
    Answer {
        rejection,
        warnings: if silent {
            Vec::new()
        } else {
            bounded(vec![format!("signature-continuity: {what}")])
        },
        annotations: BTreeMap::from([("summary".to_owned(), cut(what, LONGEST_ANNOTATION))]),
        lines: vec![Line::of_request(evaluation, what)],
    }
}

fn lines(evaluation: &Evaluation<'_>, images: &[ImageReport<'_>]) -> Vec<Line> {
    let own = images.iter().take(MOST_LINES);
    let mut lines: Vec<Line> = own.map(|image| Line::of(evaluation, image)).collect();
    let surplus = images.len().saturating_sub(MOST_LINES);
    if surplus > 0 {
        lines.push(Line::of_request(
            evaluation,
            &format!("{surplus} more images were not looked at"),
        ));
    }
    lines
}

fn bounded(warnings: Vec<String>) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for warning in warnings {
        let warning = cut(&warning, LONGEST_WARNING);
        if !distinct.contains(&warning) {
            distinct.push(warning);
        }
    }
    let surplus = distinct.len().saturating_sub(MOST_WARNINGS);
    if surplus > 0 {
        distinct.truncate(MOST_WARNINGS - 1);
        distinct.push(format!(
            "signature-continuity: and {} more warnings; see the audit log",
            surplus + 1
        ));
    }
    distinct
}

fn annotations(images: &[ImageReport<'_>]) -> BTreeMap<String, String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for image in images {
        *counts.entry(words::drift_name(image)).or_default() += 1;
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    let mut annotations = BTreeMap::from([("summary".to_owned(), counts.join(", "))]);
    for (at, image) in images.iter().take(MOST_ANNOTATED).enumerate() {
        annotations.insert(
            format!("image-{}", at + 1),
            cut(&words::annotation(image), LONGEST_ANNOTATION),
        );
    }
    annotations
}

/// Whether an image was admitted although something about it changed.
fn is_admitted_drift(evaluation: &Evaluation<'_>, image: &ImageReport<'_>) -> bool {
    let rejected = image.decision != Decision::Admit && (image.enforced || evaluation.reported);
    let drifts = match &image.finding {
        Ok(finding) => finding.drift().is_some_and(Drift::is_change),
        Err(_) => true,
    };
    drifts && !rejected
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;

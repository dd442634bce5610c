//! The structured log line of one image.

use super::words;
use crate::clean::{SHOWN, clean};
use crate::decision::Decision;
use crate::drift::Drift;
use crate::evaluate::{Evaluation, ImageReport};
use crate::judgement::Judgement;
use crate::observe::Evidence;

/// One line: a message and fields, in a fixed order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whether something changed.
    pub is_warning: bool,
    /// What happened, in a few words.
    pub message: String,
    /// The facts.
    pub fields: Vec<(&'static str, String)>,
}

impl Line {
    /// About a request whose images were not judged.
    #[must_use]
    pub(super) fn of_request(evaluation: &Evaluation<'_>, what: &str) -> Self {
        Self {
            is_warning: false,
            message: clean(what, SHOWN),
            fields: place(evaluation),
        }
    }

    /// About one image.
    #[must_use]
    pub(super) fn of(evaluation: &Evaluation<'_>, report: &ImageReport<'_>) -> Self {
        let mut fields = place(evaluation);
        fields.push(("image", clean(&report.image.spelled, SHOWN)));
        fields.push(("drift", words::drift_name(report).to_owned()));
        fields.push(("enforced", report.enforced.to_string()));
        let decision = match report.decision {
            Decision::Admit => "admit".to_owned(),
            Decision::Reject(code) => format!("reject {}", code.number()),
        };
        fields.push(("decision", decision));
        match &report.finding {
            Ok(finding) => found(&mut fields, evaluation, finding),
            Err(error) => fields.push(("problem", words::unreadable(error))),
        }
        let drifts = match &report.finding {
            Ok(finding) => finding.drift().is_some_and(Drift::is_change),
            Err(_) => true,
        };
        Self {
            is_warning: drifts,
            message: "image".to_owned(),
            fields,
        }
    }
}

fn place(evaluation: &Evaluation<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("namespace", clean(&evaluation.context.namespace, 63)),
        ("kind", clean(&evaluation.context.kind, 63)),
        ("name", clean(&evaluation.context.name, 253)),
        ("calls", evaluation.calls.to_string()),
    ]
}

fn found(
    fields: &mut Vec<(&'static str, String)>,
    evaluation: &Evaluation<'_>,
    finding: &Judgement<'_>,
) {
    let observation = &finding.observation;
    let mut add = |key, value: Option<String>| {
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            fields.push((key, value));
        }
    };
    add("repository", Some(finding.repository.to_string()));
    add(
        "digest",
        observation.digest.as_ref().map(ToString::to_string),
    );
    add("posture", Some(observation.posture.to_string()));
    let evidence = match &observation.evidence {
        Evidence::Proof => "proof",
        Evidence::Verified(_) => "verified",
        Evidence::Tolerated => "tolerated",
        Evidence::Allowed => "allowed",
        Evidence::ObservedUnsigned => "observed unsigned",
        Evidence::NotAsked => "not asked",
    };
    add("evidence", Some(evidence.to_owned()));
    let all = &finding.assessment.drifts;
    add(
        "drifts",
        Some(
            all.iter()
                .map(Drift::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        )
        .filter(|_| all.len() > 1),
    );
    let fingerprint = finding.drift().and_then(Drift::fingerprint);
    add("fingerprint", fingerprint.map(|f| f.to_string()));
    let accepted = finding
        .assessment
        .accepted
        .iter()
        .map(Drift::to_string)
        .collect::<Vec<_>>();
    add("accepted", Some(accepted.join(", ")));
    if let Some(Drift::Undetermined(cause, outage)) = finding.drift() {
        add("cause", Some(cause.to_string()));
        add("outage", outage.map(|o| o.as_str().to_owned()));
    }
    let signers: Vec<String> = observation
        .proven
        .iter()
        .map(|p| {
            let signed_for = if p.is_signed_for_repository() {
                "signed for this repository"
            } else {
                "signed for a repository not known"
            };
            format!(
                "{} {} ({signed_for})",
                p.signer().id().short(),
                clean(&p.signer().to_string(), SHOWN)
            )
        })
        .collect();
    add("signers", Some(signers.join("; ")));
    let problems: Vec<String> = observation
        .problems
        .iter()
        .map(|p| clean(&p.to_string(), SHOWN))
        .collect();
    add("problems", Some(problems.join("; ")));
    if let Some(baseline) = finding.lookup.baseline() {
        add("baseline", Some(baseline.generation.to_string()));
        add(
            "established",
            Some(baseline.is_established(evaluation.now).to_string()),
        );
    }
}

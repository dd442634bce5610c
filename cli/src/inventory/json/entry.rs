//! One image in JSON.

use super::baseline::BaselineDocument;
use super::signer::{SignatureDocument, SignerDocument};
use super::word;
use crate::inventory::counts::drift_name;
use crate::inventory::order::Severity;
use crate::inventory::{Entry, Found, IfEnforced, Image, Place, learner_view, shown};
use crate::observation::Note;
use chrono::{DateTime, Utc};
use serde::Serialize;
use signature_continuity::clean::{SHOWN, clean};
use signature_continuity::drift::Drift;
use signature_continuity::observe::{Evidence, Observation};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ImageDocument<'a> {
    image: &'a str,
    /// For people.
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spelled_repository: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    running: Option<&'a str>,
    places: Vec<PlaceDocument<'a>>,
    outcome: &'static str,
    drift: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<&'a str>,
    #[serde(flatten)]
    found: Option<FoundDocument<'a>>,
}

#[derive(Serialize)]
struct PlaceDocument<'a> {
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FoundDocument<'a> {
    drifts: Vec<DriftDocument>,
    accepted: Vec<DriftDocument>,
    enforced: bool,
    if_enforced: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    posture: &'static str,
    evidence: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_by: Option<SignerDocument<'a>>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_by: Option<String>,
    /// For people.
    posture_name: String,
    problems: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    learner: Option<LearnerDocument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    signatures: Vec<SignatureDocument<'a>>,
    attestations: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    platforms: Vec<&'a str>,
    baseline: BaselineDocument<'a>,
}

/// What the learner sees, where that differs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LearnerDocument {
    posture: &'static str,
    drift: &'static str,
    drifts: Vec<DriftDocument>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_by: Option<String>,
    problems: Vec<String>,
    /// For people.
    text: String,
}

#[derive(Serialize)]
struct DriftDocument {
    name: &'static str,
    /// For people.
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outage: Option<&'static str>,
}

impl<'a> ImageDocument<'a> {
    pub(super) fn of(entry: &'a Entry, now: DateTime<Utc>) -> Self {
        let Image {
            spelled,
            reference,
            running,
            hidden: _,
            places,
        } = &entry.image;
        let reference = reference.as_ref().ok();
        let found = entry.found.as_deref().ok();
        let observed = found.and_then(|found| found.seen.observation.digest.as_ref());
        let digest = observed.or(reference.and_then(|r| r.digest()));
        Self {
            image: spelled,
            name: shown::image(&entry.image, observed),
            repository: found.map(|found| found.repository.as_str()),
            spelled_repository: reference.map(|reference| reference.repository().as_str()),
            tag: reference.and_then(|reference| reference.tag()),
            digest: digest.map(|digest| digest.as_str()),
            running: running.as_ref().map(|digest| digest.as_str()),
            places: places.iter().map(PlaceDocument::of).collect(),
            outcome: word(Severity::of(entry)),
            drift: drift_name(entry),
            unreadable: entry.found.as_ref().err().map(String::as_str),
            found: found.map(|found| FoundDocument::of(entry, found, now)),
        }
    }
}

impl<'a> PlaceDocument<'a> {
    fn of(place: &'a Place) -> Self {
        Self {
            namespace: &place.namespace,
            kind: &place.kind,
            name: &place.name,
        }
    }
}

impl<'a> FoundDocument<'a> {
    fn of(entry: &Entry, found: &'a Found, now: DateTime<Utc>) -> Self {
        let observation = found.shown();
        let (if_enforced, code) = match found.if_enforced {
            IfEnforced::Reject(code) => ("reject", Some(code.number())),
            IfEnforced::NotEstablished => ("notEstablished", None),
            IfEnforced::Admit => ("admit", None),
        };
        let known = |signature: &crate::observation::Signature| {
            let id = signature.proven.signer().id();
            found.known.contains(&id)
        };
        let text = learner_view::learner_sees(entry);
        // Who is not needed is not looked at by the policy; what is wrong with him is told all the same.
        let problems_of = if text.is_some() {
            observation
        } else {
            &found.seen.observation
        };
        let (evidence, verified_by) = match &observation.evidence {
            Evidence::Proof => ("proof", None),
            Evidence::Verified(signer) => ("verified", Some(SignerDocument::of(signer))),
            Evidence::Tolerated => ("tolerated", None),
            Evidence::Allowed => ("allowed", None),
            Evidence::ObservedUnsigned => ("observedUnsigned", None),
            Evidence::NotAsked => ("notAsked", None),
        };
        Self {
            drifts: drifts(&found.assessment.drifts),
            accepted: drifts(&found.assessment.accepted),
            enforced: found.enforced,
            if_enforced,
            code,
            posture: observation.posture.as_str(),
            evidence,
            verified_by,
            signed_by: shown::signers(found),
            posture_name: shown::posture(found),
            problems: problems(problems_of),
            learner: text.map(|text| LearnerDocument::of(found, text)),
            notes: found.seen.notes.iter().map(Note::to_string).collect(),
            signatures: found
                .seen
                .signatures
                .iter()
                .map(|signature| SignatureDocument::of(signature, known(signature)))
                .collect(),
            attestations: found.seen.attestations,
            platforms: found.seen.platforms.iter().map(|d| d.as_str()).collect(),
            baseline: BaselineDocument::of(&found.lookup, now),
        }
    }
}

fn problems(observation: &Observation) -> Vec<String> {
    let problems = observation.problems.iter();
    problems
        .map(|problem| clean(&problem.to_string(), SHOWN))
        .collect()
}

fn drifts(drifts: &[Drift]) -> Vec<DriftDocument> {
    drifts.iter().map(DriftDocument::of).collect()
}

impl LearnerDocument {
    fn of(found: &Found, text: String) -> Self {
        let observation = &found.seen.observation;
        Self {
            posture: observation.posture.as_str(),
            drift: found.learner.drifts.first().map_or("none", Drift::name),
            drifts: drifts(&found.learner.drifts),
            signed_by: learner_view::signers(found),
            problems: problems(observation),
            text,
        }
    }
}

impl DriftDocument {
    fn of(drift: &Drift) -> Self {
        Self {
            name: drift.name(),
            text: drift.to_string(),
            fingerprint: drift
                .fingerprint()
                .map(|fingerprint| fingerprint.to_string()),
            cause: drift.cause().map(|cause| cause.as_str()),
            outage: if let Drift::Undetermined(_, outage) = drift {
                outage.map(|outage| outage.as_str())
            } else {
                None
            },
        }
    }
}

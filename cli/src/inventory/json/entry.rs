//! One image in JSON.

use super::baseline::BaselineDocument;
use super::signer::{SignatureDocument, SignerDocument};
use super::word;
use crate::inventory::counts::drift_name;
use crate::inventory::order::Severity;
use crate::inventory::{Entry, Found, IfEnforced, Image, Place, shown};
use chrono::{DateTime, Utc};
use serde::Serialize;
use signature_continuity::clean::{SHOWN, clean};
use signature_continuity::drift::Drift;
use signature_continuity::observe::Evidence;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ImageDocument<'a> {
    image: &'a str,
    /// For people.
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<&'a str>,
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
    signatures: Vec<SignatureDocument<'a>>,
    attestations: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    platforms: Vec<&'a str>,
    baseline: BaselineDocument<'a>,
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
            tag: reference.and_then(|reference| reference.tag()),
            digest: digest.map(|digest| digest.as_str()),
            running: running.as_ref().map(|digest| digest.as_str()),
            places: places.iter().map(PlaceDocument::of).collect(),
            outcome: word(Severity::of(entry)),
            drift: drift_name(entry),
            unreadable: entry.found.as_ref().err().map(String::as_str),
            found: found.map(|found| FoundDocument::of(found, now)),
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
    fn of(found: &'a Found, now: DateTime<Utc>) -> Self {
        let observation = &found.seen.observation;
        let (if_enforced, code) = match found.if_enforced {
            IfEnforced::Reject(code) => ("reject", Some(code.number())),
            IfEnforced::NotEstablished => ("notEstablished", None),
            IfEnforced::Admit => ("admit", None),
        };
        let known = |signature: &crate::observation::Signature| {
            let signer = signature.proven.signer();
            let baseline = found.lookup.baseline();
            baseline.is_some_and(|b| b.known().any(|record| &record.signer == signer))
        };
        let (evidence, verified_by) = match &observation.evidence {
            Evidence::Proof => ("proof", None),
            Evidence::Verified(signer) => ("verified", Some(SignerDocument::of(signer))),
            Evidence::Tolerated => ("tolerated", None),
            Evidence::Allowed => ("allowed", None),
            Evidence::ObservedUnsigned => ("observedUnsigned", None),
            Evidence::NotAsked => ("notAsked", None),
        };
        let drifts = |drifts: &[Drift]| drifts.iter().map(DriftDocument::of).collect();
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
            problems: observation
                .problems
                .iter()
                .map(|problem| clean(&problem.to_string(), SHOWN))
                .collect(),
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

//! What is known of an image's repository, in JSON.

use super::signer::{SignerDocument, format};
use super::time;
use crate::inventory::counts::BaselineState;
use crate::inventory::shown;
use chrono::{DateTime, Utc};
use serde::Serialize;
use signature_continuity::baseline::{Baseline, Lookup, SignerRecord};
use signature_continuity::posture::Rank;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BaselineDocument<'a> {
    state: &'static str,
    /// For people.
    name: String,
    /// Why it cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(flatten)]
    facts: Option<FactsDocument<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FactsDocument<'a> {
    since: String,
    first_seen: String,
    last_seen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    established: Option<String>,
    origin: &'static str,
    generation: u64,
    rank: Rank,
    formats: Vec<&'static str>,
    signers: Vec<RecordDocument<'a>>,
    candidates: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordDocument<'a> {
    #[serde(flatten)]
    signer: SignerDocument<'a>,
    origin: &'static str,
    alone: bool,
    first_seen: String,
    last_seen: String,
    digests: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    retired: Option<String>,
}

impl<'a> BaselineDocument<'a> {
    pub(super) fn of(lookup: &'a Lookup, now: DateTime<Utc>) -> Self {
        Self {
            state: BaselineState::of(lookup, now).as_str(),
            name: shown::baseline(lookup, now),
            why: match lookup {
                Lookup::Unusable(why) => Some(why),
                Lookup::Absent | Lookup::Usable(_) | Lookup::Lost | Lookup::Unread => None,
            },
            facts: lookup.baseline().map(FactsDocument::of),
        }
    }
}

impl<'a> FactsDocument<'a> {
    fn of(baseline: &'a Baseline) -> Self {
        Self {
            since: time(shown::since(baseline)),
            first_seen: time(baseline.first_seen),
            last_seen: time(baseline.last_seen),
            established: baseline.established.map(time),
            origin: shown::origin(baseline),
            generation: baseline.generation,
            rank: baseline.rank,
            formats: baseline.formats.iter().copied().map(format).collect(),
            signers: baseline.signers.iter().map(RecordDocument::of).collect(),
            candidates: baseline.candidates.len(),
        }
    }
}

impl<'a> RecordDocument<'a> {
    fn of(record: &'a SignerRecord) -> Self {
        Self {
            signer: SignerDocument::of(&record.signer),
            origin: shown::origin_of(record),
            alone: record.alone,
            first_seen: time(record.first_seen),
            last_seen: time(record.last_seen),
            digests: record.digests,
            retired: record.retired.as_ref().map(|retired| time(retired.at)),
        }
    }
}

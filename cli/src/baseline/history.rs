//! A repository's own past: when it is long and steady enough to establish a baseline at once.
//!
//! Invariant: one signer was there first on at least three digests, on three days that span a month, on most of what
//! was examined and on everything that runs, and nobody else has such a past; each of those payloads names this
//! repository, and the log says when. So neither images moved in from elsewhere, nor a burst of signatures, nor tags
//! prepared for the purpose establish anything. Keys without log times, and bundles, never count.

use super::digest_observation::{DigestObservation, in_order, signer};
use crate::observation::{Signature, SignedRepository};
use chrono::{DateTime, TimeDelta, Utc};
use signature_continuity::baseline::Format;
use signature_continuity::digest::Digest;
use signature_continuity::signer::{Signer, SignerId};
use std::collections::{BTreeMap, BTreeSet};

const DIGESTS: usize = 3;
const DAYS: usize = 3;
const SPAN: TimeDelta = TimeDelta::days(30);

/// What was examined of a repository's past.
#[derive(Debug, Clone, Default)]
pub struct Past<'a> {
    /// Each digest that was examined, signed or not.
    pub sights: Vec<DigestObservation<'a>>,
    /// How many more there were that could not be looked at; they count as somebody else's.
    pub unseen: usize,
}

/// The one signer whom the past establishes.
pub(super) struct Qualified<'a> {
    pub(super) first: &'a Signature,
    /// The digests on which that signer was first.
    pub(super) sights: Vec<DigestObservation<'a>>,
}

impl Qualified<'_> {
    pub(super) fn signer(&self) -> &Signer {
        signer(self.first)
    }
}

/// Whom the past establishes, if it is anybody.
pub(super) fn qualified<'a>(
    past: &Past<'a>,
    running: &[DigestObservation<'a>],
) -> Option<Qualified<'a>> {
    let running_digests: BTreeSet<&Digest> = running.iter().map(|sight| sight.digest).collect();
    let all: Vec<DigestObservation<'a>> = past.sights.iter().chain(running).copied().collect();
    let examined = in_order(&all);
    let mut by_signer: BTreeMap<SignerId, Vec<(DigestObservation<'a>, &'a Signature)>> =
        BTreeMap::new();
    for sight in &examined {
        if let Some(first) = first_counted(sight) {
            let id = signer(first).id();
            by_signer.entry(id).or_default().push((*sight, first));
        }
    }
    let has_a_past = |firsts: &Vec<(DigestObservation<'a>, &'a Signature)>| {
        firsts.len() >= DIGESTS && is_long(firsts)
    };
    let mut qualified = by_signer.into_values().filter(has_a_past);
    // Two with such a past: one of them may have prepared it.
    let (Some(firsts), None) = (qualified.next(), qualified.next()) else {
        return None;
    };
    let total = examined.len().saturating_add(past.unseen);
    let of_running = firsts
        .iter()
        .filter(|(sight, _)| running_digests.contains(sight.digest));
    let is_everywhere = !running_digests.is_empty() && of_running.count() == running_digests.len();
    let is_most = firsts.len().saturating_mul(2) > total;
    (is_everywhere && is_most).then_some(())?;
    Some(Qualified {
        first: firsts.first()?.1,
        sights: firsts.into_iter().map(|(sight, _)| sight).collect(),
    })
}

/// Whose signature was first on a digest, of all that were proven there, if it counts. What does not count was there
/// all the same: whoever came after a bundle was not first.
fn first_counted<'a>(sight: &DigestObservation<'a>) -> Option<&'a Signature> {
    let counts = |first: &&Signature| {
        first.signed_repository == SignedRepository::Here
            && first.format() == Format::Cosign2
            && first.logged_at.is_some()
    };
    sight.newcomer().ok().filter(counts)
}

fn is_long(firsts: &[(DigestObservation<'_>, &Signature)]) -> bool {
    let times: BTreeSet<DateTime<Utc>> = firsts.iter().filter_map(|(_, s)| s.logged_at).collect();
    let days: BTreeSet<_> = times.iter().map(DateTime::date_naive).collect();
    match (times.first(), times.last()) {
        (Some(first), Some(last)) => days.len() >= DAYS && *last - *first >= SPAN,
        _ => false,
    }
}

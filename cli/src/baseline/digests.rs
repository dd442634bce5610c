//! The digests that a baseline lists: verified, tolerated, allowed.
//!
//! Invariant: what runs stays listed; the rest is bounded; `tolerated` never grows after it was written once.

use super::digest_observation::DigestObservation;
use chrono::{DateTime, TimeDelta, Utc};
use signature_continuity::baseline::{Baseline, Tolerated, Verified};
use signature_continuity::digest::Digest;
use signature_continuity::signer::SignerId;
use std::collections::{BTreeMap, BTreeSet};

/// How many verified images are kept that do not run.
pub(super) const OTHERS: usize = 32;
/// How many are kept by a run that did not see all that runs.
const MOST_UNSEEN: usize = 256;
/// How many are kept by a look at single images: whoever declares many is not to make the object too large.
const MOST_ARRIVING: usize = 64;
/// How many digests are tolerated.
const MOST_TOLERATED: usize = 500;
/// After how long without running a tolerated digest is forgotten, and an expired permission.
const A_MONTH: TimeDelta = TimeDelta::days(30);

/// Where each digest stands in a baseline's list of verified ones, so that no digest is searched for.
#[derive(Debug, Clone)]
pub(super) struct Positions(BTreeMap<Digest, usize>);

impl Positions {
    pub(super) fn of(baseline: &Baseline) -> Self {
        let mut positions = BTreeMap::new();
        for (at, entry) in entries(baseline).enumerate() {
            positions.entry(entry.digest.clone()).or_insert(at);
        }
        Self(positions)
    }

    /// Whether `digest` is listed, by whomever.
    pub(super) fn contains(&self, digest: &Digest) -> bool {
        self.0.contains_key(digest)
    }

    /// Lists an image, and its platforms where it is an index; `true` when it is new. The positions are those of
    /// `baseline`.
    pub(super) fn verify(
        &mut self,
        baseline: &mut Baseline,
        sight: &DigestObservation<'_>,
        signer: &SignerId,
        now: DateTime<Utc>,
    ) -> bool {
        // A list that is true already is not written anew, but for the day.
        let is_current = |entry: &Verified, of: Option<&Digest>| {
            entry.names(signer)
                && entry.of.as_ref() == of
                && entry.at.date_naive() >= now.date_naive()
        };
        let is_new = !self.contains(sight.digest);
        let platforms = sight.seen.platforms.iter().map(|p| (p, Some(sight.digest)));
        for (digest, of) in std::iter::once((sight.digest, None)).chain(platforms) {
            let present = self.0.get(digest).copied();
            match present.and_then(|at| baseline.verified.get_mut(at)) {
                Some(entry) if is_current(entry, of) => {}
                // What is an image of its own stays one, whatever indexes list it.
                Some(entry) if of.is_some() && entry.of.is_none() => {}
                Some(entry) => *entry = listed(digest, signer, of, now),
                None => {
                    self.0.insert(digest.clone(), baseline.verified.len());
                    baseline.verified.push(listed(digest, signer, of, now));
                }
            }
        }
        is_new
    }
}

fn listed(digest: &Digest, signer: &SignerId, of: Option<&Digest>, at: DateTime<Utc>) -> Verified {
    let mut entry = Verified::new(digest.clone(), signer, at);
    entry.of = of.cloned();
    entry
}

/// Writes down what runs and is by no known signer; what was written.
pub(super) fn tolerate(
    baseline: &mut Baseline,
    running: &[DigestObservation<'_>],
    now: DateTime<Utc>,
) -> Vec<Digest> {
    let verified = verified_by_known(baseline);
    let written: Vec<Tolerated> = running
        .iter()
        .filter(|sight| !verified.contains(sight.digest))
        .take(MOST_TOLERATED)
        .map(|sight| Tolerated {
            digest: sight.digest.clone(),
            posture: sight.posture(),
            at: now,
        })
        .collect();
    let digests = written.iter().map(|entry| entry.digest.clone()).collect();
    baseline.tolerated.extend(written);
    digests
}

/// What [`Baseline::verified`] says of each digest, asked once.
fn verified_by_known(baseline: &Baseline) -> BTreeSet<Digest> {
    let signers: Vec<(SignerId, bool)> = baseline
        .signers
        .iter()
        .map(|record| (record.id(), record.retired.is_none()))
        .collect();
    let is_by_known = |entry: &&Verified| {
        let mut named = signers.iter().filter(|(id, _)| entry.names(id));
        // An id that could mean two signers means none.
        matches!((named.next(), named.next()), (Some((_, true)), None))
    };
    let verified = entries(baseline).filter(is_by_known);
    verified.map(|entry| entry.digest.clone()).collect()
}

/// Drops what is past its time; which tolerated digests were. Only a view of `all` that runs says what does not: a part
/// of it drops nothing that could run elsewhere.
pub(super) fn keep_up(
    baseline: &mut Baseline,
    running: &[DigestObservation<'_>],
    also_running: Option<&BTreeSet<Digest>>,
    now: DateTime<Utc>,
    all: bool,
) -> Vec<Digest> {
    let running = running.iter().map(|sight| sight.digest);
    let running: BTreeSet<&Digest> = running.chain(also_running.into_iter().flatten()).collect();
    let most = match (all, also_running) {
        (true, _) => OTHERS,
        (false, Some(_)) => MOST_ARRIVING,
        (false, None) => MOST_UNSEEN,
    };
    keep_verified(baseline, &running, most);
    baseline.allowed.retain(|entry| now - entry.until < A_MONTH);
    let mut forgotten = Vec::new();
    for entry in &mut baseline.tolerated {
        if running.contains(&entry.digest) && now.date_naive() > entry.at.date_naive() {
            entry.at = now;
        }
        if all && now - entry.at >= A_MONTH {
            forgotten.push(entry.digest.clone());
        }
    }
    baseline
        .tolerated
        .retain(|entry| !all || now - entry.at < A_MONTH);
    forgotten
}

/// Whether a look at all that runs would drop some of what is listed.
#[must_use]
pub(crate) fn is_to_be_trimmed(baseline: &Baseline) -> bool {
    let images = baseline.verified.iter().filter(|entry| entry.of.is_none());
    images.count() > OTHERS
}

fn keep_verified(baseline: &mut Baseline, running: &BTreeSet<&Digest>, most: usize) {
    // A platform's digest runs where its index does, and the other way round.
    let by_platform: BTreeSet<&Digest> = entries(baseline)
        .filter(|entry| running.contains(&entry.digest))
        .filter_map(|entry| entry.of.as_ref())
        .collect();
    let runs =
        |image: &&Verified| running.contains(&image.digest) || by_platform.contains(&image.digest);
    let images = entries(baseline).filter(|entry| entry.of.is_none());
    let (ours, mut others): (Vec<&Verified>, Vec<&Verified>) = images.partition(runs);
    // The newest first.
    others.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.digest.cmp(&b.digest)));
    let kept: BTreeSet<Digest> = ours
        .into_iter()
        .chain(others.into_iter().take(most))
        .map(|entry| entry.digest.clone())
        .collect();
    baseline
        .verified
        .retain(|entry| kept.contains(entry.of.as_ref().unwrap_or(&entry.digest)));
}

/// The verified digests, each visit counted where tests look at how many there are.
fn entries(baseline: &Baseline) -> impl Iterator<Item = &Verified> {
    baseline.verified.iter().inspect(|_| {
        #[cfg(test)]
        visits::count();
    })
}

#[cfg(test)]
pub(super) mod visits {
    use std::cell::Cell;

    thread_local! {
        static VISITS: Cell<usize> = const { Cell::new(0) };
    }

    pub(super) fn count() {
        VISITS.set(VISITS.get() + 1);
    }

    /// How often an entry was looked at while `work` ran on this thread.
    pub(in crate::baseline) fn during(work: impl FnOnce()) -> usize {
        VISITS.set(0);
        work();
        VISITS.get()
    }
}

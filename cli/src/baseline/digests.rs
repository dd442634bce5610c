//! The digests that a baseline lists: verified, tolerated, allowed.
//!
//! Invariant: what runs stays listed; the rest is bounded; `tolerated` never grows after it was written once.

use super::digest_observation::DigestObservation;
use chrono::{DateTime, TimeDelta, Utc};
use signature_continuity::baseline::{Baseline, Tolerated, Verified};
use signature_continuity::digest::Digest;
use signature_continuity::signer::SignerId;
use std::collections::BTreeSet;

/// How many verified images are kept that do not run.
const OTHERS: usize = 32;
/// How many are kept by a run that did not see all that runs.
const MOST_UNSEEN: usize = 512;
/// How many digests are tolerated.
const MOST_TOLERATED: usize = 500;
/// After how long without running a tolerated digest is forgotten, and an expired permission.
const A_MONTH: TimeDelta = TimeDelta::days(30);

/// Whether `digest` is listed, by whomever.
pub(super) fn is_verified(baseline: &Baseline, digest: &Digest) -> bool {
    baseline
        .verified
        .iter()
        .any(|entry| &entry.digest == digest)
}

/// Lists an image, and its platforms where it is an index; `true` when it is new.
pub(super) fn verify(
    baseline: &mut Baseline,
    sight: &DigestObservation<'_>,
    signer: &SignerId,
    now: DateTime<Utc>,
) -> bool {
    // A list that is true already is not written anew, but for the day.
    let is_current = |entry: &Verified, of: Option<&Digest>| {
        entry.names(signer) && entry.of.as_ref() == of && entry.at.date_naive() >= now.date_naive()
    };
    let is_new = !is_verified(baseline, sight.digest);
    let platforms = sight.seen.platforms.iter().map(|p| (p, Some(sight.digest)));
    for (digest, of) in std::iter::once((sight.digest, None)).chain(platforms) {
        let present = baseline.verified.iter_mut().find(|e| &e.digest == digest);
        match present {
            Some(entry) if is_current(entry, of) => {}
            // What is an image of its own stays one, whatever indexes list it.
            Some(entry) if of.is_some() && entry.of.is_none() => {}
            Some(entry) => *entry = listed(digest, signer, of, now),
            None => baseline.verified.push(listed(digest, signer, of, now)),
        }
    }
    is_new
}

fn listed(digest: &Digest, signer: &SignerId, of: Option<&Digest>, at: DateTime<Utc>) -> Verified {
    let mut entry = Verified::new(digest.clone(), signer, at);
    entry.of = of.cloned();
    entry
}

/// Writes down what runs and is by no known signer; what was written.
pub(super) fn tolerate(
    baseline: &mut Baseline,
    sights: &[DigestObservation<'_>],
    now: DateTime<Utc>,
) -> Vec<Digest> {
    let mut written = Vec::new();
    // What is only declared does not run: it could be anything by the time that it does.
    let running = sights.iter().filter(|sight| sight.runs);
    for sight in running {
        let is_verified = baseline.verified(sight.digest).is_some();
        if !is_verified && written.len() < MOST_TOLERATED {
            baseline.tolerated.push(Tolerated {
                digest: sight.digest.clone(),
                posture: sight.posture(),
                at: now,
            });
            written.push(sight.digest.clone());
        }
    }
    written
}

/// Drops what is past its time; which tolerated digests were. Only a view of `all` that runs says what does not: a part
/// of it drops nothing that could run elsewhere.
pub(super) fn keep_up(
    baseline: &mut Baseline,
    sights: &[DigestObservation<'_>],
    now: DateTime<Utc>,
    all: bool,
) -> Vec<Digest> {
    let running = sights.iter().filter(|sight| sight.runs);
    let running: BTreeSet<&Digest> = running.map(|sight| sight.digest).collect();
    keep_verified(baseline, &running, if all { OTHERS } else { MOST_UNSEEN });
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
    let is_forgotten = |entry: &Tolerated| forgotten.contains(&entry.digest);
    baseline.tolerated.retain(|entry| !is_forgotten(entry));
    forgotten
}

fn keep_verified(baseline: &mut Baseline, running: &BTreeSet<&Digest>, most: usize) {
    let mut images: Vec<&Verified> = baseline
        .verified
        .iter()
        .filter(|e| e.of.is_none())
        .collect();
    // The newest first; a platform's digest runs where its index does.
    images.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.digest.cmp(&b.digest)));
    let runs = |image: &Verified| {
        let platforms = baseline
            .verified
            .iter()
            .filter(|e| e.of.as_ref() == Some(&image.digest));
        running.contains(&image.digest)
            || platforms
                .into_iter()
                .any(|platform| running.contains(&platform.digest))
    };
    let (ours, others): (Vec<&Verified>, Vec<&Verified>) =
        images.into_iter().partition(|image| runs(image));
    let kept: BTreeSet<Digest> = ours
        .into_iter()
        .chain(others.into_iter().take(most))
        .map(|entry| entry.digest.clone())
        .collect();
    baseline.verified.retain(|entry| {
        kept.contains(&entry.digest) || entry.of.as_ref().is_some_and(|of| kept.contains(of))
    });
}

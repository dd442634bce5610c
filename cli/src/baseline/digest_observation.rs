//! One digest of a repository, as far as it can teach.
//!
//! Invariant: somebody new is taken from a digest only where everybody who signed it was seen and judged, and nobody
//! else can have been there before. In doubt nobody is.

use super::reason::Reason;
use crate::observation::{ObservedImage, Signature, SignedRepository};
use chrono::{DateTime, Utc};
use signature_continuity::digest::Digest;
use signature_continuity::observe::Evidence;
use signature_continuity::posture::Posture;
use signature_continuity::signer::Signer;
use std::collections::BTreeMap;

/// One digest of a repository: what was seen of it, and whether it runs.
#[derive(Debug, Clone, Copy)]
pub struct DigestObservation<'a> {
    /// Of which digest.
    pub digest: &'a Digest,
    /// What was seen.
    pub seen: &'a ObservedImage,
    /// Whether it runs, by a container's own status, and is not only declared somewhere.
    pub runs: bool,
}

impl<'a> DigestObservation<'a> {
    /// What was seen of an image whose digest is known; without one nothing can be learned.
    #[must_use]
    pub fn new(seen: &'a ObservedImage, runs: bool) -> Option<Self> {
        let digest = seen.observation.digest.as_ref()?;
        Some(Self { digest, seen, runs })
    }

    /// By whom a cold baseline begins to know the repository: whose signature was there first, where everybody who
    /// signed was seen. Otherwise nobody is taken from this digest, and why.
    pub(super) fn newcomer(&self) -> Result<&'a Signature, Reason> {
        let observation = &self.seen.observation;
        if observation.incomplete {
            return Err(Reason::Unseen);
        }
        // Whatever could not be judged, or contradicts itself, was somebody's signature, and may have been the first.
        if let Some(problem) = observation.problems.iter().min() {
            return Err(Reason::unjudged(problem));
        }
        let teaching = self.teaching();
        let mut elsewhere = self.made_elsewhere();
        if teaching.is_empty() {
            return Err(elsewhere.next().map_or(Reason::NotProven, |(_, named)| {
                Reason::Elsewhere(named.to_owned())
            }));
        }
        let first = first_signer(&teaching).ok_or(Reason::Unordered)?;
        let is_later = |other: &Signature| match (first.logged_at, other.logged_at) {
            (Some(first), Some(other)) => first < other,
            (None, _) | (_, None) => false,
        };
        match elsewhere.find(|(other, _)| signer(other) != signer(first) && !is_later(other)) {
            Some((_, named)) => Err(Reason::ElsewhereEarlier(named.to_owned())),
            None => Ok(first),
        }
    }

    /// Whether everybody who signed was seen.
    pub(super) fn is_complete(&self) -> bool {
        let observation = &self.seen.observation;
        !observation.incomplete && observation.problems.is_empty()
    }

    /// The proven signatures that were made for another repository, and for which.
    fn made_elsewhere(&self) -> impl Iterator<Item = (&'a Signature, &'a str)> {
        let is_proof = self.seen.observation.evidence == Evidence::Proof;
        let signatures = self.seen.signatures.iter().filter(move |_| is_proof);
        signatures.filter_map(|signature| match &signature.signed_repository {
            SignedRepository::Elsewhere(named) => Some((signature, named.as_str())),
            SignedRepository::Here | SignedRepository::Unsaid => None,
        })
    }

    /// The posture that it has.
    #[must_use]
    pub fn posture(&self) -> Posture {
        self.seen.observation.posture
    }

    /// The signatures that teach: proven just now, and not made for another repository.
    pub(super) fn teaching(&self) -> Vec<&'a Signature> {
        let observation = &self.seen.observation;
        if observation.posture != Posture::Signed || observation.evidence != Evidence::Proof {
            return Vec::new();
        }
        let teaches = |signature: &&Signature| match signature.signed_repository {
            SignedRepository::Here | SignedRepository::Unsaid => true,
            SignedRepository::Elsewhere(_) => false,
        };
        self.seen.signatures.iter().filter(teaches).collect()
    }

    /// By what sights are ordered: the earliest in the log first.
    fn order(&self) -> (DateTime<Utc>, &'a Digest) {
        let earliest = self.teaching().iter().filter_map(|s| s.logged_at).min();
        (earliest.unwrap_or(DateTime::<Utc>::MAX_UTC), self.digest)
    }
}

/// Each digest once, in an order that does not depend on the one they came in. Of two looks at one digest the one that
/// saw more counts: a registry may have failed in between.
pub(super) fn in_order<'a>(sights: &[DigestObservation<'a>]) -> Vec<DigestObservation<'a>> {
    let mut by_digest: BTreeMap<&Digest, DigestObservation<'a>> = BTreeMap::new();
    for sight in sights {
        let teaches =
            |sight: &DigestObservation<'_>| (sight.teaching().len(), sight.posture().as_str());
        match by_digest.get(sight.digest) {
            Some(present) => {
                let runs = present.runs || sight.runs;
                let better = if teaches(present) >= teaches(sight) {
                    *present
                } else {
                    *sight
                };
                by_digest.insert(sight.digest, DigestObservation { runs, ..better });
            }
            None => {
                by_digest.insert(sight.digest, *sight);
            }
        }
    }
    let mut ordered: Vec<DigestObservation<'a>> = by_digest.into_values().collect();
    ordered.sort_by_cached_key(DigestObservation::order);
    ordered
}

/// Whose signature was there first. Without log times it has to be the only one; of two at the same second it is not
/// known.
pub(super) fn first_signer<'a>(signatures: &[&'a Signature]) -> Option<&'a Signature> {
    let mut earliest: Vec<&Signature> = Vec::new();
    for signature in signatures {
        match earliest.iter_mut().find(|s| signer(s) == signer(signature)) {
            Some(present) => {
                // A signer's own unlogged signature beside a logged one says nothing about when.
                let both = (present.logged_at, signature.logged_at);
                if matches!(both, (Some(a), Some(b)) if b < a) || both.0.is_none() {
                    *present = signature;
                }
            }
            None => earliest.push(signature),
        }
    }
    if let [only] = earliest.as_slice() {
        return Some(only);
    }
    if earliest
        .iter()
        .any(|signature| signature.logged_at.is_none())
    {
        return None;
    }
    earliest.sort_by_key(|signature| signature.logged_at);
    match earliest.as_slice() {
        [first, second, ..] if first.logged_at < second.logged_at => Some(first),
        _ => None,
    }
}

pub(super) fn signer(signature: &Signature) -> &Signer {
    signature.proven.signer()
}

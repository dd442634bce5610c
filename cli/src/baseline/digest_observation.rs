//! One digest of a repository, as far as it can teach.

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

    /// Whether everybody who signed was seen. Otherwise nobody new is learned: who was first is not known.
    pub(super) fn is_complete(&self) -> bool {
        !self.seen.observation.incomplete
    }

    /// The signatures by which a stranger can be taken in.
    pub(super) fn complete(&self) -> Vec<&'a Signature> {
        if self.is_complete() {
            self.teaching()
        } else {
            Vec::new()
        }
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

    /// Everybody who was proven here, whatever it was made for; nobody where somebody was not seen.
    pub(super) fn all_proven(&self) -> Vec<&'a Signature> {
        if self.complete().is_empty() {
            Vec::new()
        } else {
            self.seen.signatures.iter().collect()
        }
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
    ordered.sort_by_key(DigestObservation::order);
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

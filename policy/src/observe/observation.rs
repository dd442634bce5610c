//! What was observed of one image, and from where it is known.
//!
//! Invariant: a posture is `unknown` exactly where there is a cause, but for images that nobody asked about and those that
//! somebody allowed. What is not known is never `unsigned`.

use crate::digest::Digest;
use crate::host_error::Outage;
use crate::posture::{Cause, Posture};
use crate::proof::{Findings, Interruption, Problem, ProvenSigner, posture_of};
use crate::signer::Signer;

/// What one image carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The image's digest, where it is known.
    pub digest: Option<Digest>,
    /// From where the posture is known.
    pub evidence: Evidence,
    /// Its posture.
    pub posture: Posture,
    /// Who was proven.
    pub proven: Vec<ProvenSigner>,
    /// What was wrong with claims that were not.
    pub problems: Vec<Problem>,
    /// Why the posture is unknown.
    pub unknown: Option<(Cause, Option<Outage>)>,
    /// Whether there was a `.sig` manifest.
    pub has_signature_tag: bool,
    /// Whether bundles were read, so that their absence is known.
    pub bundles_read: bool,
    /// Whether somebody may have signed who was not seen: a claim got no answer, or there was more than is looked at.
    /// Who is proven is proven all the same; nothing is to be concluded from who is not.
    pub incomplete: bool,
}

/// From where a posture is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// The registry and the host's proof.
    Proof,
    /// The digest was verified before, by this signer.
    Verified(Signer),
    /// The digest ran when the baseline became established.
    Tolerated,
    /// Somebody allowed the digest.
    Allowed,
    /// The baseline: the repository was looked at and never signed.
    ObservedUnsigned,
    /// Nobody was asked.
    NotAsked,
}

impl Observation {
    pub(super) fn new(digest: Option<Digest>, posture: Posture, evidence: Evidence) -> Self {
        Self {
            digest,
            evidence,
            posture,
            proven: Vec::new(),
            problems: Vec::new(),
            unknown: None,
            has_signature_tag: false,
            bundles_read: false,
            incomplete: false,
        }
    }

    /// Nobody was asked, and nobody had to be.
    #[must_use]
    pub fn not_asked(digest: Option<Digest>) -> Self {
        Self::new(digest, Posture::Unknown, Evidence::NotAsked)
    }

    /// Nobody was asked: the repository was looked at before, and never signed.
    #[must_use]
    pub(crate) fn observed_unsigned(digest: Option<Digest>) -> Self {
        Self::new(digest, Posture::Unsigned, Evidence::ObservedUnsigned)
    }

    /// It could not be found out.
    #[must_use]
    pub fn unknown(digest: Option<Digest>, cause: Cause, outage: Option<Outage>) -> Self {
        Self {
            unknown: Some((cause, outage)),
            ..Self::new(digest, Posture::Unknown, Evidence::Proof)
        }
    }

    pub(super) fn unverifiable(digest: &Digest, problem: Problem) -> Self {
        Self {
            problems: vec![problem],
            ..Self::new(Some(digest.clone()), Posture::Unverifiable, Evidence::Proof)
        }
    }

    /// Signature data in a form that only the learner can prove.
    pub(super) fn of_format(digest: &Digest) -> Self {
        Self {
            problems: vec![Problem::Bundle],
            ..Self::unknown(Some(digest.clone()), Cause::Format, None)
        }
    }

    /// Whether a broken trust root would look the same.
    #[must_use]
    pub(crate) fn could_be_the_trust_root(&self) -> bool {
        let undecided = match self.posture {
            Posture::Unverifiable => true,
            Posture::Unknown => matches!(self.unknown, Some((Cause::Answer, _))),
            Posture::Signed | Posture::Invalid | Posture::Unsigned => false,
        };
        undecided && self.problems.iter().any(Problem::could_be_the_trust_root)
    }

    /// What was found, as one posture.
    pub(super) fn of_findings(digest: &Digest, findings: Findings) -> Self {
        let digest = Some(digest.clone());
        let (posture, cause) = match findings.interrupted {
            Some(Interruption::Spent) => return Observation::unknown(digest, Cause::Limit, None),
            Some(Interruption::NotGranted) => {
                return Observation::unknown(digest, Cause::Host, None);
            }
            // Nobody proven makes up for a known signer.
            Some(Interruption::Unconfirmed(cause)) if !findings.proven.is_empty() => {
                (Posture::Unknown, Some(cause))
            }
            Some(Interruption::Unconfirmed(_)) | None if findings.proven.is_empty() => {
                posture_of(&findings.problems)
            }
            Some(Interruption::Unconfirmed(_)) | None => (Posture::Signed, None),
        };
        // Of what is not known nobody is to be learned.
        let proven = if posture == Posture::Signed {
            findings.proven
        } else {
            Vec::new()
        };
        Observation {
            proven,
            problems: findings.problems,
            unknown: cause.map(|cause| (cause, None)),
            incomplete: findings.incomplete,
            ..Observation::new(digest, posture, Evidence::Proof)
        }
    }
}

//! Proof: from what signatures claim to signers that can be trusted.
//!
//! Invariant: a [`ProvenSigner`] is made here only, and only when the host answered that this very certificate (or
//! key) signed this digest, when one of the configured authorities issued the certificate at its notBefore, and when
//! every log entry that could have stood in for the leaf's is its own layer's. Everything else ends as a problem:
//! `invalid` where the guest itself sees that parts contradict each other, `unverifiable` where nobody could prove it,
//! unknown where another reader might: a host's no is never evidence against a publisher.

mod log;
mod order;
mod problem;
mod proven;
mod prover;

pub use problem::Problem;
pub(crate) use problem::posture_of;
pub use proven::{ProvenSigner, rank_of};
pub use prover::default_payload;

use order::{Turn, in_order, readable};
use prover::{Prover, Refusal};

use crate::calls::Calls;
use crate::claims::Claims;
use crate::digest::Digest;
use crate::known::Known;
use crate::posture::Cause;
use std::collections::BTreeMap;

/// The most claims by known signers, and by strangers, that hosts are asked about for one image: each answer costs the
/// host all of the image's layers. Known keys that nobody claims are the operators' own, and not counted.
const MOST_KNOWN: usize = 32;
const MOST_STRANGERS: usize = 16;

/// What is proven, and against which CAs.
pub(crate) struct SignedArtifact<'a> {
    /// The name of the repository in host calls.
    pub(crate) name: &'a str,
    /// The image's digest.
    pub(crate) digest: &'a Digest,
    /// The repository's names in payloads that were made for it.
    pub(crate) payload_names: &'a [String],
    /// PEM chains, intermediates first, the anchor last.
    pub(crate) authorities: Vec<&'a [String]>,
}

/// What came of all claims.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Who was proven.
    pub(crate) proven: Vec<ProvenSigner>,
    /// What was wrong with the claims that were not.
    pub(crate) problems: Vec<Problem>,
    /// A claim that matters got no answer.
    pub(crate) interrupted: Option<Interruption>,
    /// Some claim got no answer, whether it mattered or not: who else signed is not known.
    pub(crate) incomplete: bool,
}

/// Why a claim got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// The time is spent, or as much as is asked for one image.
    Spent,
    /// The policy was not granted the capability.
    NotGranted,
    /// The host does not confirm what a known signer is said to have signed, and the guest finds nothing wrong with it.
    Unconfirmed(Cause),
}

/// How far the search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// As far as admission needs it, within bounds.
    Bounded,
    /// To all that is there, for the learner.
    Everything,
}

impl Extent {
    fn most(self, turn: Turn) -> usize {
        match (self, turn) {
            (Self::Everything, _) | (Self::Bounded, Turn::Known) => usize::MAX,
            (Self::Bounded, Turn::KnownAndClaimed) => MOST_KNOWN,
            (Self::Bounded, Turn::Stranger) => MOST_STRANGERS,
        }
    }
}

/// Proves the claims about `artifact`, those by known signers first, until `enough` is met; to the end for the learner.
#[must_use]
pub(crate) fn prove(
    calls: &Calls<'_>,
    artifact: &SignedArtifact<'_>,
    claims: &Claims,
    known: &Known<'_>,
    extent: Extent,
    enough: impl Fn(&ProvenSigner) -> bool,
) -> Findings {
    let mut findings = Findings {
        problems: readable(claims),
        ..Findings::default()
    };
    let mut is_enough = false;
    let mut others = None;
    let mut asked = BTreeMap::new();
    let prover = Prover {
        calls,
        artifact,
        claims,
    };
    for (turn, claim) in in_order(claims, known) {
        let is_known = turn != Turn::Stranger;
        let asked: &mut usize = asked.entry(turn).or_default();
        let refusal = if let Err(problem) = prover.stands(&claim) {
            Refusal::Problem(problem)
        } else if extent == Extent::Bounded && !is_known && findings.interrupted.is_some() {
            // No stranger makes up for what a known signer would have come to.
            findings.incomplete = true;
            continue;
        } else if *asked >= extent.most(turn) {
            Refusal::Interrupted(Interruption::Spent)
        } else {
            *asked += 1;
            match prover.ask(&claim) {
                Ok(proven) => {
                    is_enough |= enough(&proven);
                    findings.proven.push(proven);
                    if is_enough && extent == Extent::Bounded {
                        break;
                    }
                    continue;
                }
                Err(refusal) => refusal,
            }
        };
        match refusal {
            Refusal::Problem(problem) => {
                if let Some(cause) = problem.cause() {
                    // Another reader may prove it: who else signed is not known.
                    findings.incomplete = true;
                    if is_known {
                        let unconfirmed = Interruption::Unconfirmed(cause);
                        findings.interrupted.get_or_insert(unconfirmed);
                    }
                }
                findings.problems.push(problem);
            }
            Refusal::NotThisKey => {}
            Refusal::Interrupted(why) => {
                findings.incomplete = true;
                if is_known {
                    findings.interrupted = Some(why);
                } else {
                    others = Some(why);
                }
            }
        }
    }
    // What a known signer's claim would have come to matters until it is enough; a stranger's only where nobody is proven.
    if is_enough {
        findings.interrupted = None;
    } else if findings.proven.is_empty() {
        findings.interrupted = findings.interrupted.or(others);
    }
    findings.problems.sort();
    findings.problems.dedup();
    findings
}

#[cfg(test)]
#[path = "proof_tests.rs"]
mod tests;

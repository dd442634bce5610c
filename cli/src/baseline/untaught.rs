//! Signed images that teach nothing: why not, and what would change that.
//!
//! Invariant: it only tells. Whatever cannot teach is told while a baseline is not established; after that it is drift,
//! which is told by its own words. Nothing in a text that is to be pasted comes from an image but its digest.

use super::digest_observation::{DigestObservation, in_order, signer};
use super::reason::Reason;
use signature_continuity::baseline::Baseline;
use signature_continuity::clean::{SHOWN, clean};
use signature_continuity::digest::Digest;
use signature_continuity::posture::Posture;
use signature_continuity::reference::Repository;
use std::fmt;

/// How many images of one repository are told of.
const MOST_TOLD: usize = 16;

/// One image that is signed and teaches nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Untaught {
    /// Of which repository.
    pub repository: Repository,
    /// Which digest.
    pub digest: Digest,
    /// Why.
    pub reason: Reason,
}

/// As a line for people, with the way out.
impl fmt::Display for Untaught {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            repository,
            digest,
            reason,
        } = self;
        write!(f, "{repository}@{digest} teaches nothing: ")?;
        let approve = format!(
            "`continuity approve {repository}@{digest} ID --reason TICKET` takes in the right one, whose id `continuity explain {repository}@{digest}` shows"
        );
        match reason {
            Reason::NotProven => write!(f, "nobody is proven to have signed it"),
            Reason::Elsewhere(named) => write!(
                f,
                "it was signed for {}; if this repository holds copies of that one, an entry of the policy's `aliases` from {repository} says so",
                shown(named)
            ),
            Reason::ElsewhereEarlier(named) => write!(
                f,
                "a signature beside it was made earlier, for {}, so who was first is not known; {approve}",
                shown(named)
            ),
            Reason::Unordered => write!(
                f,
                "of several signers it is not known who was first; {approve}"
            ),
            Reason::UnknownKey => write!(
                f,
                "it is signed by a key that no log names; `continuity approve {repository} KEYFILE --reason TICKET` makes the key known"
            ),
            Reason::Unjudged(problem) => write!(
                f,
                "a signature of it proves nothing ({problem}), so not everybody who signed is known; {approve}"
            ),
            Reason::Unseen => write!(
                f,
                "not everybody who may have signed could be seen; the next run looks again"
            ),
        }
    }
}

fn shown(named: &str) -> String {
    if named.is_empty() {
        "no repository that it names".to_owned()
    } else {
        clean(named, SHOWN)
    }
}

/// Which signed images of a repository that run teach nothing, given what is known `after` they were looked at.
#[must_use]
pub(crate) fn untaught(
    after: Option<&Baseline>,
    repository: &Repository,
    sights: &[DigestObservation<'_>],
) -> Vec<Untaught> {
    if after.is_some_and(|baseline| baseline.established.is_some()) {
        return Vec::new();
    }
    let is_recorded = |sight: &DigestObservation<'_>| {
        let mut signatures = sight.teaching().into_iter();
        signatures.any(|s| after.is_some_and(|after| after.record(&signer(s).id()).is_some()))
    };
    let running = in_order(sights).into_iter().filter(|sight| sight.runs);
    running
        .filter(|sight| match sight.posture() {
            Posture::Signed => !is_recorded(sight),
            Posture::Unverifiable | Posture::Invalid => true,
            Posture::Unsigned | Posture::Unknown => false,
        })
        .filter_map(|sight| {
            Some(Untaught {
                repository: repository.clone(),
                digest: sight.digest.clone(),
                reason: sight.newcomer().err()?,
            })
        })
        .take(MOST_TOLD)
        .collect()
}

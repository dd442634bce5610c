//! What can be done about a drift: data, from which denials and `explain` make the same text.
//!
//! Invariant: nothing in a command that is to be pasted comes from the image's signature: signers are named by id. Nothing
//! that brings a retired signer back is offered to be pasted.

mod text;

pub use crate::subject::Fold;

use crate::baseline::Retired;
use crate::digest::Digest;
use crate::drift::{Case, Drift};
use crate::fingerprint::Fingerprint;
use crate::posture::Cause;
use crate::reference::Repository;
use crate::settings::Exception;
use crate::signer::{Signer, SignerId};
use crate::subject::fold_suggestion;
use chrono::NaiveDate;
use std::fmt;

/// Something that can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Put the signer on the record, for every release: `approve IMAGE ID`.
    ApproveSigner {
        /// The image that it is read from again.
        image: PinnedImage,
        /// Who.
        id: SignerId,
        /// Whether it has to stand without the baseline's rank.
        alone: bool,
    },
    /// Allow this image for three days: `approve IMAGE --for 72h`.
    ApproveImage {
        /// Which.
        image: PinnedImage,
    },
    /// Write exceptions into the policy's settings: all of them are needed.
    Except {
        /// For this image alone; none: for every image of the repository.
        image: Option<PinnedImage>,
        /// The repository.
        repository: Repository,
        /// What they accept.
        accepts: Vec<Fingerprint>,
    },
    /// An exception for it has expired: renew it, if its reason still holds.
    RenewException {
        /// What it accepted.
        accepts: Fingerprint,
        /// Its last day.
        expired: NaiveDate,
        /// Why it was made.
        reason: String,
    },
    /// Change the pin in the policy's settings.
    ChangePin,
    /// Let the setting `refPatterns` fold what differs.
    FoldRefs(Fold),
    /// Have the learner look, which sees more than the policy's host: `learn --images IMAGE`.
    Learn {
        /// At what.
        image: PinnedImage,
    },
    /// Try again, once the cause is gone.
    TryAgain(Cause),
    /// Mend what keeps the baseline from being read.
    MendBaseline {
        /// What that is.
        why: String,
    },
    /// Bring the lost baseline back, or accept that it is lost.
    RestoreBaseline {
        /// Whose.
        repository: Repository,
    },
    /// Ask who retired the signer.
    AskRetirer {
        /// The signer.
        id: SignerId,
        /// Who, when and why.
        retired: Retired,
    },
    /// Ask the image's owner.
    AskOwner {
        /// Of what.
        repository: Repository,
    },
}

/// An image by its digest, as people spell its repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedImage {
    /// The repository.
    pub repository: Repository,
    /// The digest.
    pub digest: Digest,
}

impl fmt::Display for PinnedImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.repository, self.digest)
    }
}

/// What remedies depend on.
pub(crate) struct Situation<'a> {
    pub(crate) case: &'a Case<'a>,
    /// The repository as the image spells it.
    pub(crate) spelled: &'a Repository,
    /// The repository that the baseline belongs to.
    pub(crate) repository: &'a Repository,
    /// All drifts that stand.
    pub(crate) drifts: &'a [Drift],
    /// Exceptions for the image that have expired.
    pub(crate) expired: Vec<&'a Exception>,
}

impl Situation<'_> {
    /// What can be done about `drift`, which decides, in the order in which it is told.
    pub(crate) fn remedies(&self, drift: &Drift) -> Vec<Remedy> {
        let mut remedies: Vec<Remedy> = self
            .expired
            .iter()
            .filter(|exception| {
                let accepted =
                    |drift: &Drift| drift.fingerprint().as_ref() == Some(&exception.accepts);
                self.drifts.iter().any(accepted)
            })
            .map(|exception| Remedy::RenewException {
                accepts: exception.accepts.clone(),
                expired: exception.expires,
                reason: exception.reason.clone(),
            })
            .collect();
        remedies.extend(drift.remedies(self));
        if drift.is_change() && drift.cause().is_none() {
            remedies.push(Remedy::AskOwner {
                repository: self.repository.clone(),
            });
        }
        remedies
    }

    fn image(&self) -> Option<PinnedImage> {
        let digest = self.case.observation.digest.clone()?;
        Some(PinnedImage {
            repository: self.spelled.clone(),
            digest,
        })
    }

    /// Somebody who signed it, is not known, and once was.
    fn retired(&self) -> Option<(SignerId, Retired)> {
        let proven = &self.case.observation.proven;
        proven.iter().find_map(|proven| {
            let retired = self.case.known.retired(proven.signer())?;
            Some((proven.signer().id(), retired.clone()))
        })
    }

    /// One image for a while, unless somebody signed it whom an operator ended.
    pub(crate) fn approve_image(&self) -> Option<Remedy> {
        if self.retired().is_some() {
            return None;
        }
        self.image().map(|image| Remedy::ApproveImage { image })
    }

    /// The signer for every release, or whom to ask where it is retired.
    pub(crate) fn approve_signer(
        &self,
        is_it: impl Fn(&Signer) -> bool,
        alone: bool,
    ) -> Vec<Remedy> {
        if let Some((id, retired)) = self.retired() {
            return vec![Remedy::AskRetirer { id, retired }];
        }
        let mut signers = self.case.observation.proven.iter().map(|p| p.signer());
        let signer = signers.find(|signer| is_it(signer)).map(Signer::id);
        let approve = signer
            .zip(self.image())
            .map(|(id, image)| Remedy::ApproveSigner { image, id, alone });
        let mut remedies: Vec<Remedy> = approve.into_iter().collect();
        remedies.extend(self.approve_image());
        remedies.extend(self.except());
        remedies
    }

    /// The exceptions that together accept what stands; none where something cannot be accepted.
    pub(crate) fn except(&self) -> Option<Remedy> {
        let changes = self.drifts.iter().filter(|drift| drift.is_change());
        let accepts: Vec<Fingerprint> = changes.map(Drift::fingerprint).collect::<Option<_>>()?;
        if self.retired().is_some() {
            return None;
        }
        let image = if accepts.iter().any(Fingerprint::one_digest_only) {
            Some(self.image()?)
        } else {
            None
        };
        Some(Remedy::Except {
            image,
            repository: self.spelled.clone(),
            accepts,
        })
    }

    /// To have it looked at by who sees more.
    pub(crate) fn learn(&self) -> Vec<Remedy> {
        match self.image() {
            Some(image) => vec![Remedy::Learn { image }],
            None => vec![Remedy::TryAgain(Cause::Format)],
        }
    }

    /// The same, where there may be something that this host does not see.
    pub(crate) fn learn_unseen(&self) -> Vec<Remedy> {
        if self.case.observation.bundles_read {
            Vec::new()
        } else {
            self.learn()
        }
    }

    /// The setting that would make the stranger somebody who is known.
    pub(crate) fn fold(&self, id: &SignerId) -> Option<Remedy> {
        if self.retired().is_some() {
            return None;
        }
        let mut proven = self.case.observation.proven.iter().map(|p| p.signer());
        let stranger = proven.find(|signer| signer.id() == *id)?;
        let baseline = self.case.lookup.baseline()?;
        let fold = baseline
            .known()
            .find_map(|record| match (&record.signer, stranger) {
                (Signer::Keyless(before), Signer::Keyless(now)) => fold_suggestion(before, now),
                (Signer::Keyless(_) | Signer::Key(_), _) => None,
            })?;
        Some(Remedy::FoldRefs(fold))
    }
}

#[cfg(test)]
#[path = "remedy_tests.rs"]
mod tests;

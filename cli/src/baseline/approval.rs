//! What somebody decides about a baseline: a signer on the record or ended, or one digest for a while.

use chrono::{DateTime, Utc};
use signature_continuity::baseline::{Allowed, Baseline, Origin, Retired, Revived, SignerRecord};
use signature_continuity::digest::Digest;
use signature_continuity::proof::rank_of;
use signature_continuity::reference::Repository;
use signature_continuity::signer::{Signer, SignerId};

/// Who decides, why and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Puts a signer on the record. It is the only thing that revives a retired one, whose end stays on the record.
#[must_use]
pub fn approve(before: &Baseline, signer: &Signer, alone: bool, approval: &Approval) -> Baseline {
    let mut baseline = before.clone();
    let mut revived = None;
    let origin = Origin::Approved {
        by: approval.by.clone(),
        reason: approval.reason.clone(),
    };
    match baseline
        .signers
        .iter_mut()
        .find(|record| &record.signer == signer)
    {
        Some(record) => {
            record.origin = origin;
            record.alone |= alone;
            revived = record.retired.take();
        }
        None => baseline.signers.push(SignerRecord {
            signer: signer.clone(),
            origin,
            alone,
            first_seen: approval.at,
            last_seen: approval.at,
            digests: 0,
            retired: None,
        }),
    }
    let id = signer.id();
    baseline.revived.extend(revived.map(|retired| Revived {
        id: id.clone(),
        retired,
        at: approval.at,
        by: approval.by.clone(),
        reason: approval.reason.clone(),
    }));
    baseline.candidates.retain(|candidate| candidate.id != id);
    baseline.rank = baseline.rank.max(rank_of(signer));
    baseline.generation = before.generation.saturating_add(1);
    baseline
}

/// Begins a baseline with a signer whom somebody vouches for: the only way for a repository whose key no log knows. The
/// learner establishes it in its time.
#[must_use]
pub fn approved_anew(
    repository: Repository,
    signer: &Signer,
    alone: bool,
    approval: &Approval,
) -> Baseline {
    let nobody = Baseline::new(repository, rank_of(signer), approval.at);
    approve(&nobody, signer, alone, approval)
}

/// Ends a signer. `None`: there is none of that id, or it is ended already.
#[must_use]
pub fn retire(before: &Baseline, id: &SignerId, approval: &Approval) -> Option<Baseline> {
    let mut baseline = before.clone();
    let record = baseline
        .signers
        .iter_mut()
        .find(|record| &record.id() == id && record.retired.is_none())?;
    record.retired = Some(Retired {
        at: approval.at,
        by: approval.by.clone(),
        reason: approval.reason.clone(),
    });
    baseline.generation = before.generation.saturating_add(1);
    Some(baseline)
}

/// Allows one digest until a time, whatever it carries.
#[must_use]
pub fn allow(
    before: &Baseline,
    digest: &Digest,
    until: DateTime<Utc>,
    approval: &Approval,
) -> Baseline {
    let mut baseline = before.clone();
    baseline.allowed.retain(|entry| &entry.digest != digest);
    baseline.allowed.push(Allowed {
        digest: digest.clone(),
        until,
        by: approval.by.clone(),
        reason: approval.reason.clone(),
    });
    baseline.generation = before.generation.saturating_add(1);
    baseline
}

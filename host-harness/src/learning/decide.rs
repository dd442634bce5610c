//! What somebody decides about a baseline: a signer on the record, or one digest for a while.

use chrono::{DateTime, Utc};
use signature_continuity::baseline::{Allowed, Baseline, Origin, SignerRecord};
use signature_continuity::digest::Digest;
use signature_continuity::proof::rank_of;
use signature_continuity::signer::Signer;

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

/// Puts a signer on the record. It is the only thing that revives a retired one.
#[must_use]
pub fn approve(before: &Baseline, signer: &Signer, alone: bool, approval: &Approval) -> Baseline {
    let mut baseline = before.clone();
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
            record.retired = None;
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
    baseline.candidates.retain(|candidate| candidate.id != id);
    baseline.rank = baseline.rank.max(rank_of(signer));
    baseline.generation = before.generation.saturating_add(1);
    baseline
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

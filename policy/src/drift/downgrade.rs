//! `downgrade`: what is proven is of lower rank than the baseline, even by a known signer, unless that signer has stood
//! alone; or nothing is proven where something was.

use super::{Case, Drift, Kind, Rejects};
use crate::fingerprint::Fingerprint;
use crate::posture::{Posture, Rank};
use crate::remedy::{Remedy, Situation};
use crate::signer::Signer;

/// The key's SHA-256; `None`: nothing is proven.
pub(super) struct Downgrade<'a>(pub(super) Option<&'a str>);

pub(super) fn applies(case: &Case<'_>) -> Option<Drift> {
    let baseline = case.signed()?;
    match case.observation.posture {
        Posture::Unverifiable => return Some(Drift::Downgrade(None)),
        Posture::Unsigned | Posture::Invalid | Posture::Unknown => return None,
        Posture::Signed => {}
    }
    let (ours, strangers) = case.signers();
    let alone = ours
        .iter()
        .any(|proven| case.known.may_stand_alone(proven.signer()));
    // Strangers count only where nobody else signed: they must not lift the rank.
    let counted = if ours.is_empty() { strangers } else { ours };
    let best = counted
        .iter()
        .map(|proven| proven.rank())
        .max()
        .unwrap_or(Rank::Unsigned);
    if best >= baseline.rank || alone {
        return None;
    }
    let keys = counted.iter().filter_map(|proven| match proven.signer() {
        Signer::Key(key) => Some(key.sha256()),
        Signer::Keyless(_) => None,
    });
    Some(Drift::Downgrade(keys.min()))
}

impl Kind for Downgrade<'_> {
    fn name(&self) -> &'static str {
        "downgrade"
    }

    fn phrase(&self) -> &'static str {
        "changed to weaker evidence"
    }

    fn severity(&self) -> u8 {
        40
    }

    fn detail(&self) -> Option<String> {
        Some(match self.0 {
            Some(sha256) => format!("key {}", sha256.get(..12).unwrap_or_default()),
            None => "unverifiable".to_owned(),
        })
    }

    fn fingerprint(&self) -> Option<Fingerprint> {
        Some(match self.0 {
            Some(sha256) => Fingerprint::DowngradeKey(sha256.to_owned()),
            None => Fingerprint::DowngradeUnverifiable,
        })
    }

    fn rejects(&self) -> Rejects {
        Rejects::Established
    }

    fn is_proven(&self) -> bool {
        self.0.is_some()
    }

    fn remedies(&self, situation: &Situation<'_>) -> Vec<Remedy> {
        let is_it = |signer: &Signer| match signer {
            Signer::Key(key) => Some(key.sha256().as_str()) == self.0,
            Signer::Keyless(_) => false,
        };
        situation.approve_signer(is_it, true)
    }
}

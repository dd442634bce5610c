//! `unsigned`: the repository was signed, and nothing is seen of a signature of this image.

use super::{Case, Drift, Kind, Rejects};
use crate::fingerprint::Fingerprint;
use crate::posture::Posture;
use crate::remedy::{Remedy, Situation};

pub(super) struct Unsigned;

pub(super) fn applies(case: &Case<'_>) -> Option<Drift> {
    case.signed()?;
    (case.observation.posture == Posture::Unsigned).then_some(Drift::Unsigned)
}

impl Kind for Unsigned {
    fn name(&self) -> &'static str {
        "unsigned"
    }

    fn phrase(&self) -> &'static str {
        "without a signature that is seen"
    }

    fn severity(&self) -> u8 {
        50
    }

    fn detail(&self) -> Option<String> {
        None
    }

    fn fingerprint(&self) -> Option<Fingerprint> {
        Some(Fingerprint::Unsigned)
    }

    fn rejects(&self) -> Rejects {
        Rejects::Established
    }

    /// That nothing is seen proves nothing.
    fn is_proven(&self) -> bool {
        false
    }

    fn remedies(&self, situation: &Situation<'_>) -> Vec<Remedy> {
        let mut remedies = situation.learn_unseen();
        remedies.extend(situation.except());
        remedies.extend(situation.approve_image());
        remedies
    }
}

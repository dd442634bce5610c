//! `invalid`: the guest itself sees that parts of a signature contradict each other.

use super::case::Compared;
use super::{Case, Drift, Kind, Rejects};
use crate::fingerprint::Fingerprint;
use crate::posture::Posture;
use crate::remedy::{Remedy, Situation};

pub(super) struct Invalid;

pub(super) fn applies(case: &Case<'_>) -> Option<Drift> {
    (case.compared() == Compared::Proof && case.observation.posture == Posture::Invalid)
        .then_some(Drift::Invalid)
}

impl Kind for Invalid {
    fn name(&self) -> &'static str {
        "invalid"
    }

    fn phrase(&self) -> &'static str {
        "with a signature that contradicts itself"
    }

    fn severity(&self) -> u8 {
        70
    }

    fn detail(&self) -> Option<String> {
        None
    }

    fn fingerprint(&self) -> Option<Fingerprint> {
        Some(Fingerprint::Invalid)
    }

    fn rejects(&self) -> Rejects {
        Rejects::Always
    }

    fn is_proven(&self) -> bool {
        true
    }

    fn remedies(&self, situation: &Situation<'_>) -> Vec<Remedy> {
        let approve = situation.approve_image();
        approve.into_iter().chain(situation.except()).collect()
    }
}

//! `pin`: the posture is known, and a pinned repository's image has no pinned signer.

use super::case::Compared;
use super::{Case, Drift, Kind, Rejects};
use crate::fingerprint::{Fingerprint, PinFound};
use crate::posture::Posture;
use crate::remedy::{Remedy, Situation};
use crate::signer::SignerId;

pub(super) struct Pin<'a>(pub(super) &'a PinFound);

pub(super) fn applies(case: &Case<'_>) -> Option<Drift> {
    let compared = match case.compared() {
        Compared::Pins | Compared::Proof => case.known.is_pinned(),
        Compared::Undetermined(..) | Compared::Continuous | Compared::NotAsked => false,
    };
    let proven = &case.observation.proven;
    if !compared || proven.iter().any(|p| case.known.satisfies_pin(p.signer())) {
        return None;
    }
    let signers = PinFound::signers(proven.iter().map(|p| p.signer().id()));
    Some(Drift::Pin(match (case.observation.posture, signers) {
        (Posture::Signed, Some(signers)) => signers,
        (Posture::Unsigned, _) => PinFound::Unsigned,
        (Posture::Signed | Posture::Unverifiable | Posture::Invalid | Posture::Unknown, _) => {
            PinFound::Unverifiable
        }
    }))
}

impl Kind for Pin<'_> {
    fn name(&self) -> &'static str {
        "pin"
    }

    fn phrase(&self) -> &'static str {
        "not signed by a pinned signer"
    }

    fn severity(&self) -> u8 {
        80
    }

    fn detail(&self) -> Option<String> {
        match self.0 {
            PinFound::Signers(ids) => ids.first().map(SignerId::short).map(str::to_owned),
            PinFound::Unsigned => Some("unsigned".to_owned()),
            PinFound::Unverifiable => Some("unverifiable".to_owned()),
        }
    }

    fn fingerprint(&self) -> Option<Fingerprint> {
        Some(Fingerprint::Pin(self.0.clone()))
    }

    fn rejects(&self) -> Rejects {
        Rejects::Always
    }

    fn is_proven(&self) -> bool {
        match self.0 {
            PinFound::Signers(_) => true,
            PinFound::Unsigned | PinFound::Unverifiable => false,
        }
    }

    fn remedies(&self, situation: &Situation<'_>) -> Vec<Remedy> {
        let mut remedies = match self.0 {
            PinFound::Unsigned => situation.learn_unseen(),
            PinFound::Signers(_) | PinFound::Unverifiable => Vec::new(),
        };
        remedies.push(Remedy::ChangePin);
        remedies.extend(situation.except());
        remedies.extend(situation.approve_image());
        remedies
    }
}

//! `signer`: the signature is proven, and by no known signer.

use super::{Case, Drift, Kind, Rejects};
use crate::fingerprint::Fingerprint;
use crate::remedy::{Remedy, Situation};
use crate::signer::SignerId;
use std::cmp::Reverse;

pub(super) struct Stranger<'a>(pub(super) &'a SignerId);

pub(super) fn applies(case: &Case<'_>) -> Option<Drift> {
    case.signed()?;
    let (ours, strangers) = case.signers();
    if !ours.is_empty() {
        return None;
    }
    // The strongest stranger stands for all, by id where several are equally strong.
    let first = strangers
        .iter()
        .max_by_key(|p| (p.rank(), Reverse(p.signer().id())));
    first.map(|proven| Drift::Signer(proven.signer().id()))
}

impl Kind for Stranger<'_> {
    fn name(&self) -> &'static str {
        "signer"
    }

    fn phrase(&self) -> &'static str {
        "changed signer"
    }

    fn severity(&self) -> u8 {
        30
    }

    fn detail(&self) -> Option<String> {
        Some(self.0.short().to_owned())
    }

    fn fingerprint(&self) -> Option<Fingerprint> {
        Some(Fingerprint::Signer(self.0.clone()))
    }

    fn rejects(&self) -> Rejects {
        Rejects::Established
    }

    fn is_proven(&self) -> bool {
        true
    }

    fn remedies(&self, situation: &Situation<'_>) -> Vec<Remedy> {
        let mut remedies = situation.approve_signer(|signer| signer.id() == *self.0, false);
        remedies.extend(situation.fold(self.0));
        remedies
    }
}

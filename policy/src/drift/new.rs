//! `new`: there is no baseline, so that nothing is compared. It never rejects, and nobody is warned.

use super::case::Compared;
use super::{Case, Drift, Kind, Rejects};
use crate::baseline::Lookup;
use crate::fingerprint::Fingerprint;
use crate::remedy::{Remedy, Situation};

pub(super) struct New;

pub(super) fn applies(case: &Case<'_>) -> Option<Drift> {
    let is_new = match case.compared() {
        Compared::NotAsked => true,
        Compared::Proof => *case.lookup == Lookup::Absent,
        Compared::Undetermined(..) | Compared::Continuous | Compared::Pins => false,
    };
    is_new.then_some(Drift::New)
}

impl Kind for New {
    fn name(&self) -> &'static str {
        "new"
    }

    fn phrase(&self) -> &'static str {
        "new"
    }

    fn severity(&self) -> u8 {
        10
    }

    fn detail(&self) -> Option<String> {
        None
    }

    fn fingerprint(&self) -> Option<Fingerprint> {
        None
    }

    fn rejects(&self) -> Rejects {
        Rejects::Never
    }

    fn is_proven(&self) -> bool {
        false
    }

    fn is_change(&self) -> bool {
        false
    }

    fn remedies(&self, _situation: &Situation<'_>) -> Vec<Remedy> {
        Vec::new()
    }
}

//! `undetermined`: the posture is unknown, the baseline cannot be used, or limits were reached. No exception accepts it.

use super::case::Compared;
use super::{Case, Drift, Kind, Rejects};
use crate::baseline::Lookup;
use crate::fingerprint::Fingerprint;
use crate::host_error::Outage;
use crate::posture::Cause;
use crate::remedy::{Remedy, Situation};

pub(super) struct Undetermined(pub(super) Cause, pub(super) Option<Outage>);

pub(super) fn applies(case: &Case<'_>) -> Option<Drift> {
    match case.compared() {
        Compared::Undetermined(cause, outage) => Some(Drift::Undetermined(cause, outage)),
        Compared::Continuous | Compared::NotAsked | Compared::Pins | Compared::Proof => None,
    }
}

impl Kind for Undetermined {
    fn name(&self) -> &'static str {
        "undetermined"
    }

    fn phrase(&self) -> &'static str {
        "could not be determined"
    }

    fn severity(&self) -> u8 {
        60
    }

    fn detail(&self) -> Option<String> {
        Some(match self.1 {
            Some(outage) => format!("({}: {})", self.0, outage.as_str()),
            None => format!("({})", self.0),
        })
    }

    fn fingerprint(&self) -> Option<Fingerprint> {
        None
    }

    /// What somebody who pushes can choose is never waived.
    fn rejects(&self) -> Rejects {
        match self.0 {
            Cause::Baseline => Rejects::TryAgain,
            Cause::Outage => Rejects::TryAgainAtStake { waivable: true },
            Cause::Answer
            | Cause::Absent
            | Cause::Limit
            | Cause::TrustRoot
            | Cause::Format
            | Cause::Host => Rejects::TryAgainAtStake { waivable: false },
        }
    }

    fn is_proven(&self) -> bool {
        false
    }

    fn remedies(&self, situation: &Situation<'_>) -> Vec<Remedy> {
        match (self.0, situation.case.lookup) {
            (Cause::Baseline, Lookup::Lost) => vec![Remedy::RestoreBaseline {
                repository: situation.repository.clone(),
            }],
            (Cause::Baseline, Lookup::Unusable(why)) => {
                vec![Remedy::MendBaseline { why: why.clone() }]
            }
            (Cause::Format, _) => situation.learn(),
            (cause, _) => vec![Remedy::TryAgain(cause)],
        }
    }
}

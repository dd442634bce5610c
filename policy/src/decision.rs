//! Decision: which drifts reject, in which scopes. A pure function of values.
//!
//! Invariant: nothing is rejected outside enforced scopes (but the audit scanner's question, where the operator wants
//! its reports to show it); a cold baseline rejects nothing; what could not be found out rejects with 500, "try again",
//! and only where there is something to lose. A workload is rejected for what is proven alone: its pods are judged anew.

use crate::baseline::Lookup;
use crate::drift::{Drift, Rejects};
use crate::settings::{EnforceEntry, OnUndetermined, Settings, Unenforced};
use chrono::{DateTime, Utc};

/// What becomes of one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// Admitted.
    Admit,
    /// Rejected with an HTTP status.
    Reject(Code),
}

/// The HTTP statuses of rejections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// 500: try again, what succeeded is cached.
    TryAgain,
    /// 403: forbidden.
    Forbidden,
}

impl Code {
    /// The number.
    #[must_use]
    pub fn number(self) -> u16 {
        match self {
            Self::TryAgain => 500,
            Self::Forbidden => 403,
        }
    }
}

/// Why an image is admitted although its drift rejects elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leniency {
    /// The object only holds a template: its pods are judged anew.
    Template,
    /// The baseline is not established, or there is none: nothing is at stake yet.
    NotEstablished,
    /// `onUndetermined: admit`.
    Waived,
}

/// What there is to lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stakes {
    /// The repository is pinned.
    pub pinned: bool,
    /// Its baseline is established.
    pub established: bool,
    /// Its baseline was not read, so that it may be.
    pub unread: bool,
}

impl Stakes {
    /// Those of an image of a repository with this baseline.
    #[must_use]
    pub(crate) fn new(lookup: &Lookup, pinned: bool, now: DateTime<Utc>) -> Self {
        let (established, unread) = match lookup {
            Lookup::Usable(baseline) => (baseline.is_established(now), false),
            Lookup::Absent => (false, false),
            Lookup::Unusable(_) | Lookup::Lost | Lookup::Unread => (false, true),
        };
        Self {
            pinned,
            established,
            unread,
        }
    }

    fn any(self) -> bool {
        self.pinned || self.established || self.unread
    }
}

/// In which scope an image is judged.
pub struct Scope<'a> {
    /// The entries of `enforce` that match it.
    pub entries: Vec<&'a EnforceEntry>,
    /// The settings' own answer to what could not be determined.
    pub on_undetermined: OnUndetermined,
    /// Whether a rejection is reported although nothing is enforced.
    pub reported: bool,
    /// Whether the object only holds a pod template.
    pub template: bool,
}

impl<'a> Scope<'a> {
    /// The scope of an image: `entries` are those that match; `audit` whether the audit scanner asks; `template` whether
    /// about an object that only holds a pod template.
    #[must_use]
    pub(crate) fn new(
        settings: &Settings,
        entries: Vec<&'a EnforceEntry>,
        audit: bool,
        template: bool,
    ) -> Self {
        Self {
            reported: entries.is_empty() && audit && settings.unenforced == Unenforced::Report,
            entries,
            on_undetermined: settings.on_undetermined,
            template,
        }
    }

    /// Whether the image is in an enforced scope.
    #[must_use]
    pub fn is_enforced(&self) -> bool {
        !self.entries.is_empty()
    }

    /// Whether a rejection in this scope reaches whoever asked.
    #[cfg(test)]
    pub(crate) fn rejects(&self) -> bool {
        self.is_enforced() || self.reported
    }

    /// Whether an outage is waived: every entry that matches has to say so, by itself or by the settings' own word.
    fn waives(&self) -> bool {
        let says = |answer: Option<OnUndetermined>| {
            answer.unwrap_or(self.on_undetermined) == OnUndetermined::Admit
        };
        match self.entries.as_slice() {
            [] => says(None),
            entries => entries.iter().all(|entry| says(entry.on_undetermined)),
        }
    }
}

/// What enforcement makes of one drift, whether or not its scope is enforced; and where it admits what rejects
/// elsewhere, why.
///
/// # Errors
/// The status with which it rejects.
fn ruled(scope: &Scope<'_>, stakes: Stakes, drift: &Drift) -> Result<Option<Leniency>, Code> {
    let rejection = match drift.rejects() {
        Rejects::Never => return Ok(None),
        Rejects::Always => Code::Forbidden,
        Rejects::Established if stakes.established => Code::Forbidden,
        Rejects::TryAgain => Code::TryAgain,
        Rejects::TryAgainAtStake { waivable: true } if !stakes.pinned && scope.waives() => {
            return Ok(Some(Leniency::Waived));
        }
        Rejects::TryAgainAtStake { .. } if stakes.any() => Code::TryAgain,
        Rejects::Established | Rejects::TryAgainAtStake { .. } => {
            return Ok(Some(Leniency::NotEstablished));
        }
    };
    if scope.template && !drift.is_proven() {
        return Ok(Some(Leniency::Template));
    }
    Err(rejection)
}

/// What becomes of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// Whether its scope is enforced.
    pub enforced: bool,
    /// Whether a rejection is reported although it is not.
    pub reported: bool,
    /// What becomes of it where its scope rejects.
    pub decision: Decision,
    /// The drift that decided; none where nothing changed.
    pub drift: Option<Drift>,
    /// Why it is admitted although that drift rejects elsewhere.
    pub leniency: Option<Leniency>,
}

#[cfg(test)]
impl Ruling {
    /// The status with which whoever asked is turned away.
    pub(crate) fn rejection(&self) -> Option<Code> {
        match self.decision {
            Decision::Reject(code) if self.enforced || self.reported => Some(code),
            Decision::Reject(_) | Decision::Admit => None,
        }
    }
}

/// What enforcement makes of an image's drifts. The first one decides; in a template the first that is proven, where
/// one rejects.
#[must_use]
pub(crate) fn decide(scope: &Scope<'_>, stakes: Stakes, drifts: &[Drift]) -> Ruling {
    let ruling = |decision, drift: Option<&Drift>, leniency| Ruling {
        enforced: scope.is_enforced(),
        reported: scope.reported,
        decision,
        drift: drift.cloned(),
        leniency,
    };
    let rejecting = drifts
        .iter()
        .find_map(|drift| Some((drift, ruled(scope, stakes, drift).err()?)));
    if let Some((drift, code)) = rejecting {
        return ruling(Decision::Reject(code), Some(drift), None);
    }
    let first = drifts.first();
    let leniency = first.and_then(|drift| ruled(scope, stakes, drift).ok().flatten());
    ruling(Decision::Admit, first, leniency)
}

#[cfg(test)]
#[path = "decision_tests.rs"]
mod tests;

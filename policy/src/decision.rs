//! Decision: which drifts reject, in which scopes. A pure function of values.
//!
//! Invariant: nothing is rejected outside enforced scopes (but the audit scanner's question, where the operator wants
//! its reports to show it); a cold baseline rejects nothing; what could not be found out rejects with 500, "try again",
//! and only where there is something to lose.

use crate::baseline::Lookup;
use crate::drift::Drift;
use crate::posture::Cause;
use crate::settings::{EnforceEntry, OnUndetermined, Settings, Unenforced};
use chrono::{DateTime, Utc};

/// What becomes of one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// In which scope an image is judged.
pub struct Scope<'a> {
    /// The entries of `enforce` that match it.
    pub entries: Vec<&'a EnforceEntry>,
    /// The settings' own answer to what could not be determined.
    pub on_undetermined: OnUndetermined,
    /// Whether a rejection is reported although nothing is enforced.
    pub reported: bool,
}

impl<'a> Scope<'a> {
    /// The scope of an image: `entries` are those that match; `audit` whether the audit scanner asks.
    #[must_use]
    pub fn new(settings: &Settings, entries: Vec<&'a EnforceEntry>, audit: bool) -> Self {
        Self {
            reported: entries.is_empty() && audit && settings.unenforced == Unenforced::Report,
            entries,
            on_undetermined: settings.on_undetermined,
        }
    }

    /// Whether the image is in an enforced scope.
    #[must_use]
    pub fn is_enforced(&self) -> bool {
        !self.entries.is_empty()
    }

    /// Whether a rejection in this scope reaches whoever asked.
    #[must_use]
    pub fn rejects(&self) -> bool {
        self.is_enforced() || self.reported
    }

    fn entry_says(&self, answer: OnUndetermined) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.on_undetermined == Some(answer))
    }
}

/// What enforcement makes of an image's first drift, whether or not its scope is enforced.
#[must_use]
pub fn decide(
    scope: &Scope<'_>,
    lookup: &Lookup,
    pinned: bool,
    drift: Option<&Drift>,
    now: DateTime<Utc>,
) -> Decision {
    let established = lookup
        .baseline()
        .is_some_and(|baseline| baseline.is_established(now));
    let against_established = if established {
        Decision::Reject(Code::Forbidden)
    } else {
        Decision::Admit
    };
    match drift {
        None | Some(Drift::New) => Decision::Admit,
        Some(Drift::Pin(_) | Drift::Invalid) => Decision::Reject(Code::Forbidden),
        Some(Drift::Unsigned | Drift::Downgrade(_) | Drift::Signer(_)) => against_established,
        Some(Drift::Undetermined(cause, _)) => {
            undetermined(scope, lookup, pinned, established, *cause)
        }
    }
}

fn undetermined(
    scope: &Scope<'_>,
    lookup: &Lookup,
    pinned: bool,
    established: bool,
    cause: Cause,
) -> Decision {
    let unread = matches!(lookup, Lookup::Unusable(_) | Lookup::Unread);
    let at_stake = pinned || established || unread;
    let denied = scope.entry_says(OnUndetermined::Deny);
    let waived = scope.entry_says(OnUndetermined::Admit) && !denied;
    let rejects = match cause {
        Cause::Baseline => true,
        Cause::Limit | Cause::Answer | Cause::Absent | Cause::Host => at_stake,
        Cause::TrustRoot | Cause::Format => at_stake && !waived,
        Cause::Outage if waived => false,
        Cause::Outage => {
            pinned || (established && (denied || scope.on_undetermined == OnUndetermined::Deny))
        }
    };
    if rejects {
        Decision::Reject(Code::TryAgain)
    } else {
        Decision::Admit
    }
}

#[cfg(test)]
#[path = "decision_tests.rs"]
mod tests;

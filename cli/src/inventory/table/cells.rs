//! The words of one row.

use crate::inventory::{Entry, Found, IfEnforced, Inventory, shown};
use signature_continuity::drift::Drift;
use signature_continuity::host_error::Outage;

/// In the order of the header.
pub(super) fn cells(entry: &Entry, inventory: &Inventory) -> [String; 7] {
    let places = shown::places(entry);
    let Ok(found) = &entry.found else {
        return [
            "unreadable".to_owned(),
            reject(entry.enforced).to_owned(),
            shown::image(&entry.image, None),
            "unknown".to_owned(),
            "-".to_owned(),
            "-".to_owned(),
            places,
        ];
    };
    [
        drift(found),
        enforced(found),
        shown::image(&entry.image, found.seen.observation.digest.as_ref()),
        shown::posture(found),
        shown::signers(found).unwrap_or_else(|| "-".to_owned()),
        shown::baseline(&found.lookup, inventory.taken),
        places,
    ]
}

/// The drift that decides, and how many there are besides; what an exception accepts in brackets.
fn drift(found: &Found) -> String {
    let name = |drift: &Drift| match drift.cause() {
        Some(_) => "undeterm.",
        None => drift.name(),
    };
    match (
        found.assessment.drifts.as_slice(),
        found.assessment.accepted.first(),
    ) {
        ([], None) => "none".to_owned(),
        ([], Some(accepted)) => format!("({})", name(accepted)),
        ([only], _) => name(only).to_owned(),
        ([first, others @ ..], _) => format!("{} +{}", name(first), others.len()),
    }
}

/// What enforcement makes of it: `reject` where the settings enforce it, `would reject` where they do not. Where nothing
/// could be found out, why.
fn enforced(found: &Found) -> String {
    let word = match found.if_enforced {
        IfEnforced::Reject(_) => reject(found.enforced),
        IfEnforced::NotEstablished => "not established",
        IfEnforced::Admit => "admit",
    };
    match found.assessment.drifts.first() {
        Some(Drift::Undetermined(_, Some(outage))) => format!("{word} {}", code(*outage)),
        Some(Drift::Undetermined(cause, None)) => format!("{word} {cause}"),
        _ => word.to_owned(),
    }
}

fn reject(enforced: bool) -> &'static str {
    if enforced { "reject" } else { "would reject" }
}

/// The registry's answer as operators know it.
fn code(outage: Outage) -> &'static str {
    match outage {
        Outage::RateLimit => "429",
        Outage::Unauthorized => "401",
        Outage::Denied => "403",
        Outage::Unavailable => "5xx",
        Outage::Unreachable => "no answer",
    }
}

//! The inventory in a few sentences: what a reader of the last lines alone has to know.
//!
//! Invariant: an inventory of nothing never reads like one in which all is well.

use super::order::Severity;
use super::{Entry, Inventory, shown};
use chrono::TimeDelta;
use signature_continuity::baseline::Format;
use signature_continuity::clean::{SHOWN, clean};
use signature_continuity::drift::Drift;
use signature_continuity::posture::Posture;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Nothing was looked at: whoever asked for an inventory has not got one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nothing was looked at: there are no images in the source that was named")]
pub(crate) struct NothingLookedAt;

/// Whether there is anything in an inventory.
///
/// # Errors
/// When it is empty: that is an error to whoever asked, and not "no drift".
pub(crate) fn something(inventory: &Inventory) -> Result<(), NothingLookedAt> {
    if inventory.entries.is_empty() {
        Err(NothingLookedAt)
    } else {
        Ok(())
    }
}

/// `4 images: 1 rejected, 1 not established, 1 undetermined (rate limit), 1 without drift.`
#[must_use]
pub(crate) fn verdict(inventory: &Inventory) -> String {
    let images = inventory.entries.len();
    if images == 0 {
        return "Nothing was looked at.".to_owned();
    }
    let parts: Vec<String> = Severity::ALL
        .into_iter()
        .filter_map(|loudness| {
            let of = |entry: &&Entry| Severity::of(entry) == loudness;
            let group: Vec<&Entry> = inventory.entries.iter().filter(of).collect();
            let number = group.len();
            (number > 0).then(|| format!("{number} {}{}", loudness.as_str(), causes(&group)))
        })
        .collect();
    let plural = if images == 1 { "image" } else { "images" };
    format!("{images} {plural}: {}.", parts.join(", "))
}

/// Why images are undetermined, the most frequent cause first: ` (rate limit)`, ` (2 rate limit, 1 format)`.
fn causes(entries: &[&Entry]) -> String {
    let mut numbers: BTreeMap<&'static str, usize> = BTreeMap::new();
    for entry in entries {
        if let Some(why) = entry.policy_drift().and_then(cause) {
            *numbers.entry(why).or_default() += 1;
        }
    }
    let mut numbers: Vec<(&str, usize)> = numbers.into_iter().collect();
    numbers.sort_by_key(|(why, number)| (Reverse(*number), *why));
    let texts: Vec<String> = match numbers.as_slice() {
        [] => return String::new(),
        [(why, number)] if *number == entries.len() => vec![(*why).to_owned()],
        several => several
            .iter()
            .map(|(why, n)| format!("{n} {why}"))
            .collect(),
    };
    format!(" ({})", texts.join(", "))
}

/// Why it could not be found out, in the most exact of our words.
#[must_use]
pub(crate) fn cause(drift: &Drift) -> Option<&'static str> {
    if let Drift::Undetermined(_, Some(outage)) = drift {
        return Some(outage.as_str());
    }
    drift.cause().map(|cause| cause.as_str())
}

/// `Trust root 12 d old.` and, where that is soon, when it ends.
#[must_use]
pub(crate) fn trust_root(inventory: &Inventory) -> String {
    let root = &inventory.trust_root;
    let name = match root.name.as_str() {
        "" => String::new(),
        name => format!(" ({})", clean(name, SHOWN)),
    };
    let mut text = match root.as_of {
        Some(at) => format!("Trust root{name} {} old", shown::age(inventory.taken - at)),
        None => format!("Trust root{name} of unknown age"),
    };
    match root.expires.map(|end| end - inventory.taken) {
        Some(left) if left <= TimeDelta::zero() => {
            text.push_str(", EXPIRED: what it cannot prove may be in order");
        }
        Some(left) if root.ends_soon(inventory.taken) => {
            text.push_str(&format!(", ends in {}", shown::age(left)));
        }
        Some(_) | None => {}
    }
    text.push('.');
    text
}

/// What the numbers beside `signed` mean, for those that are shown.
#[must_use]
pub(crate) fn legend(inventory: &Inventory) -> Option<String> {
    let formats: BTreeSet<Format> = inventory
        .entries
        .iter()
        .filter_map(|entry| entry.found.as_ref().ok())
        .filter(|found| found.shown().posture == Posture::Signed)
        .flat_map(|found| found.seen.signatures.iter().map(|s| s.format()))
        .collect();
    let texts: Vec<String> = formats
        .into_iter()
        .map(|format| {
            let version = shown::cosign(format);
            format!("signed/{version} = cosign {version}")
        })
        .collect();
    (!texts.is_empty()).then(|| format!("{}.", texts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::sample;
    use rstest::rstest;

    #[test]
    fn nothing_is_an_error_and_says_so() {
        let mut inventory = sample::inventory();
        assert_eq!(something(&inventory), Ok(()));
        inventory.entries.clear();
        assert_eq!(something(&inventory), Err(NothingLookedAt));
        assert_eq!(verdict(&inventory), "Nothing was looked at.");
    }

    #[test]
    fn the_verdict_adds_up_and_names_causes() {
        let mut inventory = sample::inventory();
        insta::assert_snapshot!(verdict(&inventory), @"9 images: 2 rejected, 1 would be rejected if enforced, 1 not established, 1 undetermined (rate limit), 1 admitted despite drift, 1 new, 2 without drift.");
        inventory
            .entries
            .retain(|entry| entry.policy_drift().and_then(cause).is_some());
        assert_eq!(verdict(&inventory), "1 image: 1 undetermined (rate limit).");
    }

    #[rstest]
    #[case::long(Some(400), "Trust root (the public-good instance) 12d old.")]
    #[case::soon(Some(5), "Trust root (the public-good instance) 12d old, ends in 5d.")]
    #[case::over(Some(-1), "Trust root (the public-good instance) 12d old, EXPIRED: what it cannot prove may be in order.")]
    fn tells_the_trust_roots_age_and_end(#[case] days: Option<i64>, #[case] expected: &str) {
        let mut inventory = sample::inventory();
        inventory.trust_root.expires = days.map(|days| sample::now() + TimeDelta::days(days));
        assert_eq!(trust_root(&inventory), expected);
    }
}

//! The inventory for machines: versioned JSON. `docs/inventory-json.md` describes it.
//!
//! Invariant: within a version fields are added and never changed or taken away; what is not known is absent, never
//! empty; identities are exact, and whatever does not show plainly is escaped, so that the text can be printed and put
//! into a page as it is.

mod baseline;
mod entry;
mod signer;

use super::counts::Counts;
use super::order::Severity;
use super::{Inventory, TrustRoot};
use baseline::BaselineDocument;
use chrono::{DateTime, SecondsFormat, Utc};
use entry::ImageDocument;
use serde::Serialize;
use signature_continuity::baseline::{Baseline, Lookup};
use signature_continuity::clean::shows_plainly;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The version of what is written here.
pub(crate) const VERSION: u64 = 1;

/// A baseline as the inventory has it.
pub(crate) fn baseline(
    baseline: &Baseline,
    now: DateTime<Utc>,
) -> Result<serde_json::Value, serde_json::Error> {
    let lookup = Lookup::Usable(Box::new(baseline.clone()));
    serde_json::to_value(BaselineDocument::of(&lookup, now))
}

/// JSON in which every character that does not show plainly is escaped.
pub(crate) fn shown_plainly(value: &serde_json::Value) -> Result<String, serde_json::Error> {
    Ok(plain(&serde_json::to_string_pretty(value)?))
}

/// The inventory as JSON, with indentation.
///
/// # Errors
/// Never, as far as is known: everything in it has a form in JSON.
pub(crate) fn pretty(inventory: &Inventory) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&Document::of(inventory))?;
    text.push('\n');
    Ok(plain(&text))
}

/// The inventory as JSON on one line, to be put into a page.
///
/// # Errors
/// As [`pretty`].
pub(crate) fn compact(inventory: &Inventory) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Document::of(inventory)).map(|text| plain(&text))
}

/// The inventory's JSON with more fields in it.
///
/// # Errors
/// As [`pretty`].
pub(crate) fn with_more<const N: usize>(
    inventory: &Inventory,
    more: [(&str, serde_json::Value); N],
) -> Result<serde_json::Value, serde_json::Error> {
    let mut value = serde_json::to_value(Document::of(inventory))?;
    if let Some(fields) = value.as_object_mut() {
        fields.extend(more.map(|(name, value)| (name.to_owned(), value)));
    }
    Ok(value)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    version: u64,
    taken: String,
    took_seconds: f64,
    trust_root: TrustRootDocument<'a>,
    counts: CountsDocument,
    notes: &'a [String],
    images: Vec<ImageDocument<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TrustRootDocument<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CountsDocument {
    images: usize,
    outcome: BTreeMap<&'static str, usize>,
    drift: BTreeMap<&'static str, usize>,
    posture: BTreeMap<&'static str, usize>,
    undetermined: BTreeMap<&'static str, usize>,
    baseline: BTreeMap<&'static str, usize>,
}

impl<'a> Document<'a> {
    fn of(inventory: &'a Inventory) -> Self {
        let counts = Counts::of(inventory);
        let mut drift = BTreeMap::new();
        for ((name, _), number) in &counts.drifts {
            *drift.entry(*name).or_default() += number;
        }
        let TrustRoot {
            name,
            as_of,
            expires,
        } = &inventory.trust_root;
        let images = inventory.entries.iter();
        Self {
            version: VERSION,
            taken: time(inventory.taken),
            took_seconds: inventory.seconds,
            trust_root: TrustRootDocument {
                name,
                as_of: as_of.map(time),
                expires: expires.map(time),
            },
            counts: CountsDocument {
                images: counts.images,
                outcome: counts
                    .outcomes
                    .iter()
                    .map(|(loudness, number)| (word(*loudness), *number))
                    .collect(),
                drift,
                posture: counts.postures,
                undetermined: counts.undetermined,
                baseline: counts.baselines,
            },
            notes: &inventory.notes,
            images: images
                .map(|entry| ImageDocument::of(entry, inventory.taken))
                .collect(),
        }
    }
}

/// The word for how loud an image is.
fn word(loudness: Severity) -> &'static str {
    match loudness {
        Severity::Rejected => "rejected",
        Severity::WouldBeRejected => "wouldBeRejected",
        Severity::NotEstablished => "notEstablished",
        Severity::Undetermined => "undetermined",
        Severity::Drift => "admittedDrift",
        Severity::New => "new",
        Severity::NoDrift => "none",
    }
}

/// RFC 3339 in UTC, to the second.
fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The same JSON, with every character escaped that does not show plainly or means something in HTML. Outside of its
/// strings JSON has none of them but line feeds, and inside of strings line feeds are escaped already.
pub(super) fn plain(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || (shows_plainly(c) && !matches!(c, '<' | '>' | '&')) {
            text.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string does not fail.
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
    text
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;

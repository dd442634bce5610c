//! The inventory's page and JSON, with what changed.
//!
//! Invariant: the page is the inventory's own, under the same policy; what is added is data in it.

use serde_json::{Value, json};

use super::board::Happened;
use crate::inventory::{Inventory, json as inventory_json, page as inventory_page};

/// The page.
pub(super) fn page(
    inventory: &Inventory,
    changes: &[Happened],
) -> Result<String, serde_json::Error> {
    inventory_page::live(inventory, &with_changes(inventory, changes)?)
}

/// The inventory's JSON, with `changes`.
pub(super) fn json(
    inventory: &Inventory,
    changes: &[Happened],
) -> Result<String, serde_json::Error> {
    let mut text = inventory_json::shown_plainly(&with_changes(inventory, changes)?)?;
    text.push('\n');
    Ok(text)
}

fn with_changes(inventory: &Inventory, changes: &[Happened]) -> Result<Value, serde_json::Error> {
    let changes: Vec<Value> = changes
        .iter()
        .map(|change| {
            json!({
                "at": change.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                "repository": change.repository,
                "what": change.what,
            })
        })
        .collect();
    let more = [("live", true.into()), ("changes", changes.into())];
    inventory_json::with_more(inventory, more)
}

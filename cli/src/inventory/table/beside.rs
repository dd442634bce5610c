//! What is told below the table, since its rows have no room for it.
//!
//! Invariant: of each sort a bounded number is told one by one, and how many there are besides is said.

use crate::inventory::{Entry, Inventory, learner_view, shown};
use std::collections::BTreeSet;

/// The most images of one sort that are told one by one.
const MOST: usize = 20;

/// Why images cannot be looked at, what the learner sees of those that are otherwise to the policy, and how registries
/// were looked at.
pub(super) fn notes(inventory: &Inventory) -> Vec<String> {
    let unreadable = told(inventory, "that cannot be looked at", |entry| {
        let why = entry.found.as_ref().err()?;
        Some(format!("{}: {why}", shown::image(&entry.image, None)))
    });
    let learner = told(inventory, "that the learner sees otherwise", |entry| {
        let observed = entry.found.as_ref().ok()?.seen.observation.digest.as_ref();
        let image = shown::image(&entry.image, observed);
        let sees = learner_view::learner_sees(entry)?;
        Some(format!("{image}: the learner sees: {sees}"))
    });
    unreadable
        .into_iter()
        .chain(learner)
        .chain(how_it_was_looked_at(inventory))
        .collect()
}

fn told(inventory: &Inventory, which: &str, of: impl Fn(&Entry) -> Option<String>) -> Vec<String> {
    let mut notes: Vec<String> = inventory.entries.iter().filter_map(of).collect();
    let more = notes.len().saturating_sub(MOST);
    if more > 0 {
        notes.truncate(MOST);
        notes.push(format!("and {more} more {which}"));
    }
    notes
}

/// What bears on images is a fact of their registry: each is told once.
fn how_it_was_looked_at(inventory: &Inventory) -> BTreeSet<String> {
    let of = |entry: &Entry| {
        let found = entry.found.as_deref().ok()?;
        let reference = entry.image.reference.as_ref().ok()?;
        let registry = reference.repository().registry().to_owned();
        let notes = found.seen.notes.clone().into_iter();
        Some(notes.map(move |note| format!("{registry}: {note}")))
    };
    let notes = inventory.entries.iter().filter_map(of);
    notes.flatten().collect()
}

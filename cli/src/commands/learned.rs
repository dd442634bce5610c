//! What came of learning, as `continuity learn` shows it.
//!
//! Invariant: everything that changed is named, and texts of others are cleaned.

use std::time::Instant;

use chrono::Utc;

use super::inventory::broken_trust_root_text;
use crate::inventory::{Inventory, LeftOut, order};
use crate::learner::{Outcome, difference};
use crate::output::words::counted;

/// What is different, or would be, for people.
pub(super) fn changes(outcome: &Outcome, dry_run: bool) -> String {
    let mut text = String::new();
    for change in &outcome.changes {
        if dry_run {
            text.push_str(&difference(
                &change.repository,
                change.before.as_ref(),
                Some(&change.after),
            ));
            text.push('\n');
            continue;
        }
        text.push_str(&format!(
            "{}  generation {}\n",
            change.repository, change.after.generation
        ));
        for news in &change.news {
            text.push_str(&format!(
                "  {}\n",
                signature_continuity::clean::clean(&news.to_string(), 500)
            ));
        }
    }
    let verb = if dry_run { "would change" } else { "changed" };
    text.push_str(&format!(
        "{} looked at; {} {verb}, {} of them new\n",
        counted(outcome.images, "image", "images"),
        counted(outcome.changes.len(), "baseline", "baselines"),
        outcome.begun
    ));
    text
}

/// `1 baseline that was there is gone`.
pub(super) fn gone(lost: u64) -> String {
    match lost {
        1 => "1 baseline that was there is gone".to_owned(),
        many => format!("{many} baselines that were there are gone"),
    }
}

/// What the run saw, as an inventory.
pub(super) fn inventory_of(
    outcome: &mut Outcome,
    eyes: &crate::observation::ImageObserver,
    now: chrono::DateTime<Utc>,
    started: Instant,
) -> Inventory {
    let left_out = outcome.left_out();
    let mut entries = std::mem::take(&mut outcome.entries);
    order::sort(&mut entries);
    let mut notes = outcome.notes.clone();
    notes.extend(unlisted(&left_out, entries.len()));
    if outcome.surplus > 0 {
        notes.push(format!(
            "{} more could have begun a baseline: --max-new bounds one run, the next goes on",
            counted(outcome.surplus, "repository", "repositories")
        ));
    }
    if !outcome.held_back.is_empty() {
        notes.push(format!(
            "no baseline of {} is begun while some may be lost",
            counted(outcome.held_back.len(), "repository", "repositories")
        ));
    }
    if outcome.trust_root_looks_broken() {
        notes.push(broken_trust_root_text(outcome.unverifiable, outcome.images));
    }
    Inventory {
        taken: now,
        entries,
        trust_root: eyes.trust_root(),
        notes,
        seconds: started.elapsed().as_secs_f64(),
        left_out,
    }
}

/// That there was no room for some of the images.
fn unlisted(left_out: &LeftOut, kept: usize) -> Option<String> {
    (left_out.unlisted > 0).then(|| {
        format!(
            "{} beyond the first {kept} were looked at and learned from, but are neither listed nor in the figures; {} among them",
            counted(left_out.unlisted, "image", "images"),
            counted(left_out.unlisted_drifting, "drifts", "drift"),
        )
    })
}

/// The same for machines.
pub(super) fn changes_json(outcome: &Outcome) -> serde_json::Value {
    let changes = outcome.changes.iter().map(|change| {
        let news: Vec<String> = change
            .news
            .iter()
            .map(|news| signature_continuity::clean::clean(&news.to_string(), 500))
            .collect();
        serde_json::json!({
            "repository": change.repository.as_str(),
            "generation": change.after.generation,
            "new": change.before.is_none(),
            "news": news,
        })
    });
    changes.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn images_without_room_are_told_of() {
        let mut left_out = LeftOut::default();
        assert_eq!(unlisted(&left_out, 7), None);
        left_out.unlisted = 3;
        left_out.unlisted_drifting = 1;
        let text = unlisted(&left_out, 20_000).unwrap();
        assert!(
            text.starts_with("3 images beyond the first 20000"),
            "{text}"
        );
        assert!(text.ends_with("1 drifts among them"), "{text}");
    }
}

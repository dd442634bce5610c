#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::inventory::sample;

fn drifting() -> Vec<Entry> {
    let entries = sample::inventory().entries.into_iter();
    let drifting: Vec<Entry> = entries
        .filter(|entry| entry.found.is_ok() && entry.drifts_for_the_learner())
        .collect();
    assert!(drifting.len() > 2);
    drifting
}

fn found(entry: &Entry) -> &Found {
    entry.found.as_ref().unwrap()
}

#[test]
fn an_event_is_the_same_for_the_same_drift_only() {
    let entries = drifting();
    let names: std::collections::BTreeSet<String> = entries
        .iter()
        .map(|one| name(one, found(one), "u"))
        .collect();
    assert_eq!(names.len(), entries.len());
    let first = entries.first().unwrap();
    assert_eq!(
        name(first, found(first), "u"),
        name(first, found(first), "u")
    );
    assert_ne!(
        name(first, found(first), "u"),
        name(first, found(first), "v")
    );
}

#[test]
fn messages_say_what_changed() {
    let messages: Vec<String> = drifting()
        .iter()
        .map(|one| message(one, found(one)))
        .collect();
    insta::assert_snapshot!(messages.join("\n\n"));
}

#[test]
fn a_hostile_message_fits_and_is_clean() {
    for entry in &sample::hostile().entries {
        let Ok(found) = &entry.found else { continue };
        let message = message(entry, found);
        assert!(message.len() <= 1024, "{}", message.len());
        assert!(!message.contains(['\u{202e}', '\u{1b}']), "{message}");
    }
}

#[test]
fn many_events_come_at_a_pace() {
    let start = Instant::now();
    let mut room = Room::new(start);
    let taken = (0..BURST * 2).filter(|_| room.take(start)).count();
    assert_eq!(taken, usize::try_from(BURST).unwrap());
    assert!(!room.take(start + PACE / 2));
    assert!(room.take(start + PACE));
    assert!(!room.take(start + PACE));
}

//! Attempts to come in beside a signature that proves nobody, or behind a past that was prepared.

use super::*;
use continuity_cli::learner::History;
use continuity_testkit::sigstore::BUNDLE;

#[test]
fn an_own_signature_beside_a_release_that_was_tampered_with() {
    // The publisher's log entry is put beside another signature of his, and an own one beside that.
    let world = World::new();
    let digest = world.release("v1", &[]);
    let here = world.registry.name(NAME);
    let mut tampered = world.signature(&release(), &here, &digest, world.day(0), None);
    let other = world.signature(&release(), &here, &digest, world.day(1), None);
    let entry = other.annotations.value(BUNDLE).unwrap().to_owned();
    tampered.annotations.set(BUNDLE, entry);
    let own = world.signature(&stranger(), &here, &digest, world.day(2), None);
    world
        .registry
        .push_signature(NAME, &digest, &[tampered, own])
        .unwrap();
    let outcome = world.learn(&["v1"], world.day(3));
    assert_eq!(world.baseline(), None);
    assert!(
        outcome
            .notes
            .iter()
            .any(|note| note.contains("continuity approve")),
        "{:?}",
        outcome.notes
    );
}

#[test]
fn an_own_signature_beside_one_that_was_made_elsewhere() {
    let world = World::new();
    let digest = world.release("v1", &[]);
    let elsewhere = world.registry.name("acme/staging");
    let genuine = world.signature(&release(), &elsewhere, &digest, world.day(0), None);
    let here = world.registry.name(NAME);
    let own = world.signature(&stranger(), &here, &digest, world.day(1), None);
    world
        .registry
        .push_signature(NAME, &digest, &[genuine, own])
        .unwrap();
    let outcome = world.learn(&["v1"], world.day(2));
    assert_eq!(world.baseline(), None);
    assert!(
        outcome
            .notes
            .iter()
            .any(|note| note.contains("made earlier, for")),
        "{:?}",
        outcome.notes
    );
}

#[test]
fn prepared_tags_beside_a_past_of_somebody_else() {
    let world = World::new();
    for (n, day) in [0, 20, 40].into_iter().enumerate() {
        world.release(&format!("v1.{n}"), &[(&release(), world.day(day))]);
    }
    for n in 0..20 {
        world.release(&format!("v9.{n}"), &[(&stranger(), world.day(41 + 2 * n))]);
    }
    // One of them runs: it is on record, and waits for its time like anybody.
    let options = Options {
        history: History::Daily,
        ..Options::default()
    };
    world.learn_with(&["v9.1"], world.day(90), options);
    assert_eq!(world.baseline().unwrap().established, None);
}

//! Attempts to be learned, each on a real registry with real signatures.

use super::*;
use continuity_cli::baseline::{Approval, retire};
use continuity_cli::learner::History;
use signature_continuity::baseline::Origin;

fn history() -> Options {
    Options {
        history: History::Daily,
        ..Options::default()
    }
}

#[test]
fn an_own_signature_added_to_a_good_release_before_it_is_learned() {
    let world = World::new();
    let later = world.day(0) + TimeDelta::minutes(5);
    world.release("v1", &[(&stranger(), later), (&release(), world.day(0))]);
    world.learn(&["v1"], world.day(1));
    assert_eq!(world.signers(), [world.id(&release())]);
    let baseline = world.baseline().unwrap();
    assert_eq!(baseline.candidates[0].id, world.id(&stranger()));
    assert_eq!(baseline.candidates[0].beside, world.id(&release()).short());
}

#[test]
fn an_own_signature_added_to_a_good_release_after_it_was_established() {
    let world = World::established();
    world.release(
        "v2",
        &[(&stranger(), world.day(3)), (&release(), world.day(4))],
    );
    for _ in 0..2 {
        // Beside a known signer it is no drift, and however early its signature is, it is nobody.
        let outcome = world.learn(&["v2"], world.day(5));
        assert_eq!(drifts(&outcome), [""; 0]);
        assert_eq!(world.signers(), [world.id(&release())]);
    }
    // Standing alone it is drift, on every run.
    world.release("v3", &[(&stranger(), world.day(6))]);
    for day in 6..9 {
        assert_eq!(drifts(&world.learn(&["v3"], world.day(day))), ["signer"]);
        assert_eq!(world.signers(), [world.id(&release())]);
    }
}

#[test]
fn an_own_old_image_moved_in() {
    let world = World::new();
    world.release("v1", &[(&release(), world.day(100))]);
    // Signed long before, for the attacker's own repository, and copied here with its signature.
    let digest = world.registry.push_image(NAME, "old", "old").unwrap();
    let elsewhere = world.registry.name("evil/api");
    let layer = world.signature(&stranger(), &elsewhere, &digest, world.day(1), None);
    world
        .registry
        .push_signature(NAME, &digest, &[layer])
        .unwrap();
    world.learn_with(&["v1", "old"], world.day(101), history());
    assert_eq!(world.signers(), [world.id(&release())]);
    assert_eq!(world.baseline().unwrap().candidates, []);
}

#[test]
fn a_long_past_of_images_moved_in_establishes_nothing() {
    let world = World::new();
    let elsewhere = world.registry.name("evil/api");
    for (n, day) in [0, 20, 40, 60].into_iter().enumerate() {
        let tag = format!("v1.{n}");
        let digest = world.registry.push_image(NAME, &tag, &tag).unwrap();
        let layer = world.signature(&stranger(), &elsewhere, &digest, world.day(day), None);
        world
            .registry
            .push_signature(NAME, &digest, &[layer])
            .unwrap();
    }
    world.learn_with(&["v1.3"], world.day(61), history());
    assert_eq!(world.baseline(), None);
}

#[test]
fn a_burst_of_tags() {
    let world = World::new();
    for n in 0..10 {
        let at = world.day(60) + TimeDelta::minutes(n);
        world.release(&format!("v9.{n}"), &[(&stranger(), at)]);
    }
    world.learn_with(&["v9.0"], world.day(60), history());
    let baseline = world.baseline().unwrap();
    assert_eq!(baseline.established, None);
    assert_eq!(baseline.signers[0].origin, Origin::Observed);
}

#[test]
fn an_honest_past_establishes_at_once() {
    let world = World::new();
    for (n, day) in [0, 20, 40].into_iter().enumerate() {
        world.release(&format!("v1.{n}"), &[(&release(), world.day(day))]);
    }
    // Later additions to all of them change nothing.
    world.release(
        "v1.2",
        &[(&release(), world.day(40)), (&stranger(), world.day(41))],
    );
    world.learn_with(&["v1.2"], world.day(42), history());
    let baseline = world.baseline().unwrap();
    assert_eq!(baseline.established, Some(world.day(42)));
    assert_eq!(baseline.signers[0].origin, Origin::History);
    assert_eq!(world.signers(), [world.id(&release())]);
}

#[test]
fn a_retired_signer_coming_back() {
    let world = World::established();
    let before = world.baseline().unwrap();
    let approval = Approval {
        by: "ada".to_owned(),
        reason: "leaked".to_owned(),
        at: world.day(3),
    };
    let ended = retire(&before, &world.id(&release()), &approval).unwrap();
    let store = world.store();
    let revision = store.read(&world.repository()).unwrap().revision;
    store.write(&ended, &revision).unwrap();
    // Alone, beside somebody new, and by introducing him.
    world.release("v2", &[(&release(), world.day(4))]);
    world.release(
        "v3",
        &[(&release(), world.day(4)), (&stranger(), world.day(5))],
    );
    let digest = world.release("v4", &[]);
    let home = world.registry.name(NAME);
    let layers = [
        world.signature(
            &release(),
            &home,
            &digest,
            world.day(6),
            Some(&world.id(&stranger())),
        ),
        world.signature(&stranger(), &home, &digest, world.day(6), None),
    ];
    world
        .registry
        .push_signature(NAME, &digest, &layers)
        .unwrap();
    let outcome = world.learn(&["v2", "v3", "v4"], world.day(7));
    assert_eq!(drifts(&outcome), ["signer", "signer", "signer"]);
    let after = world.baseline().unwrap();
    assert_eq!(after.known().count(), 0);
    assert_eq!((after.signers.len(), after.candidates.len()), (1, 0));
}

#[test]
fn a_known_signers_introduction() {
    let world = World::established();
    let successor = Identity::google("successor@acme.example");
    let digest = world.release("v2", &[]);
    let home = world.registry.name(NAME);
    let layers = [
        world.signature(
            &release(),
            &home,
            &digest,
            world.day(3),
            Some(&world.id(&successor)),
        ),
        world.signature(&successor, &home, &digest, world.day(3), None),
    ];
    world
        .registry
        .push_signature(NAME, &digest, &layers)
        .unwrap();
    assert_eq!(drifts(&world.learn(&["v2"], world.day(4))), [""; 0]);
    assert_eq!(
        world.signers(),
        [world.id(&release()), world.id(&successor)]
    );
    // From now on the successor stands alone.
    world.release("v3", &[(&successor, world.day(5))]);
    assert_eq!(drifts(&world.learn(&["v3"], world.day(6))), [""; 0]);
}

#[test]
fn a_stranger_cannot_borrow_an_introduction_from_another_payload() {
    let world = World::established();
    let digest = world.release("v2", &[]);
    let home = world.registry.name(NAME);
    let introducing = world.signature(
        &stranger(),
        &home,
        &digest,
        world.day(3),
        Some(&world.id(&stranger())),
    );
    let good = world.signature(&release(), &home, &digest, world.day(3), None);
    // The known signer's certificate and log entry on the stranger's payload.
    let mut forged = introducing.clone();
    forged.annotations = good.annotations.clone();
    world
        .registry
        .push_signature(NAME, &digest, &[good, introducing, forged])
        .unwrap();
    world.learn(&["v2"], world.day(4));
    assert_eq!(world.signers(), [world.id(&release())]);
}

#[test]
fn two_learners_and_a_gitops_writer_at_once() {
    let world = World::established();
    for n in 2..10 {
        world.release(
            &format!("v{n}"),
            &[(&release(), world.day(n)), (&stranger(), world.day(n + 1))],
        );
    }
    std::thread::scope(|scope| {
        let learners: Vec<_> = [2_i64, 6]
            .into_iter()
            .map(|from| {
                let world = &world;
                scope.spawn(move || {
                    for n in from..from + 4 {
                        let outcome = world.learn(&[&format!("v{n}")], world.day(20));
                        assert_eq!(outcome.failures, [""; 0]);
                    }
                })
            })
            .collect();
        // Whoever checks an older version out in between brings it back as it was.
        let gitops = scope.spawn(|| {
            let path = world.directory.path();
            let files = || {
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|file| file.unwrap().path())
            };
            for _ in 0..20 {
                for file in files().filter(|file| file.extension().is_some_and(|e| e == "yaml")) {
                    if let Ok(text) = std::fs::read(&file) {
                        let beside = file.with_extension("checkout");
                        std::fs::write(&beside, text).unwrap();
                        std::fs::rename(&beside, &file).unwrap();
                    }
                }
                std::thread::yield_now();
            }
        });
        for learner in learners {
            learner.join().unwrap();
        }
        gitops.join().unwrap();
    });
    // What was brought back may lack what was learned meanwhile; it is learned again, and nobody else ever is.
    world.learn(
        &["v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9"],
        world.day(20),
    );
    let baseline = world.baseline().unwrap();
    assert_eq!(world.signers(), [world.id(&release())]);
    assert_eq!(baseline.verified.len(), 9);
    assert!(baseline.generation >= 3);
    assert!(baseline.is_established(world.day(20)));
}

#[test]
fn a_tag_moved_to_an_own_index_that_lists_what_runs() {
    let world = World::new();
    let digest = world.release("v1", &[]);
    // The index lists the digest that runs and the attacker's own image, and is signed.
    let manifest = world.registry.manifest(NAME, &digest).unwrap().unwrap();
    let index = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": manifest.len(),
            "platform": {"architecture": "arm64", "os": "linux"},
        }],
    });
    let media_type = "application/vnd.oci.image.index.v1+json";
    let moved = world
        .registry
        .push_manifest(NAME, "v1", index.to_string().as_bytes(), media_type)
        .unwrap();
    let home = world.registry.name(NAME);
    let layer = world.signature(&stranger(), &home, &moved, world.day(1), None);
    world
        .registry
        .push_signature(NAME, &moved, &[layer])
        .unwrap();
    let running = format!("v1@{digest}");
    let image = world.registry.image(NAME, "v1");
    let mut images = world.images(&["v1"]);
    images[0].spelled = image.clone();
    images[0].reference = format!("{image}@{digest}").parse();
    images[0].running = Some(digest.parse().unwrap());
    let outcome = world.learn_images(images, world.day(2), history());
    assert_eq!(world.baseline(), None, "{running}: {:?}", outcome.changes);
}

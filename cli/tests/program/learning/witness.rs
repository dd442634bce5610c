//! The log as a second witness: it only ever adds a remark.

use super::*;
use continuity_cli::inventory::{Found, judge};
use continuity_cli::observation::Observe as _;
use continuity_cli::observation::rekor::{Divergence, Rekor};
use continuity_testkit::server::{Answer, Server};
use continuity_testkit::sigstore::BUNDLE;
use signature_continuity::digest::Digest;

/// What the log answers for one entry, as the image's own signature has it.
fn entry(layer: &SignatureLayer) -> String {
    let bundle: serde_json::Value =
        serde_json::from_str(layer.annotations.value(BUNDLE).unwrap()).unwrap();
    json!([{"24296fb24b8ad77a": bundle["Payload"]}]).to_string()
}

fn found(world: &World, tag: &str) -> Found {
    let eyes = ImageObserver::new(
        observer(&[&world.registry], &world.sigstore, limits()),
        world.settings(),
    );
    let image = world.images(&[tag]).remove(0);
    let reference = image.reference.clone().unwrap();
    let seen = eyes.observe(&reference, &Lookup::Absent).unwrap();
    judge(
        &world.settings(),
        &image,
        world.settings().names(&world.repository()),
        Lookup::Absent,
        seen,
        Utc::now(),
        || false,
    )
}

fn log(uuids: &str, entries: &str) -> (Server, Rekor) {
    let server = Server::start();
    server.on("/api/v1/index/retrieve", Answer::new(200, uuids));
    server.on("/api/v1/log/entries/retrieve", Answer::new(200, entries));
    let rekor = Rekor::new(format!("http://{}", server.address()).parse().unwrap()).unwrap();
    (server, rekor)
}

#[test]
fn log_and_registry_agree() {
    let world = World::new();
    let digest = world.release("v1", &[]);
    let layer = world.signature(
        &release(),
        &world.registry.name(NAME),
        &digest,
        world.day(0),
        None,
    );
    world
        .registry
        .push_signature(NAME, &digest, std::slice::from_ref(&layer))
        .unwrap();
    let (_server, rekor) = log(r#"["24296fb24b8ad77a"]"#, &entry(&layer));
    assert_eq!(
        rekor
            .compare(&world.settings(), &found(&world, "v1"))
            .unwrap(),
        []
    );
}

#[test]
fn a_signature_that_only_the_log_has() {
    let world = World::new();
    let digest = world.release("v1", &[]);
    let layer = world.signature(
        &stranger(),
        &world.registry.name(NAME),
        &digest,
        world.day(0),
        None,
    );
    let (_server, rekor) = log(r#"["24296fb24b8ad77a"]"#, &entry(&layer));
    let divergences = rekor
        .compare(&world.settings(), &found(&world, "v1"))
        .unwrap();
    assert!(
        matches!(&divergences[..], [Divergence::OnlyInTheLog(who)] if who.contains("dev@evil.example")),
        "{divergences:?}"
    );
}

#[test]
fn a_signature_that_the_log_does_not_know() {
    let world = World::new();
    world.release("v1", &[(&release(), world.day(0))]);
    let (_server, rekor) = log("[]", "[]");
    let divergences = rekor
        .compare(&world.settings(), &found(&world, "v1"))
        .unwrap();
    assert!(
        matches!(&divergences[..], [Divergence::OnlyInTheRegistry(_)]),
        "{divergences:?}"
    );
}

#[test]
fn entries_beyond_those_that_are_read_are_said_to_be_there() {
    let world = World::new();
    let (release, stranger) = (release(), stranger());
    let digest = world.release("v1", &[(&release, world.day(0))]);
    let name = world.registry.name(NAME);
    let layer = world.signature(&stranger, &name, &digest, world.day(0), None);
    let uuids = |count: usize| json!(vec!["24296fb24b8ad77a"; count]).to_string();
    let (server, rekor) = log(&uuids(35), &entry(&layer));
    let divergences = rekor.compare(&world.settings(), &found(&world, "v1"));
    // What is not read could be the release's own.
    assert!(matches!(
        &divergences.unwrap()[..],
        [Divergence::OnlyInTheLog(_), Divergence::NotRead(3)]
    ),);
    let asked: Vec<usize> = server.bodies()[1..]
        .iter()
        .map(|body| body.matches("24296fb24b8ad77a").count())
        .collect();
    assert_eq!(asked, [10, 10, 10, 2]);
    let (_server, rekor) = log(&uuids(32), &entry(&layer));
    let divergences = rekor.compare(&world.settings(), &found(&world, "v1"));
    assert!(matches!(
        &divergences.unwrap()[..],
        [
            Divergence::OnlyInTheLog(_),
            Divergence::OnlyInTheRegistry(_)
        ]
    ),);
}

#[test]
fn an_entry_about_something_else_is_no_witness() {
    let world = World::new();
    world.release("v1", &[]);
    let other = Digest::of(b"other");
    let layer = world.signature(
        &stranger(),
        &world.registry.name(NAME),
        other.as_str(),
        world.day(0),
        None,
    );
    let (_server, rekor) = log(r#"["24296fb24b8ad77a"]"#, &entry(&layer));
    assert_eq!(
        rekor
            .compare(&world.settings(), &found(&world, "v1"))
            .unwrap(),
        []
    );
}

#[test]
fn a_log_that_does_not_answer_says_nothing() {
    let world = World::new();
    world.release("v1", &[(&release(), world.day(0))]);
    let found = found(&world, "v1");
    for (uuids, entries) in [("<html>", "[]"), (r#"["a"]"#, r#"{"code": 500}"#)] {
        let (_server, rekor) = log(uuids, entries);
        assert!(rekor.compare(&world.settings(), &found).is_err(), "{uuids}");
    }
    let nobody = Rekor::new("http://127.0.0.1:9".parse().unwrap()).unwrap();
    assert!(nobody.compare(&world.settings(), &found).is_err());
}

#[test]
fn what_is_asked_is_what_was_signed_and_nothing_else() {
    let world = World::new();
    world.release("v1", &[(&release(), world.day(0))]);
    let (server, rekor) = log("[]", "[]");
    rekor
        .compare(&world.settings(), &found(&world, "v1"))
        .unwrap();
    assert_eq!(server.requests(), ["POST /api/v1/index/retrieve"]);
}

//! Deciding about many repositories at once, and ending early.

use super::desk::Desk;
use super::*;
use assert_cmd::cargo::CommandCargoExt as _;
use continuity_testkit::registry::{Fault, FaultRule};
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

const X: &str = "{issuer: \"https://accounts.google.com\", subject: \"x@acme.example\"}";

#[test]
fn a_signer_who_was_ended_is_shown_however_many_repositories_match() {
    let desk = Desk::new(World::new());
    let repository = |n: usize| desk.world.registry.name(&format!("acme/a{n}"));
    let other = "{issuer: \"https://accounts.google.com\", subject: \"y@acme.example\"}";
    for n in 1..=5 {
        desk.ok(&["approve", &repository(n), other, "--reason", "T-1", "--yes"]);
    }
    desk.ok(&["approve", &repository(5), X, "--reason", "T-2", "--yes"]);
    let id = signature_continuity::signer::Signer::Keyless(signature_continuity::signer::Keyless {
        issuer: "https://accounts.google.com".to_owned(),
        subject: "x@acme.example".to_owned(),
        caller: None,
    })
    .id();
    let ended = [
        "retire",
        &repository(5),
        id.as_str(),
        "--reason",
        "leaked",
        "--yes",
    ];
    desk.ok(&ended);
    let broken = desk
        .world
        .directory
        .path()
        .join(format!("continuity-{}.yaml", "ab".repeat(32)));
    std::fs::write(broken, "no: [config map").unwrap();

    let pattern = format!("{}/**", desk.world.registry.name("").trim_end_matches('/'));
    // Nobody is brought back by a pattern that happens to match.
    let text = desk.ends(2, &["approve", &pattern, X, "--reason", "T-3", "--yes"]);
    assert!(
        text.contains("was retired") && text.contains("by tester (leaked)"),
        "{text}"
    );
    let revive = [
        "approve", &pattern, X, "--reason", "T-3", "--yes", "--revive",
    ];
    let text = desk.ok(&revive);
    let line = format!("{}  generation 1 -> 2: the same", repository(4));
    assert!(text.contains(&line), "{text}");
    assert!(
        !text.contains(&format!("{}  generation 3", repository(5))),
        "{text}"
    );
    assert!(text.contains("+  \"revived\""), "{text}");
    assert!(text.contains("\"reason\": \"leaked\""), "{text}");
    assert!(
        text.contains("cannot be used, and may be one of those"),
        "{text}"
    );
}

#[test]
fn a_run_that_is_told_to_end_finishes_what_it_began_and_says_so() {
    let desk = Desk::new(World::new());
    let world = &desk.world;
    world.release("v1", &[(&release(), world.day(0))]);
    world.release("v2", &[(&release(), world.day(1))]);
    let hang = Fault::Hang(Duration::from_secs(2));
    world.registry.fault(FaultRule::new("*", "v*", hang));
    world.registry.forget_requests();
    let image = |tag: &str| world.registry.image(NAME, tag);
    let mut run = Command::cargo_bin("continuity")
        .unwrap()
        .current_dir(desk.files.path())
        .args(["learn", "--images", &image("v1"), &image("v2")])
        .args(["--policy", "settings.json", "--concurrency", "1"])
        .args(["--sources-path", "sources.yaml"])
        .args(["--sigstore-trust-config", "trust.json"])
        .arg(format!("--store=dir:{}", world.directory.path().display()))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while world.registry.requests().is_empty() {
        assert!(run.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(10));
    }
    let id = run.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    let mut text = String::new();
    run.stderr
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(1), "{text}");
    assert!(text.contains("what was finished is saved"), "{text}");
}

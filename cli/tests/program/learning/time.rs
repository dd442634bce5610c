//! A run that has not enough time, as its users meet it.

use std::time::{Duration, Instant};

use continuity_testkit::{Fault, FaultRule};
use signature_continuity::baseline::STATE_NAME;

use super::desk::Desk;
use super::*;

#[test]
fn a_run_ends_in_time_with_what_it_found_saved_and_the_rest_told() {
    let desk = Desk::new(World::new());
    let world = &desk.world;
    world.release("v1", &[(&release(), world.day(0))]);
    desk.deploy(&world.registry.image(NAME, "v1"));
    desk.ok(&["learn", "--manifests", "deploy"]);
    let learned = world.baseline().unwrap();

    // Beside it, more images on a registry that takes a minute for each.
    let silent = Registry::start().unwrap();
    silent.fault_everywhere(Fault::Hang(Duration::from_secs(60)));
    desk.write(
        "sources.yaml",
        &format!(
            "insecure_sources: [\"{}\", \"{}\"]\n",
            world.registry.host(),
            silent.host()
        ),
    );
    let pods: Vec<String> = (0..6)
        .map(|n| {
            json!({
                "apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("p{n}"), "namespace": "shop"},
                "spec": {"containers": [{"name": "c", "image": silent.image(&format!("a/b{n}"), "v1")}]},
            })
            .to_string()
        })
        .collect();
    desk.write("deploy/pods.yaml", &pods.join("\n---\n"));
    let began = Instant::now();
    let run = [
        "learn",
        "--manifests",
        "deploy",
        "--run-timeout",
        "2",
        "--concurrency",
        "1",
        "--metrics",
        "learn.prom",
    ];
    let text = desk.ok(&run);
    assert!(began.elapsed() < Duration::from_secs(20), "{text}");
    assert!(text.contains("no repository has a baseline"), "{text}");
    let figures = std::fs::read_to_string(desk.files.path().join("learn.prom")).unwrap();
    assert!(
        figures.contains("continuity_left_out{why=\"time\"} 6"),
        "{figures}"
    );
    assert_eq!(world.baseline().unwrap().signers, learned.signers);
    let state = world.directory.path().join(format!("{STATE_NAME}.yaml"));
    let state = std::fs::read_to_string(state).unwrap();
    assert!(state.contains("cursor.json"), "{state}");

    // Where the known registry is the slow one, that is a failure.
    let hang = Fault::Hang(Duration::from_secs(60));
    world.registry.fault(FaultRule::new("*", "*", hang));
    let text = desk.ends(1, &run);
    assert!(text.contains("--run-timeout gives it more"), "{text}");
}

#[test]
fn releases_that_there_was_no_time_for_are_a_failure_of_their_pipeline() {
    let desk = Desk::new(World::established());
    let world = &desk.world;
    world
        .registry
        .fault_everywhere(Fault::Hang(Duration::from_secs(60)));
    let image = world.registry.image(NAME, "v1");
    let text = desk.ends(1, &["learn", "--images", &image, "--run-timeout", "1"]);
    assert!(text.contains("--run-timeout gives it more"), "{text}");
}

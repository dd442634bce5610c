//! The program's recordings: sessions written and replayed, cases, benchmarks.

use crate::cli::{POD, command, run, workbench};

#[test]
fn records_and_replays() {
    let directory = workbench();
    let path = directory.path();
    let record = "run policy.wasm -r pod.yaml --store dir:store --allow-context-aware \
                  --record-host-capabilities-interactions session.yml";
    let recorded = run(path, record);
    assert!(recorded.ends_with("--- status 0\n"), "{recorded}");
    let session = std::fs::read_to_string(path.join("session.yml")).unwrap();
    assert!(session.starts_with("# clock: 20"), "{session}");
    assert!(session.contains("\n# host: 1.36\n"), "{session}");
    let replay = "run policy.wasm -r pod.yaml --allow-context-aware --replay-host-capabilities-interactions session.yml";
    std::fs::remove_dir_all(path.join("store")).unwrap();
    let stdout = |text: &str| text.lines().nth(1).unwrap().to_owned();
    assert_eq!(stdout(&run(path, replay)), stdout(&recorded));
    // Without the grant nothing is asked.
    let text = run(path, &replay.replace(" --allow-context-aware", ""));
    assert!(
        text.contains("left over: the policy did not ask for exchange 1 of 1"),
        "{text}"
    );
    assert!(text.ends_with("--- status 1\n"), "{text}");
}

#[test]
fn a_recording_says_whose_host_answered() {
    let directory = workbench();
    let record = "run policy.wasm -r pod.yaml --store dir:store --allow-context-aware --host 1.35 \
                  --record-host-capabilities-interactions session.yml";
    let recorded = run(directory.path(), record);
    assert!(recorded.ends_with("--- status 0\n"), "{recorded}");
    let session = std::fs::read_to_string(directory.path().join("session.yml")).unwrap();
    assert!(session.contains("\n# host: 1.35\n"), "{session}");
}

#[test]
fn tells_failures_rather_than_what_they_left_over() {
    let directory = workbench();
    let path = directory.path();
    let record = "run policy.wasm -r pod.yaml --store dir:store --allow-context-aware \
                  --record-host-capabilities-interactions session.yml";
    run(path, record);
    let text = run(
        path,
        "run policy.wasm -r pod.yaml --settings-json {\"a\":1} --allow-context-aware \
         --replay-host-capabilities-interactions session.yml",
    );
    assert!(
        text.contains("error: the settings are not valid: unknown field\n"),
        "{text}"
    );
}

#[test]
fn replays_cases() {
    let directory = workbench();
    let path = directory.path();
    let cases = path.join("cases");
    for (name, store) in [("admits", "store"), ("rejects", "empty")] {
        let case = cases.join(name);
        std::fs::create_dir_all(&case).unwrap();
        std::fs::write(case.join("review.json"), POD).unwrap();
        std::fs::write(case.join("settings.yaml"), "{}\n").unwrap();
        run(
            path,
            &format!(
                "run policy.wasm -r pod.yaml --store dir:{store} --allow-context-aware \
                 --record-host-capabilities-interactions cases/{name}/session.yml"
            ),
        );
    }
    let mut text = run(path, "replay cases --module policy.wasm");
    text.push_str(&run(path, "replay cases --module policy.wasm --bless"));
    text.push_str(&run(path, "replay cases --module bare.wasm"));
    let expected = cases.join("rejects/expected.json");
    let changed = std::fs::read_to_string(&expected).unwrap();
    text.push_str(&changed);
    std::fs::write(
        &expected,
        changed.replace("second", "2nd").replace("403", "500"),
    )
    .unwrap();
    text.push_str(&run(path, "replay cases --module policy.wasm"));
    text.push_str(&run(
        path,
        "replay cases --module policy.wasm --filter admits",
    ));
    text.push_str(&run(
        path,
        "replay cases --module policy.wasm --filter nothing",
    ));
    std::fs::remove_file(cases.join("admits/session.yml")).unwrap();
    text.push_str(&run(path, "replay cases/admits --module policy.wasm"));
    insta::assert_snapshot!("cases", text);
}

#[test]
fn measures_cases() {
    let directory = workbench();
    let path = directory.path();
    let case = path.join("cases/admits");
    std::fs::create_dir_all(&case).unwrap();
    std::fs::write(case.join("review.json"), POD).unwrap();
    let record = "run policy.wasm -r pod.yaml --store dir:store --allow-context-aware \
                  --record-host-capabilities-interactions cases/admits/session.yml";
    run(path, record);
    let output = command(path, "bench cases --module policy.wasm -n 3 --output json")
        .output()
        .unwrap();
    let measured: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let module = std::fs::metadata(path.join("policy.wasm")).unwrap().len();
    assert_eq!(measured.pointer("/moduleBytes"), Some(&module.into()));
    assert_eq!(
        measured.pointer("/cases/0/hostCalls/kubernetes~1get_resource"),
        Some(&1.into())
    );
    assert_eq!(measured.pointer("/cases/0/ratio"), Some(&1.0.into()));
    let table = run(path, "bench cases --module policy.wasm -n 3");
    assert!(table.contains("1 kubernetes/get_resource"), "{table}");
}

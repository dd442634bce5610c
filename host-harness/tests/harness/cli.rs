//! The program itself: what it prints, where, and how it ends.

use std::path::Path;

use assert_cmd::Command;

use crate::guest;

pub const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: api, namespace: prod}\nspec: {containers: [{name: a, image: r/a:b}]}\n";
const BASELINE: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: n, namespace: ns}\ndata: {k: v}\n";
const METADATA: &str = "
rules: [{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE]}]
mutating: false
contextAwareResources: [{apiVersion: v1, kind: ConfigMap}]
hostCapabilities: [kubernetes/get_resource]
annotations: {io.kubewarden.policy.title: test}
";

/// A directory with a policy, a request and a store.
pub fn workbench() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    std::fs::write(path.join("bare.wasm"), guest::policy()).unwrap();
    std::fs::write(path.join("pod.yaml"), POD).unwrap();
    std::fs::write(path.join("metadata.yml"), METADATA).unwrap();
    std::fs::write(path.join("README.md"), "# Test\n").unwrap();
    std::fs::create_dir(path.join("store")).unwrap();
    std::fs::create_dir(path.join("empty")).unwrap();
    std::fs::write(path.join("store/n.yaml"), BASELINE).unwrap();
    run(
        path,
        "annotate bare.wasm -m metadata.yml -u README.md -o policy.wasm",
    );
    directory
}

pub fn command(directory: &Path, arguments: &str) -> Command {
    let mut command = Command::cargo_bin("continuity-harness").unwrap();
    command
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
        .env("COLUMNS", "100")
        .args(arguments.split_whitespace());
    command
}

/// Everything that can be seen of a run, without this machine's paths.
pub fn run(directory: &Path, arguments: &str) -> String {
    let output = command(directory, arguments).output().unwrap();
    let text = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        text.replace(&directory.display().to_string(), "[DIR]")
    };
    format!(
        "$ continuity-harness {arguments}\n{}--- stderr\n{}--- status {}\n",
        text(&output.stdout),
        text(&output.stderr),
        output.status.code().unwrap()
    )
}

#[test]
fn shows_help() {
    let directory = tempfile::tempdir().unwrap();
    insta::assert_snapshot!("help", run(directory.path(), "--help"));
    insta::assert_snapshot!("help_run", run(directory.path(), "run --help"));
    insta::assert_snapshot!("help_serve", run(directory.path(), "serve --help"));
    insta::assert_snapshot!("help_replay", run(directory.path(), "replay --help"));
}

#[test]
fn tells_usage_errors_by_status_2() {
    let directory = workbench();
    for arguments in [
        "nothing",
        "run policy.wasm",
        "run policy.wasm -r pod.yaml --module other.wasm",
        "run policy.wasm -r pod.yaml --store elsewhere",
        "run policy.wasm -r pod.yaml --store dir:x --replay-host-capabilities-interactions s.yml",
        "run policy.wasm -r pod.yaml --host 1.34",
        "run policy.wasm -r pod.yaml --host 1.36 --replay-host-capabilities-interactions s.yml",
        "run policy.wasm -r pod.yaml --timeout-eval-seconds 0",
        "serve --policy p.yaml",
        "serve --self-signed localhost",
        "serve --policy p.yaml --policies p.yml --self-signed localhost",
        "serve --policy p.yaml --cert-file c.pem",
        "serve --policy p.yaml --self-signed localhost --cert-file c.pem --key-file k.pem",
        "serve --policies p.yml --self-signed localhost --webhook-configuration w.yaml",
        "serve --policy p.yaml --self-signed localhost --server-name a.example",
        "serve --policy p.yaml --self-signed localhost --workers 0",
    ] {
        let text = run(directory.path(), arguments);
        assert!(text.ends_with("--- status 2\n"), "{text}");
    }
}

#[test]
fn admits_and_rejects() {
    let directory = workbench();
    let path = directory.path();
    insta::assert_snapshot!(
        "admits",
        run(
            path,
            "run policy.wasm -r pod.yaml --store dir:store --allow-context-aware"
        )
    );
    insta::assert_snapshot!(
        "rejects",
        run(
            path,
            "run policy.wasm -r pod.yaml --store dir:empty --allow-context-aware"
        )
    );
    insta::assert_snapshot!(
        "ungranted",
        run(path, "run policy.wasm -r pod.yaml --store dir:store")
    );
    insta::assert_snapshot!(
        "unannotated",
        run(
            path,
            "run bare.wasm -r pod.yaml --store dir:store --allow-context-aware"
        )
    );
    insta::assert_snapshot!(
        "verbose",
        run(
            path,
            "-v run policy.wasm -r pod.yaml --store dir:store --allow-context-aware"
        )
    );
}

#[test]
fn fails_with_one_sentence_and_its_causes() {
    let directory = workbench();
    let path = directory.path();
    std::fs::write(path.join("two.yaml"), format!("{POD}---\n{POD}")).unwrap();
    std::fs::write(path.join("text.wasm"), "text").unwrap();
    let trap = guest::module("unreachable");
    std::fs::write(path.join("trap.wasm"), trap).unwrap();
    let mut text = String::new();
    for arguments in [
        "run absent.wasm -r pod.yaml",
        "run text.wasm -r pod.yaml",
        "run trap.wasm -r pod.yaml",
        "run policy.wasm -r absent.yaml",
        "run policy.wasm -r two.yaml",
        "run policy.wasm -r metadata.yml",
        "run policy.wasm -r pod.yaml --settings-json {\"a\":1}",
        "run policy.wasm -r pod.yaml --settings-json {",
        "run policy.wasm -r pod.yaml --store dir:absent",
        "run policy.wasm -r pod.yaml --store kubernetes",
        "run policy.wasm -r pod.yaml --sources-path metadata.yml",
        "run policy.wasm -r pod.yaml --sigstore-trust-config absent.json",
        "run policy.wasm -r pod.yaml --docker-config-json-path absent",
        "run pod.yaml -r pod.yaml",
        "replay empty --module policy.wasm",
        "replay store --module absent.wasm",
        "inspect pod.yaml",
    ] {
        text.push_str(&run(path, arguments));
        text.push('\n');
    }
    insta::assert_snapshot!("failures", text);
}

#[test]
fn runs_definitions() {
    let directory = workbench();
    let path = directory.path();
    let definition = |mode: &str, module: &str| {
        format!(
            "apiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nmetadata: {{name: {mode}}}\n\
             spec:\n  module: {module}\n  mode: {mode}\n  settings: {{}}\n  mutating: false\n  \
             contextAwareResources: [{{apiVersion: v1, kind: ConfigMap}}]\n"
        )
    };
    std::fs::write(
        path.join("protect.yaml"),
        definition("protect", "file://policy.wasm"),
    )
    .unwrap();
    std::fs::write(
        path.join("monitor.yaml"),
        definition("monitor", "policy.wasm"),
    )
    .unwrap();
    std::fs::write(
        path.join("remote.yaml"),
        definition("protect", "registry://ghcr.io/acme/policy:v1"),
    )
    .unwrap();
    let mut text = String::new();
    for arguments in [
        "run protect.yaml -r pod.yaml --store dir:empty --allow-context-aware",
        "run monitor.yaml -r pod.yaml --store dir:empty --allow-context-aware",
        "run remote.yaml -r pod.yaml --store dir:store --allow-context-aware",
        "run remote.yaml --module policy.wasm -r pod.yaml --store dir:store --allow-context-aware",
        "run protect.yaml -r pod.yaml --settings-json {}",
    ] {
        text.push_str(&run(path, arguments));
        text.push('\n');
    }
    insta::assert_snapshot!("definitions", text);
}

#[test]
fn annotates_as_kwctl_does() {
    let directory = workbench();
    let path = directory.path();
    let mut text = run(path, "inspect policy.wasm");
    // Again, over its own output: the section is replaced.
    run(
        path,
        "annotate policy.wasm -m metadata.yml -u README.md -o again.wasm",
    );
    let read = |name: &str| std::fs::read(path.join(name)).unwrap();
    assert_eq!(read("again.wasm"), read("policy.wasm"));
    std::fs::write(
        path.join("other.yml"),
        METADATA.replace("kubernetes/get_resource", "oci/*"),
    )
    .unwrap();
    text.push_str(&run(path, "annotate bare.wasm -m other.yml -o other.wasm"));
    std::fs::write(path.join("bad.yml"), METADATA.replace("[pods]", "[]")).unwrap();
    text.push_str(&run(path, "annotate bare.wasm -m bad.yml -o bad.wasm"));
    assert!(!path.join("bad.wasm").exists());
    insta::assert_snapshot!("annotate", text);
}

#[test]
fn is_silent_when_nobody_reads() {
    let directory = workbench();
    let program = assert_cmd::cargo::cargo_bin("continuity-harness");
    let script = format!(
        "{} inspect policy.wasm | true; exit ${{PIPESTATUS[0]}}",
        program.display()
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(0));
}

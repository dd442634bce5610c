//! The manifests of `deploy/` on real components: rendered by kubectl, equal to what helm makes of the chart, applied to a
//! real API server, alerts evaluated by promtool.

mod alerts;
mod applied;
mod chart;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use chart::normalised;
use rstest::rstest;
use serde_json::{Value, json};

use super::manifests::{OVERLAYS, parse, root};

/// A program that `make e2e` names in a variable.
fn tool(variable: &str) -> Command {
    Command::new(std::env::var_os(variable).unwrap_or_else(|| panic!("make e2e sets {variable}")))
}

/// What it printed; it has to end well.
fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn each_rendered_file_is_what_its_overlay_says() {
    let overlays = std::fs::read_dir(root().join("deploy/overlays")).unwrap();
    let overlays: BTreeSet<_> = overlays
        .map(|overlay| overlay.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(overlays, OVERLAYS.map(str::to_owned).into());
    let output = Command::new(root().join("scripts/deploy.sh"))
        .arg("--check")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_release_is_rendered_with_digests() {
    let directory = tempfile::tempdir().unwrap();
    let [module, image] = ["a", "b"].map(|digit| format!("sha256:{}", digit.repeat(64)));
    let render = |module: &str| {
        Command::new(root().join("scripts/deploy.sh"))
            .arg(directory.path())
            .args([module, &image])
            .output()
            .unwrap()
    };
    assert_eq!(render("sha256:short").status.code(), Some(2));
    let output = render(&module);
    assert!(output.status.success(), "{output:?}");
    let text = std::fs::read_to_string(directory.path().join("watch-enforce.yaml")).unwrap();
    for object in parse(&text) {
        match object["kind"].as_str().unwrap() {
            "ClusterAdmissionPolicy" => {
                let pinned = object["spec"]["module"].as_str().unwrap();
                assert!(pinned.ends_with(&format!(":v0.1.0@{module}")), "{pinned}");
            }
            "Deployment" => {
                let container = &object["spec"]["template"]["spec"]["containers"][0];
                let pinned = container["image"].as_str().unwrap();
                assert!(pinned.ends_with(&format!(":v0.1.0@{image}")), "{pinned}");
            }
            _ => {}
        }
    }
}

/// An overlay of one's own beside `deploy/`, with a copy of the policies in which `namespaces` are enforced.
fn own_overlay(kustomization: &str, namespaces: &str) -> Vec<Value> {
    let directory = tempfile::tempdir().unwrap();
    let copy = |from: &Path, to: &Path| {
        let mut command = Command::new("cp");
        printed(
            command
                .args(["--recursive", "--dereference"])
                .arg(from)
                .arg(to),
        );
    };
    copy(&root().join("deploy"), directory.path());
    let own = directory.path().join("own");
    std::fs::create_dir(&own).unwrap();
    copy(&root().join("deploy/policies"), &own);
    let policy = own.join("policies/enforce/policy.yaml");
    let text = std::fs::read_to_string(&policy).unwrap();
    assert!(text.contains("values: [prod]"));
    let text = text.replace("values: [prod]", &format!("values: [{namespaces}]"));
    std::fs::write(&policy, text).unwrap();
    std::fs::write(own.join("kustomization.yaml"), kustomization).unwrap();
    parse(&printed(tool("KUBECTL").arg("kustomize").arg(&own)))
}

/// An overlay with credentials and a trust root of one's own.
fn with_secrets(overlay: &str) -> Vec<Value> {
    let components = "../deploy/components/pull-secret, ../deploy/components/private-sigstore";
    let kustomization =
        format!("resources: [../deploy/overlays/{overlay}]\ncomponents: [{components}]\n");
    own_overlay(&kustomization, "prod")
}

/// The overlay that deploy/README.md shows, with the files of this version in the place of a release's.
#[test]
fn the_readmes_own_overlay_pins_and_lists_namespaces() {
    let readme = std::fs::read_to_string(root().join("deploy/README.md")).unwrap();
    let (_, rest) = readme
        .split_once("```yaml\n# kustomization.yaml\n")
        .unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    let remote = "https://github.com/signature-continuity/signature-continuity//deploy/";
    assert!(shown.contains(remote), "{shown}");
    let local: Vec<_> = shown
        .lines()
        .map(|line| {
            line.replace(remote, "../deploy/")
                .replace("?ref=v0.1.0", "")
        })
        .collect();
    // Changed in one place of the copy.
    let objects = normalised(own_overlay(&local.join("\n"), "payments, prod"));
    let audit = &objects["ClusterAdmissionPolicy/signature-continuity-audit"]["spec"];
    let enforce = &objects["ClusterAdmissionPolicy/signature-continuity-enforce"]["spec"];
    let namespaces = json!(["payments", "prod"]);
    assert_eq!(
        enforce["namespaceSelector"]["matchExpressions"][0]["values"],
        namespaces
    );
    assert_eq!(enforce["settings"]["enforce"][0]["namespaces"], namespaces);
    assert_eq!(
        audit["namespaceSelector"]["matchExpressions"][0]["values"],
        namespaces
    );
    for policy in [audit, enforce] {
        assert!(policy["module"].as_str().unwrap().contains("@sha256:"));
    }
    let watch = &objects["Deployment/signature-continuity/continuity-watch"];
    let image = &watch["spec"]["template"]["spec"]["containers"][0]["image"];
    assert!(image.as_str().unwrap().contains("@sha256:"), "{image}");
}

/// Each flag of a container's arguments is one of the command that it calls.
#[rstest]
#[case("learn", "CronJob")]
#[case("watch", "Deployment")]
fn the_learner_is_called_by_flags_that_it_has(#[case] overlay: &str, #[case] kind: &str) {
    let objects = with_secrets(overlay);
    let object = objects
        .iter()
        .find(|object| object["kind"] == kind)
        .unwrap();
    let arguments = arguments(object);
    let help = printed(
        Command::new(super::lab::program("continuity"))
            .arg(&arguments[0])
            .arg("--help"),
    );
    let flags: Vec<_> = arguments.iter().filter(|it| it.starts_with("--")).collect();
    assert!(flags.len() >= 6, "{flags:?}");
    for flag in flags {
        assert!(help.contains(flag.as_str()), "{flag}: {help}");
    }
}

/// The arguments of the one container of a Deployment or CronJob.
fn arguments(object: &Value) -> Vec<String> {
    let template = match object["kind"].as_str().unwrap() {
        "CronJob" => &object["spec"]["jobTemplate"]["spec"]["template"],
        _ => &object["spec"]["template"],
    };
    let arguments = &template["spec"]["containers"][0]["args"];
    serde_json::from_value(arguments.clone()).unwrap()
}

/// A text of a test of its own, beside it.
fn beside(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/deploy");
    std::fs::read_to_string(path.join(file)).unwrap()
}

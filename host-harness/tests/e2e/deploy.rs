//! The manifests of `deploy/` on real components: rendered by kubectl, equal to what helm makes of the chart, applied to a
//! real API server, alerts evaluated by promtool.

mod alerts;
mod applied;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

use rstest::rstest;
use serde_json::{Value, json};

use super::manifests::{OVERLAYS, name, objects, parse, root};

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

fn chart(arguments: &[&str]) -> Output {
    tool("HELM")
        .args(["template", "signature-continuity"])
        .arg(root().join("deploy/charts/signature-continuity"))
        .args(["--namespace", "kubewarden"])
        .args(arguments)
        .output()
        .unwrap()
}

/// Overlay and chart say the same, but for what each needs for itself: the labels helm.sh/chart and
/// app.kubernetes.io/managed-by, the annotation by which helm leaves the namespace when a release is uninstalled, and how
/// a changed policy rolls the learner's pods: kustomize by the ConfigMap's name, helm by an annotation.
fn normalised(objects: Vec<Value>) -> BTreeMap<String, Value> {
    let named = |mut object: Value| {
        let metadata = object["metadata"].as_object_mut().unwrap();
        if let Some(labels) = metadata["labels"].as_object_mut() {
            labels.remove("helm.sh/chart");
            labels.remove("app.kubernetes.io/managed-by");
        }
        metadata.remove("annotations");
        if object["kind"] == "ConfigMap" && object["data"].get("policy.yaml").is_some() {
            object["metadata"]["name"] = json!("continuity-policy");
            // Its text is the policy: the file's own words, or helm's.
            let [mut policy] = parse(object["data"]["policy.yaml"].as_str().unwrap())
                .try_into()
                .unwrap();
            policy["metadata"].as_object_mut().unwrap().remove("labels");
            object["data"]["policy.yaml"] = policy;
        }
        let template = match object["kind"].as_str().unwrap() {
            "Deployment" => "/spec/template",
            "CronJob" => "/spec/jobTemplate/spec/template",
            _ => return (name(&object), object),
        };
        let template = object.pointer_mut(template).unwrap();
        let metadata = template["metadata"].as_object_mut().unwrap();
        metadata.remove("annotations");
        let map = &mut template["spec"]["volumes"][0]["configMap"]["name"];
        assert!(map.as_str().unwrap().starts_with("continuity-policy"));
        *map = json!("continuity-policy");
        (name(&object), object)
    };
    let count = objects.len();
    let objects: BTreeMap<_, _> = objects.into_iter().map(named).collect();
    assert_eq!(objects.len(), count, "two objects have one name");
    objects
}

fn assert_chart_equals(overlay: Vec<Value>, values: &[&str]) {
    let output = chart(values);
    assert!(output.status.success(), "{output:?}");
    let made = normalised(parse(&String::from_utf8(output.stdout).unwrap()));
    let expected = normalised(overlay);
    let names = |objects: &BTreeMap<String, Value>| objects.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&made), names(&expected));
    for (name, object) in expected {
        assert_eq!(made[&name], object, "{name}");
    }
}

#[rstest]
#[case::audit(&["audit"], &["--set=learner.mode=none"])]
#[case::enforce(&["enforce"], &["--set=learner.mode=none", "--set=enforce.namespaces={prod}"])]
#[case::learn(&["learn"], &["--set=learner.mode=learn"])]
#[case::watch(&["watch"], &[])]
#[case::watch_enforce(&["watch-enforce"], &["--set=enforce.namespaces={prod}"])]
#[case::monitoring(&["watch", "monitoring"], &["--set=monitoring.enabled=true"])]
fn the_chart_says_what_the_overlays_say(#[case] overlays: &[&str], #[case] values: &[&str]) {
    let overlay = overlays.iter().flat_map(|overlay| objects(overlay));
    assert_chart_equals(overlay.collect(), values);
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

#[rstest]
#[case::watch("watch-enforce", &["--set=enforce.namespaces={prod}"])]
#[case::learn("learn", &["--set=learner.mode=learn"])]
fn secrets_and_a_sigstore_of_ones_own_reach_policy_server_and_learner(
    #[case] overlay: &str,
    #[case] values: &[&str],
) {
    let objects = with_secrets(overlay);
    let text = Value::from(objects.clone()).to_string();
    for flag in ["--docker-config-json-path", "--sigstore-trust-config"] {
        assert!(text.contains(flag), "{flag}");
    }
    let own = [
        "--set=pullSecret=continuity-registries",
        "--set=sigstoreTrustConfig=continuity-sigstore",
    ];
    assert_chart_equals(objects, &[values, &own].concat());
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

#[rstest]
#[case::unknown("--set=enforced.namespaces={prod}", "enforced")]
#[case::no_namespace("--set=enforce.namespaces={Prod}", "enforce/namespaces/0")]
#[case::guard("--set=settings.guard.approvers.groups={ops}", "settings")]
#[case::second_list("--set=settings.enforce[0].namespaces={prod}", "settings")]
#[case::everybody("--set=approvers.groups={system:authenticated}", "approvers/groups/0")]
#[case::half_a_digest("--set=module.digest=sha256:abc", "module/digest")]
#[case::two_namespaces("--set=settings.baseline.namespace=other", "settings/baseline")]
#[case::kubewardens("--set=namespace=kubewarden", "its webhooks leave that one out")]
fn the_chart_refuses_values_that_would_do_something_else(
    #[case] value: &str,
    #[case] expected: &str,
) {
    let output = chart(&[value]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{value}");
    assert!(said.contains(expected), "{said}");
}

#[test]
fn another_namespace_is_another_one_everywhere() {
    let output = chart(&["--set=namespace=elsewhere", "--set=monitoring.enabled=true"]);
    assert!(output.status.success(), "{output:?}");
    for object in parse(&String::from_utf8(output.stdout).unwrap()) {
        let place = &object["metadata"]["namespace"];
        assert_ne!(place, "signature-continuity", "{}", name(&object));
        if object["kind"] == "ClusterAdmissionPolicy" {
            let settings = &object["spec"]["settings"];
            assert_eq!(settings["baseline"]["namespace"], "elsewhere");
        }
    }
}

#[test]
fn the_chart_is_without_fault_to_helm() {
    let chart = root().join("deploy/charts/signature-continuity");
    printed(tool("HELM").args(["lint", "--strict"]).arg(&chart));
    let directory = tempfile::tempdir().unwrap();
    printed(
        tool("HELM")
            .arg("package")
            .arg(&chart)
            .arg("--destination")
            .arg(directory.path()),
    );
    // Its links have become files.
    let archive = directory.path().join("signature-continuity-0.1.0.tgz");
    let listed = printed(Command::new("tar").arg("tvzf").arg(&archive));
    let rules = listed
        .lines()
        .find(|line| line.ends_with("prometheus-rule.yaml"));
    assert!(rules.unwrap().starts_with('-'), "{listed}");
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

//! The chart says what the overlays say, object by object, and refuses values that would do something else.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use rstest::rstest;
use serde_json::{Value, json};

use super::super::manifests::{name, objects, parse, root};
use super::{printed, tool, with_secrets};

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
pub fn normalised(objects: Vec<Value>) -> BTreeMap<String, Value> {
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

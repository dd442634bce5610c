//! The manifests, applied to a real API server by kubectl: nothing of them is refused or dropped, one overlay follows another,
//! and accounts may do what their roles say and no more.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use k8s_openapi::api::authorization::v1::SubjectAccessReview;
use kube::Api;
use kube::api::PostParams;
use rstest::rstest;
use serde_json::{Value, json};

use super::super::api_server::{ApiServer, own_api_server};
use super::super::manifests::{name, objects, root};
use super::{arguments, beside, printed, tool};

/// A cluster with Kubewarden's and the Prometheus operator's resources, and what `watch` and the others make of it.
static CLUSTER: LazyLock<&ApiServer> = LazyLock::new(|| {
    let server = own_api_server();
    server.create_namespace("kubewarden");
    server.apply(&beside("definitions.yaml"));
    let mut established = kubectl(server);
    established.args([
        "wait",
        "--for=condition=Established",
        "--timeout=60s",
        "customresourcedefinitions",
        "--all",
    ]);
    printed(&mut established);
    server
});

fn kubectl(server: &ApiServer) -> Command {
    let mut command = tool("KUBECTL");
    command.env("KUBECONFIG", server.kubeconfig());
    command
}

/// For the API server of the tests, which is of 1.20: two kinds were in beta there, with the same fields.
fn as_of_1_20(mut object: Value) -> Value {
    let version = match object["kind"].as_str().unwrap() {
        "CronJob" => "batch/v1beta1",
        "PodDisruptionBudget" => "policy/v1beta1",
        _ => return object,
    };
    object["apiVersion"] = json!(version);
    object
}

fn apply(objects: &[Value]) {
    let mut child = kubectl(*CLUSTER)
        .args(["apply", "--server-side", "--filename", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let mut input = child.stdin.take().unwrap();
    input.write_all(list.to_string().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn read(object: &Value) -> Value {
    let mut command = kubectl(*CLUSTER);
    let metadata = &object["metadata"];
    let group = object["apiVersion"].as_str().unwrap().split_once('/');
    let kind = object["kind"].as_str().unwrap();
    let kind = match group {
        Some((group, version)) => format!("{kind}.{version}.{group}"),
        None => kind.to_owned(),
    };
    command.args(["get", "--output", "json", &kind]);
    command.arg(metadata["name"].as_str().unwrap());
    if let Some(namespace) = metadata["namespace"].as_str() {
        command.args(["--namespace", namespace]);
    }
    serde_json::from_str(&printed(&mut command)).unwrap()
}

/// What of `applied` is not in `kept`, by its path. The server adds defaults.
fn dropped(applied: &Value, kept: &Value, path: &str) -> Vec<String> {
    match (applied, kept) {
        (Value::Object(fields), _) => fields
            .iter()
            .flat_map(|(field, value)| dropped(value, &kept[field], &format!("{path}.{field}")))
            .collect(),
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => items
            .iter()
            .zip(others)
            .enumerate()
            .flat_map(|(index, (item, other))| dropped(item, other, &format!("{path}.{index}")))
            .collect(),
        (applied, kept) if applied == kept => Vec::new(),
        (applied, kept) => vec![format!("{path}: {applied} became {kept}")],
    }
}

#[rstest]
#[case::audit("audit")]
#[case::learn("learn")]
#[case::watch("watch")]
#[case::enforce("enforce")]
#[case::watch_enforce("watch-enforce")]
#[case::monitoring("monitoring")]
fn an_api_server_takes_every_field(#[case] overlay: &str) {
    let objects: Vec<_> = objects(overlay).into_iter().map(as_of_1_20).collect();
    // Overlays share objects, and tests run beside each other: policies are looked at as one apply left them.
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(|it| it.into_inner());
    apply(&objects);
    for object in &objects {
        let lost = dropped(object, &read(object), "");
        assert!(lost.is_empty(), "{}: {lost:#?}", name(object));
    }
    // The same again, and one after the other, is no conflict.
    apply(&objects);
}

#[test]
fn a_field_that_is_none_is_dropped_and_seen() {
    let server = objects("watch");
    let server = server.iter().find(|it| it["kind"] == "PolicyServer");
    let mut server = server.unwrap().clone();
    server["metadata"]["name"] = json!("misspelt");
    server["spec"]["imagePullSecrets"] = json!("continuity-registries");
    apply(std::slice::from_ref(&server));
    let lost = dropped(&server, &read(&server), "");
    assert_eq!(
        lost,
        [".spec.imagePullSecrets: \"continuity-registries\" became null"]
    );
}

const LEARNER: &str = "system:serviceaccount:signature-continuity:continuity-learner";
const SERVER: &str = "system:serviceaccount:kubewarden:continuity-policy-server";
const OURS: &str = "signature-continuity";

/// Who may do what, by the API server's own word: user, group, verb, group and resource, name, namespace (`*`: all).
#[rstest]
#[case::server_reads((SERVER, "", "get", "configmaps", "continuity-1", OURS), true)]
#[case::server_lists((SERVER, "", "list", "configmaps", "", OURS), false)]
#[case::server_writes((SERVER, "", "update", "configmaps", "continuity-1", OURS), false)]
#[case::server_elsewhere((SERVER, "", "get", "configmaps", "a", "kubewarden"), false)]
#[case::other_server(("system:serviceaccount:kubewarden:policy-server", "", "get", "configmaps", "continuity-1", OURS), false)]
#[case::learner_writes((LEARNER, "", "update", "configmaps", "continuity-1", OURS), true)]
#[case::learner_deletes((LEARNER, "", "delete", "configmaps", "continuity-1", OURS), false)]
#[case::learner_patches((LEARNER, "", "patch", "configmaps", "continuity-1", OURS), false)]
#[case::learner_elsewhere((LEARNER, "", "get", "configmaps", "a", "prod"), false)]
#[case::learner_secrets((LEARNER, "", "get", "secrets", "a", OURS), false)]
#[case::learner_watches_pods((LEARNER, "", "watch", "pods", "", "*"), true)]
#[case::learner_watches_deployments((LEARNER, "", "watch", "apps/deployments", "", "*"), true)]
#[case::learner_lists_cron_jobs((LEARNER, "", "list", "batch/cronjobs", "", "*"), true)]
#[case::learner_makes_pods((LEARNER, "", "create", "pods", "", "prod"), false)]
#[case::learner_leads((LEARNER, "", "update", "coordination.k8s.io/leases", "continuity-watch", OURS), true)]
#[case::learner_makes_its_lease((LEARNER, "", "create", "coordination.k8s.io/leases", "", OURS), true)]
#[case::learner_leads_others((LEARNER, "", "update", "coordination.k8s.io/leases", "other", OURS), false)]
#[case::learner_leads_elsewhere((LEARNER, "", "get", "coordination.k8s.io/leases", "continuity-watch", "kube-system"), false)]
#[case::learner_tells((LEARNER, "", "create", "events", "", "prod"), true)]
#[case::learner_changes_what_was_told((LEARNER, "", "patch", "events.k8s.io/events", "a", "prod"), false)]
#[case::learner_follows_baselines((LEARNER, "", "watch", "configmaps", "", OURS), true)]
#[case::learner_follows_other_config_maps((LEARNER, "", "watch", "configmaps", "", "prod"), false)]
#[case::learner_forgets((LEARNER, "", "delete", "events", "a", "prod"), false)]
#[case::learner_reports((LEARNER, "", "patch", "openreports.io/reports", "a", "prod"), true)]
#[case::learner_reports_as_before((LEARNER, "", "create", "wgpolicyk8s.io/policyreports", "a", "prod"), true)]
#[case::learner_deletes_reports((LEARNER, "", "delete", "openreports.io/reports", "a", "prod"), false)]
#[case::learner_for_the_cluster((LEARNER, "", "create", "openreports.io/clusterreports", "a", "*"), false)]
#[case::approver_writes(("ada", "platform-admins", "update", "configmaps", "continuity-1", OURS), true)]
#[case::approver_lists(("ada", "platform-admins", "list", "configmaps", "", OURS), true)]
#[case::approver_deletes(("ada", "platform-admins", "delete", "configmaps", "continuity-1", OURS), false)]
#[case::approver_leads(("ada", "platform-admins", "update", "coordination.k8s.io/leases", "continuity-watch", OURS), false)]
#[case::viewer_lists(("eve", "developers", "list", "configmaps", "", OURS), true)]
#[case::viewer_writes(("eve", "developers", "update", "configmaps", "continuity-1", OURS), false)]
#[case::nobody_reads(("mallory", "others", "get", "configmaps", "continuity-1", OURS), false)]
fn accounts_may_do_what_their_roles_say(
    #[case] (user, group, verb, resource, name, namespace): (&str, &str, &str, &str, &str, &str),
    #[case] expected: bool,
) {
    an_api_server_takes_every_field("watch");
    let (api, resource) = resource.split_once('/').unwrap_or(("", resource));
    let mut groups = vec!["system:authenticated"];
    groups.extend(Some(group).filter(|group| !group.is_empty()));
    if user.starts_with("system:serviceaccount:") {
        groups.push("system:serviceaccounts");
    }
    let namespace = Some(namespace).filter(|namespace| *namespace != "*");
    let review: SubjectAccessReview = serde_json::from_value(json!({
        "metadata": {},
        "spec": {"user": user, "groups": groups, "resourceAttributes": {
            "verb": verb, "group": api, "resource": resource, "name": name, "namespace": namespace,
        }},
    }))
    .unwrap();
    let reviews: Api<SubjectAccessReview> = Api::all(CLUSTER.client("admin"));
    let answer = CLUSTER.wait(reviews.create(&PostParams::default(), &review));
    assert_eq!(answer.unwrap().status.unwrap().allowed, expected);
}

/// The scheduled learner, called as its pod calls it, by the account that the pod has.
#[test]
fn the_scheduled_learner_runs_as_its_pod_calls_it() {
    // Where nothing runs whose registry would have to be there.
    let server = own_api_server();
    let objects = objects("learn");
    let job = objects.iter().find(|it| it["kind"] == "CronJob").unwrap();
    let map = objects.iter().find(|it| it["kind"] == "ConfigMap").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let policy = directory.path().join("policy.yaml");
    std::fs::write(&policy, map["data"]["policy.yaml"].as_str().unwrap()).unwrap();
    let kubeconfig = directory.path().join("kubeconfig");
    let text = std::fs::read_to_string(server.kubeconfig()).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    config["current-context"] = json!("learner");
    std::fs::write(&kubeconfig, config.to_string()).unwrap();
    let arguments = arguments(job).into_iter().map(|argument| {
        if argument == "/etc/continuity/policy.yaml" {
            policy.clone()
        } else {
            PathBuf::from(argument)
        }
    });
    let mut learn = Command::new(super::super::lab::program("continuity"));
    learn.args(arguments).env("KUBECONFIG", &kubeconfig);
    printed(&mut learn);
}

/// The command that deploy/README.md shows says of what is deployed that it fits together. Registries and a trust root are not
/// what is deployed.
#[test]
fn check_finds_that_the_deployment_fits_together() {
    an_api_server_takes_every_field("watch");
    let readme = std::fs::read_to_string(root().join("deploy/README.md")).unwrap();
    let command = "continuity check --policy deploy/rendered/watch.yaml --policy-server kubewarden/continuity-policy-server";
    assert!(readme.contains(command));
    let output = Command::new(super::super::lab::program("continuity"))
        .args(command.split(' ').skip(1))
        .args(["--output", "json"])
        .current_dir(root())
        .env("KUBECONFIG", CLUSTER.kubeconfig())
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let trials = answer["trials"].as_array().unwrap();
    for what in ["settings", "access", "permission", "policy server", "store"] {
        let of_it: Vec<_> = trials.iter().filter(|it| it["what"] == what).collect();
        assert!(!of_it.is_empty(), "{what}: {answer:#}");
        let is_fine = of_it.iter().all(|trial| trial["status"] == "ok");
        assert!(is_fine, "{what}: {of_it:#?}");
    }
}

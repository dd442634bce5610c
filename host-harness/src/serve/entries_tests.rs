#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use rstest::rstest;
use serde_json::json;

use super::*;

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn reads_what_policy_server_reads() {
    let file = file(
        "enforce:
  module: file:///policies/policy.wasm
  namespacedName: {Namespace: '', Name: enforce}
  policyMode: monitor
  allowedToMutate: true
  settings: {enforce: [{}]}
  contextAwareResources: [{apiVersion: v1, kind: ConfigMap}]
  message: see the wiki
  timeoutEvalSeconds: 5
  hostCapabilities: ['oci/*']
other: {module: policy.wasm, settings: null}
",
    );
    let entries = Entry::of_policies_file(file.path()).unwrap();
    let [enforce, other] = entries.as_slice() else {
        panic!("{entries:?}")
    };
    assert_eq!(enforce.id, "enforce");
    assert_eq!(enforce.definition.mode, Mode::Monitor);
    assert!(enforce.definition.mutating);
    assert_eq!(enforce.definition.settings, json!({"enforce": [{}]}));
    assert_eq!(enforce.definition.resources.len(), 1);
    assert_eq!(enforce.definition.message.as_deref(), Some("see the wiki"));
    assert_eq!(enforce.definition.timeout_eval_seconds, Some(5));
    assert!(enforce.capabilities.allows("oci/v2/verify"));
    assert!(!enforce.capabilities.allows("kubernetes/get_resource"));
    // What is not said: rejects, changes nothing, reads nothing, calls nothing.
    assert_eq!(other.definition.mode, Mode::Protect);
    assert!(!other.definition.mutating);
    assert_eq!(other.definition.settings, json!({}));
    assert_eq!(other.capabilities, HostCapabilities::None);
    assert_eq!(other.definition.timeout_eval_seconds, None);
}

#[rstest]
#[case::group(
    "g: {expression: 'a()', message: m, policies: {}}",
    "groups are not served"
)]
#[case::slash("a/b: {module: m}", "its name is part of a URL")]
#[case::misspelled("a: {module: m, mode: monitor}", "unknown field `mode`")]
#[case::no_module("a: {settings: {}}", "missing field `module`")]
#[case::pattern(
    "a: {module: m, hostCapabilities: ['oci*']}",
    "names no host capability"
)]
#[case::list("[a]", "is no map of policies")]
#[case::empty("{}", "has no policy in it")]
fn refuses_what_it_would_not_do(#[case] text: &str, #[case] expected: &str) {
    let error = Entry::of_policies_file(file(text).path()).unwrap_err();
    let text = format!("{error:#}");
    assert!(text.contains(expected), "{text}");
}

#[test]
fn names_routes_as_the_controller_does() {
    let policy = |name: &str| {
        format!(
            "apiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nmetadata: {{name: {name}}}\n\
             spec: {{module: 'registry://r.example/p:v1', rules: [], mutating: false, mode: monitor}}\n"
        )
    };
    let text = format!(
        "{}---\nkind: Namespace\n---\n---\n{}",
        policy("a"),
        policy("b")
    );
    let file = file(&text);
    let entries = Entry::of_definitions(file.path()).unwrap();
    let ids: Vec<&str> = entries.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["clusterwide-a", "clusterwide-b"]);
    assert_eq!(entries[0].capabilities, HostCapabilities::All);
    let error = entries[0].module_path(None).unwrap_err().to_string();
    assert!(error.contains("give its path with --module"), "{error}");
    let named = entries[0].module_path(Some(Path::new("p.wasm"))).unwrap();
    assert_eq!(named, Path::new("p.wasm"));
}

#[rstest]
#[case::other(
    "kind: Namespace\n",
    "expected a ClusterAdmissionPolicy, got `Namespace`"
)]
#[case::namespaced(
    "kind: AdmissionPolicy\nmetadata: {name: a}\n",
    "define a ClusterAdmissionPolicy"
)]
#[case::nothing("", "has no ClusterAdmissionPolicy")]
fn says_what_is_there_instead_of_a_definition(#[case] text: &str, #[case] expected: &str) {
    let error = Entry::of_definitions(file(text).path()).unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
}

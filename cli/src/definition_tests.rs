#![allow(clippy::unwrap_used, reason = "tests")]

use rstest::rstest;
use serde_json::json;

use super::*;

const POLICY: &str = "
apiVersion: policies.kubewarden.io/v1
kind: ClusterAdmissionPolicy
metadata: {name: enforce}
spec:
  module: policy.wasm
  mode: monitor
  mutating: false
  timeoutEvalSeconds: 5
  settings: {enforce: [{}]}
  contextAwareResources: [{apiVersion: v1, kind: ConfigMap}]
";

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("policy.yaml");
    std::fs::write(&path, text).unwrap();
    (directory, path)
}

#[test]
fn accepts_a_definition() {
    let (directory, path) = file(POLICY);
    let definition = Definition::read(&path, None).unwrap();
    assert_eq!(definition.name, "enforce");
    assert_eq!(definition.settings, json!({"enforce": [{}]}));
    assert_eq!(definition.mode, Mode::Monitor);
    assert_eq!(definition.timeout_eval_seconds, Some(5));
    assert_eq!(definition.resources.len(), 1);
    let module = directory.path().join("policy.wasm");
    assert!(definition.module_path(directory.path()).is_err());
    std::fs::write(&module, "").unwrap();
    assert_eq!(definition.module_path(directory.path()).unwrap(), module);
}

#[test]
fn chooses_among_several_by_name() {
    let (_directory, path) = file(&format!(
        "{POLICY}---\n{}---\nkind: PolicyServer\n",
        POLICY.replace("enforce}", "audit}")
    ));
    let error = Definition::read(&path, None).unwrap_err().to_string();
    assert!(error.contains("--policy-name: enforce, audit"), "{error}");
    assert_eq!(
        Definition::read(&path, Some("audit")).unwrap().name,
        "audit"
    );
    assert!(Definition::read(&path, Some("guard")).is_err());
}

#[test]
fn what_is_deployed_beside_it_is_passed_over() {
    let (_directory, path) = file(&format!(
        "kind: ServiceAccount\n---\nkind: Role\nrules: []\n---{POLICY}---\nkind: RoleBinding\n"
    ));
    assert_eq!(Definition::read(&path, None).unwrap().name, "enforce");
}

#[rstest]
#[case::group(&POLICY.replace("Policy\nmetadata", "PolicyGroup\nmetadata"), "got `ClusterAdmissionPolicyGroup`")]
#[case::namespaced(&POLICY.replace("kind: Cluster", "kind: "), "has no access to Kubernetes resources")]
#[case::another_kind("kind: Pod", "expected a ClusterAdmissionPolicy, got `Pod`")]
#[case::nothing("---\n", "has no ClusterAdmissionPolicy")]
#[case::no_yaml("{", "neither a WebAssembly module nor a policy definition")]
#[case::no_module(
    "kind: ClusterAdmissionPolicy\nspec: {}",
    "neither a WebAssembly module nor a policy definition"
)]
fn rejects_what_cannot_be_run(#[case] text: &str, #[case] expected: &str) {
    let (_directory, path) = file(text);
    let error = Definition::read(&path, None).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[rstest]
#[case("registry://ghcr.io/acme/policy:v1")]
#[case("https://example.org/policy.wasm")]
#[case("ghcr.io/acme/policy:v1")]
fn names_the_way_out_for_modules_elsewhere(#[case] module: &str) {
    let (directory, path) = file(&POLICY.replace("policy.wasm", module));
    let definition = Definition::read(&path, None).unwrap();
    let error = definition
        .module_path(directory.path())
        .unwrap_err()
        .to_string();
    assert!(error.contains("--module"), "{error}");
}

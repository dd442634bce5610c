//! Accounts with the roles of `deploy/base/roles.yaml`, and the program as they run it, on a real API server.

use std::process::Command;
use std::sync::Arc;

use continuity_cli::store::{ClusterConfigMaps, KubernetesBaselines, Revision, Store as _};
use host_harness::capabilities::{Capabilities as _, HostOptions, HostRequest};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use signature_continuity::baseline::{Lookup, config_map_name};

use super::api_server::{NAMESPACE, api_server};
use super::kubernetes::{baseline, maps, next, state, store};

#[test]
fn the_writers_role_writes_baselines_and_nothing_else() {
    for (account, repository) in [
        ("learner", "ghcr.io/acme/l"),
        ("approver", "ghcr.io/acme/a"),
    ] {
        let store = KubernetesBaselines::new(api_server().cluster(account), NAMESPACE);
        let first = baseline(repository);
        let revision = store.write(&first, &Revision::Absent).unwrap();
        store.write(&next(&first), &revision).unwrap();
        store.list().unwrap();
        store.write_state(&state(2)).unwrap();

        let name = config_map_name(&first.repository);
        let (own, elsewhere) = (maps(account, NAMESPACE), maps(account, "default"));
        let secrets: Api<Secret> = Api::namespaced(api_server().client(account), NAMESPACE);
        let map: ConfigMap = serde_json::from_value(json!({"metadata": {"name": "a"}})).unwrap();
        let merge = Patch::Merge(json!({"data": {"repository": "x"}}));
        let refused = api_server().wait(async {
            let deleting = DeleteParams::default();
            [
                own.delete(&name, &deleting).await.err(),
                own.delete_collection(&deleting, &ListParams::default())
                    .await
                    .err(),
                own.patch(&name, &PatchParams::default(), &merge)
                    .await
                    .err(),
                elsewhere.get("a").await.err(),
                elsewhere.create(&PostParams::default(), &map).await.err(),
                secrets.get("a").await.err(),
            ]
        });
        for (number, error) in refused.iter().enumerate() {
            let code = match error {
                Some(kube::Error::Api(status)) => Some(status.code),
                _ => None,
            };
            assert_eq!(code, Some(403), "{account}: number {number}: {error:?}");
        }
    }
}

#[test]
fn the_readers_role_reads_one_at_a_time_and_its_refusals_say_what_grants_more() {
    let writer = KubernetesBaselines::new(api_server().cluster("learner"), NAMESPACE);
    let first = baseline("ghcr.io/acme/read");
    let revision = writer.write(&first, &Revision::Absent).unwrap();
    let reader = KubernetesBaselines::new(api_server().cluster("policy-server"), NAMESPACE);
    assert_eq!(
        reader.read(&first.repository).unwrap().lookup,
        Lookup::Usable(Box::new(first.clone()))
    );
    let refusals = [
        (
            reader.write(&next(&first), &revision).unwrap_err(),
            "system:serviceaccount:kubewarden:continuity-policy-server may not update configmaps continuity-",
        ),
        (
            reader
                .write(&baseline("ghcr.io/acme/new"), &Revision::Absent)
                .unwrap_err(),
            "--role continuity-writer --user system:serviceaccount:kubewarden:continuity-policy-server",
        ),
        (
            reader.list().unwrap_err(),
            "may not list configmaps in namespace signature-continuity: grant it: `kubectl",
        ),
    ];
    for (error, expected) in refusals {
        let text = error.to_string();
        assert!(text.contains(expected), "{text}");
    }
    let nobody = KubernetesBaselines::new(api_server().cluster("nobody"), NAMESPACE);
    assert!(nobody.read(&first.repository).is_err());
}

#[test]
fn a_namespace_that_is_not_there_is_said() {
    let store = KubernetesBaselines::new(api_server().cluster("admin"), "missing");
    let error = store
        .write(&baseline("ghcr.io/acme/api"), &Revision::Absent)
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("kubectl create namespace missing"), "{text}");
}

#[test]
fn a_policy_reads_config_maps_in_the_hosts_words() {
    let store = store("host");
    let first = baseline("ghcr.io/acme/api");
    store.write(&first, &Revision::Absent).unwrap();
    let host = HostOptions::new()
        .store(Arc::new(ClusterConfigMaps::new(
            api_server().cluster("admin"),
        )))
        .without_caches()
        .start()
        .unwrap();
    let ask = |name: &str| {
        host.answer(&HostRequest::KubernetesGetResource {
            api_version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            name: name.to_owned(),
            namespace: Some("host".to_owned()),
            disable_cache: true,
            field_masks: None,
        })
    };
    let object: Value =
        serde_json::from_slice(&ask(&config_map_name(&first.repository)).unwrap()).unwrap();
    assert_eq!(object["kind"], "ConfigMap");
    assert_eq!(object["data"]["repository"], "ghcr.io/acme/api");
    assert_eq!(
        ask("absent").unwrap_err().to_string(),
        "Callback evaluation failure: Cannot find v1/ConfigMap named 'absent' inside of namespace 'Some(\"host\")'"
    );
}

#[test]
fn run_judges_by_the_baselines_of_a_cluster() {
    let writer = KubernetesBaselines::new(api_server().cluster("learner"), NAMESPACE);
    // Nothing listens there, so that nothing can be found out.
    let known = baseline("localhost:1/acme/known");
    writer.write(&known, &Revision::Absent).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let run = |account: &str, image: &str| {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api", "namespace": "prod"},
            "spec": {"containers": [{"name": "api", "image": image}]},
        });
        std::fs::write(directory.path().join("pod.json"), pod.to_string()).unwrap();
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let module = std::env::var("POLICY_WASM").expect("make e2e sets POLICY_WASM");
        let harness = |arguments: &[&str]| {
            Command::new(super::lab::program("continuity-harness"))
                .current_dir(directory.path())
                .env("KUBECONFIG", api_server().kubeconfig())
                .args(arguments)
                .output()
                .unwrap()
        };
        let metadata = format!("{root}/metadata.yml");
        let usage = format!("{root}/README.md");
        let annotated = harness(&[
            "annotate",
            &module,
            "--output-path",
            "policy.wasm",
            "--metadata-path",
            &metadata,
            "--usage-path",
            &usage,
        ]);
        assert!(annotated.status.success(), "{annotated:?}");
        let store = format!("kubernetes:{account}");
        let output = harness(&[
            "run",
            "policy.wasm",
            "--request-path",
            "pod.json",
            "--store",
            &store,
            "--allow-context-aware",
            "--timeout-eval-seconds",
            "60",
            "--settings-json",
            "{\"enforce\": [{}], \"budget\": \"20s\"}",
        ]);
        let answer: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {output:?}"));
        answer["auditAnnotations"]["image-1"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let said = run("policy-server", "localhost:1/acme/known:v1");
    assert!(said.contains("undetermined (outage"), "{said}");
    let said = run("policy-server", "localhost:1/acme/other:v1");
    assert!(said.contains("new"), "{said}");
    // An account that may not look is no reason to call a repository new.
    let said = run("nobody", "localhost:1/acme/other:v1");
    assert!(said.contains("undetermined (baseline"), "{said}");
}

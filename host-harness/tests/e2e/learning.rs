//! The learner on real components: a repository's story in a cluster.

use std::process::{Command, Output};

use chrono::Utc;
use continuity_testkit::sigstore::{BUNDLE, EntryBody};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use super::api_server::{ApiServer, own_api_server, roles};
use super::cosign::Cosign;
use super::lab::{Lab, from_base64};

const NAMESPACE: &str = "story";
const SHOP: &str = "story-shop";
const REPOSITORY: &str = "acme/story";

/// The cluster, the registry, and who asks.
struct Story {
    lab: Lab,
    server: &'static ApiServer,
}

impl Story {
    fn begin() -> Self {
        let server = own_api_server();
        for namespace in [NAMESPACE, SHOP] {
            server.create_namespace(namespace);
        }
        // The published roles, for this story's namespace.
        for mut object in roles() {
            if ["Role", "RoleBinding"].contains(&object["kind"].as_str().unwrap()) {
                object["metadata"]["namespace"] = json!(NAMESPACE);
                server.apply(&object.to_string());
            }
        }
        let lab = Lab::start();
        let settings = json!({
            "certificateAuthorities": [lab.sigstore.chain_pem()],
            "enforce": [{"namespaces": [SHOP]}],
            "budget": "20s",
            "baseline": {"namespace": NAMESPACE, "establishAfter": "0s"},
        });
        lab.write("story.json", &settings.to_string());
        Self { lab, server }
    }

    /// What runs, as of now: one pod, replaced by the next release. No node is here, so its status is written as one
    /// would: only a digest that runs teaches.
    fn deploy(&self, tag: &str, digest: &str) {
        let image = self.lab.image(REPOSITORY, tag);
        let pods: Api<Pod> = Api::namespaced(self.server.client("admin"), SHOP);
        let now = DeleteParams::default().grace_period(0);
        if self.server.wait(pods.get_opt("api")).unwrap().is_some() {
            let _gone = self.server.wait(pods.delete("api", &now)).unwrap();
        }
        let object = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api", "namespace": SHOP},
            "spec": {"containers": [{"name": "api", "image": image}]},
        });
        self.server.apply(&object.to_string());
        let status = json!({"status": {"phase": "Running", "containerStatuses": [{
            "name": "api", "image": image, "imageID": self.lab.image(REPOSITORY, digest),
            "ready": true, "restartCount": 0,
        }]}});
        let patch = Patch::Merge(status);
        self.server
            .wait(pods.patch_status("api", &PatchParams::default(), &patch))
            .unwrap();
    }

    /// Whether the policy, as the policy server runs it, admits a tag: exit status and the image's audit annotation.
    fn admit(&self, tag: &str) -> (i32, String) {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api", "namespace": SHOP},
            "spec": {"containers": [{"name": "api", "image": self.lab.image(REPOSITORY, tag)}]},
        });
        self.lab.write("story-pod.json", &pod.to_string());
        let output = self.call(
            "policy-server",
            &[
                "run",
                "policy.wasm",
                "--request-path",
                "story-pod.json",
                "--settings-path",
                "story.json",
                "--allow-context-aware",
                "--timeout-eval-seconds",
                "60",
            ],
        );
        let answer: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
        let annotation = answer["auditAnnotations"]["image-1"]
            .as_str()
            .unwrap_or_default();
        (output.status.code().unwrap(), annotation.to_owned())
    }

    fn call(&self, account: &str, arguments: &[&str]) -> Output {
        // What a policy server does, the harness does here.
        let program = match arguments {
            ["run", ..] => self.lab.harness(),
            _ => self.lab.continuity(),
        };
        self.with(program, account, arguments)
    }

    fn with(&self, mut program: Command, account: &str, arguments: &[&str]) -> Output {
        program
            .env("KUBECONFIG", self.server.kubeconfig())
            .args(arguments)
            .args(["--store", &format!("kubernetes:{account}")])
            .args([
                "--sources-path",
                "sources.yaml",
                "--sigstore-trust-config",
                "trust.json",
            ])
            .output()
            .unwrap()
    }

    fn ends(&self, status: i32, account: &str, arguments: &[&str]) -> String {
        let output = self.call(account, &[arguments, &["--policy", "story.json"]].concat());
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(output.status.code(), Some(status), "{arguments:?}\n{text}");
        text
    }

    fn learn(&self, status: i32, further: &[&str]) -> String {
        let arguments = ["learn", "--kubernetes=learner"];
        self.ends(status, "learner", &[&arguments[..], further].concat())
    }

    /// Signed by the real cosign 2, and entered into the private log as cosign enters it where there is one.
    fn sign_and_log(&self, cosign: &Cosign, digest: &str) {
        cosign.sign_with_key(&self.lab.image(REPOSITORY, digest));
        self.lab.edit_signature(REPOSITORY, digest, |manifest| {
            let layer = &manifest["layers"][0];
            let payload = self.lab.blob(layer["digest"].as_str().unwrap());
            let signature = layer["annotations"]["dev.cosignproject.cosign/signature"]
                .as_str()
                .unwrap();
            let signature = from_base64(signature);
            let body = EntryBody::hashedrekord(&payload, &signature, &cosign.public_key());
            let entry = self.lab.sigstore.log().enter(&body, Utc::now()).unwrap();
            manifest["layers"][0]["annotations"][BUNDLE] = json!(entry.annotation().unwrap());
        });
    }
}

#[test]
fn a_repository_in_a_cluster_from_its_first_release_to_cosign_3() {
    let story = Story::begin();
    let cosign = Cosign::two();

    // Deployed, learned, and established once the whole cluster was looked at.
    let first = story.lab.push(REPOSITORY, "v1");
    story.sign_and_log(&cosign, &first);
    story.deploy("v1", &first);
    let text = story.learn(0, &["--namespace", SHOP]);
    assert!(
        text.contains("1 of them new") && text.contains("nothing becomes established"),
        "{text}"
    );
    let text = story.learn(0, &[]);
    assert!(
        text.contains("0 of them new") && text.contains("established"),
        "{text}"
    );
    let text = story.learn(0, &[]);
    assert!(text.contains("0 baselines changed"), "{text}");

    // A release under a new tag is no drift, and cosign itself agrees about who signed.
    let second = story.lab.push(REPOSITORY, "v2");
    story.sign_and_log(&cosign, &second);
    cosign.verify_with_key(&story.lab.image(REPOSITORY, &second));
    story.deploy("v2", &second);
    let (status, annotation) = story.admit("v2");
    assert!(
        status == 0 && annotation.contains("none signed"),
        "{annotation}"
    );
    story.learn(0, &[]);

    // An unsigned one is rejected, and is drift on every run.
    let third = story.lab.push(REPOSITORY, "v3");
    story.deploy("v3", &third);
    let (status, annotation) = story.admit("v3");
    assert!(
        status == 4 && annotation.contains("unsigned"),
        "{annotation}"
    );
    for _ in 0..2 {
        let text = story.learn(3, &[]);
        assert!(text.contains("unsigned"), "{text}");
    }
    story.ends(
        4,
        "learner",
        &["inventory", "--kubernetes=learner", "--namespace", SHOP],
    );

    // Approved for a while, it is no drift again. Only who may write baselines can.
    let target = format!("{}@{third}", story.lab.registry.name(REPOSITORY));
    let approve = [
        "approve", &target, "--for", "72h", "--reason", "TICKET-1", "--yes", "--by", "ada",
    ];
    let text = story.ends(1, "nobody", &approve);
    assert!(
        text.contains("configmaps") || text.contains("ConfigMap"),
        "{text}"
    );
    story.ends(0, "approver", &approve);
    let (status, annotation) = story.admit("v3");
    assert_eq!(status, 0, "{annotation}");
    story.learn(0, &[]);

    // cosign 3 leaves a bundle, which the policy's host cannot prove: learned ahead, it is no drift.
    let fourth = story.lab.push(REPOSITORY, "v4");
    let successor = Cosign::three().with_the_key_of(&cosign);
    successor.sign_with_key(&story.lab.image(REPOSITORY, &fourth));
    let (status, annotation) = story.admit("v4");
    assert_eq!(status, 4, "{annotation}");
    let text = story.learn(0, &["--ahead"]);
    assert!(text.contains(&format!("verified {fourth}")), "{text}");
    let (status, annotation) = story.admit("v4");
    assert!(status == 0 && annotation.contains("none"), "{annotation}");
    story.deploy("v4", &fourth);
    let text = story.learn(0, &[]);
    assert!(!text.contains("drift"), "{text}");
    let text = story.ends(
        0,
        "learner",
        &["inventory", "--kubernetes=learner", "--namespace", SHOP],
    );
    assert!(text.contains("signed/3"), "{text}");

    // cosign 3 by somebody else is neither verified nor without drift.
    let fifth = story.lab.push(REPOSITORY, "v5");
    Cosign::three().sign_with_key(&story.lab.image(REPOSITORY, &fifth));
    let text = story.learn(0, &["--ahead"]);
    assert!(!text.contains(&format!("verified {fifth}")), "{text}");
    let (status, annotation) = story.admit("v5");
    assert_eq!(status, 4, "{annotation}");

    let text = story.ends(3, "learner", &["status"]);
    assert!(
        text.contains("1 established") && text.contains("is allowed for"),
        "{text}"
    );
    let text = story.ends(0, "learner", &["check"]);
    for allowed in [
        "create configmaps in namespace",
        "list pods in all namespaces",
    ] {
        assert!(
            text.contains(&format!("ok     permission     {allowed}")),
            "{text}"
        );
    }
    // Who may only read is told so before it matters, and what grants it.
    let text = story.ends(1, "policy-server", &["check"]);
    assert!(
        text.contains("this user may not update configmaps in namespace")
            && text.contains("--role continuity-writer"),
        "{text}"
    );
}

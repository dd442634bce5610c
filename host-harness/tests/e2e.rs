//! The program as users run it, against a real registry, images signed by the real cosign 2 and cosign 3, and a real
//! Kubernetes API server.
//!
//! `make e2e` sets up what this needs and names it: REGISTRY_BIN, COSIGN2, COSIGN3, CHROMIUM, ETCD_BIN,
//! KUBE_APISERVER_BIN, KUBE_CONTROLLER_MANAGER_BIN, KUBECTL, HELM, PROMTOOL, POLICY_WASM. Where POLICY_SERVER names Kubewarden's
//! policy-server, that one answers the API server instead of `continuity-harness serve`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "tests"
)]

mod e2e {
    pub mod api_server;
    pub mod browser;
    pub mod cluster_lab;
    pub mod cosign;
    mod deploy;
    mod documented;
    mod journey;
    mod killed;
    mod kubernetes;
    mod kubernetes_inventory;
    mod kubernetes_races;
    mod kubernetes_roles;
    pub mod kwctl;
    pub mod lab;
    mod latency;
    mod learning;
    mod live_page;
    pub mod manifests;
    pub mod page;
    pub mod policy_server;
    mod policy_server_answers;
    pub mod registry;
    mod release;
    mod release_kwctl;
    pub mod replica;
    mod serving;
    mod watch_capacity;
    mod watching;
}

#[path = "../../cli/tests/races/mod.rs"]
mod writers;

use continuity_testkit::Signer as KitSigner;
use continuity_testkit::sigstore::{BUNDLE, EntryBody};
use e2e::cosign::Cosign;
use e2e::lab::{Lab, identity};
use serde_json::{Value, json};

/// What the audit annotation of the one image says: drift, posture, decision.
fn assert_image(answer: &Value, expected: &str) {
    let annotation = answer["auditAnnotations"]["image-1"]
        .as_str()
        .unwrap_or_default();
    assert!(
        annotation.contains(expected),
        "expected `{expected}` in `{annotation}`\n{answer:#}"
    );
}

#[test]
fn cosign_2_by_a_known_key() {
    let lab = Lab::start();
    let cosign = Cosign::two();
    let digest = lab.push("acme/api", "v1");
    cosign.sign_with_key(&lab.image("acme/api", &digest));
    lab.baseline_of_key("acme/api", &cosign.public_key());

    let (status, answer) = lab.run(&lab.image("acme/api", "v1"));
    assert_image(&answer, "none signed admit");
    assert_eq!(status, 0);

    // Its signature is taken away: the image is unsigned, and only then.
    lab.unsign("acme/api", &digest);
    let (status, answer) = lab.run(&lab.image("acme/api", "v1"));
    assert_image(&answer, "unsigned unsigned reject 403");
    assert_eq!(status, 4);

    // The registry is stopped: nothing is known, and nothing is called unsigned.
    lab.stop();
    let (status, answer) = lab.run(&lab.image("acme/api", &digest));
    assert_image(
        &answer,
        "undetermined (outage: registry unreachable) unknown reject 500",
    );
    assert_eq!(status, 4);
}

#[test]
fn cosign_2_by_a_key_in_a_log_entry() {
    let lab = Lab::start();
    let cosign = Cosign::two();
    let digest = lab.push("acme/api", "v1");
    cosign.sign_with_key(&lab.image("acme/api", &digest));
    // The real signature, and an entry about it in the private log: as cosign writes it when there is a log.
    lab.edit_signature("acme/api", &digest, |manifest| {
        let layer = &manifest["layers"][0];
        let payload = lab.blob(layer["digest"].as_str().unwrap());
        let signature = layer["annotations"]["dev.cosignproject.cosign/signature"]
            .as_str()
            .unwrap();
        let signature = e2e::lab::from_base64(signature);
        let body = EntryBody::hashedrekord(&payload, &signature, &cosign.public_key());
        let entry = lab.sigstore.log().enter(&body, chrono::Utc::now()).unwrap();
        manifest["layers"][0]["annotations"][BUNDLE] = json!(entry.annotation().unwrap());
    });

    // Nobody knows the key, but the entry names it: that is a proven stranger.
    lab.baseline_of_identity("acme/api");
    let (status, answer) = lab.run(&lab.image("acme/api", "v1"));
    assert_image(&answer, "downgrade key");
    assert_image(&answer, "signed reject 403");
    assert_eq!(status, 4);

    // Known, it is no drift.
    lab.baseline_of_key("acme/api", &cosign.public_key());
    let (status, answer) = lab.run(&lab.image("acme/api", "v1"));
    assert_image(&answer, "none signed admit");
    assert_eq!(status, 0);
}

#[test]
fn cosign_2_by_an_unknown_key() {
    let lab = Lab::start();
    let cosign = Cosign::two();
    let digest = lab.push("acme/api", "v1");
    cosign.sign_with_key(&lab.image("acme/api", &digest));
    lab.baseline_of_key("acme/api", &Cosign::two().public_key());
    let (status, answer) = lab.run(&lab.image("acme/api", "v1"));
    assert_image(&answer, "downgrade unverifiable unverifiable reject 403");
    assert_eq!(status, 4);
}

#[test]
fn cosign_3_in_a_bundle() {
    let lab = Lab::start();
    let cosign = Cosign::three();
    let digest = lab.push("acme/web", "v1");
    cosign.sign_with_key(&lab.image("acme/web", &digest));

    // A bundle is there, and cannot be proven here: never unsigned, and never evidence against its publisher.
    lab.baseline_of_key("acme/web", &cosign.public_key());
    let (status, answer) = lab.run(&lab.image("acme/web", "v1"));
    assert_image(&answer, "undetermined (format)");
    assert_image(&answer, "reject 500");
    assert_eq!(status, 4);

    // So it is where the repository is known to publish bundles.
    lab.baseline_with_bundles("acme/web", &cosign.public_key());
    let (status, answer) = lab.run(&lab.image("acme/web", "v1"));
    assert_image(&answer, "undetermined (format)");
    assert_image(&answer, "reject 500");
    assert_eq!(status, 4);
}

#[test]
fn cosign_3_in_the_format_of_cosign_2() {
    let lab = Lab::start();
    let cosign = Cosign::three().in_the_old_format();
    let digest = lab.push("acme/old", "v1");
    cosign.sign_with_key(&lab.image("acme/old", &digest));
    lab.baseline_of_key("acme/old", &cosign.public_key());
    let (status, answer) = lab.run(&lab.image("acme/old", "v1"));
    assert_image(&answer, "none signed admit");
    assert_eq!(status, 0);
}

#[test]
fn keyless_on_a_private_sigstore() {
    let lab = Lab::start();
    let digest = lab.push("acme/api", "v1");
    let signer = KitSigner::keyless(&lab.sigstore, &identity());
    let signature = signer
        .sign(&lab.registry.name("acme/api"), &digest, chrono::Utc::now())
        .unwrap();
    lab.registry
        .push_signature("acme/api", &digest, &[signature.layer().unwrap()])
        .unwrap();
    lab.baseline_of_identity("acme/api");
    let (status, answer) = lab.run(&lab.image("acme/api", &digest));
    assert_image(&answer, "none signed admit");
    assert_eq!(status, 0);

    // The same bytes under another repository's name, where somebody else signs.
    let digest = lab.push("acme/other", "v1");
    lab.registry
        .push_signature("acme/other", &digest, &[signature.layer().unwrap()])
        .unwrap();
    lab.baseline_of_identity("acme/other");
    let (status, answer) = lab.run(&lab.image("acme/other", &digest));
    assert_image(&answer, "undetermined (answer)");
    assert_image(&answer, "reject 500");
    assert_eq!(status, 4);
}

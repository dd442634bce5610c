//! What registries serve, as the host passes it on.

use continuity_registry::Sources;
use host_harness::capabilities::Capabilities as _;
use serde_json::{Value, json};

use crate::hosts::{
    OCI_INDEX, OCI_MANIFEST, PREFIX, digest_of, host, image_manifest, manifest_of, message, options,
};
use continuity_testkit::server::{Answer, Server};

#[test]
fn gives_manifests_and_digests() {
    let server = Server::start();
    let body = image_manifest();
    let answer = Answer::manifest(OCI_MANIFEST, &body);
    let digest = answer.headers[1].1.clone();
    server.on("/v2/acme/api/manifests/x", answer);
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).to_string();
    server.on(
        "/v2/acme/api/manifests/index",
        Answer::manifest(OCI_INDEX, &index),
    );
    let host = host(&server);
    let image = format!("{}/acme/api:x", server.address());
    let manifest: Value =
        serde_json::from_slice(&host.answer(&manifest_of(&image)).unwrap()).unwrap();
    assert_eq!(manifest, serde_json::from_str::<Value>(&body).unwrap());
    let answered: Value =
        serde_json::from_slice(&host.answer(&digest_of(&image)).unwrap()).unwrap();
    assert_eq!(answered, json!({"digest": digest}));
    let image = format!("{}/acme/api:index", server.address());
    let manifest: Value =
        serde_json::from_slice(&host.answer(&manifest_of(&image)).unwrap()).unwrap();
    assert_eq!(manifest, serde_json::from_str::<Value>(&index).unwrap());
}

#[test]
fn keeps_successes_and_forgets_errors() {
    let server = Server::start();
    let host = host(&server);
    let image = format!("{}/acme/api:x", server.address());
    assert!(host.answer(&manifest_of(&image)).is_err());
    server.on(
        "/v2/acme/api/manifests/x",
        Answer::manifest(OCI_MANIFEST, &image_manifest()),
    );
    let first = host.answer(&manifest_of(&image)).unwrap();
    let asked = server.requests().len();
    server.on("/v2/acme/api/manifests/x", Answer::new(503, ""));
    assert_eq!(host.answer(&manifest_of(&image)).unwrap(), first);
    assert_eq!(server.requests().len(), asked);
    let forgetful = options(&server).without_caches().start().unwrap();
    assert!(forgetful.answer(&manifest_of(&image)).is_err());
}

#[test]
fn does_not_fall_back_to_http_unless_told_to() {
    let server = Server::start();
    server.on(
        "/v2/acme/api/manifests/x",
        Answer::manifest(OCI_MANIFEST, &image_manifest()),
    );
    let strict = options(&server)
        .sources(Sources::default())
        .start()
        .unwrap();
    let image = format!("{}/acme/api:x", server.address());
    let text = message(&strict, &manifest_of(&image));
    assert_eq!(
        text,
        format!(
            "{PREFIX}error sending request for url (https://{}/v2/acme/api/manifests/x)",
            server.address()
        )
    );
    assert_eq!(server.requests(), Vec::<String>::new());
}

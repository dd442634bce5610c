//! What registries answer, in the host's words: policies tell absence from outage by them.

use continuity_registry::Sources;
use host_harness::capabilities::Capabilities as _;
use rstest::rstest;
use serde_json::{Value, json};

use crate::hosts::{
    OCI_INDEX, OCI_MANIFEST, PREFIX, digest_of, host, image_manifest, manifest_of, message,
    options, verify_by_key,
};
use continuity_testkit::server::{Answer, Server};

#[rstest]
#[case::absent(404, "MANIFEST_UNKNOWN", "manifest unknown", "manifest unknown")]
#[case::ecr(
    404,
    "MANIFEST_UNKNOWN",
    "Requested image not found",
    "Requested image not found"
)]
#[case::jfrog(
    404,
    "MANIFEST_UNKNOWN",
    "The named manifest is not known to the registry.",
    "The named manifest is not known to the registry."
)]
#[case::harbor(
    404,
    "NOT_FOUND",
    "artifact acme/api:x not found",
    "artifact acme/api:x not found"
)]
#[case::acr(
    404,
    "MANIFEST_UNKNOWN",
    "manifest tagged by \"x\" is not found",
    "manifest tagged by \"x\" is not found"
)]
#[case::google(
    404,
    "MANIFEST_UNKNOWN",
    "Failed to fetch \"x\"",
    "Failed to fetch \"x\""
)]
#[case::no_repository(
    404,
    "NAME_UNKNOWN",
    "repository name not known to registry",
    "repository name not known to registry"
)]
#[case::forbidden(
    403,
    "DENIED",
    "requested access to the resource is denied",
    "requested access to the resource is denied"
)]
#[case::rate_limit(
    429,
    "TOOMANYREQUESTS",
    "You have reached your pull rate limit.",
    "You have reached your pull rate limit."
)]
fn repeats_the_words_of_registries(
    #[case] status: u16,
    #[case] code: &str,
    #[case] words: &str,
    #[case] expected: &str,
) {
    let server = Server::start();
    let path = "/v2/acme/api/manifests/x";
    server.on(path, Answer::error(status, code, words));
    let image = format!("{}/acme/api:x", server.address());
    let text = message(&host(&server), &manifest_of(&image));
    let url = server.url(path);
    assert_eq!(
        text,
        format!(
            "{PREFIX}Registry error: url {url}, envelope: OCI API errors: [OCI API error: {expected}]"
        )
    );
}

#[rstest]
#[case::not_found(404, "Server error: url URL, code: 404, message: nothing here")]
#[case::unavailable(503, "Server error: url URL, code: 503, message: nothing here")]
#[case::unauthorized(401, "Not authorized: url URL")]
fn tells_the_status_where_there_is_no_envelope(#[case] status: u16, #[case] expected: &str) {
    let server = Server::start();
    let path = "/v2/acme/api/manifests/x";
    server.on(path, Answer::new(status, "nothing here"));
    let image = format!("{}/acme/api:x", server.address());
    let text = message(&host(&server), &manifest_of(&image));
    assert_eq!(
        text,
        format!("{PREFIX}{}", expected.replace("URL", &server.url(path)))
    );
}

#[test]
fn tells_refused_connections() {
    let server = Server::start();
    // Nobody listens on port 1.
    let image = "127.0.0.1:1/acme/api:x";
    for request in [manifest_of(image), digest_of(image)] {
        assert_eq!(
            message(&host(&server), &request),
            format!(
                "{PREFIX}error sending request for url (https://127.0.0.1:1/v2/acme/api/manifests/x)"
            )
        );
    }
}

#[rstest]
#[case::no_json("<html>", "Failed to parse manifest: ")]
#[case::another_shape(
    r#"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}"#,
    "Failed to parse manifest as Versioned object: "
)]
#[case::version_1(r#"{"schemaVersion": 1}"#, "Unsupported schema version: 1")]
fn tells_manifests_that_are_none(#[case] body: &str, #[case] expected: &str) {
    let server = Server::start();
    server.on(
        "/v2/acme/api/manifests/x",
        Answer::manifest(OCI_MANIFEST, body),
    );
    let image = format!("{}/acme/api:x", server.address());
    let text = message(&host(&server), &manifest_of(&image));
    assert!(text.starts_with(&format!("{PREFIX}{expected}")), "{text}");
}

#[rstest]
#[case("UPPER CASE", "invalid reference format")]
#[case("acme/api@sha256:abc", "invalid reference format")]
#[case("ghcr.io/Acme/api", "invalid reference format")]
fn tells_references_that_do_not_parse(#[case] image: &str, #[case] expected: &str) {
    let server = Server::start();
    assert_eq!(message(&host(&server), &manifest_of(image)), expected);
    assert_eq!(message(&host(&server), &digest_of(image)), expected);
    assert_eq!(
        message(&host(&server), &verify_by_key(image, "key")),
        format!("Verification only works with OCI images: Not a valid oci image: {expected}")
    );
}

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

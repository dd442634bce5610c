//! What the host says of signatures that are not there, or of no use.

use host_harness::capabilities::{Capabilities as _, HostRequest};
use rstest::rstest;
use serde_json::{Value, json};

use crate::hosts::{CONFIG, OCI_INDEX, OCI_MANIFEST, host, image_manifest, message, verify_by_key};
use continuity_testkit::server::{Answer, Server};

#[test]
fn tells_images_without_signatures() {
    let server = Server::start();
    server.on(
        "/v2/acme/unsigned/manifests/x",
        Answer::manifest(OCI_MANIFEST, &image_manifest()),
    );
    let image = format!("{}/acme/unsigned:x", server.address());
    let text = message(&host(&server), &verify_by_key(&image, "no key"));
    assert_eq!(text, format!("no signatures found for image: {image} "));
}

#[test]
fn tells_images_that_cannot_be_fetched_for_verification() {
    let server = Server::start();
    let image = format!("{}/acme/absent:x", server.address());
    let text = message(&host(&server), &verify_by_key(&image, "no key"));
    assert!(
        text.starts_with(&format!(
            "failed to get image trusted layers: Cannot fetch manifest of {image}: "
        )),
        "{text}"
    );
}

/// An image whose `.sig` is `signatures`.
fn serve_signatures(server: &Server, repository: &str, signatures: &Answer) -> String {
    let answer = Answer::manifest(OCI_MANIFEST, &image_manifest());
    let digest = answer.headers[1].1.replace(':', "-");
    server.on(&format!("/v2/{repository}/manifests/x"), answer);
    server.on(
        &format!("/v2/{repository}/manifests/{digest}.sig"),
        signatures.clone(),
    );
    server.on(
        &format!("/v2/{repository}/blobs/{CONFIG}"),
        Answer::new(200, "{}"),
    );
    format!("{}/{repository}:x", server.address())
}

#[rstest]
#[case::foreign_layer(
    "acme/foreign",
    "application/octet-stream",
    "Incompatible layer media type: application/octet-stream"
)]
#[case::missing_blob(
    "acme/blob",
    "application/vnd.dev.cosign.simplesigning.v1+json",
    "HTTP status client error (404 Not Found) for url "
)]
fn tells_signatures_that_cannot_be_pulled(
    #[case] repository: &str,
    #[case] media_type: &str,
    #[case] expected: &str,
) {
    let server = Server::start();
    let body = image_manifest().replace(
        "application/vnd.dev.cosign.simplesigning.v1+json",
        media_type,
    );
    let image = serve_signatures(&server, repository, &Answer::manifest(OCI_MANIFEST, &body));
    let text = message(&host(&server), &verify_by_key(&image, "no key"));
    assert!(
        text.starts_with("failed to get image trusted layers: Cannot pull "),
        "{text}"
    );
    assert!(text.contains(expected), "{text}");
}

#[test]
fn tells_signatures_without_layers() {
    let server = Server::start();
    let mut body: Value = serde_json::from_str(&image_manifest()).unwrap();
    body["layers"] = json!([]);
    let image = serve_signatures(
        &server,
        "acme/empty",
        &Answer::manifest(OCI_MANIFEST, &body.to_string()),
    );
    let text = message(&host(&server), &verify_by_key(&image, "no key"));
    assert!(text.ends_with(": No layers to pull"), "{text}");
}

#[test]
fn tells_indices_in_the_place_of_signatures() {
    let server = Server::start();
    let body = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).to_string();
    let image = serve_signatures(&server, "acme/index", &Answer::manifest(OCI_INDEX, &body));
    let text = message(&host(&server), &verify_by_key(&image, "no key"));
    assert!(
        text.contains("Image manifest not found: no entry found in image index"),
        "{text}"
    );
}

#[test]
fn refuses_to_verify_nothing() {
    let server = Server::start();
    let host = host(&server);
    let image = "r.example/a:b".to_owned();
    let nobody = HostRequest::SigstorePubKeyVerify {
        image: image.clone(),
        pub_keys: Vec::new(),
        annotations: None,
    };
    assert_eq!(message(&host, &nobody), "Must provide at least one pub key");
    let prefix = HostRequest::SigstoreKeylessPrefixVerify {
        image,
        keyless_prefix: vec![
            serde_json::from_value(json!({"issuer": "i", "url_prefix": "no url"})).unwrap(),
        ],
        annotations: None,
    };
    assert_eq!(
        host.answer(&prefix).unwrap_err().to_string(),
        "Error obtaining response over callback channel"
    );
}

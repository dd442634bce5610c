//! The host's answers and error texts, as far as registries, stores and certificates can produce them.
//!
//! The texts are what a cluster's host says: policies tell absence from outage by them.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::Arc;

use common::server::{Answer, Server};
use host_harness::capabilities::{
    Capabilities, Credentials, DirectoryStore, HostError, HostOptions, HostRequest, LiveCapabilities,
    Sources, TrustSource,
};
use rstest::rstest;
use serde_json::{Value, json};

const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The digest of `{}`.
const CONFIG: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
const PREFIX: &str = "Fail to interact with OCI registry: ";

fn host(server: &Server) -> LiveCapabilities {
    options(server).start().unwrap()
}

fn options(server: &Server) -> HostOptions {
    HostOptions::new()
        .sources(Sources::insecure([server.address()]))
        .credentials(Credentials::from_file("/nowhere"))
        .trust(TrustSource::Nothing)
}

fn manifest_of(image: &str) -> HostRequest {
    HostRequest::OciManifest {
        image: image.to_owned(),
    }
}

fn digest_of(image: &str) -> HostRequest {
    HostRequest::OciManifestDigest {
        image: image.to_owned(),
    }
}

fn verify_by_key(image: &str, key: &str) -> HostRequest {
    HostRequest::SigstorePubKeyVerify {
        image: image.to_owned(),
        pub_keys: vec![key.to_owned()],
        annotations: None,
    }
}

/// The message without its causes, which a session records.
fn message(host: &impl Capabilities, request: &HostRequest) -> String {
    match host.answer(request).unwrap_err() {
        HostError::Failed(failure) => failure.message,
        HostError::Refused(text) => panic!("refused: {text}"),
    }
}

#[rstest]
#[case::absent(404, "MANIFEST_UNKNOWN", "manifest unknown", "manifest unknown")]
#[case::ecr(404, "MANIFEST_UNKNOWN", "Requested image not found", "Requested image not found")]
#[case::jfrog(404, "MANIFEST_UNKNOWN", "The named manifest is not known to the registry.", "The named manifest is not known to the registry.")]
#[case::harbor(404, "NOT_FOUND", "artifact acme/api:x not found", "artifact acme/api:x not found")]
#[case::acr(404, "MANIFEST_UNKNOWN", "manifest tagged by \"x\" is not found", "manifest tagged by \"x\" is not found")]
#[case::google(404, "MANIFEST_UNKNOWN", "Failed to fetch \"x\"", "Failed to fetch \"x\"")]
#[case::no_repository(404, "NAME_UNKNOWN", "repository name not known to registry", "repository name not known to registry")]
#[case::forbidden(403, "DENIED", "requested access to the resource is denied", "requested access to the resource is denied")]
#[case::rate_limit(429, "TOOMANYREQUESTS", "You have reached your pull rate limit.", "You have reached your pull rate limit.")]
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
        format!("{PREFIX}Registry error: url {url}, envelope: OCI API errors: [OCI API error: {expected}]")
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
    assert_eq!(text, format!("{PREFIX}{}", expected.replace("URL", &server.url(path))));
}

#[test]
fn tells_refused_connections() {
    let server = Server::start();
    // Nobody listens on port 1.
    let image = "127.0.0.1:1/acme/api:x";
    for request in [manifest_of(image), digest_of(image)] {
        assert_eq!(
            message(&host(&server), &request),
            format!("{PREFIX}error sending request for url (https://127.0.0.1:1/v2/acme/api/manifests/x)")
        );
    }
}

#[rstest]
#[case::no_json("<html>", "Failed to parse manifest: ")]
#[case::another_shape(r#"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}"#, "Failed to parse manifest as Versioned object: ")]
#[case::version_1(r#"{"schemaVersion": 1}"#, "Unsupported schema version: 1")]
fn tells_manifests_that_are_none(#[case] body: &str, #[case] expected: &str) {
    let server = Server::start();
    server.on("/v2/acme/api/manifests/x", Answer::manifest(OCI_MANIFEST, body));
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

fn image_manifest() -> String {
    json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": CONFIG, "size": 2},
        "layers": [{
            "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
            "digest": "sha256:d",
            "size": 3,
            "annotations": {"dev.cosignproject.cosign/signature": "c2ln"}
        }]
    })
    .to_string()
}

#[test]
fn gives_manifests_and_digests() {
    let server = Server::start();
    let body = image_manifest();
    let answer = Answer::manifest(OCI_MANIFEST, &body);
    let digest = answer.headers[1].1.clone();
    server.on("/v2/acme/api/manifests/x", answer);
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).to_string();
    server.on("/v2/acme/api/manifests/index", Answer::manifest(OCI_INDEX, &index));
    let host = host(&server);
    let image = format!("{}/acme/api:x", server.address());
    let manifest: Value = serde_json::from_slice(&host.answer(&manifest_of(&image)).unwrap()).unwrap();
    assert_eq!(manifest, serde_json::from_str::<Value>(&body).unwrap());
    let answered: Value = serde_json::from_slice(&host.answer(&digest_of(&image)).unwrap()).unwrap();
    assert_eq!(answered, json!({"digest": digest}));
    let image = format!("{}/acme/api:index", server.address());
    let manifest: Value = serde_json::from_slice(&host.answer(&manifest_of(&image)).unwrap()).unwrap();
    assert_eq!(manifest, serde_json::from_str::<Value>(&index).unwrap());
}

#[test]
fn keeps_successes_and_forgets_errors() {
    let server = Server::start();
    let host = host(&server);
    let image = format!("{}/acme/api:x", server.address());
    assert!(host.answer(&manifest_of(&image)).is_err());
    server.on("/v2/acme/api/manifests/x", Answer::manifest(OCI_MANIFEST, &image_manifest()));
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
    server.on("/v2/acme/api/manifests/x", Answer::manifest(OCI_MANIFEST, &image_manifest()));
    let strict = options(&server).sources(Sources::default()).start().unwrap();
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

#[test]
fn tells_images_without_signatures() {
    let server = Server::start();
    server.on("/v2/acme/unsigned/manifests/x", Answer::manifest(OCI_MANIFEST, &image_manifest()));
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
        text.starts_with(&format!("failed to get image trusted layers: Cannot fetch manifest of {image}: ")),
        "{text}"
    );
}

/// An image whose `.sig` is `signatures`.
fn serve_signatures(server: &Server, repository: &str, signatures: &Answer) -> String {
    let answer = Answer::manifest(OCI_MANIFEST, &image_manifest());
    let digest = answer.headers[1].1.replace(':', "-");
    server.on(&format!("/v2/{repository}/manifests/x"), answer);
    server.on(&format!("/v2/{repository}/manifests/{digest}.sig"), signatures.clone());
    server.on(&format!("/v2/{repository}/blobs/{CONFIG}"), Answer::new(200, "{}"));
    format!("{}/{repository}:x", server.address())
}

#[rstest]
#[case::foreign_layer("acme/foreign", "application/octet-stream", "Incompatible layer media type: application/octet-stream")]
#[case::missing_blob("acme/blob", "application/vnd.dev.cosign.simplesigning.v1+json", "HTTP status client error (404 Not Found) for url ")]
fn tells_signatures_that_cannot_be_pulled(#[case] repository: &str, #[case] media_type: &str, #[case] expected: &str) {
    let server = Server::start();
    let body = image_manifest().replace("application/vnd.dev.cosign.simplesigning.v1+json", media_type);
    let image = serve_signatures(&server, repository, &Answer::manifest(OCI_MANIFEST, &body));
    let text = message(&host(&server), &verify_by_key(&image, "no key"));
    assert!(text.starts_with("failed to get image trusted layers: Cannot pull "), "{text}");
    assert!(text.contains(expected), "{text}");
}

#[test]
fn tells_signatures_without_layers() {
    let server = Server::start();
    let mut body: Value = serde_json::from_str(&image_manifest()).unwrap();
    body["layers"] = json!([]);
    let image = serve_signatures(&server, "acme/empty", &Answer::manifest(OCI_MANIFEST, &body.to_string()));
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
        keyless_prefix: vec![serde_json::from_value(json!({"issuer": "i", "url_prefix": "no url"})).unwrap()],
        annotations: None,
    };
    assert_eq!(
        host.answer(&prefix).unwrap_err().to_string(),
        "Error obtaining response over callback channel"
    );
}

fn config_map(name: &str, namespace: Option<&str>, masks: Option<&[&str]>) -> HostRequest {
    HostRequest::KubernetesGetResource {
        api_version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        name: name.to_owned(),
        namespace: namespace.map(str::to_owned),
        disable_cache: false,
        field_masks: masks.map(|masks| masks.iter().map(|&mask| mask.to_owned()).collect()),
    }
}

#[test]
fn reads_config_maps() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.yaml");
    std::fs::write(
        &path,
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: ns, labels: {l: x}}\ndata: {k: v}\n",
    )
    .unwrap();
    let store = Arc::new(DirectoryStore::open(directory.path()).unwrap());
    let host = HostOptions::new().store(store).without_caches().start().unwrap();
    let ask = |request| -> Value { serde_json::from_slice(&host.answer(&request).unwrap()).unwrap() };
    assert_eq!(ask(config_map("a", Some("ns"), None))["metadata"]["labels"], json!({"l": "x"}));
    assert_eq!(ask(config_map("a", Some("ns"), Some(&["data.k"]))), json!({"data": {"k": "v"}}));
    assert_eq!(
        message(&host, &config_map("b", Some("ns"), None)),
        "Cannot find v1/ConfigMap named 'b' inside of namespace 'Some(\"ns\")'"
    );
    assert_eq!(
        message(&host, &config_map("a", None, None)),
        "Resource v1/ConfigMap is namespaced, but no namespace was provided"
    );
    std::fs::write(&path, "{").unwrap();
    let text = message(&host, &config_map("a", Some("ns"), None));
    assert!(text.ends_with("a.yaml` is not YAML"), "{text}");
}

#[test]
fn has_no_config_maps_without_a_store() {
    let host = HostOptions::new().start().unwrap();
    assert_eq!(
        message(&host, &config_map("a", Some("ns"), None)),
        "kube::Client was not initialized properly"
    );
}

//! The embedded registry, asked by the client that the policy's hosts use.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use continuity_testkit::{
    Absence, Fault, FaultRule, Registry,
    registry::Resource,
    sigstore::{Bundle, IMAGE_MANIFEST_MEDIA_TYPE, SIGN_PREDICATE, digest_of, fallback_tag},
};
use oci_client::{
    Client, Reference,
    client::{ClientConfig, ClientProtocol},
    manifest::OciManifest,
    secrets::RegistryAuth,
};
use rstest::rstest;

const REPOSITORY: &str = "acme/api";

/// One for all tests of a process: making one reads every root certificate.
static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    Client::new(ClientConfig {
        protocol: ClientProtocol::Http,
        ..ClientConfig::default()
    })
});

async fn manifest(
    registry: &Registry,
    repository: &str,
    reference: &str,
) -> Result<(OciManifest, String), String> {
    let image: Reference = registry.image(repository, reference).parse().unwrap();
    CLIENT
        .pull_manifest(&image, &RegistryAuth::Anonymous)
        .await
        .map_err(|error| error.to_string())
}

async fn digest(registry: &Registry, reference: &str) -> Result<String, String> {
    let image: Reference = registry.image(REPOSITORY, reference).parse().unwrap();
    CLIENT
        .fetch_manifest_digest(&image, &RegistryAuth::Anonymous)
        .await
        .map_err(|error| error.to_string())
}

#[rstest]
#[tokio::test]
async fn pushed_image_is_pulled(
    #[values("web", "acme/api", "acme/team/api/server")] repository: &str,
) {
    let registry = Registry::start().unwrap();
    let pushed = registry.push_image(repository, "v1", "one").unwrap();
    let image: Reference = registry.image(repository, "v1").parse().unwrap();
    let layers = vec!["application/vnd.oci.image.layer.v1.tar"];
    let pulled = CLIENT
        .pull(&image, &RegistryAuth::Anonymous, layers)
        .await
        .unwrap();
    assert_eq!(pulled.digest.unwrap(), pushed);
    assert_eq!(pulled.layers.len(), 1);
    assert_eq!(
        manifest(&registry, repository, &pushed).await.unwrap().1,
        pushed
    );
    assert_eq!(
        digest_of(&registry.manifest(repository, "v1").unwrap().unwrap()),
        pushed
    );
}

#[test]
fn images_differ_by_seed_alone() {
    let registry = Registry::start().unwrap();
    let first = registry.push_image(REPOSITORY, "v1", "one").unwrap();
    assert_eq!(registry.push_image("acme/web", "v9", "one").unwrap(), first);
    assert_ne!(registry.push_image(REPOSITORY, "v1", "two").unwrap(), first);
}

#[tokio::test]
async fn index_is_served_with_its_platforms() {
    let registry = Registry::start().unwrap();
    let (index, platforms) = registry.push_index(REPOSITORY, "v1", "one").unwrap();
    let (OciManifest::ImageIndex(served), found) =
        manifest(&registry, REPOSITORY, "v1").await.unwrap()
    else {
        panic!("expected an index");
    };
    assert_eq!(found, index);
    let listed: Vec<String> = served
        .manifests
        .into_iter()
        .map(|entry| entry.digest)
        .collect();
    assert_eq!(listed, platforms);
    for platform in platforms {
        assert_eq!(
            manifest(&registry, REPOSITORY, &platform).await.unwrap().1,
            platform
        );
    }
}

#[tokio::test]
async fn faults_read_as_they_should() {
    let teapot = Fault::Body {
        status: 418,
        content_type: "text/plain".to_owned(),
        body: b"teapot".to_vec(),
    };
    let table = [
        (
            Fault::Absent(Absence::Distribution),
            "OCI API error: manifest unknown",
        ),
        (
            Fault::Absent(Absence::Ecr),
            "OCI API error: Requested image not found",
        ),
        (
            Fault::Absent(Absence::Jfrog),
            "OCI API error: The named manifest is not known to the registry.",
        ),
        (
            Fault::Absent(Absence::Harbor),
            "OCI API error: artifact acme/api:v1 not found",
        ),
        (
            Fault::Absent(Absence::Acr),
            "OCI API error: manifest tagged by \"v1\" is not found",
        ),
        (
            Fault::Absent(Absence::Google),
            "OCI API error: Failed to fetch \"v1\"",
        ),
        (
            Fault::Absent(Absence::Repository),
            "OCI API error: repository name not known to registry",
        ),
        (
            Fault::Absent(Absence::Unheard),
            "OCI API error: the cupboard is bare",
        ),
        (Fault::Absent(Absence::NoBody), "code: 404"),
        (Fault::Status(503), "code: 503"),
        (
            Fault::RateLimited,
            "OCI API error: You have reached your pull rate limit.",
        ),
        (Fault::Unauthorized, "Not authorized: url"),
        (
            Fault::Denied,
            "OCI API error: requested access to the resource is denied",
        ),
        (Fault::Garbage, "Failed to parse manifest"),
        (teapot, "teapot"),
    ];
    let registry = Registry::start().unwrap();
    let pushed = registry.push_image(REPOSITORY, "v1", "one").unwrap();
    for (fault, expected) in table {
        registry.fault(FaultRule::new("acme/*", "v1", fault.clone()));
        let error = manifest(&registry, REPOSITORY, "v1").await.unwrap_err();
        assert!(error.contains(expected), "{fault:?}: {error}");
        // A digest can be computed of anything, so garbage has one.
        assert_eq!(
            digest(&registry, "v1").await.is_ok(),
            fault == Fault::Garbage,
            "{fault:?}"
        );
        assert!(
            manifest(&registry, REPOSITORY, &pushed).await.is_ok(),
            "{fault:?}: other references are served"
        );
        registry.push_image(REPOSITORY, "v1", "one").unwrap();
        registry.clear_faults();
        assert_eq!(digest(&registry, "v1").await.unwrap(), pushed, "{fault:?}");
    }
}

#[tokio::test]
async fn absent_in_the_words_of_the_specification() {
    let registry = Registry::start().unwrap();
    let error = manifest(&registry, REPOSITORY, "v1").await.unwrap_err();
    assert!(error.contains("OCI API error: manifest unknown"), "{error}");
    let pushed = registry.push_image(REPOSITORY, "v1", "one").unwrap();
    let error = manifest(&registry, REPOSITORY, "v2").await.unwrap_err();
    assert!(error.contains("OCI API error: manifest unknown"), "{error}");
    assert_eq!(registry.manifest(REPOSITORY, "v2").unwrap(), None);
    registry.delete(REPOSITORY, "v1").unwrap();
    assert!(manifest(&registry, REPOSITORY, "v1").await.is_err());
    assert!(manifest(&registry, REPOSITORY, &pushed).await.is_ok());
    assert!(registry.delete(REPOSITORY, "v1").is_err());
}

#[tokio::test]
async fn fault_after_and_for_so_many_requests() {
    let registry = Registry::start().unwrap();
    registry.push_image(REPOSITORY, "v1", "one").unwrap();
    registry.fault(
        FaultRule::new(REPOSITORY, "*", Fault::Denied)
            .after(1)
            .times(1),
    );
    assert!(manifest(&registry, REPOSITORY, "v1").await.is_ok());
    assert!(manifest(&registry, REPOSITORY, "v1").await.is_err());
    assert!(manifest(&registry, REPOSITORY, "v1").await.is_ok());
}

#[tokio::test]
async fn hanging_request_is_seen_and_ends_with_the_registry() {
    let registry = Arc::new(Registry::start().unwrap());
    registry.push_image(REPOSITORY, "v1", "one").unwrap();
    registry.forget_requests();
    registry.fault_everywhere(Fault::Hang(Duration::from_secs(3600)));
    let asked = {
        let registry = Arc::clone(&registry);
        tokio::spawn(async move { manifest(&registry, REPOSITORY, "v1").await })
    };
    let waiting = loop {
        if let Some(seen) = registry
            .requests()
            .into_iter()
            .find(|seen| seen.resource == Resource::Manifest)
        {
            break seen;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!((waiting.reference.as_str(), waiting.status), ("v1", None));
    assert!(!asked.is_finished());
    registry.stop().unwrap();
    assert!(asked.await.unwrap().is_err());
}

#[tokio::test]
async fn stopped_registry_refuses_and_restarted_one_remembers() {
    let registry = Registry::start().unwrap();
    let pushed = registry.push_image(REPOSITORY, "v1", "one").unwrap();
    let address = registry.host().to_owned();
    registry.stop().unwrap();
    registry.stop().unwrap();
    let refused = std::net::TcpStream::connect(&address).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    let error = digest(&registry, "v1").await.unwrap_err();
    assert!(error.contains("error sending request for url"), "{error}");
    registry.restart().unwrap();
    assert_eq!(registry.host(), address);
    assert_eq!(digest(&registry, "v1").await.unwrap(), pushed);
    registry.restart().unwrap();
    assert_eq!(digest(&registry, "v1").await.unwrap(), pushed);
}

#[test]
fn requests_are_counted() {
    let registry = Registry::start().unwrap();
    registry.push_image(REPOSITORY, "v1", "one").unwrap();
    assert!(
        registry.count(|seen| seen.method == "PUT" && seen.resource == Resource::Manifest) == 1
    );
    registry.forget_requests();
    registry.manifest(REPOSITORY, "v1").unwrap();
    registry.manifest("acme/web", "v1").unwrap();
    assert_eq!(
        registry.count(|seen| seen.is_read() && seen.repository == REPOSITORY),
        1
    );
    assert_eq!(registry.count(|seen| seen.status == Some(404)), 1);
    assert_eq!(registry.requests().len(), 2);
}

#[rstest]
#[case(b"".as_slice())]
#[case(b"not json")]
#[case(b"{\"schemaVersion\":1}")]
fn stores_what_no_registry_should(#[case] bytes: &[u8]) {
    let registry = Registry::start().unwrap();
    let pushed = registry
        .push_manifest(REPOSITORY, "v1", bytes, IMAGE_MANIFEST_MEDIA_TYPE)
        .unwrap();
    assert_eq!(pushed, digest_of(bytes));
    assert_eq!(registry.manifest(REPOSITORY, "v1").unwrap().unwrap(), bytes);
}

#[tokio::test]
async fn bundles_are_found_by_the_fallback_tag() {
    let registry = Registry::start().unwrap();
    let sigstore = continuity_testkit::PrivateSigstore::new().unwrap();
    let key = continuity_testkit::SigningKey::generate(continuity_testkit::KeyKind::P256).unwrap();
    let image = registry.push_image(REPOSITORY, "v1", "one").unwrap();
    let at = "2026-01-05T12:00:00Z".parse().unwrap();
    let bundle = Bundle::by_key(&key, &image, SIGN_PREDICATE, sigstore.log(), at).unwrap();
    let referrers = registry
        .push_bundles(REPOSITORY, &image, &[bundle])
        .unwrap();
    let (OciManifest::ImageIndex(index), _) =
        manifest(&registry, REPOSITORY, &fallback_tag(&image))
            .await
            .unwrap()
    else {
        panic!("expected an index");
    };
    assert_eq!(index.manifests[0].digest, digest_of(&referrers[0].manifest));
    let (OciManifest::Image(referrer), _) =
        manifest(&registry, REPOSITORY, &index.manifests[0].digest)
            .await
            .unwrap()
    else {
        panic!("expected an image manifest");
    };
    assert_eq!(
        referrer.artifact_type.unwrap(),
        "application/vnd.dev.sigstore.bundle.v0.3+json"
    );
    assert_eq!(referrer.subject.unwrap().digest, image);
}

#[test]
fn lists_referrers_page_by_page_once_that_is_switched_on() {
    use continuity_testkit::sigstore::{Bundle, KeyKind, SIGN_PREDICATE, SigningKey};

    let registry = Registry::start().unwrap();
    let digest = registry.push_image("acme/api", "v1", "seed").unwrap();
    let key = SigningKey::generate(KeyKind::P256).unwrap();
    let at = "2026-01-02T03:04:05Z".parse().unwrap();
    let bundle = || Bundle::unlogged_by_key(&key, &digest, SIGN_PREDICATE, at).unwrap();
    registry
        .push_referrers("acme/api", &digest, &[bundle(), bundle()])
        .unwrap();
    let get = |path: &str| {
        let url = format!("{}/v2/acme/api/{path}", registry.base_url());
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .new_agent();
        let mut response = agent.get(&url).call().unwrap();
        let link = response.headers().get("link").is_some();
        let body = response.body_mut().read_to_string().unwrap();
        (response.status().as_u16(), link, body)
    };
    let page = |number: u8| get(&format!("referrers/{digest}?page={number}"));
    assert_eq!(page(0).0, 404);
    registry.serve_referrers(Some(1));
    let (first, second, third) = (page(0), page(1), page(2));
    assert!(first.1 && !second.1 && !third.1);
    assert!(first.2.contains(SIGN_PREDICATE) && first.2 != second.2);
    assert!(!third.2.contains(SIGN_PREDICATE));
    assert_eq!(get("tags/list").2, r#"{"name":"acme/api","tags":["v1"]}"#);
}

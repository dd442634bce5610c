//! The embedded registry, asked by the client that the policy's hosts use.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod faults;
mod referrers;

use std::sync::LazyLock;

use continuity_testkit::{
    Registry,
    registry::Resource,
    sigstore::{IMAGE_MANIFEST_MEDIA_TYPE, digest_of},
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

//! What refers to an image: by the tag that stands in for the API, and by the API.

use continuity_testkit::{
    KeyKind, PrivateSigstore, Registry, SigningKey,
    sigstore::{Bundle, SIGN_PREDICATE, digest_of, fallback_tag},
};
use oci_client::manifest::OciManifest;

use crate::{REPOSITORY, manifest};

#[tokio::test]
async fn bundles_are_found_by_the_fallback_tag() {
    let registry = Registry::start().unwrap();
    let sigstore = PrivateSigstore::new().unwrap();
    let key = SigningKey::generate(KeyKind::P256).unwrap();
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

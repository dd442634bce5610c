//! Spellings of one repository, and what is none.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use proptest::prelude::*;
use rstest::rstest;

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Each spelling with the repository that it names, and the name that hosts are asked with.
#[rstest]
#[case("nginx", "docker.io/library/nginx", "docker.io/nginx")]
#[case("library/nginx", "docker.io/library/nginx", "docker.io/library/nginx")]
#[case("docker.io/nginx", "docker.io/library/nginx", "docker.io/nginx")]
#[case(
    "index.docker.io/library/nginx",
    "docker.io/library/nginx",
    "docker.io/library/nginx"
)]
#[case(
    "registry-1.docker.io/library/nginx",
    "docker.io/library/nginx",
    "docker.io/library/nginx"
)]
#[case(
    "Docker.IO:443/library/nginx",
    "docker.io/library/nginx",
    "docker.io/library/nginx"
)]
#[case(
    "index.docker.io:80/library/nginx",
    "index.docker.io:80/library/nginx",
    "index.docker.io:80/library/nginx"
)]
#[case("acme/api", "docker.io/acme/api", "docker.io/acme/api")]
#[case("GHCR.io/acme/api", "ghcr.io/acme/api", "ghcr.io/acme/api")]
#[case("ghcr.io:443/acme/api", "ghcr.io/acme/api", "ghcr.io/acme/api")]
#[case("ghcr.io:0443/acme/api", "ghcr.io/acme/api", "ghcr.io/acme/api")]
#[case("GHCR.io:80/acme/api", "ghcr.io:80/acme/api", "ghcr.io:80/acme/api")]
#[case("ghcr.io:0080/acme/api", "ghcr.io:80/acme/api", "ghcr.io:80/acme/api")]
#[case("localhost/api", "localhost/api", "localhost/api")]
#[case("Registry/acme/api", "registry:443/acme/api", "registry:443/acme/api")]
#[case(
    "registry:443/acme/api",
    "registry:443/acme/api",
    "registry:443/acme/api"
)]
#[case("registry:80/acme/api", "registry:80/acme/api", "registry:80/acme/api")]
#[case(
    "registry:5000/acme/api",
    "registry:5000/acme/api",
    "registry:5000/acme/api"
)]
#[case("localhost:5000/a/b/c", "localhost:5000/a/b/c", "localhost:5000/a/b/c")]
#[case("[::1]:5000/api", "[::1]:5000/api", "[::1]:5000/api")]
#[case(
    "quay.io/a/b__c--d.e_f",
    "quay.io/a/b__c--d.e_f",
    "quay.io/a/b__c--d.e_f"
)]
fn normalises_every_spelling(
    #[case] spelled: &str,
    #[case] repository: &str,
    #[case] called: &str,
) {
    for suffix in [
        "",
        ":v1",
        &format!("@sha256:{HEX}"),
        &format!(":v1@sha256:{HEX}"),
    ] {
        let reference: ImageReference = format!("{spelled}{suffix}").parse().unwrap();
        assert_eq!(reference.repository().as_str(), repository);
        assert_eq!(reference.name(), called);
        assert_eq!(reference.spelled(), format!("{spelled}{suffix}"));
    }
}

#[rstest]
#[case("ghcr.io:80/acme/api", Some("ghcr.io/acme/api"))]
#[case("registry:80/acme/api", Some("registry:443/acme/api"))]
#[case("[::1]:80/api", Some("[::1]:443/api"))]
#[case("docker.io:80/nginx", Some("docker.io/library/nginx"))]
#[case(
    "registry-1.docker.io:80/library/nginx",
    Some("docker.io/library/nginx")
)]
#[case("ghcr.io/acme/api", None)]
#[case("ghcr.io:8080/acme/api", None)]
#[case("ghcr.io:180/acme/api", None)]
fn tells_what_a_name_is_without_the_port_of_plain_http(
    #[case] spelled: &str,
    #[case] without: Option<&str>,
) {
    let repository: Repository = spelled.parse().unwrap();
    let without = without.map(|text| text.parse::<Repository>().unwrap());
    assert_eq!(repository.without_port_80(), without);
}

/// What runtimes look for among the images of a node.
#[rstest]
#[case::id(HEX.to_owned())]
#[case::digest(format!("sha256:{HEX}"))]
#[case::other_digest(format!("sha384:{}", "a".repeat(96)))]
#[case::long_digest(format!("sha512:{}", "0".repeat(128)))]
fn ids_of_local_images_are_no_references(#[case] text: String) {
    assert_eq!(
        text.parse::<ImageReference>(),
        Err(ReferenceError::LocalImage)
    );
    assert_eq!(text.parse::<Repository>(), Err(ReferenceError::LocalImage));
}

#[rstest]
#[case::named("docker.io/library/sha256:{HEX}")]
#[case::short("sha256:latest")]
#[case::below("acme/{HEX}")]
#[case::tagged("{HEX}:v1")]
#[case::shorter(&HEX[1..])]
fn what_only_looks_like_an_id_is_a_reference(#[case] text: &str) {
    let text = text.replace("{HEX}", HEX);
    assert!(text.parse::<ImageReference>().is_ok(), "{text}");
}

#[rstest]
#[case::sha512(format!("ghcr.io/acme/api@sha512:{}", "a".repeat(128)))]
#[case::sha384(format!("ghcr.io/acme/api:v1@sha384:{}", "a".repeat(96)))]
#[case::unknown(format!("ghcr.io/acme/api@blake3:{HEX}"))]
#[case::upper_case(format!("ghcr.io/acme/api@sha256:{}", HEX.to_uppercase()))]
fn digests_of_another_kind_are_unreadable(#[case] text: String) {
    assert!(matches!(
        text.parse::<ImageReference>(),
        Err(ReferenceError::Digest(_))
    ));
}

#[rstest]
#[case::empty("")]
#[case::blank(" \n")]
#[case::space(" nginx")]
#[case::inner_space("ng inx")]
#[case::newline("nginx\n")]
#[case::upper_path("ghcr.io/Acme/api")]
#[case::trailing_dot("ghcr.io./acme/api")]
#[case::trailing_slash("ghcr.io/acme/")]
#[case::double_slash("ghcr.io//api")]
#[case::empty_tag("nginx:")]
#[case::odd_tag("nginx:v1/2:x y")]
#[case::bad_port("ghcr.io:99999/acme/api")]
#[case::port_sign("ghcr.io:+443/acme/api")]
#[case::short_digest("nginx@sha256:abc")]
#[case::two_digests("nginx@sha256:abc@sha256:abc")]
#[case::scheme("https://ghcr.io/acme/api")]
#[case::traversal("ghcr.io/../api")]
#[case::bidi("ghcr.io/acme\u{202e}/api")]
#[case::userinfo("user@ghcr.io/acme/api")]
fn rejects_what_is_no_reference(#[case] text: &str) {
    assert!(text.parse::<ImageReference>().is_err(), "{text}");
}

#[test]
fn rejects_a_tag_where_a_repository_belongs() {
    assert_eq!(
        "nginx:v1".parse::<Repository>(),
        Err(ReferenceError::NotARepository)
    );
}

#[test]
fn keeps_tag_and_digest_at_a_mirror() {
    let reference: ImageReference = format!("nginx:1.27@sha256:{HEX}").parse().unwrap();
    assert_eq!(reference.tag(), Some("1.27"));
    assert_eq!(
        reference.at("mirror.example/hub/library/nginx"),
        format!("mirror.example/hub/library/nginx:1.27@sha256:{HEX}")
    );
}

#[test]
fn knows_docker_hubs_names_in_payloads() {
    let hub: Repository = "nginx".parse().unwrap();
    assert!(
        hub.payload_names()
            .contains(&"index.docker.io/library/nginx".to_owned())
    );
    let other: Repository = "ghcr.io/acme/api".parse().unwrap();
    assert_eq!(other.payload_names(), ["ghcr.io/acme/api"]);
}

proptest! {
    #[test]
    fn never_panics(text in any::<String>()) {
        let _ = text.parse::<ImageReference>();
    }

    #[test]
    fn normal_form_is_stable(text in "([a-zA-Z0-9.-]{1,12}(:(443|80|[0-9]{1,4}))?/)?[a-z0-9._/-]{1,20}") {
        if let Ok(reference) = text.parse::<ImageReference>() {
            let again: Repository = reference.repository().as_str().parse().unwrap();
            prop_assert_eq!(&again, reference.repository());
        }
    }
}

//! Spellings of one repository, and what is none.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use proptest::prelude::*;
use rstest::rstest;

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[rstest]
#[case("nginx", "docker.io/library/nginx")]
#[case("library/nginx", "docker.io/library/nginx")]
#[case("docker.io/nginx", "docker.io/library/nginx")]
#[case("index.docker.io/library/nginx", "docker.io/library/nginx")]
#[case("registry-1.docker.io/library/nginx", "docker.io/library/nginx")]
#[case("Docker.IO:443/library/nginx", "docker.io/library/nginx")]
#[case("acme/api", "docker.io/acme/api")]
#[case("GHCR.io/acme/api", "ghcr.io/acme/api")]
#[case("ghcr.io:443/acme/api", "ghcr.io/acme/api")]
#[case("ghcr.io:0443/acme/api", "ghcr.io/acme/api")]
#[case("ghcr.io:80/acme/api", "ghcr.io/acme/api")]
#[case("localhost/api", "localhost/api")]
#[case("Registry/acme/api", "registry:443/acme/api")]
#[case("registry:443/acme/api", "registry:443/acme/api")]
#[case("registry:80/acme/api", "registry:443/acme/api")]
#[case("registry:5000/acme/api", "registry:5000/acme/api")]
#[case("localhost:5000/a/b/c", "localhost:5000/a/b/c")]
#[case("[::1]:5000/api", "[::1]:5000/api")]
#[case("quay.io/a/b__c--d.e_f", "quay.io/a/b__c--d.e_f")]
fn normalises_every_spelling(#[case] spelled: &str, #[case] repository: &str) {
    for suffix in [
        "",
        ":v1",
        &format!("@sha256:{HEX}"),
        &format!(":v1@sha256:{HEX}"),
    ] {
        let reference: ImageReference = format!("{spelled}{suffix}").parse().unwrap();
        assert_eq!(reference.repository().as_str(), repository);
        assert_eq!(reference.name(), spelled);
        assert_eq!(reference.spelled(), format!("{spelled}{suffix}"));
    }
}

#[rstest]
#[case::empty("")]
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

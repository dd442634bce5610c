//! Why a registry was not reached: in one clause, beside what was seen of each image.

use std::time::Duration;

use continuity_cli::observation::{NativeObserver, Note, ObservedImage};
use continuity_registry::{Credentials, RequestLimits, Sources, TrustSource};
use continuity_testkit::registry::{Fault, Registry};
use continuity_testkit::sigstore::PrivateSigstore;
use rstest::rstest;
use signature_continuity::baseline::Lookup;
use signature_continuity::host_error::Outage;
use signature_continuity::posture::Cause;
use signature_continuity::settings::Settings;

use super::{limits, now};

fn see(image: &str, sources: Sources) -> ObservedImage {
    let sigstore = PrivateSigstore::new().unwrap();
    let trust = TrustSource::parse(sigstore.trusted_root_json().as_bytes()).unwrap();
    let limits = RequestLimits {
        request: Duration::from_millis(1500),
        ..limits()
    };
    let credentials = Credentials::from_file("/nowhere");
    let observer = NativeObserver::start(sources, credentials, &trust, limits).unwrap();
    let settings = Settings::parse(b"{}").unwrap();
    observer
        .observe(&image.parse().unwrap(), &settings, &Lookup::Absent, now())
        .unwrap()
}

fn is_said(seen: &ObservedImage, cause: &str) {
    let unreachable = Some((Cause::Outage, Some(Outage::Unreachable)));
    assert_eq!(seen.observation.unknown, unreachable);
    assert_eq!(seen.notes, [Note::NotReached(cause.to_owned())]);
    assert!(seen.notes[0].to_string().ends_with(cause));
}

#[rstest]
// Nobody listens on port 1.
#[case::refused("127.0.0.1:1/acme/api:v1", "connection refused")]
#[case::dns("registry.invalid/acme/api:v1", "its name cannot be looked up (DNS)")]
fn a_registry_that_is_not_there(#[case] image: &str, #[case] cause: &str) {
    is_said(&see(image, Sources::default()), cause);
}

#[test]
fn a_registry_without_tls_that_is_not_listed_as_such() {
    let registry = Registry::start().unwrap();
    let seen = see(&registry.image("acme/api", "v1"), Sources::default());
    is_said(&seen, "plain HTTP answered where TLS was expected");
}

#[test]
fn a_registry_that_does_not_answer_in_time() {
    let registry = Registry::start().unwrap();
    registry.fault_everywhere(Fault::Hang(Duration::from_secs(60)));
    let seen = see(
        &registry.image("acme/api", "v1"),
        Sources::insecure([registry.host()]),
    );
    is_said(&seen, "no answer in time");
}

/// What is answered is answered: why an earlier question was not is not said of it.
#[test]
fn a_registry_that_refuses_was_reached() {
    let registry = Registry::start().unwrap();
    registry.fault_everywhere(Fault::Denied);
    let seen = see(
        &registry.image("acme/api", "v1"),
        Sources::insecure([registry.host()]),
    );
    assert_eq!(seen.notes, []);
}

//! Faults, as clients read them.

use std::{sync::Arc, time::Duration};

use continuity_testkit::{Absence, Fault, FaultRule, Registry, registry::Resource};

use crate::{REPOSITORY, digest, manifest};

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
async fn a_tag_means_what_a_fault_says() {
    let registry = Registry::start().unwrap();
    let pushed = registry.push_image(REPOSITORY, "v1", "one").unwrap();
    let sha512 = format!("sha512:{}", "a".repeat(128));
    let fault = Fault::Means(sha512.clone());
    registry.fault(FaultRule::new(REPOSITORY, "v1", fault));
    assert_eq!(digest(&registry, "v1").await, Ok(sha512));
    assert!(manifest(&registry, REPOSITORY, &pushed).await.is_ok());
}

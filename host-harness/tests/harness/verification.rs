//! Verification of signatures and certificates, with a registry and a Sigstore made on the spot.

use chrono::{DateTime, Duration, Utc};
use continuity_registry::TrustSource;
use continuity_testkit::registry::Registry;
use continuity_testkit::sigstore::{Identity, PrivateSigstore};
use host_harness::capabilities::{
    Capabilities as _, HostError, HostGeneration, HostOptions, HostRequest, LiveCapabilities,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::hosts::{by_certificate, options_for};

/// A registry with one image, a Sigstore, and a host that trusts it.
struct Lab {
    registry: Registry,
    sigstore: PrivateSigstore,
    host: LiveCapabilities,
    image: String,
    digest: String,
    repository: String,
}

/// Long past, so that certificates have expired since; yet within the authority's validity.
fn signing_time() -> DateTime<Utc> {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

fn lab(name: &str, generation: HostGeneration) -> Lab {
    let registry = Registry::start().unwrap();
    let sigstore = PrivateSigstore::new().unwrap();
    let digest = registry.push_image(name, "v1", "seed").unwrap();
    let host = options_for(registry.host())
        .generation(generation)
        .trust(TrustSource::parse(sigstore.trusted_root_json().as_bytes()).unwrap())
        .without_caches()
        .start()
        .unwrap();
    Lab {
        image: registry.image(name, &digest),
        repository: registry.name(name),
        registry,
        sigstore,
        host,
        digest,
    }
}

fn answer(host: &LiveCapabilities, request: &HostRequest) -> Result<Value, String> {
    match host.answer(request) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap()),
        Err(HostError::Failed(failure)) => Err(failure.message),
        Err(refused @ HostError::Refused(_)) => Err(refused.to_string()),
    }
}

#[rstest]
fn verifies_keyless_signatures_by_certificate_and_by_subject(
    #[values(HostGeneration::Kubewarden135, HostGeneration::Kubewarden136)]
    generation: HostGeneration,
) {
    let lab = lab("acme/keyless", generation);
    let identity = Identity::github("acme/api", "release.yml", "refs/tags/v1.2.3");
    let signature = lab
        .sigstore
        .sign(&identity, &lab.repository, &lab.digest, signing_time())
        .unwrap();
    lab.registry
        .push_signature("acme/keyless", &lab.digest, &[signature.layer().unwrap()])
        .unwrap();
    let trusted = json!({"is_trusted": true, "digest": lab.digest});
    let leaf = signature.certificate.clone().unwrap();
    assert_eq!(
        answer(&lab.host, &by_certificate(&lab.image, &leaf)),
        Ok(trusted.clone())
    );

    let keyless = |issuer: &str, subject: &str| HostRequest::SigstoreKeylessVerify {
        image: lab.image.clone(),
        keyless: vec![
            serde_json::from_value(json!({"issuer": issuer, "subject": subject})).unwrap(),
        ],
        annotations: None,
    };
    let issuer = "https://token.actions.githubusercontent.com";
    assert_eq!(
        answer(&lab.host, &keyless(issuer, identity.subject().unwrap())),
        Ok(trusted.clone())
    );
    let text = answer(&lab.host, &keyless("https://i.example", "somebody")).unwrap_err();
    assert_eq!(
        text,
        "Image verification failed: missing signatures\nThe following constraints were not satisfied:\n\
         kind: genericIssuer\nissuer: https://i.example\nsubject: !equal somebody\nannotations: null\n"
    );

    let prefix = |url_prefix: &str| HostRequest::SigstoreKeylessPrefixVerify {
        image: lab.image.clone(),
        keyless_prefix: vec![
            serde_json::from_value(json!({"issuer": issuer, "url_prefix": url_prefix})).unwrap(),
        ],
        annotations: None,
    };
    assert_eq!(
        answer(&lab.host, &prefix("https://github.com/acme")),
        Ok(trusted.clone())
    );
    assert!(answer(&lab.host, &prefix("https://github.com/acm")).is_err());

    let owner = |owner: &str, repo: Option<&str>| HostRequest::SigstoreGithubActionsVerify {
        image: lab.image.clone(),
        owner: owner.to_owned(),
        repo: repo.map(str::to_owned),
        annotations: None,
    };
    assert_eq!(answer(&lab.host, &owner("acme", None)), Ok(trusted.clone()));
    assert_eq!(answer(&lab.host, &owner("acme", Some("api"))), Ok(trusted));
    assert!(answer(&lab.host, &owner("acme", Some("web"))).is_err());
}

#[test]
fn trusts_certificates_by_their_chain_at_the_given_time() {
    let sigstore = PrivateSigstore::new().unwrap();
    let leaf = sigstore
        .issue(&Identity::google("dev@acme.example"), signing_time())
        .unwrap();
    let authority = sigstore.authority();
    let der = |data: &[u8]| json!({"encoding": "Der", "data": data});
    let chain = json!([der(authority.intermediate()), der(authority.root())]);
    let host = HostOptions::new().start().unwrap();
    let ask = |chain: &Value, at: Option<DateTime<Utc>>| {
        let request = json!({
            "cert": {"encoding": "Pem", "data": leaf.pem().as_bytes()},
            "cert_chain": chain,
            "not_after": at.map(|at| at.to_rfc3339()),
        });
        let request = serde_json::from_value(request).unwrap();
        answer(&host, &HostRequest::CryptoIsCertificateTrusted { request })
    };
    let at = Some(leaf.not_before);
    let untrusted = |reason: &str| Ok(json!({"trusted": false, "reason": reason}));
    assert_eq!(ask(&chain, at), Ok(json!({"trusted": true, "reason": ""})));
    assert_eq!(
        ask(&chain, None),
        untrusted("Certificate is being used after its expiration date")
    );
    let before = Some(leaf.not_before - Duration::seconds(1));
    assert_eq!(
        ask(&chain, before),
        untrusted("Certificate is being used before its validity date")
    );
    let other = PrivateSigstore::new().unwrap();
    let others = json!([
        der(other.authority().intermediate()),
        der(other.authority().root())
    ]);
    let foreign = untrusted("Certificate is not trusted by the provided cert chain");
    assert_eq!(ask(&others, at), foreign);
    // The public web's roots, and nobody at all.
    assert_eq!(ask(&Value::Null, at), foreign);
    assert_eq!(ask(&json!([]), at), foreign);
    let broken = json!([{"encoding": "Pem", "data": b"no certificate"}]);
    assert!(
        ask(&broken, at)
            .unwrap_err()
            .starts_with("Certificate PEM data is not valid: ")
    );
}

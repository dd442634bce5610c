//! Verification of signatures and certificates, with a registry and a Sigstore made on the spot.

use chrono::{DateTime, Duration, Utc};
use continuity_registry::{Credentials, Sources, TrustSource};
use continuity_testkit::registry::Registry;
use continuity_testkit::sigstore::{Identity, KeyKind, PrivateSigstore, Signer, SigningKey};
use host_harness::capabilities::{
    Capabilities as _, HostError, HostOptions, HostRequest, LiveCapabilities,
};
use serde_json::{Value, json};

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

fn lab(name: &str) -> Lab {
    let registry = Registry::start().unwrap();
    let sigstore = PrivateSigstore::new().unwrap();
    let digest = registry.push_image(name, "v1", "seed").unwrap();
    let host = HostOptions::new()
        .sources(Sources::insecure([registry.host()]))
        .credentials(Credentials::from_file("/nowhere"))
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

fn by_certificate(image: &str, pem: &str) -> HostRequest {
    HostRequest::SigstoreCertificateVerify {
        image: image.to_owned(),
        certificate: pem.as_bytes().to_vec(),
        certificate_chain: None,
        require_rekor_bundle: true,
        annotations: None,
    }
}

fn by_key(image: &str, pem: &str) -> HostRequest {
    HostRequest::SigstorePubKeyVerify {
        image: image.to_owned(),
        pub_keys: vec![pem.to_owned()],
        annotations: None,
    }
}

#[test]
fn verifies_keyless_signatures_by_certificate_and_by_subject() {
    let lab = lab("acme/keyless");
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
fn tells_certificates_of_other_keys_and_other_times() {
    let lab = lab("acme/other");
    let identity = Identity::google("dev@acme.example");
    let signature = lab
        .sigstore
        .sign(&identity, &lab.repository, &lab.digest, signing_time())
        .unwrap();
    lab.registry
        .push_signature("acme/other", &lab.digest, &[signature.layer().unwrap()])
        .unwrap();
    let expected = "verification failed: Several Signature Layers failed verification";
    let other = lab.sigstore.issue(&identity, signing_time()).unwrap();
    assert_eq!(
        answer(&lab.host, &by_certificate(&lab.image, &other.pem())).unwrap_err(),
        expected
    );
}

#[test]
fn verifies_signatures_by_key() {
    let lab = lab("acme/key");
    let key = SigningKey::generate(KeyKind::P256).unwrap();
    let other = SigningKey::generate(KeyKind::P256).unwrap();
    let signature = Signer::key(&key)
        .logged_in(lab.sigstore.log())
        .sign(&lab.repository, &lab.digest, signing_time())
        .unwrap();
    lab.registry
        .push_signature("acme/key", &lab.digest, &[signature.layer().unwrap()])
        .unwrap();
    let trusted = json!({"is_trusted": true, "digest": lab.digest});
    assert_eq!(
        answer(&lab.host, &by_key(&lab.image, &key.public_key_pem())),
        Ok(trusted)
    );
    for wrong in [other.public_key_pem(), "no key".to_owned()] {
        let text = answer(&lab.host, &by_key(&lab.image, &wrong)).unwrap_err();
        let expected = "Image verification failed: missing signatures\nThe following constraints were not satisfied:\n\
                        kind: pubKey\nowner: null\nkey: ";
        assert!(text.starts_with(expected), "{text}");
    }
}

#[test]
fn tells_images_without_usable_signatures() {
    let lab = lab("acme/none");
    let text = answer(&lab.host, &by_key(&lab.image, "no key")).unwrap_err();
    assert_eq!(
        text,
        format!("no signatures found for image: {} ", lab.image)
    );
    // Signed for another digest: the layer is there, and none is trusted.
    let foreign = format!("sha256:{}", "0".repeat(64));
    let signature = lab
        .sigstore
        .sign(
            &Identity::google("dev@acme.example"),
            &lab.repository,
            &foreign,
            signing_time(),
        )
        .unwrap();
    lab.registry
        .push_signature("acme/none", &lab.digest, &[signature.layer().unwrap()])
        .unwrap();
    let text = answer(&lab.host, &by_key(&lab.image, "no key")).unwrap_err();
    assert_eq!(
        text,
        "failed to get image trusted layers: No Signature Layer passed verification"
    );
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

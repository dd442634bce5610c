//! Certificates of the kit, read and chained by other people's libraries.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use chrono::{DateTime, TimeDelta, Utc};
use continuity_testkit::{
    Identity, KeyKind, PrivateSigstore,
    sigstore::{Leaf, LeafFlaw, LeafRequest, dearmor},
};
use rstest::rstest;
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_cert::{
    Certificate,
    der::{Decode, oid::ObjectIdentifier},
    ext::pkix::{ExtendedKeyUsage, KeyUsage, SubjectAltName, name::GeneralName},
};

const CODE_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 3];

fn noon() -> DateTime<Utc> {
    "2026-11-01T12:00:00Z".parse().unwrap()
}

fn identity() -> Identity {
    Identity::github("acme/api", "release.yml", "refs/tags/v1.2.3")
}

/// Whether the leaf chains to the authority's root at `at`, for code signing.
fn chains(sigstore: &PrivateSigstore, der: &[u8], at: DateTime<Utc>) -> Result<(), webpki::Error> {
    let root = CertificateDer::from(sigstore.authority().root());
    let intermediate = CertificateDer::from(sigstore.authority().intermediate());
    let anchor = webpki::anchor_from_trusted_cert(&root).unwrap();
    let leaf = CertificateDer::from(der);
    let seconds = u64::try_from(at.timestamp()).unwrap();
    webpki::EndEntityCert::try_from(&leaf)?
        .verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &[anchor],
            &[intermediate],
            UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)),
            webpki::KeyUsage::required(CODE_SIGNING),
            None,
            None,
        )
        .map(drop)
}

fn extension(certificate: &Certificate, number: u32) -> Option<Vec<u8>> {
    let identifier = ObjectIdentifier::new(&format!("1.3.6.1.4.1.57264.1.{number}")).unwrap();
    let extensions = certificate.tbs_certificate().extensions()?;
    let own = extensions
        .iter()
        .find(|extension| extension.extn_id == identifier)?;
    Some(own.extn_value.as_bytes().to_vec())
}

fn names(certificate: &Certificate) -> Vec<GeneralName> {
    certificate
        .tbs_certificate()
        .get_extension::<SubjectAltName>()
        .unwrap()
        .map(|(_, names)| names.0)
        .unwrap_or_default()
}

#[rstest]
fn accepts_faultless_leaf_of_every_kind(
    #[values(KeyKind::P256, KeyKind::P384, KeyKind::Ed25519, KeyKind::Rsa2048)] kind: KeyKind,
) {
    let sigstore = PrivateSigstore::new().unwrap();
    let mut request = LeafRequest::new(&identity(), noon());
    request.key_kind = kind;
    let leaf = sigstore.authority().issue(&request).unwrap();
    chains(&sigstore, &leaf.der, leaf.not_before).unwrap();
    chains(&sigstore, &leaf.der, leaf.not_after).unwrap();
    assert!(matches!(
        chains(&sigstore, &leaf.der, leaf.not_after + TimeDelta::seconds(1)),
        Err(webpki::Error::CertExpired { .. })
    ));
    assert!(matches!(
        chains(
            &sigstore,
            &leaf.der,
            leaf.not_before - TimeDelta::seconds(1)
        ),
        Err(webpki::Error::CertNotValidYet { .. })
    ));
    let certificate = Certificate::from_der(&leaf.der).unwrap();
    assert_eq!(der_of_key(&certificate), leaf.key.spki());
}

fn der_of_key(certificate: &Certificate) -> Vec<u8> {
    use x509_cert::der::Encode;
    certificate
        .tbs_certificate()
        .subject_public_key_info()
        .to_der()
        .unwrap()
}

#[test]
fn accepts_what_the_public_authority_writes() {
    let sigstore = PrivateSigstore::new().unwrap();
    let leaf = sigstore.issue(&identity(), noon()).unwrap();
    let certificate = Certificate::from_der(&leaf.der).unwrap();
    let tbs = certificate.tbs_certificate();
    assert!(tbs.subject().is_empty());
    let workflow = "https://github.com/acme/api/.github/workflows/release.yml@refs/tags/v1.2.3";
    let [GeneralName::UniformResourceIdentifier(name)] = &names(&certificate)[..] else {
        panic!("expected one URI");
    };
    assert_eq!(name.as_str(), workflow);
    let (critical, usage) = tbs.get_extension::<KeyUsage>().unwrap().unwrap();
    assert!(critical && usage.digital_signature() && !usage.key_cert_sign());
    let (_, extended) = tbs.get_extension::<ExtendedKeyUsage>().unwrap().unwrap();
    assert_eq!(
        extended.0,
        [ObjectIdentifier::new("1.3.6.1.5.5.7.3.3").unwrap()]
    );
    assert_eq!(
        extension(&certificate, 1).unwrap(),
        b"https://token.actions.githubusercontent.com"
    );
    assert_eq!(
        extension(&certificate, 8).unwrap(),
        b"\x0c\x2bhttps://token.actions.githubusercontent.com"
    );
    assert_eq!(extension(&certificate, 5).unwrap(), b"acme/api");
    assert_eq!(
        extension(&certificate, 9).unwrap()[2..],
        *workflow.as_bytes()
    );
    assert_eq!(
        extension(&certificate, 11).unwrap(),
        b"\x0c\x0dgithub-hosted"
    );
    assert_eq!(
        extension(&certificate, 12).unwrap(),
        b"\x0c\x1bhttps://github.com/acme/api"
    );
    assert_eq!(extension(&certificate, 20).unwrap(), b"\x0c\x04push");
}

#[test]
fn accepts_reusable_workflow_of_another_repository() {
    let sigstore = PrivateSigstore::new().unwrap();
    let identity = Identity::reusable(
        "slsa/gen",
        "build.yml",
        "refs/tags/v2",
        "acme/api",
        "refs/tags/v1",
    );
    let leaf = sigstore.issue(&identity, noon()).unwrap();
    let certificate = Certificate::from_der(&leaf.der).unwrap();
    let builder = "https://github.com/slsa/gen/.github/workflows/build.yml@refs/tags/v2";
    assert_eq!(identity.subject().unwrap(), builder);
    assert_eq!(
        extension(&certificate, 9).unwrap()[2..],
        *builder.as_bytes()
    );
    assert_eq!(
        extension(&certificate, 12).unwrap()[2..],
        *b"https://github.com/acme/api"
    );
    let same_caller = Identity::github("acme/api", "release.yml", "refs/tags/v9");
    let id = |identity: &Identity| {
        identity
            .extensions
            .iter()
            .find(|(number, _)| *number == 15)
            .cloned()
    };
    assert_eq!(id(&identity), id(&same_caller));
    assert_ne!(
        id(&identity),
        id(&Identity::github("acme/web", "release.yml", "refs/tags/v9"))
    );
}

#[test]
fn rejects_leaf_of_another_sigstore() {
    let (own, other) = (
        PrivateSigstore::new().unwrap(),
        PrivateSigstore::new().unwrap(),
    );
    let leaf = other.issue(&identity(), noon()).unwrap();
    assert!(chains(&own, &leaf.der, noon()).is_err());
}

#[test]
fn flawed_leaves_have_their_flaw_and_chain_where_they_say_so() {
    let sigstore = PrivateSigstore::new().unwrap();
    for flaw in LeafFlaw::ALL {
        let leaf = sigstore.issue_flawed(&identity(), noon(), flaw).unwrap();
        let chained = chains(&sigstore, &leaf.der, noon());
        // webpki reads usages and duplicates, and takes no authority for a leaf.
        let refused_for_its_flaw = matches!(
            flaw,
            LeafFlaw::NoCodeSigning | LeafFlaw::CertificateAuthority | LeafFlaw::TwoNameExtensions
        );
        assert_eq!(
            chained.is_ok(),
            flaw.chains() && !refused_for_its_flaw,
            "{flaw:?}: {chained:?}"
        );
        assert!(shows(&leaf, flaw), "{flaw:?}");
    }
    let faultless = sigstore.issue(&identity(), noon()).unwrap();
    for flaw in LeafFlaw::ALL.into_iter().filter(|flaw| flaw.chains()) {
        assert!(
            !shows(&faultless, flaw),
            "{flaw:?} is seen in a faultless leaf"
        );
    }
}

/// Whether the flaw can be seen by reading the certificate.
fn shows(leaf: &Leaf, flaw: LeafFlaw) -> bool {
    let contains = |needle: &[u8]| {
        leaf.der
            .windows(needle.len())
            .any(|window| window == needle)
    };
    let name_extensions = leaf
        .der
        .windows(5)
        .filter(|window| *window == [6, 3, 0x55, 0x1d, 0x11])
        .count();
    let certificate = Certificate::from_der(&leaf.der).unwrap();
    let usage = || {
        certificate
            .tbs_certificate()
            .get_extension::<KeyUsage>()
            .unwrap()
    };
    match flaw {
        LeafFlaw::NoDigitalSignature => {
            usage().is_some_and(|(_, usage)| !usage.digital_signature())
        }
        LeafFlaw::NoKeyUsage => usage().is_none(),
        LeafFlaw::NoCodeSigning => !contains(CODE_SIGNING),
        LeafFlaw::CertificateAuthority => contains(&[
            6, 3, 0x55, 0x1d, 0x13, 1, 1, 0xff, 4, 5, 0x30, 3, 1, 1, 0xff,
        ]),
        LeafFlaw::TwoNames => names(&certificate).len() == 2,
        LeafFlaw::TwoNameExtensions => name_extensions == 2,
        LeafFlaw::DnsName => matches!(names(&certificate)[..], [GeneralName::DnsName(_)]),
        LeafFlaw::NoName => name_extensions == 0,
        LeafFlaw::EmptyNames => name_extensions == 1 && names(&certificate).is_empty(),
        LeafFlaw::ControlCharacters => contains(b"\r\n\x1b[2J\0"),
        LeafFlaw::BidiOverride => contains("\u{202e}".as_bytes()),
        LeafFlaw::VeryLongName => leaf.der.len() > 20_000,
        LeafFlaw::DisagreeingIssuers => contains(b"https://issuer.example"),
        LeafFlaw::NoIssuer => {
            extension(&certificate, 1).is_none() && extension(&certificate, 8).is_none()
        }
        LeafFlaw::GarbledIssuer => {
            extension(&certificate, 8).is_some_and(|content| content == [0x0c, 0x7f, 0xff])
        }
        LeafFlaw::SelfSigned | LeafFlaw::OtherAuthority => true,
    }
}

#[test]
fn writes_certificates_as_pem_of_one_block() {
    let sigstore = PrivateSigstore::new().unwrap();
    let leaf = sigstore.issue(&identity(), noon()).unwrap();
    let pem = leaf.pem();
    assert!(
        pem.starts_with("-----BEGIN CERTIFICATE-----\n")
            && pem.ends_with("\n-----END CERTIFICATE-----\n")
    );
    assert!(!pem.contains('\r') && pem.lines().all(|line| line.len() <= 64));
    assert_eq!(dearmor(&pem).unwrap(), leaf.der);
    assert_eq!(
        dearmor(&leaf.pem_with_trailing(&[5, 0])).unwrap(),
        [leaf.der, vec![5, 0]].concat()
    );
}

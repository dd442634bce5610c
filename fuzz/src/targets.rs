// One function for each fuzz target, of the target's name. Each says whether the input was taken for what it should be.

use kubewarden_policy_sdk::request::KubernetesAdmissionRequest;
use signature_continuity::baseline::{Baseline, ConfigMapData, Lookup};
use signature_continuity::bundles::{MOST_LOOKED_AT, Referrers, referred_manifest};
use signature_continuity::certificate::Leaf;
use signature_continuity::claims::{Claims, MOST_LAYERS};
use signature_continuity::host_error::{self, HostError};
use signature_continuity::log_entry::LogEntry;
use signature_continuity::posture::Rank;
use signature_continuity::public_key::PublicKey;
use signature_continuity::reference::{ImageReference, Repository};
use signature_continuity::request::look;
use signature_continuity::settings::Settings;

type Target = fn(&[u8]) -> bool;

/// All of them, by name.
pub const TARGETS: [(&str, Target); 15] = [
    ("reference", reference),
    ("manifest", manifest),
    ("bundles", bundles),
    ("certificate", certificate),
    ("certificate_annotation", certificate_annotation),
    ("public_key", public_key),
    ("pem", pem),
    ("log_entry", log_entry),
    ("baseline", baseline),
    ("request", request),
    ("review", review),
    ("settings", settings),
    ("registry_error", registry_error),
    ("verification_error", verification_error),
    ("resource_error", resource_error),
];

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// An image reference, as a pod spells it.
pub fn reference(data: &[u8]) -> bool {
    let Some(reference) = text(data).and_then(|text| text.parse::<ImageReference>().ok()) else {
        return false;
    };
    let repository = reference.repository();
    // Normalised is normalised: a second time changes nothing.
    let again: Repository = repository.as_str().parse().expect("a repository");
    assert_eq!(&again, repository);
    assert_eq!(
        format!("{}/{}", repository.registry(), repository.path()),
        repository.as_str()
    );
    // A baseline's key is plain: nothing in it needs escaping anywhere.
    assert!(repository.as_str().bytes().all(|b| b.is_ascii_graphic()));
    // What host calls name is the same image.
    let named: ImageReference = reference.at(reference.name()).parse().expect("a reference");
    assert_eq!(named.repository(), repository);
    assert_eq!(named.tag(), reference.tag());
    assert_eq!(named.digest(), reference.digest());
    true
}

/// The manifest under a `.sig` tag.
pub fn manifest(data: &[u8]) -> bool {
    let Ok(claims) = Claims::from_manifest(data) else {
        return false;
    };
    assert!((1..=MOST_LAYERS).contains(&claims.layers().len()));
    for layer in claims.layers() {
        // Only what carries an entry that was read has one of its own.
        assert!(layer.own_entry().is_none() || matches!(layer.entry, Some(Ok(_))));
        if let Some(leaf) = layer.leaf() {
            assert!(certificate(leaf.der()));
        }
    }
    true
}

/// The index under the fallback tag of bundles, and the manifests that it names.
pub fn bundles(data: &[u8]) -> bool {
    let _ = referred_manifest(data);
    let Some(referrers) = Referrers::from_index(data) else {
        return false;
    };
    assert!(referrers.unsaid.len() <= MOST_LOOKED_AT);
    !referrers.more && !referrers.unreadable
}

/// A certificate as DER.
pub fn certificate(data: &[u8]) -> bool {
    let Ok(leaf) = Leaf::from_der(data.to_vec()) else {
        return false;
    };
    assert_eq!(leaf.der(), data);
    let again = Leaf::from_annotation(&leaf.pem()).expect("our own encoding");
    assert_eq!(again, leaf);
    assert!(!leaf.san().is_empty() && !leaf.san().chars().any(char::is_control));
    assert!(!leaf.issuer().chars().any(char::is_control));
    true
}

/// The certificate annotation of a signature's layer.
pub fn certificate_annotation(data: &[u8]) -> bool {
    text(data)
        .and_then(|text| Leaf::from_annotation(text).ok())
        .is_some_and(|leaf| certificate(leaf.der()))
}

/// A public key, as PEM or DER.
pub fn public_key(data: &[u8]) -> bool {
    let pem = text(data).and_then(|text| PublicKey::from_pem(text).ok());
    let Some(key) = pem.or_else(|| PublicKey::from_der(data).ok()) else {
        return false;
    };
    // Encoded anew it is the same key, by every name.
    let again = PublicKey::from_pem(&key.pem()).expect("our own encoding");
    assert!(again == key);
    assert_eq!(again.sha256(), key.sha256());
    true
}

/// PEM.
pub fn pem(data: &[u8]) -> bool {
    use signature_continuity::pem::{decode, encode};
    const TAG: &str = "CERTIFICATE";
    let Some(text) = text(data) else { return false };
    let Ok(bytes) = decode(TAG, text) else {
        return false;
    };
    assert_eq!(text.matches("-----BEGIN").count(), 1);
    assert_eq!(decode(TAG, &encode(TAG, &bytes)).as_ref(), Ok(&bytes));
    true
}

/// The bundle annotation of a signature's layer.
pub fn log_entry(data: &[u8]) -> bool {
    text(data).is_some_and(|text| LogEntry::from_annotation(text).is_ok())
}

/// A stored baseline.
pub fn baseline(data: &[u8]) -> bool {
    let Some(json) = text(data) else { return false };
    let repository: Repository = "ghcr.io/acme/api".parse().expect("a repository");
    let parsed = Baseline::from_json(json, &repository);
    let map = ConfigMapData {
        labels: [(
            "signature-continuity/baseline".to_owned(),
            "true".to_owned(),
        )]
        .into(),
        data: [
            ("repository".to_owned(), repository.to_string()),
            ("baseline.json".to_owned(), json.to_owned()),
        ]
        .into(),
    };
    // Unreadable is never the same as not there: a lost memory is no fresh start.
    let found = Lookup::of_config_map(&map, &repository);
    assert!(!matches!(found, Lookup::Absent));
    assert_eq!(found.baseline(), parsed.as_ref().ok());
    let Ok(parsed) = parsed else { return false };
    // Without signers only what was looked at and never signed.
    assert!(parsed.is_signed() || (parsed.rank == Rank::Unsigned && parsed.established.is_none()));
    let written = serde_json::to_string(&parsed).expect("a baseline is JSON");
    let again = Baseline::from_json(&written, &repository).expect("our own writing");
    assert_eq!(again, parsed);
    true
}

/// An admission request's images.
pub fn request(data: &[u8]) -> bool {
    serde_json::from_slice::<KubernetesAdmissionRequest>(data)
        .is_ok_and(|request| look(&request).is_ok())
}

/// Any object at all, in place of each kind that is looked at.
pub fn review(data: &[u8]) -> bool {
    let Ok(object) = serde_json::from_slice::<serde_json::Value>(data) else {
        return false;
    };
    let mut looked = false;
    for kind in [
        "Pod",
        "ReplicationController",
        "Deployment",
        "ReplicaSet",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "CronJob",
    ] {
        for operation in ["CREATE", "UPDATE"] {
            let mut request = KubernetesAdmissionRequest {
                operation: operation.to_owned(),
                object: object.clone(),
                old_object: object.clone(),
                ..KubernetesAdmissionRequest::default()
            };
            request.kind.kind = kind.to_owned();
            looked |= look(&request).is_ok();
        }
    }
    looked
}

/// The policy's settings.
pub fn settings(data: &[u8]) -> bool {
    match Settings::parse(data) {
        Ok(settings) => {
            // Without a chain there would be nothing that a certificate must come from.
            assert!(!settings.certificate_chains().is_empty());
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

/// What a host says of a registry's answer; taken for "absent" or not.
pub fn registry_error(data: &[u8]) -> bool {
    let Some(text) = text(data) else { return false };
    let tag = "sha256-00.sig";
    let known = host_error::of_registry(
        text,
        &host_error::Asked {
            name: "ghcr.io/acme/api",
            reference: tag,
        },
        &[],
    );
    let told = host_error::of_registry(
        text,
        &host_error::Asked {
            name: "ghcr.io/acme/api",
            reference: tag,
        },
        &["gone for good".to_owned()],
    );
    // Further words for "absent" can lead to "absent" and to nothing else.
    assert!(known == told || told == HostError::Absent);
    // "Absent" is said in a known form, never in free text.
    let formed = ["OCI API error: ", "OCI API errors: []", "Server error: "]
        .iter()
        .any(|form| text.contains(form));
    assert!(known != HostError::Absent || formed);
    known == HostError::Absent
}

/// What a host says of a verification; taken for a "no" or not.
pub fn verification_error(data: &[u8]) -> bool {
    let Some(text) = text(data) else { return false };
    // Once signature data was served, no error text takes that back.
    let error = host_error::of_verification(text);
    assert_ne!(error, HostError::Absent);
    assert_ne!(host_error::of_certificate(text), HostError::Absent);
    error == HostError::Negative
}

/// What a host says of the cluster's answer; taken for "absent" or not.
pub fn resource_error(data: &[u8]) -> bool {
    let Some(text) = text(data) else { return false };
    let absent = host_error::of_resource(text, "continuity-00", "ns") == HostError::Absent;
    assert!(!absent || text.contains("continuity-00"));
    absent
}

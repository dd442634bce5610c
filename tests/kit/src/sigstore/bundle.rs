//! cosign 3's signatures: a bundle, as the only layer of a manifest that refers to the image, listed by
//! the fallback index of registries without the referrers API.
//!
//! Invariant: manifest and index have the fields that cosign 3 writes. The bundle carries the certificate
//! or key hint, a DSSE envelope over an in-toto statement, and the log's promise. It has no inclusion
//! proof, without which no verifier takes it: it stands for bundles that cannot be verified here.

use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Descriptor, EntryBody, IMAGE_MANIFEST_MEDIA_TYPE, Leaf, SigningKey, TransparencyLog, armor,
};

/// The media type of bundles, and the artifact type of their manifests.
pub const BUNDLE_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// The media type of the empty configuration, and the artifact type in the fallback index.
pub const EMPTY_MEDIA_TYPE: &str = "application/vnd.oci.empty.v1+json";
/// The predicate of bundles that are signatures; others are attestations.
pub const SIGN_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";
const INDEX_MEDIA_TYPE: &str = "application/vnd.oci.image.index.v1+json";
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A bundle and what is needed to refer to an image with it.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The bundle's JSON.
    pub bytes: Vec<u8>,
    /// What it states.
    pub predicate_type: String,
    /// When it was made.
    pub at: DateTime<Utc>,
}

impl Bundle {
    /// A keyless bundle over `digest`.
    ///
    /// # Errors
    /// When the signature or the entry cannot be made.
    pub fn by_leaf(
        leaf: &Leaf,
        digest: &str,
        predicate: &str,
        log: &TransparencyLog,
        at: DateTime<Utc>,
    ) -> Result<Self> {
        let material = json!({"certificate": {"rawBytes": STANDARD.encode(&leaf.der)}});
        Self::assemble(&leaf.key, &leaf.pem(), material, digest, predicate, log, at)
    }

    /// A key-based bundle over `digest`.
    ///
    /// # Errors
    /// When the signature or the entry cannot be made.
    pub fn by_key(
        key: &SigningKey,
        digest: &str,
        predicate: &str,
        log: &TransparencyLog,
        at: DateTime<Utc>,
    ) -> Result<Self> {
        let hint = Sha256::digest(key.spki());
        let material = json!({"publicKey": {"hint": STANDARD.encode(hint)}});
        Self::assemble(
            key,
            &armor("PUBLIC KEY", &key.spki()),
            material,
            digest,
            predicate,
            log,
            at,
        )
    }

    fn assemble(
        key: &SigningKey,
        verifier: &str,
        mut material: Value,
        digest: &str,
        predicate: &str,
        log: &TransparencyLog,
        at: DateTime<Utc>,
    ) -> Result<Self> {
        let hash = digest.strip_prefix("sha256:").unwrap_or(digest);
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"digest": {"sha256": hash}}],
            "predicateType": predicate,
            "predicate": {},
        })
        .to_string();
        // DSSE signs its pre-authentication encoding, not the payload itself.
        let signed = format!(
            "DSSEv1 {} {PAYLOAD_TYPE} {} {statement}",
            PAYLOAD_TYPE.len(),
            statement.len()
        );
        let signature = key.sign(signed.as_bytes())?;
        let body = EntryBody::hashedrekord(statement.as_bytes(), &signature, verifier)
            .as_kind("dsse", "0.0.1");
        let entry = log.enter(&body, at)?;
        if let Value::Object(fields) = &mut material {
            fields.insert(
                "tlogEntries".to_owned(),
                json!([{
                    "logIndex": entry.payload.log_index.to_string(),
                    "logId": {"keyId": STANDARD.encode(log.id())},
                    "kindVersion": {"kind": body.kind, "version": body.api_version},
                    "integratedTime": entry.payload.integrated_time.to_string(),
                    "inclusionPromise": {"signedEntryTimestamp": entry.signed_entry_timestamp},
                    "canonicalizedBody": entry.payload.body,
                }]),
            );
        }
        let bundle = json!({
            "mediaType": BUNDLE_MEDIA_TYPE,
            "verificationMaterial": material,
            "dsseEnvelope": {
                "payload": STANDARD.encode(&statement),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"sig": STANDARD.encode(signature)}],
            },
        });
        Ok(Self {
            bytes: bundle.to_string().into_bytes(),
            predicate_type: predicate.to_owned(),
            at,
        })
    }

    /// The manifest that refers to the image with this bundle.
    #[must_use]
    pub fn referrer(&self, subject: &Descriptor) -> Referrer {
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST_MEDIA_TYPE,
            "artifactType": BUNDLE_MEDIA_TYPE,
            "config": Descriptor::of(EMPTY_MEDIA_TYPE, b"{}"),
            "layers": [Descriptor::of(BUNDLE_MEDIA_TYPE, &self.bytes)],
            "subject": subject,
            "annotations": {
                "dev.sigstore.bundle.content": "dsse-envelope",
                "dev.sigstore.bundle.predicateType": self.predicate_type,
                "org.opencontainers.image.created": self.at.to_rfc3339_opts(SecondsFormat::Secs, true),
            },
        });
        Referrer {
            manifest: manifest.to_string().into_bytes(),
            config: b"{}".to_vec(),
            bundle: self.bytes.clone(),
        }
    }
}

/// A manifest that refers to an image, and its blobs.
#[derive(Clone, Debug)]
pub struct Referrer {
    /// The manifest's bytes.
    pub manifest: Vec<u8>,
    /// The empty configuration.
    pub config: Vec<u8>,
    /// The bundle.
    pub bundle: Vec<u8>,
}

/// The index behind the fallback tag `sha256-<hex>`: one descriptor for each referrer, with the artifact
/// type that cosign 3 writes there.
#[must_use]
pub fn bundle_index(referrers: &[Referrer]) -> Vec<u8> {
    let manifests: Vec<Descriptor> = referrers
        .iter()
        .map(|referrer| Descriptor {
            artifact_type: Some(EMPTY_MEDIA_TYPE.to_owned()),
            ..Descriptor::of(IMAGE_MANIFEST_MEDIA_TYPE, &referrer.manifest)
        })
        .collect();
    json!({"schemaVersion": 2, "mediaType": INDEX_MEDIA_TYPE, "manifests": manifests})
        .to_string()
        .into_bytes()
}

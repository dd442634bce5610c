//! cosign 3's signatures: a bundle, as the only layer of a manifest that refers to the image, listed by
//! the fallback index of registries without the referrers API.
//!
//! Invariant: manifest and index have the fields that cosign 3 writes. The bundle carries the certificate
//! or key hint, a DSSE envelope over an in-toto statement, and what the log says: its promise alone, without which and
//! without an inclusion proof no verifier takes it, so that it stands for bundles that cannot be verified here; or
//! promise and proof, as real ones have them; or, for keys, nothing at all.

use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Descriptor, EntryBody, IMAGE_MANIFEST_MEDIA_TYPE, Leaf, SigningKey, TransparencyLog, armor,
    inclusion_proof,
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

/// What the log says in a bundle.
#[derive(Clone, Copy, Debug)]
enum Logged<'a> {
    Promised(&'a TransparencyLog),
    Proven(&'a TransparencyLog),
    Not,
}

/// What a bundle states.
struct Stated<'a> {
    digest: &'a str,
    predicate: &'a str,
    at: DateTime<Utc>,
}

impl Bundle {
    /// A keyless bundle over `digest` with an inclusion proof: verifiers take it.
    ///
    /// # Errors
    /// When the signature or the entry cannot be made.
    pub fn proven_by_leaf(
        leaf: &Leaf,
        digest: &str,
        predicate: &str,
        log: &TransparencyLog,
        at: DateTime<Utc>,
    ) -> Result<Self> {
        let stated = Stated {
            digest,
            predicate,
            at,
        };
        Self::leaf(leaf, &stated, Logged::Proven(log))
    }

    /// A key-based bundle over `digest` with an inclusion proof: verifiers take it.
    ///
    /// # Errors
    /// When the signature or the entry cannot be made.
    pub fn proven_by_key(
        key: &SigningKey,
        digest: &str,
        predicate: &str,
        log: &TransparencyLog,
        at: DateTime<Utc>,
    ) -> Result<Self> {
        let stated = Stated {
            digest,
            predicate,
            at,
        };
        Self::key(key, &stated, Logged::Proven(log))
    }

    /// A key-based bundle over `digest` without a log entry (`--tlog-upload=false`).
    ///
    /// # Errors
    /// When the signature cannot be made.
    pub fn unlogged_by_key(
        key: &SigningKey,
        digest: &str,
        predicate: &str,
        at: DateTime<Utc>,
    ) -> Result<Self> {
        let stated = Stated {
            digest,
            predicate,
            at,
        };
        Self::key(key, &stated, Logged::Not)
    }

    /// A keyless bundle over `digest`, with the log's promise alone.
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
        let stated = Stated {
            digest,
            predicate,
            at,
        };
        Self::leaf(leaf, &stated, Logged::Promised(log))
    }

    /// A key-based bundle over `digest`, with the log's promise alone.
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
        let stated = Stated {
            digest,
            predicate,
            at,
        };
        Self::key(key, &stated, Logged::Promised(log))
    }

    /// The same bundle with its JSON changed.
    ///
    /// # Errors
    /// When the bundle is no JSON.
    pub fn edited(mut self, edit: impl FnOnce(&mut Value)) -> Result<Self> {
        let mut bundle = serde_json::from_slice(&self.bytes)?;
        edit(&mut bundle);
        self.bytes = bundle.to_string().into_bytes();
        Ok(self)
    }

    fn leaf(leaf: &Leaf, stated: &Stated<'_>, logged: Logged<'_>) -> Result<Self> {
        let material = json!({"certificate": {"rawBytes": STANDARD.encode(&leaf.der)}});
        Self::assemble(&leaf.key, &leaf.pem(), material, stated, logged)
    }

    fn key(key: &SigningKey, stated: &Stated<'_>, logged: Logged<'_>) -> Result<Self> {
        let hint = Sha256::digest(key.spki());
        let material = json!({"publicKey": {"hint": STANDARD.encode(hint)}});
        let verifier = armor("PUBLIC KEY", &key.spki());
        Self::assemble(key, &verifier, material, stated, logged)
    }

    fn assemble(
        key: &SigningKey,
        verifier: &str,
        mut material: Value,
        stated: &Stated<'_>,
        logged: Logged<'_>,
    ) -> Result<Self> {
        let Stated {
            digest,
            predicate,
            at,
        } = *stated;
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
        let envelope = json!({
            "payload": STANDARD.encode(&statement),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": STANDARD.encode(&signature)}],
        });
        let body = EntryBody::dsse(
            statement.as_bytes(),
            envelope.to_string().as_bytes(),
            &signature,
            verifier,
        );
        let (log, proven) = match logged {
            Logged::Promised(log) => (Some(log), false),
            Logged::Proven(log) => (Some(log), true),
            Logged::Not => (None, false),
        };
        if let (Some(log), Value::Object(fields)) = (log, &mut material) {
            let entry = log.enter(&body, at)?;
            let mut written = json!({
                "logIndex": entry.payload.log_index.to_string(),
                "logId": {"keyId": STANDARD.encode(log.id())},
                "kindVersion": {"kind": body.kind, "version": body.api_version},
                "integratedTime": entry.payload.integrated_time.to_string(),
                "inclusionPromise": {"signedEntryTimestamp": entry.signed_entry_timestamp},
                "canonicalizedBody": entry.payload.body,
            });
            if let (true, Value::Object(written)) = (proven, &mut written) {
                written.insert("inclusionProof".to_owned(), inclusion_proof(log, &entry)?);
            }
            fields.insert("tlogEntries".to_owned(), Value::Array(vec![written]));
        }
        let bundle = json!({
            "mediaType": BUNDLE_MEDIA_TYPE,
            "verificationMaterial": material,
            "dsseEnvelope": envelope,
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

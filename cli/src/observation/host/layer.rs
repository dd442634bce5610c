//! One signature of a `.sig` manifest, and its proof.
//!
//! Invariant: a layer proves a signer only when the signature is over its payload, and the log entry, where one is
//! needed or there, is its own and carries the log's verified signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use signature_continuity::certificate::Leaf;
use signature_continuity::claims::{Claims, Layer, MOST_LAYERS_LEARNED};
use signature_continuity::digest::Digest;
use signature_continuity::host_error::HostError;
use signature_continuity::log_entry::Verifier as LoggedBy;
use signature_continuity::public_key::PublicKey;
use sigstore_crypto::VerificationKey;
use sigstore_types::{Bundle, DerPublicKey, SignatureBytes};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, Verifier};
use std::collections::BTreeMap;

use super::verdict::Verdict;

const BUNDLE: &str = "dev.sigstore.cosign/bundle";
const BUNDLE_V01: &str = "application/vnd.dev.sigstore.bundle+json;version=0.1";

/// A signature layer, and the text of its log entry.
#[derive(Debug, Clone)]
pub(super) struct SignedLayer {
    pub(super) layer: Layer,
    entry: Option<String>,
}

#[derive(Deserialize)]
struct Manifest {
    layers: Vec<RawLayer>,
}

#[derive(Deserialize)]
struct RawLayer {
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    signed_entry_timestamp: String,
    payload: EntryPayload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryPayload {
    body: String,
    integrated_time: i64,
    log_index: i64,
    #[serde(rename = "logID")]
    log_id: String,
}

impl SignedLayer {
    /// All layers of a manifest that is within the bounds of the policy.
    pub(super) fn all(manifest: &[u8]) -> Result<Vec<Self>, HostError> {
        let claims =
            Claims::of_at_most(MOST_LAYERS_LEARNED, manifest).map_err(|_| HostError::Unusable)?;
        let raw: Manifest = serde_json::from_slice(manifest).map_err(|_| HostError::Unusable)?;
        if raw.layers.len() != claims.layers().len() {
            return Err(HostError::Unusable);
        }
        let layers = claims.layers().iter().zip(raw.layers);
        Ok(layers
            .map(|(layer, raw)| Self {
                layer: layer.clone(),
                entry: raw.annotations.and_then(|mut a| a.remove(BUNDLE)),
            })
            .collect())
    }

    /// Whether only asking with a key can tell whose it is.
    pub(super) fn is_nameless(&self) -> bool {
        self.layer.certificate.is_none() && self.entry.is_none()
    }

    /// What tells it from other layers.
    pub(super) fn own(&self) -> Option<(Digest, Vec<u8>)> {
        let signature = self.layer.signature.as_ref().ok()?;
        Some((self.layer.digest.clone(), signature.clone()))
    }

    /// That the leaf's key signed the payload while the leaf was valid, by the log's word; when, in seconds.
    pub(super) fn by_certificate(
        &self,
        verifier: &Verifier,
        leaf: &Leaf,
        payload: &[u8],
    ) -> Result<i64, HostError> {
        let certificate = STANDARD.encode(leaf.der());
        let material =
            json!({"x509CertificateChain": {"certificates": [{"rawBytes": certificate}]}});
        let bundle = self.bundle(material)?;
        let policy = VerificationPolicy::any_identity().skip_sct();
        let result = verifier
            .verify(payload, &bundle, &policy)
            .map_err(|error| Verdict::of(&error).for_layer())?;
        let complete = result.certificate_verified() && result.tlog_verified();
        let logged = result.integrated_time().map(|time| time.as_second());
        match logged.filter(|time| complete && leaf.valid_at(*time)) {
            Some(time) => Ok(time),
            None => Err(HostError::Negative),
        }
    }

    /// That the key signed the payload; when the log took it in, where it did.
    pub(super) fn by_key(
        &self,
        verifier: Option<&Verifier>,
        key: &PublicKey,
        payload: &[u8],
    ) -> Result<Option<i64>, HostError> {
        let asked = key.clone();
        let key = DerPublicKey::from_pem(&key.pem()).map_err(|_| HostError::Unusable)?;
        if self.entry.is_none() {
            let signature = self
                .layer
                .signature
                .clone()
                .map_err(|_| HostError::Unusable)?;
            return VerificationKey::from_spki(&key)
                .map_err(|_| HostError::Unusable)?
                .verify(payload, &SignatureBytes::new(signature))
                .map(|()| None)
                .map_err(|_| HostError::Negative);
        }
        let verifier = verifier.ok_or(HostError::Negative)?;
        let bundle = self.bundle(json!({"publicKey": {"hint": ""}}))?;
        let result = verifier
            .verify(payload, &bundle, &PublicKeyVerificationPolicy::new(key))
            .map_err(
                |error| match (Verdict::of(&error), self.layer.own_entry()) {
                    // The same key in another encoding, which the library takes for another key.
                    (Verdict::OtherEntry, Some((_, LoggedBy::Key(logged)))) if *logged == asked => {
                        HostError::Negative
                    }
                    (verdict, _) => verdict.for_layer(),
                },
            )?;
        match result.integrated_time().filter(|_| result.tlog_verified()) {
            Some(time) => Ok(Some(time.as_second())),
            None => Err(HostError::Negative),
        }
    }

    /// The layer as a bundle of the oldest version, which has the log's promise alone. The digest of the signature is
    /// left to the kind of key.
    fn bundle(&self, mut material: Value) -> Result<Bundle, HostError> {
        let unusable = |_| HostError::Unusable;
        let signature = self
            .layer
            .signature
            .as_ref()
            .map_err(|_| HostError::Unusable)?;
        let text = self.entry.as_ref().ok_or(HostError::Negative)?;
        let entry: Entry = serde_json::from_str(text).map_err(unusable)?;
        if self.layer.own_entry().is_none() {
            return Err(HostError::Negative);
        }
        let Entry {
            signed_entry_timestamp,
            payload,
        } = entry;
        let log_id = hex::decode(&payload.log_id).map_err(|_| HostError::Unusable)?;
        let entry = json!({
            "logIndex": payload.log_index.to_string(),
            "logId": {"keyId": STANDARD.encode(log_id)},
            // The only kind that is a layer's own.
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.1"},
            "integratedTime": payload.integrated_time.to_string(),
            "inclusionPromise": {"signedEntryTimestamp": signed_entry_timestamp},
            "canonicalizedBody": payload.body,
        });
        if let Value::Object(fields) = &mut material {
            fields.insert("tlogEntries".to_owned(), Value::Array(vec![entry]));
        }
        let bundle = json!({
            "mediaType": BUNDLE_V01,
            "verificationMaterial": material,
            "messageSignature": {"signature": STANDARD.encode(signature)},
        });
        Bundle::from_json(&bundle.to_string()).map_err(|_| HostError::Unusable)
    }
}

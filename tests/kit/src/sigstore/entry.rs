//! What a log entry says: the body that the log was given, of the kinds that real logs hold.
//!
//! Invariant: the JSON is canonical (sorted keys, no white space), as the public log writes it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

/// The facts that the kinds of entries have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryBody {
    /// For example `hashedrekord`.
    pub kind: String,
    /// For example `0.0.1`.
    pub api_version: String,
    /// For example `sha256`.
    pub hash_algorithm: String,
    /// Hex.
    pub hash: String,
    /// Hex, of the envelope that the payload is in: only in `dsse`, and there the payload's own where it is not known.
    pub envelope_hash: Option<String>,
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// PEM of a certificate or of a public key.
    pub verifier: String,
}

impl EntryBody {
    /// `hashedrekord` 0.0.1 of `payload`, which is what cosign puts in the log for an image.
    #[must_use]
    pub fn hashedrekord(payload: &[u8], signature: &[u8], verifier: &str) -> Self {
        Self {
            kind: "hashedrekord".to_owned(),
            api_version: "0.0.1".to_owned(),
            hash_algorithm: "sha256".to_owned(),
            hash: hex::encode(Sha256::digest(payload)),
            envelope_hash: None,
            signature: signature.to_vec(),
            verifier: verifier.to_owned(),
        }
    }

    /// `dsse` 0.0.1 of a statement in an envelope, which is what cosign 3 puts in the log.
    #[must_use]
    pub fn dsse(statement: &[u8], envelope: &[u8], signature: &[u8], verifier: &str) -> Self {
        Self {
            envelope_hash: Some(hex::encode(Sha256::digest(envelope))),
            ..Self::hashedrekord(statement, signature, verifier).as_kind("dsse", "0.0.1")
        }
    }

    /// The same facts as an entry of another kind: `dsse` 0.0.1, `intoto` 0.0.2, `hashedrekord` 0.0.2.
    /// Any other pair keeps the layout of `hashedrekord` 0.0.1.
    #[must_use]
    pub fn as_kind(mut self, kind: &str, api_version: &str) -> Self {
        kind.clone_into(&mut self.kind);
        api_version.clone_into(&mut self.api_version);
        self
    }

    /// The body's JSON.
    #[must_use]
    pub fn json(&self) -> String {
        let verifier = STANDARD.encode(&self.verifier);
        let signature = STANDARD.encode(&self.signature);
        let hash = serde_json::json!({"algorithm": self.hash_algorithm, "value": self.hash});
        let envelope_hash = self.envelope_hash.as_ref().unwrap_or(&self.hash);
        let spec = match (self.kind.as_str(), self.api_version.as_str()) {
            ("dsse", _) => serde_json::json!({
                "envelopeHash": {"algorithm": self.hash_algorithm, "value": envelope_hash},
                "payloadHash": hash,
                "signatures": [{"signature": signature, "verifier": verifier}],
            }),
            ("intoto", _) => serde_json::json!({
                "content": {
                    "envelope": {
                        "payloadType": "application/vnd.in-toto+json",
                        "signatures": [{"publicKey": verifier, "sig": STANDARD.encode(&signature)}],
                    },
                    "hash": hash,
                    "payloadHash": hash,
                },
            }),
            ("hashedrekord", "0.0.2") => serde_json::json!({
                "hashedRekordV002": {
                    "data": {"algorithm": "SHA2_256", "digest": STANDARD.encode(hex::decode(&self.hash).unwrap_or_default())},
                    "signature": {
                        "content": signature,
                        "verifier": {"keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": {"rawBytes": verifier}},
                    },
                },
            }),
            _ => serde_json::json!({
                "data": {"hash": hash},
                "signature": {"content": signature, "publicKey": {"content": verifier}},
            }),
        };
        // Keys are spelled in sorted order throughout, so the text is canonical with sorted and with ordered maps.
        serde_json::json!({"apiVersion": self.api_version, "kind": self.kind, "spec": spec})
            .to_string()
    }
}

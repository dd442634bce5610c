//! What a bundle states: the in-toto statement in its envelope.
//!
//! Invariant: only a statement that can be read, and has another predicate than cosign's, is told from a signature; what
//! cannot be read could be one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use signature_continuity::bundles::SIGNATURE_PREDICATE;
use signature_continuity::digest::Digest;

/// What envelopes call their payload then.
pub(super) const IN_TOTO: &str = "application/vnd.in-toto+json";

/// An in-toto statement.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Statement {
    predicate_type: String,
    subject: Vec<Subject>,
}

#[derive(Deserialize)]
struct Subject {
    digest: SubjectDigest,
}

#[derive(Deserialize)]
struct SubjectDigest {
    sha256: Option<String>,
}

impl Statement {
    /// Whether it says that its subject is signed, and nothing else.
    pub(super) fn is_signature(&self) -> bool {
        self.predicate_type == SIGNATURE_PREDICATE
    }

    /// Whether `digest` is among its subjects.
    pub(super) fn names(&self, digest: &Digest) -> bool {
        let mut subjects = self.subject.iter();
        subjects.any(|subject| subject.digest.sha256.as_deref() == Some(digest.hex()))
    }
}

/// The head of a statement: attestations of all kinds have one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    predicate_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Enveloped {
    dsse_envelope: Envelope,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
}

/// Whether these bytes are a bundle, or an envelope alone, whose statement has another predicate than a signature's.
pub(super) fn states_something_else(bytes: &[u8]) -> bool {
    let envelope = serde_json::from_slice::<Enveloped>(bytes)
        .map(|bundle| bundle.dsse_envelope)
        .or_else(|_| serde_json::from_slice::<Envelope>(bytes));
    let head = envelope
        .ok()
        .filter(|envelope| envelope.payload_type == IN_TOTO)
        .and_then(|envelope| STANDARD.decode(envelope.payload).ok())
        .and_then(|payload| serde_json::from_slice::<Head>(&payload).ok());
    head.is_some_and(|head| head.predicate_type != SIGNATURE_PREDICATE)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::attestation(IN_TOTO, json!({"predicateType": "https://slsa.dev/provenance/v1"}), true)]
    #[case::signature(IN_TOTO, json!({"predicateType": SIGNATURE_PREDICATE}), false)]
    #[case::no_predicate(IN_TOTO, json!({}), false)]
    #[case::other_payload("text/plain", json!({"predicateType": "x"}), false)]
    fn tells_a_signature_by_the_head(
        #[case] payload_type: &str,
        #[case] statement: serde_json::Value,
        #[case] something_else: bool,
    ) {
        let envelope = json!({
            "payload": STANDARD.encode(statement.to_string()), "payloadType": payload_type,
        });
        let bundle = json!({"dsseEnvelope": envelope, "mediaType": "of a kind to come"});
        for bytes in [envelope.to_string(), bundle.to_string()] {
            assert_eq!(states_something_else(bytes.as_bytes()), something_else);
        }
    }

    #[test]
    fn what_cannot_be_read_could_be_a_signature() {
        for bytes in [
            "",
            "{}",
            r#"{"payload":"!","payloadType":"application/vnd.in-toto+json"}"#,
        ] {
            assert!(!states_something_else(bytes.as_bytes()));
        }
    }
}

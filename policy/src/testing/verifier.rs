//! Verification as hosts do it, with their weaknesses: a text of several PEM blocks is read at its first one, the key
//! of a certificate is all that counts, and a log entry need not be the one of its layer.

use super::make::sigstore;
use crate::digest::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use continuity_testkit::SignatureLayer;
use continuity_testkit::sigstore::{
    BUNDLE, EntryPayload, SIGNATURE, SIMPLE_SIGNING_MEDIA_TYPE, canonical_entry, dearmor,
};
use rustls_pki_types::{
    CertificateDer, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer, UnixTime,
};
use serde_json::Value;
use std::time::Duration;
use webpki::aws_lc_rs as algorithms;

/// 1.3.6.1.5.5.7.3.3
const CODE_SIGNING: &[u8] = &[43, 6, 1, 5, 5, 7, 3, 3];
static ALGORITHMS: [&dyn SignatureVerificationAlgorithm; 4] = [
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ED25519,
    algorithms::RSA_PKCS1_2048_8192_SHA256,
];

/// The layers that a host looks at: of the media type, with their blob, naming the digest, and with a log entry that
/// the log signed, where there is one at all.
pub(super) fn usable(
    layers: &[SignatureLayer],
    digest: &Digest,
) -> Result<Vec<SignatureLayer>, String> {
    const PROBLEM: &str = "failed to get image trusted layers: ";
    if let Some(foreign) = layers
        .iter()
        .find(|layer| layer.media_type != SIMPLE_SIGNING_MEDIA_TYPE)
    {
        let kind = &foreign.media_type;
        return Err(format!(
            "{PROBLEM}Cannot pull R: Incompatible layer media type: {kind}"
        ));
    }
    if layers.iter().any(|layer| layer.withhold_blob) {
        return Err(format!(
            "{PROBLEM}Cannot pull R: HTTP status client error (404 Not Found) for url U"
        ));
    }
    let usable: Vec<SignatureLayer> = layers
        .iter()
        .filter(|layer| names(layer, digest) && entry_time(layer).is_ok())
        .cloned()
        .collect();
    if usable.is_empty() {
        return Err(format!("{PROBLEM}No Signature Layer passed verification"));
    }
    Ok(usable)
}

/// The certificate form, with a log entry required and without a chain.
pub(super) fn by_certificate(layers: &[SignatureLayer], pem: &str) -> Result<(), String> {
    let der = dearmor(first_block(pem, "")).map_err(|error| error.to_string())?;
    let der = CertificateDer::from(der);
    let leaf = webpki::EndEntityCert::try_from(&der).map_err(|error| error.to_string())?;
    let (not_before, not_after) = validity(&der);
    let satisfied = layers.iter().any(|layer| {
        let signed = signature(layer).is_some_and(|signature| {
            ALGORITHMS.iter().any(|algorithm| {
                leaf.verify_signature(*algorithm, &layer.payload, &signature)
                    .is_ok()
            })
        });
        let in_time =
            matches!(entry_time(layer), Ok(Some(time)) if (not_before..=not_after).contains(&time));
        signed && in_time
    });
    satisfied.then_some(()).ok_or_else(|| {
        "verification failed: Several Signature Layers failed verification".to_owned()
    })
}

/// The key form.
pub(super) fn by_key(layers: &[SignatureLayer], pem: &str) -> Result<(), String> {
    let spki = dearmor(first_block(pem, "")).map_err(|error| error.to_string())?;
    let satisfied = layers.iter().any(|layer| {
        signature(layer).is_some_and(|signature| verifies(&spki, &layer.payload, &signature))
    });
    satisfied.then_some(()).ok_or_else(|| {
        "Image verification failed: missing signatures\nThe following constraints were not satisfied:\nkey".to_owned()
    })
}

/// Whether the chain's last certificate vouches for the leaf at that time; an empty chain means the web's roots.
pub(super) fn issued_by(pem: &str, chain: &[String], at: DateTime<Utc>) -> Result<bool, String> {
    let block = |pem: &str| {
        dearmor(first_block(pem, "CERTIFICATE"))
            .map(CertificateDer::from)
            .map_err(|error| error.to_string())
    };
    let leaf = block(pem)?;
    let chain: Vec<CertificateDer<'_>> =
        chain.iter().map(|c| block(c)).collect::<Result<_, _>>()?;
    let Some((root, intermediates)) = chain.split_last() else {
        return Ok(false);
    };
    let anchors = [webpki::anchor_from_trusted_cert(root).map_err(|error| error.to_string())?];
    let leaf = webpki::EndEntityCert::try_from(&leaf).map_err(|error| error.to_string())?;
    let at = u64::try_from(at.timestamp()).map_err(|error| error.to_string())?;
    let verified = leaf.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        intermediates,
        UnixTime::since_unix_epoch(Duration::from_secs(at)),
        webpki::KeyUsage::required_if_present(CODE_SIGNING),
        None,
        None,
    );
    Ok(verified.is_ok())
}

/// From the first block with that tag; an empty one stands for any.
fn first_block<'a>(text: &'a str, tag: &str) -> &'a str {
    let begin = format!("-----BEGIN {tag}");
    let rest = text.find(&begin).map_or(text, |at| &text[at..]);
    let end = rest
        .find("-----END ")
        .and_then(|at| rest[at..].find('\n').map(|line| at + line + 1));
    end.map_or(rest, |at| &rest[..at])
}

fn validity(der: &[u8]) -> (i64, i64) {
    use der::Decode as _;
    let certificate = x509_cert::Certificate::from_der(der).unwrap();
    let validity = certificate.tbs_certificate().validity();
    let seconds =
        |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap();
    (seconds(validity.not_before), seconds(validity.not_after))
}

fn names(layer: &SignatureLayer, digest: &Digest) -> bool {
    let payload: Value = serde_json::from_slice(&layer.payload).unwrap_or_default();
    let named = &payload["critical"]["image"]["docker-manifest-digest"];
    named.as_str() == Some(digest.as_str())
}

fn signature(layer: &SignatureLayer) -> Option<Vec<u8>> {
    STANDARD.decode(layer.annotations.value(SIGNATURE)?).ok()
}

/// The time of the log entry, if there is one and the log signed it.
fn entry_time(layer: &SignatureLayer) -> Result<Option<i64>, ()> {
    let Some(text) = layer.annotations.value(BUNDLE) else {
        return Ok(None);
    };
    let entry: Value = serde_json::from_str(text).map_err(drop)?;
    let payload = &entry["Payload"];
    let payload = EntryPayload {
        body: payload["body"].as_str().ok_or(())?.to_owned(),
        integrated_time: payload["integratedTime"].as_i64().ok_or(())?,
        log_index: payload["logIndex"].as_i64().ok_or(())?,
        log_id: payload["logID"].as_str().ok_or(())?.to_owned(),
    };
    let log = sigstore().log();
    let timestamp = entry["SignedEntryTimestamp"].as_str().ok_or(())?;
    let timestamp = STANDARD.decode(timestamp).map_err(drop)?;
    let ours = payload.log_id == hex::encode(log.id())
        && verifies(
            &log.key().spki(),
            canonical_entry(&payload).as_bytes(),
            &timestamp,
        );
    ours.then_some(Some(payload.integrated_time)).ok_or(())
}

fn verifies(spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let spki = SubjectPublicKeyInfoDer::from(spki);
    webpki::RawPublicKeyEntity::try_from(&spki).is_ok_and(|key| {
        ALGORITHMS
            .iter()
            .any(|algorithm| key.verify_signature(*algorithm, message, signature).is_ok())
    })
}

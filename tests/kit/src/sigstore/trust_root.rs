//! How a verifier learns whom to trust: the JSON of Sigstore's `TrustedRoot` and `ClientTrustConfig`.
//!
//! Invariant: everything that the readers in use require is there, although no signature of ours needs
//! it: a CT log (the same key once more) and an empty signing configuration.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::{CertificateAuthority, TransparencyLog};

pub(super) fn trusted_root(authority: &CertificateAuthority, log: &TransparencyLog) -> Value {
    let start = authority
        .valid_from()
        .to_rfc3339_opts(SecondsFormat::Secs, true);
    let instance = |base_url: &str| {
        json!({
            "baseUrl": base_url,
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": STANDARD.encode(log.key().spki()),
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": {"start": start},
            },
            "logId": {"keyId": STANDARD.encode(log.id())},
        })
    };
    json!({
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [instance("https://rekor.example")],
        "certificateAuthorities": [{
            "subject": {"organization": "sigstore.dev", "commonName": "sigstore"},
            "uri": "https://fulcio.example",
            "certChain": {"certificates": [
                {"rawBytes": STANDARD.encode(authority.intermediate())},
                {"rawBytes": STANDARD.encode(authority.root())},
            ]},
            "validFor": {"start": start},
        }],
        "ctlogs": [instance("https://ctfe.example")],
        "timestampAuthorities": [],
    })
}

pub(super) fn client_trust_config(
    authority: &CertificateAuthority,
    log: &TransparencyLog,
) -> Value {
    json!({
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": trusted_root(authority, log),
        "signingConfig": {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [],
            "oidcUrls": [],
            "rekorTlogUrls": [],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaUrls": [],
            "tsaConfig": {"selector": "ANY"},
        },
    })
}

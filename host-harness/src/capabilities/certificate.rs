//! `crypto/v1/is_certificate_trusted`: was this certificate issued by that chain?
//!
//! Invariant: as the host has it. The last certificate of the chain is the anchor, those before it are intermediates,
//! key usages are not looked at, `not_after` is the time of verification, and an absent chain means the public web's
//! roots. What cannot be parsed is an error; everything else is an answer.

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use continuity_registry::{CertificateChainError, Issuance, issuance};
use kubewarden_policy_sdk::host_capabilities::crypto::{Certificate, CertificateEncoding};
use kubewarden_policy_sdk::host_capabilities::crypto_v1::CertificateVerificationResponse;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::request::CertificateQuestion;

const EXPIRED: &str = "Certificate is being used after its expiration date";
const NOT_YET_VALID: &str = "Certificate is being used before its validity date";
const OTHER_ISSUER: &str = "Certificate is not trusted by the provided cert chain";

/// Answers one request.
///
/// # Errors
/// When a certificate or the time does not parse.
pub fn is_certificate_trusted(
    request: &CertificateQuestion,
) -> anyhow::Result<CertificateVerificationResponse> {
    let certificate = der(&request.cert)?;
    let chain = match request.cert_chain.as_deref() {
        Some(chain) => Some(chain.iter().map(der).collect::<anyhow::Result<Vec<_>>>()?),
        None => None,
    };
    let seconds = time_of_verification(request.not_after.as_deref())?;
    let issuance = issuance(&certificate, chain, seconds).map_err(|error| match error {
        CertificateChainError::EndEntity(error) => {
            anyhow!("Certificate is not a valid end-entity certificate: {error}")
        }
        CertificateChainError::Anchor(error) => anyhow!(error),
    })?;
    let reason = match issuance {
        Issuance::Issued => String::new(),
        Issuance::OtherIssuer => OTHER_ISSUER.to_owned(),
        Issuance::Expired => EXPIRED.to_owned(),
        Issuance::NotYetValid => NOT_YET_VALID.to_owned(),
        Issuance::Other(error) => format!("Certificate not trusted: {error}"),
    };
    Ok(CertificateVerificationResponse {
        trusted: reason.is_empty(),
        reason,
    })
}

fn der(certificate: &Certificate) -> anyhow::Result<CertificateDer<'_>> {
    match certificate.encoding {
        CertificateEncoding::Pem => CertificateDer::from_pem_slice(&certificate.data)
            .map_err(|error| anyhow!("Certificate PEM data is not valid: {error}")),
        CertificateEncoding::Der => Ok(CertificateDer::from_slice(&certificate.data)),
    }
}

/// In seconds since 1970.
fn time_of_verification(not_after: Option<&str>) -> anyhow::Result<i64> {
    match not_after {
        None => Ok(Utc::now().timestamp()),
        Some(text) => DateTime::parse_from_rfc3339(text)
            .map(|time| time.timestamp())
            .map_err(|_| anyhow!("Timestamp not_after is not in RFC3339 format")),
    }
}

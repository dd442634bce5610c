//! `crypto/v1/is_certificate_trusted`: was this certificate issued by that chain?
//!
//! Invariant: as the host has it. The last certificate of the chain is the anchor, those before it are intermediates,
//! key usages are not looked at, `not_after` is the time of verification, and an absent chain means the public web's
//! roots. What cannot be parsed is an error; everything else is an answer.

use std::time::Duration;

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use kubewarden_policy_sdk::host_capabilities::crypto::{Certificate, CertificateEncoding};
use kubewarden_policy_sdk::host_capabilities::crypto_v1::CertificateVerificationResponse;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter};

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
    let end_entity = EndEntityCert::try_from(&certificate)
        .map_err(|error| anyhow!("Certificate is not a valid end-entity certificate: {error}"))?;
    let time = time_of_verification(request.not_after.as_deref())?;
    let pool = Pool::new(request.cert_chain.as_deref())?;
    let verified = end_entity.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &pool.anchors,
        &pool.intermediates,
        time,
        AnyUsage,
        None,
        None,
    );
    let reason = match verified {
        Ok(_) => String::new(),
        Err(Error::InvalidSignatureForPublicKey | Error::UnknownIssuer) => OTHER_ISSUER.to_owned(),
        Err(Error::CertExpired { .. }) => EXPIRED.to_owned(),
        Err(Error::CertNotValidYet { .. }) => NOT_YET_VALID.to_owned(),
        Err(error) => format!("Certificate not trusted: {error}"),
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

fn time_of_verification(not_after: Option<&str>) -> anyhow::Result<UnixTime> {
    let seconds = match not_after {
        None => Utc::now().timestamp(),
        Some(text) => DateTime::parse_from_rfc3339(text)
            .map_err(|_| anyhow!("Timestamp not_after is not in RFC3339 format"))?
            .timestamp(),
    };
    // Before 1970 no certificate was valid, and 1970 says the same.
    let seconds = u64::try_from(seconds).unwrap_or_default();
    Ok(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
}

struct Pool<'a> {
    anchors: Vec<TrustAnchor<'a>>,
    intermediates: Vec<CertificateDer<'a>>,
}

impl<'a> Pool<'a> {
    fn new(chain: Option<&'a [Certificate]>) -> anyhow::Result<Self> {
        let Some(chain) = chain else {
            return Ok(Self {
                anchors: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
                intermediates: Vec::new(),
            });
        };
        let mut intermediates = chain.iter().map(der).collect::<anyhow::Result<Vec<_>>>()?;
        let anchors = match intermediates.pop() {
            Some(root) => vec![webpki::anchor_from_trusted_cert(&root)?.to_owned()],
            None => Vec::new(),
        };
        Ok(Self {
            anchors,
            intermediates,
        })
    }
}

/// Certificates for whatever purpose pass.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, _usages: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        Ok(())
    }
}

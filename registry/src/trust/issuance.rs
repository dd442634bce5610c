//! Whether a certificate was issued by a chain, at a time.
//!
//! Invariant: the last certificate of the chain is the only anchor, those before it are intermediates. Key usages are
//! not looked at, as in the host's `crypto/v1/is_certificate_trusted`: whoever asks has looked at them. What cannot be
//! parsed is an error; everything else is an answer.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issuance {
    /// The chain issued it.
    Issued,
    /// Somebody else did.
    OtherIssuer,
    /// It had expired by then.
    Expired,
    /// It was not valid yet.
    NotYetValid,
    /// Anything else that is wrong with it.
    Other(String),
}

/// A certificate that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateChainError {
    /// The certificate itself.
    #[error("{0}")]
    EndEntity(String),
    /// The anchor.
    #[error("{0}")]
    Anchor(String),
}

/// Holds `certificate` against `chain` (intermediates first, the anchor last), or against the public web's roots where
/// there is no chain, at `seconds` since 1970.
///
/// # Errors
/// When the certificate or the anchor does not parse.
pub fn issuance(
    certificate: &CertificateDer<'_>,
    chain: Option<Vec<CertificateDer<'_>>>,
    seconds: i64,
) -> Result<Issuance, CertificateChainError> {
    let end_entity = EndEntityCert::try_from(certificate)
        .map_err(|error| CertificateChainError::EndEntity(error.to_string()))?;
    // Before 1970 no certificate was valid, and 1970 says the same.
    let seconds = u64::try_from(seconds).unwrap_or_default();
    let (anchors, intermediates) = pool(chain)?;
    let verified = end_entity.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        &intermediates,
        UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
        AnyUsage,
        None,
        None,
    );
    Ok(match verified {
        Ok(_) => Issuance::Issued,
        Err(Error::InvalidSignatureForPublicKey | Error::UnknownIssuer) => Issuance::OtherIssuer,
        Err(Error::CertExpired { .. }) => Issuance::Expired,
        Err(Error::CertNotValidYet { .. }) => Issuance::NotYetValid,
        Err(error) => Issuance::Other(error.to_string()),
    })
}

type Pool<'a> = (Vec<TrustAnchor<'a>>, Vec<CertificateDer<'a>>);

fn pool(chain: Option<Vec<CertificateDer<'_>>>) -> Result<Pool<'_>, CertificateChainError> {
    let Some(mut intermediates) = chain else {
        return Ok((webpki_roots::TLS_SERVER_ROOTS.to_vec(), Vec::new()));
    };
    let anchors = match intermediates.pop() {
        Some(root) => vec![
            webpki::anchor_from_trusted_cert(&root)
                .map_err(|error| CertificateChainError::Anchor(error.to_string()))?
                .to_owned(),
        ],
        None => Vec::new(),
    };
    Ok((anchors, intermediates))
}

/// Certificates for whatever purpose pass.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, _usages: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        Ok(())
    }
}

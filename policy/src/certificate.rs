//! A signing certificate's facts, and the leaf that can prove a signer.
//!
//! Invariant: a [`Leaf`] is well-formed by the rules of the proof (digital signatures, code signing, no CA, exactly one
//! printable SAN of kind e-mail or URI, one issuer); everything read from it is read from the DER that is sent to the
//! host. It is still a claim: only the proof turns it into a signer.

use crate::clean::shows_plainly;
use crate::pem::{self, PemError};
use crate::provenance::Provenance;
use crate::public_key::{KeyKind, PublicKey};
use chrono::{DateTime, Utc};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::ID_KP_CODE_SIGNING;
use der::{Decode, Encode};
use x509_cert::Certificate;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName};

const TAG: &str = "CERTIFICATE";
/// The largest certificate that is parsed.
const LARGEST: usize = 16 * 1024;
/// The longest value of one field: URLs of CI runs are below 300 characters.
pub(crate) const LONGEST_FIELD: usize = 2048;

/// Fulcio's extensions, 1.3.6.1.4.1.57264.1.N (Fulcio's "OID Info" document).
fn fulcio(n: u32) -> Option<ObjectIdentifier> {
    const ARC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1");
    ARC.push_arc(n).ok()
}

/// What a certificate says about who may use it, before any judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Each subject alternative name, in the certificate's order.
    pub names: Vec<AlternativeName>,
    /// The OIDC issuer from the extensions .1 and .8, whichever are there.
    pub issuers: Vec<String>,
    /// Whether key usage has digitalSignature.
    pub digital_signature: bool,
    /// Whether extended key usage has code signing.
    pub code_signing: bool,
    /// Whether basic constraints make it a CA.
    pub authority: bool,
    /// Start of validity.
    pub not_before: DateTime<Utc>,
    /// End of validity.
    pub not_after: DateTime<Utc>,
    /// The kind of its key, where it is one that hosts verify.
    pub key: Option<PublicKey>,
    /// What the CA attests about the build.
    pub provenance: Provenance,
}

/// One subject alternative name (RFC 5280, section 4.2.1.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlternativeName {
    /// rfc822Name
    Email(String),
    /// uniformResourceIdentifier
    Uri(String),
    /// Any other kind, by its name: none of them names a signer.
    Other(&'static str),
}

/// A well-formed leaf certificate, as claimed by a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    der: Vec<u8>,
    san: String,
    issuer: String,
    facts: CertificateFacts,
}

/// Why a text is no leaf that could prove a signer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not one PEM block.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// Too large.
    #[error("expected a certificate of at most {LARGEST} bytes, got {0}")]
    TooLarge(usize),
    /// Not DER, or bytes after it.
    #[error("expected one X.509 certificate in DER and nothing after it: {0}")]
    Der(String),
    /// An extension twice, or one that cannot be read.
    #[error("expected a readable extension {0}, once")]
    Extension(&'static str),
    /// Key usages.
    #[error("expected {0}")]
    Usage(&'static str),
    /// SANs.
    #[error("expected exactly one subject alternative name, e-mail or URI, got {0}")]
    Names(String),
    /// Characters that cannot be shown, or far too many.
    #[error("expected printable text of at most {LONGEST_FIELD} bytes in {0}")]
    Text(&'static str),
    /// The OIDC issuer.
    #[error(
        "expected one OIDC issuer (1.3.6.1.4.1.57264.1.1 or .8, equal where both are there), got {0}"
    )]
    Issuers(usize),
}

impl CertificateFacts {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    /// When it is not one certificate, or an extension that matters cannot be read.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > LARGEST {
            return Err(CertificateError::TooLarge(der.len()));
        }
        let certificate =
            Certificate::from_der(der).map_err(|e| CertificateError::Der(e.to_string()))?;
        let tbs = certificate.tbs_certificate();
        let usage = tbs
            .get_extension::<KeyUsage>()
            .map_err(|_| CertificateError::Extension("key usage"))?;
        let extended = tbs
            .get_extension::<ExtendedKeyUsage>()
            .map_err(|_| CertificateError::Extension("extended key usage"))?;
        let constraints = tbs
            .get_extension::<BasicConstraints>()
            .map_err(|_| CertificateError::Extension("basic constraints"))?;
        let names = tbs
            .get_extension::<SubjectAltName>()
            .map_err(|_| CertificateError::Extension("subject alternative name"))?;
        let field = |n| extension_text(&certificate, n);
        let mut issuers = Vec::new();
        if let Some(raw) = raw_extension(&certificate, 1)? {
            // The oldest extensions are bare bytes, without an ASN.1 string around them.
            issuers.push(printable(std::str::from_utf8(raw).ok(), "issuer (.1)")?);
        }
        if let Some(issuer) = field(8)? {
            issuers.push(issuer);
        }
        let mut provenance = Provenance {
            builder: field(9)?,
            runner: field(11)?,
            source: field(12)?,
            source_id: field(15)?,
            owner: field(16)?,
            owner_id: field(17)?,
            build_config: field(18)?,
            trigger: field(20)?,
            workflow_repository: None,
        };
        if let Some(raw) = raw_extension(&certificate, 5)? {
            provenance.workflow_repository =
                Some(printable(std::str::from_utf8(raw).ok(), "repository (.5)")?);
        }
        Ok(Self {
            names: names
                .map(|(_, san)| san.0.iter().map(alternative_name).collect())
                .unwrap_or_default(),
            issuers,
            digital_signature: usage.is_some_and(|(_, u)| u.digital_signature()),
            code_signing: extended.is_some_and(|(_, e)| e.0.contains(&ID_KP_CODE_SIGNING)),
            authority: constraints.is_some_and(|(_, c)| c.ca),
            not_before: instant(tbs.validity().not_before)?,
            not_after: instant(tbs.validity().not_after)?,
            key: tbs
                .subject_public_key_info()
                .to_der()
                .ok()
                .and_then(|der| PublicKey::from_der(&der).ok()),
            provenance,
        })
    }
}

impl Leaf {
    /// From a signature's certificate annotation: exactly one PEM block.
    ///
    /// # Errors
    /// With the first rule that it breaks.
    pub fn from_annotation(text: &str) -> Result<Self, CertificateError> {
        Self::from_der(pem::decode(TAG, text)?)
    }

    /// From DER.
    ///
    /// # Errors
    /// With the first rule that it breaks.
    pub fn from_der(der: Vec<u8>) -> Result<Self, CertificateError> {
        let facts = CertificateFacts::from_der(&der)?;
        if !facts.digital_signature {
            return Err(CertificateError::Usage("key usage digitalSignature"));
        }
        if !facts.code_signing {
            return Err(CertificateError::Usage("extended key usage code signing"));
        }
        if facts.authority {
            return Err(CertificateError::Usage(
                "a leaf, got a certificate authority",
            ));
        }
        let san = match facts.names.as_slice() {
            [AlternativeName::Email(name) | AlternativeName::Uri(name)] => name.clone(),
            [AlternativeName::Other(kind)] => {
                return Err(CertificateError::Names((*kind).to_owned()));
            }
            names => return Err(CertificateError::Names(format!("{} names", names.len()))),
        };
        let san = printable(Some(&san), "subject alternative name")?;
        let issuer = match facts.issuers.as_slice() {
            [one] => one.clone(),
            [one, other] if one == other => one.clone(),
            issuers => return Err(CertificateError::Issuers(issuers.len())),
        };
        Ok(Self {
            der,
            san,
            issuer,
            facts,
        })
    }

    /// The DER that was read.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Our own encoding of the DER: the only text of it that hosts are asked with.
    #[must_use]
    pub fn pem(&self) -> String {
        pem::encode(TAG, &self.der)
    }

    /// The subject alternative name, unfolded.
    #[must_use]
    pub fn san(&self) -> &str {
        &self.san
    }

    /// The OIDC issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Start of validity: the time at which the CA's chain is checked.
    #[must_use]
    pub fn not_before(&self) -> DateTime<Utc> {
        self.facts.not_before
    }

    /// The kind of its key, where it is one that hosts verify.
    #[must_use]
    pub fn key_kind(&self) -> Option<KeyKind> {
        self.key().map(PublicKey::kind)
    }

    /// Its key, where it is of a kind that hosts verify.
    #[must_use]
    pub fn key(&self) -> Option<&PublicKey> {
        self.facts.key.as_ref()
    }

    /// What the CA attests about the build.
    #[must_use]
    pub(crate) fn provenance(&self) -> &Provenance {
        &self.facts.provenance
    }

    /// Whether `time` (seconds since 1970, as logs write it) is inside the validity, both ends included.
    #[must_use]
    pub fn valid_at(&self, time: i64) -> bool {
        (self.facts.not_before.timestamp()..=self.facts.not_after.timestamp()).contains(&time)
    }
}

fn alternative_name(name: &GeneralName) -> AlternativeName {
    match name {
        GeneralName::Rfc822Name(text) => AlternativeName::Email(text.to_string()),
        GeneralName::UniformResourceIdentifier(text) => AlternativeName::Uri(text.to_string()),
        GeneralName::DnsName(_) => AlternativeName::Other("a DNS name"),
        GeneralName::OtherName(_) => AlternativeName::Other("an otherName"),
        GeneralName::DirectoryName(_) => AlternativeName::Other("a directory name"),
        GeneralName::EdiPartyName(_) => AlternativeName::Other("an EDI party name"),
        GeneralName::IpAddress(_) => AlternativeName::Other("an IP address"),
        GeneralName::RegisteredId(_) => AlternativeName::Other("a registered id"),
    }
}

fn raw_extension(certificate: &Certificate, n: u32) -> Result<Option<&[u8]>, CertificateError> {
    let oid = fulcio(n);
    let extensions = certificate.tbs_certificate().extensions();
    let mut found = extensions
        .into_iter()
        .flatten()
        .filter(|e| Some(e.extn_id) == oid);
    let first = found.next();
    if found.next().is_some() {
        return Err(CertificateError::Extension("1.3.6.1.4.1.57264.1"));
    }
    Ok(first.map(|e| e.extn_value.as_bytes()))
}

/// The extensions from .8 on are DER UTF8Strings.
fn extension_text(certificate: &Certificate, n: u32) -> Result<Option<String>, CertificateError> {
    let Some(raw) = raw_extension(certificate, n)? else {
        return Ok(None);
    };
    let text = der::asn1::Utf8StringRef::from_der(raw).ok();
    printable(text.as_ref().map(|t| t.as_str()), "a Fulcio extension").map(Some)
}

fn printable(text: Option<&str>, field: &'static str) -> Result<String, CertificateError> {
    text.filter(|t| !t.is_empty() && t.len() <= LONGEST_FIELD && t.chars().all(shows_plainly))
        .map(str::to_owned)
        .ok_or(CertificateError::Text(field))
}

fn instant(time: x509_cert::time::Time) -> Result<DateTime<Utc>, CertificateError> {
    i64::try_from(time.to_unix_duration().as_secs())
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .ok_or(CertificateError::Extension("validity"))
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;

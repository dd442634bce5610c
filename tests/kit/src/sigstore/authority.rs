//! A certificate authority in the shape of the public one: a root, an intermediate for code signing,
//! both on P-384, and leaves that live for ten minutes.
//!
//! Invariant: a leaf without flaws chains to the root at its notBefore, for code signing.

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyUsagePurpose,
};
use time::OffsetDateTime;

use super::{
    KeyKind, KeySource, Leaf, LeafFlaw, LeafRequest, SigningKey, SubjectName, armor, asn1,
};

const SUBJECT_ALTERNATIVE_NAME: [u64; 4] = [2, 5, 29, 17];
const FULCIO: [u64; 8] = [1, 3, 6, 1, 4, 1, 57264, 1];
/// digitalSignature and nothing else would be 0x80; this is keyEncipherment alone.
const KEY_ENCIPHERMENT: KeyUsagePurpose = KeyUsagePurpose::KeyEncipherment;

/// A root, an intermediate, and the intermediate's key.
#[derive(Clone, Debug)]
pub struct CertificateAuthority {
    root_der: Vec<u8>,
    intermediate_der: Vec<u8>,
    intermediate: CertificateParams,
    key: SigningKey,
    keys: KeySource,
    valid_from: DateTime<Utc>,
}

impl CertificateAuthority {
    /// An authority named like the public one, valid from 2020 for thirty years.
    ///
    /// # Errors
    /// When keys or certificates cannot be made.
    pub fn new() -> Result<Self> {
        Self::with_keys(&KeySource::random())
    }

    /// The same, with keys from `keys`, for itself and for the leaves.
    ///
    /// # Errors
    /// When keys or certificates cannot be made.
    pub fn with_keys(keys: &KeySource) -> Result<Self> {
        let valid_from = DateTime::from_timestamp(1_577_836_800, 0).context("2020 is a date")?;
        let until = valid_from + TimeDelta::days(30 * 365);
        let root_key = keys.fresh(KeyKind::P384)?;
        let root = authority_params("sigstore", None, valid_from, until)?;
        let root_certificate = root
            .self_signed(&root_key)
            .context("cannot make the root")?;
        let key = keys.fresh(KeyKind::P384)?;
        let mut intermediate =
            authority_params("sigstore-intermediate", Some(0), valid_from, until)?;
        intermediate.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        intermediate.use_authority_key_identifier_extension = true;
        let intermediate_certificate = intermediate
            .signed_by(&key, &Issuer::from_params(&root, &root_key))
            .context("cannot make the intermediate")?;
        Ok(Self {
            root_der: root_certificate.der().to_vec(),
            intermediate_der: intermediate_certificate.der().to_vec(),
            intermediate,
            key,
            keys: keys.clone(),
            valid_from,
        })
    }

    pub(super) fn drawing_from(&self, keys: &KeySource) -> Self {
        Self {
            keys: keys.clone(),
            ..self.clone()
        }
    }

    /// The root's DER.
    #[must_use]
    pub fn root(&self) -> &[u8] {
        &self.root_der
    }

    /// The intermediate's DER.
    #[must_use]
    pub fn intermediate(&self) -> &[u8] {
        &self.intermediate_der
    }

    /// From when on both are valid.
    #[must_use]
    pub fn valid_from(&self) -> DateTime<Utc> {
        self.valid_from
    }

    /// Intermediate first, root last, as one PEM text.
    #[must_use]
    pub fn chain_pem(&self) -> String {
        armor("CERTIFICATE", &self.intermediate_der) + &armor("CERTIFICATE", &self.root_der)
    }

    /// Certifies what is asked for, flaws included.
    ///
    /// # Errors
    /// When the key or the certificate cannot be made.
    pub fn issue(&self, request: &LeafRequest) -> Result<Leaf> {
        let key = match &request.key {
            Some(key) => key.clone(),
            None => self.keys.fresh(request.key_kind)?,
        };
        let not_after = request.not_before + request.lifetime;
        let params = leaf_params(request, not_after)?;
        let has = |flaw| request.flaws.contains(&flaw);
        let stranger;
        let signing_key = if has(LeafFlaw::SelfSigned) {
            &key
        } else if has(LeafFlaw::OtherAuthority) {
            stranger = self.keys.fresh(self.key.kind())?;
            &stranger
        } else {
            &self.key
        };
        let certificate = params
            .signed_by(&key, &Issuer::from_params(&self.intermediate, signing_key))
            .context("cannot make the leaf")?;
        Ok(Leaf {
            der: certificate.der().to_vec(),
            key,
            not_before: request.not_before,
            not_after,
        })
    }
}

fn authority_params(
    name: &str,
    path_length: Option<u8>,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
) -> Result<CertificateParams> {
    let mut params = empty_params(not_before, not_after)?;
    params
        .distinguished_name
        .push(DnType::OrganizationName, "sigstore.dev");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(path_length.map_or(
        BasicConstraints::Unconstrained,
        BasicConstraints::Constrained,
    ));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn empty_params(not_before: DateTime<Utc>, not_after: DateTime<Utc>) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = moment(not_before)?;
    params.not_after = moment(not_after)?;
    Ok(params)
}

fn leaf_params(request: &LeafRequest, not_after: DateTime<Utc>) -> Result<CertificateParams> {
    let has = |flaw| request.flaws.contains(&flaw);
    let mut params = empty_params(request.not_before, not_after)?;
    params.use_authority_key_identifier_extension = true;
    if has(LeafFlaw::CertificateAuthority) {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params.key_usages = match (has(LeafFlaw::NoKeyUsage), has(LeafFlaw::NoDigitalSignature)) {
        (true, _) => Vec::new(),
        (false, true) => vec![KEY_ENCIPHERMENT],
        (false, false) => vec![KeyUsagePurpose::DigitalSignature],
    };
    params.extended_key_usages = vec![if has(LeafFlaw::NoCodeSigning) {
        ExtendedKeyUsagePurpose::EmailProtection
    } else {
        ExtendedKeyUsagePurpose::CodeSigning
    }];
    let names = names_extension(request);
    if !has(LeafFlaw::NoName) {
        params.custom_extensions.push(names.clone());
    }
    if has(LeafFlaw::TwoNameExtensions) {
        params.custom_extensions.push(names);
    }
    params.custom_extensions.extend(fulcio_extensions(request));
    Ok(params)
}

/// Written by hand, because an encoder refuses the names that we need.
fn names_extension(request: &LeafRequest) -> CustomExtension {
    let has = |flaw| request.flaws.contains(&flaw);
    let mut names = Vec::new();
    for name in &request.identity.names {
        let (tag, text) = match name {
            SubjectName::Uri(text) => (asn1::URI_NAME, text),
            SubjectName::Email(text) => (asn1::EMAIL_NAME, text),
            SubjectName::Dns(text) => (asn1::DNS_NAME, text),
        };
        let mut text = text.clone();
        if has(LeafFlaw::ControlCharacters) {
            text.push_str("\r\n\u{1b}[2J\0");
        }
        if has(LeafFlaw::BidiOverride) {
            text.push_str("\u{202e}gpj.exe");
        }
        if has(LeafFlaw::VeryLongName) {
            text.push_str(&"a".repeat(20_000_usize.saturating_sub(text.len())));
        }
        names.push(asn1::element(tag, text.as_bytes()));
    }
    if has(LeafFlaw::DnsName) {
        names = vec![asn1::element(asn1::DNS_NAME, b"builder.example")];
    }
    if has(LeafFlaw::TwoNames) {
        names.push(asn1::element(asn1::EMAIL_NAME, b"somebody@else.example"));
    }
    if has(LeafFlaw::EmptyNames) {
        names.clear();
    }
    let mut extension =
        CustomExtension::from_oid_content(&SUBJECT_ALTERNATIVE_NAME, asn1::sequence(&names));
    extension.set_criticality(true);
    extension
}

fn fulcio_extensions(request: &LeafRequest) -> Vec<CustomExtension> {
    let has = |flaw| request.flaws.contains(&flaw);
    let identity = &request.identity;
    let mut contents: Vec<(u64, Vec<u8>)> = Vec::new();
    if !has(LeafFlaw::NoIssuer) {
        contents.extend(
            identity
                .raw_issuer
                .iter()
                .map(|issuer| (1, issuer.as_bytes().to_vec())),
        );
        contents.extend(identity.issuer.iter().map(|issuer| (8, string(issuer))));
    }
    contents.extend(
        identity
            .raw_extensions
            .iter()
            .map(|(number, text)| (*number, text.as_bytes().to_vec())),
    );
    contents.extend(
        identity
            .extensions
            .iter()
            .map(|(number, text)| (*number, string(text))),
    );
    contents.sort_by_key(|(number, _)| *number);
    for (number, content) in &mut contents {
        if *number == 8 && has(LeafFlaw::DisagreeingIssuers) {
            *content = string("https://issuer.example");
        }
        if *number == 8 && has(LeafFlaw::GarbledIssuer) {
            *content = vec![asn1::UTF8_STRING, 0x7f, 0xff];
        }
    }
    contents
        .into_iter()
        .map(|(number, content)| {
            let identifier: Vec<u64> = FULCIO.into_iter().chain([number]).collect();
            CustomExtension::from_oid_content(&identifier, content)
        })
        .collect()
}

fn string(text: &str) -> Vec<u8> {
    asn1::element(asn1::UTF8_STRING, text.as_bytes())
}

fn moment(at: DateTime<Utc>) -> Result<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(at.timestamp())
        .with_context(|| format!("{at} is out of range"))
}

//! Who the server is to its clients: a certificate and its key from files, or made on the spot.
//!
//! Invariant: there is no server without TLS, since no API server calls one; a key that was made here is written nowhere and
//! ends with the process.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;

use continuity_cli::output::read_text;

/// How long a certificate that is made here lasts: longer than anybody tries something.
const DAYS: TimeDelta = TimeDelta::days(90);
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// A certificate, its key, and what clients have to trust.
#[derive(Debug)]
pub(crate) struct ServerIdentity {
    config: Arc<ServerConfig>,
    authority: String,
}

impl ServerIdentity {
    /// A certificate and its key, as PEM files.
    pub(crate) fn read(certificate: &Path, key: &Path) -> anyhow::Result<Self> {
        let pem = read_text(certificate, "the certificate")?;
        let of_file = || format!("`{}` has no usable certificate", certificate.display());
        let chain: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
            .collect::<Result<_, _>>()
            .with_context(of_file)?;
        let authority = last_certificate(&pem).with_context(of_file)?;
        let private = PrivateKeyDer::from_pem_file(key)
            .with_context(|| format!("`{}` has no usable private key", key.display()))?;
        let config = server_config(chain, private).with_context(|| {
            format!(
                "`{}` is no key of the certificate in `{}`",
                key.display(),
                certificate.display()
            )
        })?;
        Ok(Self { config, authority })
    }

    /// A certificate for these host names and addresses, by an authority of its own.
    pub(crate) fn self_signed(names: &[String]) -> anyhow::Result<Self> {
        if names.is_empty() {
            bail!("a certificate needs a name");
        }
        let now = Utc::now();
        let mut authority = params(Vec::new(), now)?;
        authority
            .distinguished_name
            .push(DnType::CommonName, "continuity-harness serve, for trying");
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

        let mut server = params(names.to_vec(), now)?;
        server
            .distinguished_name
            .push(DnType::CommonName, "continuity-harness serve");
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = server.signed_by(&key, &authority)?;
        let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
        Ok(Self {
            config: server_config(vec![certificate.der().clone()], private)?,
            authority: authority.pem(),
        })
    }

    /// How TLS is spoken.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// What clients have to trust, as PEM: the last certificate of the chain.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }
}

fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> anyhow::Result<Arc<ServerConfig>> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn params(names: Vec<String>, now: DateTime<Utc>) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(names).context("names are ASCII")?;
    let day = |time: DateTime<Utc>| {
        let (month, day) = (u8::try_from(time.month())?, u8::try_from(time.day())?);
        anyhow::Ok(rcgen::date_time_ymd(time.year(), month, day))
    };
    params.not_before = day(now - TimeDelta::days(1))?;
    params.not_after = day(now + DAYS)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    Ok(params)
}

/// The last block of a chain, as it is spelled.
fn last_certificate(pem: &str) -> anyhow::Result<String> {
    let block = pem.rsplit_once(BEGIN).and_then(|(_, rest)| {
        let (base64, _) = rest.split_once(END)?;
        Some(format!("{BEGIN}{base64}{END}\n"))
    });
    block.context("there is no certificate in it")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn reads_what_belongs_together_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let key = KeyPair::generate().unwrap();
        let made = CertificateParams::new(vec!["a.example".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        let text = format!("# a comment\n{}", made.pem());
        std::fs::write(path("tls.crt"), &text).unwrap();
        std::fs::write(path("tls.key"), key.serialize_pem()).unwrap();
        let other = KeyPair::generate().unwrap().serialize_pem();
        std::fs::write(path("other.key"), other).unwrap();

        let identity = ServerIdentity::read(&path("tls.crt"), &path("tls.key")).unwrap();
        let again = CertificateDer::from_pem_slice(identity.authority().as_bytes()).unwrap();
        assert_eq!(&again, made.der());
        for (certificate, key, expected) in [
            ("tls.crt", "other.key", "is no key of the certificate"),
            ("tls.crt", "tls.crt", "has no usable private key"),
            ("tls.key", "tls.key", "has no usable certificate"),
            ("absent", "tls.key", "cannot read the certificate"),
        ] {
            let error = ServerIdentity::read(&path(certificate), &path(key)).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn makes_another_authority_each_time() {
        let make = || ServerIdentity::self_signed(&["127.0.0.1".to_owned()]).unwrap();
        assert_ne!(make().authority(), make().authority());
        assert!(ServerIdentity::self_signed(&[]).is_err());
        assert!(ServerIdentity::self_signed(&["ü".to_owned()]).is_err());
    }
}

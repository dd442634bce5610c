//! kwctl's `sources.yaml`: insecure registries, own certificate authorities, proxies.
//!
//! Proxies that the file does not name are those of the environment, which the HTTP client reads by itself.
//!
//! Invariant: a registry is only asked without TLS, or without verifying it, if it is listed by host and port.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use thiserror::Error;

/// How registries are reached.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    insecure: BTreeSet<String>,
    authorities: BTreeMap<String, Vec<Authority>>,
    proxies: Proxies,
}

/// Why a sources file cannot be used.
#[derive(Debug, Error)]
pub enum SourcesError {
    /// It cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// It is not what it ought to be.
    #[error("`{}` is no sources file (expected `insecure_sources` and `source_authorities`)", path.display())]
    Unparsable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: yaml_serde::Error,
    },
    /// A certificate in it is none.
    #[error("the certificate authority of `{host}` is neither a PEM nor a DER certificate")]
    NoCertificate {
        /// The registry that it is for.
        host: String,
    },
}

/// A registry's certificate authority.
#[derive(Debug, Clone)]
pub enum Authority {
    /// One certificate or several, as PEM.
    Pem(Vec<u8>),
    /// One certificate, as DER.
    Der(Vec<u8>),
}

/// The proxies that a sources file names.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proxies {
    /// For plain HTTP.
    pub http_proxy: Option<String>,
    /// For HTTPS.
    pub https_proxy: Option<String>,
    /// Hosts that are reached without one.
    pub no_proxy: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    insecure_sources: BTreeSet<String>,
    source_authorities: BTreeMap<String, Vec<AuthorityInFile>>,
    proxies: Proxies,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum AuthorityInFile {
    Data { data: serde_bytes::ByteBuf },
    Path { path: PathBuf },
}

impl Sources {
    /// Reads a sources file.
    ///
    /// # Errors
    /// When it, or a certificate that it names, cannot be read.
    pub fn read(path: &Path) -> Result<Self, SourcesError> {
        let text = read(path)?;
        let file: File =
            yaml_serde::from_slice(&text).map_err(|source| SourcesError::Unparsable {
                path: path.to_owned(),
                source,
            })?;
        let mut authorities = BTreeMap::new();
        for (host, listed) in file.source_authorities {
            let mut parsed = Vec::new();
            for authority in listed {
                let bytes = match authority {
                    AuthorityInFile::Data { data } => data.into_vec(),
                    AuthorityInFile::Path { path } => read(&path)?,
                };
                parsed.push(
                    Authority::parse(bytes)
                        .ok_or_else(|| SourcesError::NoCertificate { host: host.clone() })?,
                );
            }
            authorities.insert(host, parsed);
        }
        Ok(Self {
            insecure: file.insecure_sources,
            authorities,
            proxies: file.proxies,
        })
    }

    /// Sources that list these registries, each `host:port`, as insecure.
    #[must_use]
    pub fn insecure<S: Into<String>>(registries: impl IntoIterator<Item = S>) -> Self {
        Self {
            insecure: registries.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// Whether a registry, `host:port`, is listed as insecure.
    #[must_use]
    pub fn is_insecure(&self, host_and_port: &str) -> bool {
        self.insecure.contains(host_and_port)
    }

    /// The registries, each `host:port`, that may be asked without TLS.
    pub fn insecure_registries(&self) -> impl Iterator<Item = &str> {
        self.insecure.iter().map(String::as_str)
    }

    /// The certificate authorities of one registry, besides the public ones.
    pub fn authorities(&self, host_and_port: &str) -> &[Authority] {
        self.authorities
            .get(host_and_port)
            .map_or(&[], Vec::as_slice)
    }

    /// The certificate authorities of all registries.
    pub fn all_authorities(&self) -> impl Iterator<Item = &Authority> {
        self.authorities.values().flatten()
    }

    /// The proxies that the file names.
    #[must_use]
    pub fn proxies(&self) -> &Proxies {
        &self.proxies
    }

    /// A plain client for one registry. It follows no redirects: whoever asks decides where credentials go.
    ///
    /// # Errors
    /// When a proxy or a certificate authority cannot be used.
    pub fn http_client(
        &self,
        host_and_port: &str,
        verify: bool,
    ) -> reqwest::Result<reqwest::Client> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("continuity/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .tls_danger_accept_invalid_certs(!verify);
        let authorities = self.authorities.get(host_and_port).filter(|_| verify);
        for authority in authorities.into_iter().flatten() {
            builder = builder.tls_certs_merge([authority.for_http()?]);
        }
        let Proxies {
            http_proxy,
            https_proxy,
            no_proxy,
        } = &self.proxies;
        let exempt = || no_proxy.as_deref().and_then(reqwest::NoProxy::from_string);
        if let Some(proxy) = https_proxy {
            builder = builder.proxy(reqwest::Proxy::https(proxy)?.no_proxy(exempt()));
        }
        if let Some(proxy) = http_proxy {
            builder = builder.proxy(reqwest::Proxy::http(proxy)?.no_proxy(exempt()));
        }
        builder.build()
    }
}

impl Authority {
    fn parse(bytes: Vec<u8>) -> Option<Self> {
        if CertificateDer::from_pem_slice(&bytes).is_ok() {
            return Some(Self::Pem(bytes));
        }
        webpki::anchor_from_trusted_cert(&CertificateDer::from_slice(&bytes)).ok()?;
        Some(Self::Der(bytes))
    }

    fn for_http(&self) -> reqwest::Result<reqwest::Certificate> {
        match self {
            Self::Pem(data) => reqwest::Certificate::from_pem(data),
            Self::Der(data) => reqwest::Certificate::from_der(data),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, SourcesError> {
    std::fs::read(path).map_err(|source| SourcesError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn parse(text: &str) -> Result<Sources, SourcesError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Sources::read(file.path())
    }

    #[test]
    fn accepts_insecure_registries_and_authorities_of_both_kinds() {
        let key = rcgen::generate_simple_self_signed(["ca.example".to_owned()]).unwrap();
        let der = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(der.path(), key.cert.der()).unwrap();
        let text = serde_json::json!({
            "insecure_sources": ["localhost:5000"],
            "source_authorities": {
                "r.example": [
                    {"type": "Data", "data": key.cert.pem()},
                    {"type": "Path", "path": der.path()},
                ],
            },
        });
        let sources = parse(&text.to_string()).unwrap();
        assert!(sources.is_insecure("localhost:5000"));
        assert!(!sources.is_insecure("localhost"));
        assert_eq!(sources.authorities("r.example").len(), 2);
        assert_eq!(sources.authorities("other.example").len(), 0);
        assert_eq!(sources.all_authorities().count(), 2);
        assert!(sources.http_client("r.example", true).is_ok());
    }

    #[test]
    fn rejects_what_would_be_ignored() {
        for text in [
            "insecure_source: [a]",
            "source_authorities: {a: [{type: Data, data: x}]}",
            "[]",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(Sources::read(Path::new("/nowhere/sources.yaml")).is_err());
    }
}

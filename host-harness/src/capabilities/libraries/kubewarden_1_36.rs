//! Kubewarden 1.36 and later: sigstore 0.14, oci-client 0.18.
//!
//! Signatures are looked for under the `.sig` tag and among the referrers, and what goes wrong in either is only logged:
//! a signature that is absent, wrong or out of reach makes one text.

#![expect(
    clippy::duplicate_mod,
    reason = "what both generations do is compiled once for the libraries of each"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use oci_client_0_18 as oci;
use sigstore_0_14 as sigstore_rs;

use rustls_pki_types::CertificateDer;
use sigstore::trust::TrustRoot as _;
use sigstore_rs::cosign::{Client, CosignCapabilities as _, SignatureLayer};
use sigstore_rs::errors::{Result, SigstoreError};
use sigstore_rs::registry::{Auth, OciReference};

#[path = "constraint.rs"]
mod constraint;
#[path = "registry.rs"]
mod registry;
#[path = "verifier.rs"]
mod verifier;

pub(super) use registry::Registry;
pub(super) use verifier::Verifier;

/// The signature layers of an image, which this library triangulates once more by itself.
async fn signature_layers(
    client: &mut Client,
    auth: &Auth,
    image: &OciReference,
    _digest: &str,
    _signatures: &OciReference,
) -> Result<Vec<SignatureLayer>> {
    client.trusted_signature_layers(auth, image).await
}

/// How a registry is reached, for this client.
fn oci_config(config: oci_client::client::ClientConfig) -> oci::client::ClientConfig {
    use oci::client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol};
    use oci_client::client as given;
    ClientConfig {
        protocol: match config.protocol {
            given::ClientProtocol::Http => ClientProtocol::Http,
            given::ClientProtocol::Https => ClientProtocol::Https,
            given::ClientProtocol::HttpsExcept(hosts) => ClientProtocol::HttpsExcept(hosts),
        },
        accept_invalid_certificates: config.accept_invalid_certificates,
        extra_root_certificates: config
            .extra_root_certificates
            .into_iter()
            .map(|certificate| Certificate {
                encoding: match certificate.encoding {
                    given::CertificateEncoding::Der => CertificateEncoding::Der,
                    given::CertificateEncoding::Pem => CertificateEncoding::Pem,
                },
                data: certificate.data,
            })
            .collect(),
        http_proxy: config.http_proxy,
        https_proxy: config.https_proxy,
        no_proxy: config.no_proxy,
        ..ClientConfig::default()
    }
}

fn cosign_config(config: sigstore::registry::ClientConfig) -> sigstore_rs::registry::ClientConfig {
    use sigstore::registry as given;
    use sigstore_rs::registry::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol};
    ClientConfig {
        protocol: match config.protocol {
            given::ClientProtocol::Http => ClientProtocol::Http,
            given::ClientProtocol::Https => ClientProtocol::Https,
            given::ClientProtocol::HttpsExcept(hosts) => ClientProtocol::HttpsExcept(hosts),
        },
        accept_invalid_certificates: config.accept_invalid_certificates,
        extra_root_certificates: config
            .extra_root_certificates
            .into_iter()
            .map(|certificate| Certificate {
                encoding: match certificate.encoding {
                    given::CertificateEncoding::Der => CertificateEncoding::Der,
                    given::CertificateEncoding::Pem => CertificateEncoding::Pem,
                },
                data: certificate.data,
            })
            .collect(),
        http_proxy: config.http_proxy,
        https_proxy: config.https_proxy,
        no_proxy: config.no_proxy,
    }
}

/// The root as the other library parsed it: both read the same file by the same rules. What differs is which of the
/// log's keys a client can use, and that is decided after this.
struct TrustRoot(Arc<sigstore::trust::sigstore::SigstoreTrustRoot>);

fn trust_root(root: Arc<sigstore::trust::sigstore::SigstoreTrustRoot>) -> Arc<TrustRoot> {
    Arc::new(TrustRoot(root))
}

impl sigstore_rs::trust::TrustRoot for TrustRoot {
    fn fulcio_certs(&self) -> Result<Vec<CertificateDer<'_>>> {
        self.0.fulcio_certs().map_err(unusable)
    }

    fn rekor_keys(&self) -> Result<BTreeMap<String, &[u8]>> {
        self.0.rekor_keys().map_err(unusable)
    }

    fn ctfe_keys(&self) -> Result<BTreeMap<String, &[u8]>> {
        self.0.ctfe_keys().map_err(unusable)
    }
}

fn unusable(error: sigstore::errors::SigstoreError) -> SigstoreError {
    SigstoreError::UnexpectedError(error.to_string())
}

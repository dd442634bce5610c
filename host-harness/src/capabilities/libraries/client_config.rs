//! The sources file, as the host's own libraries are configured with it.

use super::oci::client as oci;
use super::sigstore_rs::registry as cosign;
use continuity_registry::{Authority, Sources};

/// Configures the client that fetches digests and manifests from one registry.
pub(super) fn oci_config(
    sources: &Sources,
    host_and_port: &str,
    protocol: oci::ClientProtocol,
    verify: bool,
) -> oci::ClientConfig {
    let authorities = if verify {
        sources.authorities(host_and_port)
    } else {
        &[]
    };
    let proxies = sources.proxies();
    oci::ClientConfig {
        protocol,
        accept_invalid_certificates: !verify,
        extra_root_certificates: authorities.iter().map(for_oci).collect(),
        http_proxy: proxies.http_proxy.clone(),
        https_proxy: proxies.https_proxy.clone(),
        no_proxy: proxies.no_proxy.clone(),
        ..oci::ClientConfig::default()
    }
}

/// Configures the client that fetches signatures, which is one for all registries.
pub(super) fn cosign_config(sources: &Sources) -> cosign::ClientConfig {
    let insecure: Vec<String> = sources.insecure_registries().map(str::to_owned).collect();
    let proxies = sources.proxies();
    cosign::ClientConfig {
        protocol: if insecure.is_empty() {
            cosign::ClientProtocol::Https
        } else {
            cosign::ClientProtocol::HttpsExcept(insecure)
        },
        accept_invalid_certificates: false,
        extra_root_certificates: sources.all_authorities().map(for_cosign).collect(),
        http_proxy: proxies.http_proxy.clone(),
        https_proxy: proxies.https_proxy.clone(),
        no_proxy: proxies.no_proxy.clone(),
    }
}

fn for_oci(authority: &Authority) -> oci::Certificate {
    let (encoding, data) = match authority {
        Authority::Pem(data) => (oci::CertificateEncoding::Pem, data),
        Authority::Der(data) => (oci::CertificateEncoding::Der, data),
    };
    oci::Certificate {
        encoding,
        data: data.clone(),
    }
}

fn for_cosign(authority: &Authority) -> cosign::Certificate {
    let (encoding, data) = match authority {
        Authority::Pem(data) => (cosign::CertificateEncoding::Pem, data),
        Authority::Der(data) => (cosign::CertificateEncoding::Der, data),
    };
    cosign::Certificate {
        encoding,
        data: data.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn authorities_count_for_their_registry_and_only_where_it_is_verified() {
        let key = rcgen::generate_simple_self_signed(["ca.example".to_owned()]).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = serde_json::json!({
            "insecure_sources": ["localhost:5000"],
            "source_authorities": {"r.example": [{"type": "Data", "data": key.cert.pem()}]},
        });
        std::fs::write(file.path(), text.to_string()).unwrap();
        let sources = Sources::read(file.path()).unwrap();
        let config = |host, verify| oci_config(&sources, host, oci::ClientProtocol::Https, verify);
        assert_eq!(config("r.example", true).extra_root_certificates.len(), 1);
        assert!(
            config("other.example", true)
                .extra_root_certificates
                .is_empty()
        );
        assert!(
            config("r.example", false)
                .extra_root_certificates
                .is_empty()
        );
        assert!(config("r.example", false).accept_invalid_certificates);
        assert_eq!(cosign_config(&sources).extra_root_certificates.len(), 1);
    }
}

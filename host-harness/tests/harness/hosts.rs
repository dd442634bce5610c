//! Hosts to ask, and what to ask them.

use continuity_registry::{Credentials, Sources, TrustSource};
use host_harness::capabilities::{
    Capabilities, HostError, HostOptions, HostRequest, LiveCapabilities,
};
use serde_json::json;

use continuity_testkit::server::Server;

pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The digest of `{}`.
pub const CONFIG: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
pub const PREFIX: &str = "Fail to interact with OCI registry: ";

pub fn host(server: &Server) -> LiveCapabilities {
    options(server).start().unwrap()
}

pub fn options(server: &Server) -> HostOptions {
    options_for(server.address())
}

/// A host that knows this registry, `host:port`, and no credentials.
pub fn options_for(registry: &str) -> HostOptions {
    HostOptions::new()
        .sources(Sources::insecure([registry]))
        .credentials(Credentials::from_file("/nowhere"))
        .trust(TrustSource::Nothing)
}

pub fn manifest_of(image: &str) -> HostRequest {
    HostRequest::OciManifest {
        image: image.to_owned(),
    }
}

pub fn digest_of(image: &str) -> HostRequest {
    HostRequest::OciManifestDigest {
        image: image.to_owned(),
    }
}

pub fn by_certificate(image: &str, pem: &str) -> HostRequest {
    HostRequest::SigstoreCertificateVerify {
        image: image.to_owned(),
        certificate: pem.as_bytes().to_vec(),
        certificate_chain: None,
        require_rekor_bundle: true,
        annotations: None,
    }
}

pub fn by_key(image: &str, key: &str) -> HostRequest {
    HostRequest::SigstorePubKeyVerify {
        image: image.to_owned(),
        pub_keys: vec![key.to_owned()],
        annotations: None,
    }
}

/// The message without its causes, which a session records.
pub fn message(host: &impl Capabilities, request: &HostRequest) -> String {
    match host.answer(request).unwrap_err() {
        HostError::Failed(failure) => failure.message,
        HostError::Refused(text) => panic!("refused: {text}"),
    }
}

pub fn image_manifest() -> String {
    json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": CONFIG, "size": 2},
        "layers": [{
            "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
            "digest": "sha256:d",
            "size": 3,
            "annotations": {"dev.cosignproject.cosign/signature": "c2ln"}
        }]
    })
    .to_string()
}

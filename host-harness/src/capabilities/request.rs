//! What a policy asks of its host, in the shape in which kwctl writes it into sessions.
//!
//! Invariant: names, fields and their order are kwctl's, since its sessions are read and written with these types.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use kubewarden_policy_sdk::host_capabilities::crypto::Certificate;
use kubewarden_policy_sdk::host_capabilities::crypto_v1::CertificateVerificationRequest;
use kubewarden_policy_sdk::host_capabilities::kubernetes::GetResourceRequest;
use kubewarden_policy_sdk::host_capabilities::verification::{KeylessInfo, KeylessPrefixInfo};
use kubewarden_policy_sdk::host_capabilities::{
    SigstoreVerificationInputV1, SigstoreVerificationInputV2,
};
use serde::{Deserialize, Serialize};

/// Annotations that a signature must carry.
pub(crate) type Annotations = Option<BTreeMap<String, String>>;

/// One request of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "the fields are those of the SDK's functions, documented there"
)]
pub enum HostRequest {
    /// `oci/v1/manifest_digest`.
    OciManifestDigest { image: String },
    /// `oci/v1/oci_manifest`.
    OciManifest { image: String },
    /// `oci/v1/verify` and `oci/v2/verify`: signed by all of these keys.
    SigstorePubKeyVerify {
        image: String,
        pub_keys: Vec<String>,
        annotations: Annotations,
    },
    /// `oci/v1/verify` and `oci/v2/verify`: signatures of all of these identities.
    SigstoreKeylessVerify {
        image: String,
        keyless: Vec<KeylessInfo>,
        annotations: Annotations,
    },
    /// `oci/v2/verify`: the same with prefixes of subjects.
    SigstoreKeylessPrefixVerify {
        image: String,
        keyless_prefix: Vec<KeylessPrefixInfo>,
        annotations: Annotations,
    },
    /// `oci/v2/verify`: signed in GitHub Actions of this owner.
    SigstoreGithubActionsVerify {
        image: String,
        owner: String,
        repo: Option<String>,
        annotations: Annotations,
    },
    /// `oci/v2/verify`: signed by this certificate's key.
    SigstoreCertificateVerify {
        image: String,
        certificate: Vec<u8>,
        certificate_chain: Option<Vec<Vec<u8>>>,
        require_rekor_bundle: bool,
        annotations: Annotations,
    },
    /// `kubernetes/get_resource`.
    KubernetesGetResource {
        api_version: String,
        kind: String,
        name: String,
        namespace: Option<String>,
        disable_cache: bool,
        #[serde(default)]
        field_masks: Option<BTreeSet<String>>,
    },
    /// `crypto/v1/is_certificate_trusted`.
    CryptoIsCertificateTrusted { request: CertificateQuestion },
}

/// Was this certificate issued by that chain?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateQuestion {
    /// The certificate.
    pub cert: Certificate,
    /// Intermediates first, the root last; nothing means the public web's roots.
    pub cert_chain: Option<Vec<Certificate>>,
    /// RFC 3339, the time of verification; nothing means now.
    pub not_after: Option<String>,
}

impl From<CertificateVerificationRequest> for CertificateQuestion {
    fn from(request: CertificateVerificationRequest) -> Self {
        Self {
            cert: request.cert,
            cert_chain: request.cert_chain,
            not_after: request.not_after,
        }
    }
}

impl HostRequest {
    /// The host call that this is, as grants and metadata name it.
    #[must_use]
    pub fn capability(&self) -> &'static str {
        match self {
            Self::OciManifestDigest { .. } => "oci/v1/manifest_digest",
            Self::OciManifest { .. } => "oci/v1/oci_manifest",
            Self::SigstorePubKeyVerify { .. }
            | Self::SigstoreKeylessVerify { .. }
            | Self::SigstoreKeylessPrefixVerify { .. }
            | Self::SigstoreGithubActionsVerify { .. }
            | Self::SigstoreCertificateVerify { .. } => "oci/v2/verify",
            Self::KubernetesGetResource { .. } => "kubernetes/get_resource",
            Self::CryptoIsCertificateTrusted { .. } => "crypto/v1/is_certificate_trusted",
        }
    }
}

impl From<SigstoreVerificationInputV1> for HostRequest {
    fn from(input: SigstoreVerificationInputV1) -> Self {
        match input {
            SigstoreVerificationInputV1::SigstorePubKeyVerify {
                image,
                pub_keys,
                annotations,
            } => Self::SigstorePubKeyVerify {
                image,
                pub_keys,
                annotations,
            },
            SigstoreVerificationInputV1::SigstoreKeylessVerify {
                image,
                keyless,
                annotations,
            } => Self::SigstoreKeylessVerify {
                image,
                keyless,
                annotations,
            },
        }
    }
}

impl From<SigstoreVerificationInputV2> for HostRequest {
    fn from(input: SigstoreVerificationInputV2) -> Self {
        match input {
            SigstoreVerificationInputV2::SigstorePubKeyVerify {
                image,
                pub_keys,
                annotations,
            } => Self::SigstorePubKeyVerify {
                image,
                pub_keys,
                annotations,
            },
            SigstoreVerificationInputV2::SigstoreKeylessVerify {
                image,
                keyless,
                annotations,
            } => Self::SigstoreKeylessVerify {
                image,
                keyless,
                annotations,
            },
            SigstoreVerificationInputV2::SigstoreKeylessPrefixVerify {
                image,
                keyless_prefix,
                annotations,
            } => Self::SigstoreKeylessPrefixVerify {
                image,
                keyless_prefix,
                annotations,
            },
            SigstoreVerificationInputV2::SigstoreGithubActionsVerify {
                image,
                owner,
                repo,
                annotations,
            } => Self::SigstoreGithubActionsVerify {
                image,
                owner,
                repo,
                annotations,
            },
            SigstoreVerificationInputV2::SigstoreCertificateVerify {
                image,
                certificate,
                certificate_chain,
                require_rekor_bundle,
                annotations,
            } => Self::SigstoreCertificateVerify {
                image,
                certificate,
                certificate_chain,
                require_rekor_bundle,
                annotations,
            },
        }
    }
}

impl From<GetResourceRequest> for HostRequest {
    fn from(request: GetResourceRequest) -> Self {
        Self::KubernetesGetResource {
            api_version: request.api_version,
            kind: request.kind,
            name: request.name,
            namespace: request.namespace,
            disable_cache: request.disable_cache,
            field_masks: request.field_masks,
        }
    }
}

impl fmt::Display for HostRequest {
    /// The call and what it is about, for messages: not all of its arguments.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = match self {
            Self::OciManifestDigest { image }
            | Self::OciManifest { image }
            | Self::SigstorePubKeyVerify { image, .. }
            | Self::SigstoreKeylessVerify { image, .. }
            | Self::SigstoreKeylessPrefixVerify { image, .. }
            | Self::SigstoreGithubActionsVerify { image, .. }
            | Self::SigstoreCertificateVerify { image, .. } => image.as_str(),
            Self::KubernetesGetResource { name, .. } => name.as_str(),
            Self::CryptoIsCertificateTrusted { .. } => "a certificate",
        };
        let form = match self {
            Self::SigstorePubKeyVerify { .. } => " by key",
            Self::SigstoreKeylessVerify { .. } => " by subject",
            Self::SigstoreKeylessPrefixVerify { .. } => " by prefix of subject",
            Self::SigstoreGithubActionsVerify { .. } => " by owner",
            Self::SigstoreCertificateVerify { .. } => " by certificate",
            Self::OciManifestDigest { .. }
            | Self::OciManifest { .. }
            | Self::KubernetesGetResource { .. }
            | Self::CryptoIsCertificateTrusted { .. } => "",
        };
        write!(formatter, "{}{form} of {subject}", self.capability())
    }
}

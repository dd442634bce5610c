//! What a request wants to know of an image's signatures.

use std::collections::BTreeMap;

use anyhow::{anyhow, bail};
use url::Url;

use super::request::HostRequest;
use super::signature::{Signature, Subject};

/// A question about an image.
#[derive(Debug)]
pub(crate) enum VerificationRequest {
    /// Has each of these some layer that satisfies it?
    Signatures {
        image: String,
        signatures: Vec<Signature>,
    },
    /// Is some layer signed by this certificate's key?
    Certificate {
        image: String,
        certificate: Vec<u8>,
        chain: Option<Vec<Vec<u8>>>,
        require_rekor_bundle: bool,
        annotations: Option<BTreeMap<String, String>>,
    },
}

impl VerificationRequest {
    /// The demand of a verification request; nothing if it is a request of another kind.
    ///
    /// # Errors
    /// When it demands nothing, which the host refuses to answer.
    pub(crate) fn of(request: &HostRequest) -> Option<anyhow::Result<Self>> {
        match request {
            HostRequest::SigstorePubKeyVerify {
                image,
                pub_keys,
                annotations,
            } => {
                let signatures = pub_keys.iter().map(|key| Signature::PubKey {
                    owner: None,
                    key: key.clone(),
                    annotations: annotations.clone(),
                });
                Some(some(
                    image,
                    signatures.collect(),
                    "Must provide at least one pub key",
                ))
            }
            HostRequest::SigstoreKeylessVerify {
                image,
                keyless,
                annotations,
            } => {
                let signatures = keyless.iter().map(|identity| Signature::GenericIssuer {
                    issuer: identity.issuer.clone(),
                    subject: Subject::Equal(identity.subject.clone()),
                    annotations: annotations.clone(),
                });
                Some(some(
                    image,
                    signatures.collect(),
                    "Must provide keyless info",
                ))
            }
            HostRequest::SigstoreKeylessPrefixVerify {
                image,
                keyless_prefix,
                annotations,
            } => {
                let signatures = keyless_prefix.iter().map(|identity| {
                    let prefix = Url::parse(&identity.url_prefix)
                        .map_err(|error| anyhow!("Cannot build url prefix: {error}"))?;
                    Ok(Signature::GenericIssuer {
                        issuer: identity.issuer.clone(),
                        subject: Subject::UrlPrefix(prefix),
                        annotations: annotations.clone(),
                    })
                });
                let signatures: anyhow::Result<Vec<_>> = signatures.collect();
                Some(signatures.and_then(|found| some(image, found, "Must provide keyless info")))
            }
            HostRequest::SigstoreGithubActionsVerify {
                image,
                owner,
                repo,
                annotations,
            } => {
                let signatures = (!owner.is_empty()).then(|| Signature::GithubAction {
                    owner: owner.clone(),
                    repo: repo.clone(),
                    annotations: annotations.clone(),
                });
                Some(some(
                    image,
                    signatures.into_iter().collect(),
                    "Must provide owner info",
                ))
            }
            HostRequest::SigstoreCertificateVerify {
                image,
                certificate,
                certificate_chain,
                require_rekor_bundle,
                annotations,
            } => Some(Ok(Self::Certificate {
                image: image.clone(),
                certificate: certificate.clone(),
                chain: certificate_chain.clone(),
                require_rekor_bundle: *require_rekor_bundle,
                annotations: annotations.clone(),
            })),
            HostRequest::OciManifestDigest { .. }
            | HostRequest::OciManifest { .. }
            | HostRequest::KubernetesGetResource { .. }
            | HostRequest::CryptoIsCertificateTrusted { .. } => None,
        }
    }
}

fn some(
    image: &str,
    signatures: Vec<Signature>,
    nothing: &'static str,
) -> anyhow::Result<VerificationRequest> {
    if signatures.is_empty() {
        bail!(nothing);
    }
    Ok(VerificationRequest::Signatures {
        image: image.to_owned(),
        signatures,
    })
}

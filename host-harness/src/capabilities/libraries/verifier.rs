//! `oci/v2/verify`, by the same library as the host's and in the same order.
//!
//! Invariant: one verifier behind one lock, and signatures kept for a minute, as in the host, because both show in what
//! a policy sees. Its texts are the host's.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use anyhow::anyhow;
use kubewarden_policy_sdk::host_capabilities::verification::VerificationResponse;
use thiserror::Error;
use tokio::sync::{Mutex, OnceCell};

use super::client_config::cosign_config;
use super::constraint::constraint;
use super::oci::{ParseError, Reference};
use super::signature_layers;
use super::sigstore_rs::cosign::verification_constraint::{
    AnnotationVerifier, CertificateVerifier, VerificationConstraintVec,
};
use super::sigstore_rs::cosign::{self, ClientBuilder, CosignCapabilities as _, SignatureLayer};
use super::sigstore_rs::errors::SigstoreError;
use super::sigstore_rs::registry::{Auth, Certificate, CertificateEncoding, OciReference};
use super::trust_root::trust_root;
use crate::capabilities::signature::Signature;
use crate::capabilities::verification_request::VerificationRequest;
use continuity_registry::{Credentials, Login, Sources, TrustSource};

/// Why an image is not verified. The texts are the host's.
#[derive(Debug, Error)]
enum VerifyError {
    #[error("Verification only works with OCI images: Not a valid oci image: {0}")]
    Reference(#[from] ParseError),
    #[error("failed to get image trusted layers: {0}")]
    Layers(#[from] SigstoreError),
    #[error("no signatures found for image: {0} ")]
    NoSignatures(String),
    #[error(
        "Image verification failed: missing signatures\nThe following constraints were not satisfied:\n{0}"
    )]
    Unsatisfied(String),
}

/// Verifies signatures of images.
pub(crate) struct Verifier {
    sources: Sources,
    credentials: Credentials,
    trust: TrustSource,
    caching: bool,
    client: OnceCell<Mutex<cosign::Client>>,
}

impl Verifier {
    pub(crate) fn new(
        sources: Sources,
        credentials: Credentials,
        trust: TrustSource,
        caching: bool,
    ) -> Self {
        Self {
            sources,
            credentials,
            trust,
            caching,
            client: OnceCell::new(),
        }
    }

    /// Holds an image against what is asked of it.
    pub(crate) async fn verify(
        &self,
        request: VerificationRequest,
    ) -> anyhow::Result<VerificationResponse> {
        let digest = match request {
            VerificationRequest::Certificate {
                image,
                certificate,
                chain,
                require_rekor_bundle,
                annotations,
            } => {
                let (digest, layers) = self.trusted_layers(&image).await?;
                signed_by_certificate(
                    &layers,
                    &certificate,
                    chain.as_deref(),
                    require_rekor_bundle,
                    annotations,
                )?;
                digest
            }
            VerificationRequest::Signatures { image, signatures } => {
                let (digest, layers) = self.trusted_layers(&image).await?;
                satisfy(&layers, &signatures)?;
                digest
            }
        };
        Ok(VerificationResponse {
            is_trusted: true,
            digest,
        })
    }

    /// The digest of an image, and what was signed beside it.
    async fn trusted_layers(
        &self,
        image: &str,
    ) -> Result<(String, Vec<SignatureLayer>), VerifyError> {
        let reference: Reference = image.parse()?;
        let auth = match self.credentials.login(reference.registry()) {
            // The host knows no identity tokens.
            Login::Anonymous | Login::IdentityToken(_) => Auth::Anonymous,
            Login::Basic { user, password } => Auth::Basic(user, password),
        };
        // Spelled out: that is how texts name it.
        let name = reference.whole();
        let image = OciReference::from_str(&name)?;
        let mut client = self.client().await?.lock().await;
        let (signatures, digest) = client.triangulate(&image, &auth).await?;
        let layers = signature_layers(&mut client, &auth, &image, &digest, &signatures)
            .await
            .map_err(|error| {
                // The host cannot tell an absent tag from one that it failed to fetch.
                if matches!(error, SigstoreError::RegistryPullManifestError { .. }) {
                    VerifyError::NoSignatures(name)
                } else {
                    VerifyError::Layers(error)
                }
            })?;
        Ok((digest, layers))
    }

    async fn client(&self) -> Result<&Mutex<cosign::Client>, SigstoreError> {
        self.client
            .get_or_try_init(|| async {
                let root = trust_root(&self.trust).await;
                let mut builder =
                    ClientBuilder::default().with_oci_client_config(cosign_config(&self.sources));
                if self.caching {
                    builder = builder.enable_registry_caching();
                }
                if let Some(root) = &root {
                    builder = builder.with_trust_repository(root)?;
                }
                Ok(Mutex::new(builder.build()?))
            })
            .await
    }
}

fn signed_by_certificate(
    layers: &[SignatureLayer],
    certificate: &[u8],
    chain: Option<&[Vec<u8>]>,
    require_rekor_bundle: bool,
    annotations: Option<BTreeMap<String, String>>,
) -> anyhow::Result<()> {
    let chain: Option<Vec<Certificate>> = chain.map(|chain| {
        chain
            .iter()
            .map(|pem| Certificate {
                encoding: CertificateEncoding::Pem,
                data: pem.clone(),
            })
            .collect()
    });
    let verifier =
        CertificateVerifier::from_pem(certificate, require_rekor_bundle, chain.as_deref())?;
    let mut constraints: VerificationConstraintVec = vec![Box::new(verifier)];
    if let Some(annotations) = annotations {
        constraints.push(Box::new(AnnotationVerifier { annotations }));
    }
    cosign::verify_constraints(layers, constraints.iter())
        .map_err(|error| anyhow!("verification failed: {error}"))
}

/// Every one of these has to be satisfied by some layer, not all by the same.
fn satisfy(layers: &[SignatureLayer], signatures: &[Signature]) -> anyhow::Result<()> {
    let mut unsatisfied = String::new();
    for signature in signatures {
        let satisfied = match constraint(signature) {
            Ok(constraint) => cosign::verify_constraints(layers, [constraint].iter()).is_ok(),
            // To the host, a key that does not parse is like a wrong one.
            Err(error) => {
                tracing::info!(%error, "a demand on signatures cannot be checked");
                false
            }
        };
        if !satisfied {
            unsatisfied.push_str(&yaml_serde::to_string(signature)?);
        }
    }
    if unsatisfied.is_empty() {
        Ok(())
    } else {
        Err(VerifyError::Unsatisfied(unsatisfied).into())
    }
}

//! The registry under a name that is the same in every recording.
//!
//! The embedded registry listens on a port that nobody can foretell. What the policy asks about `registry.example` is asked
//! of that port, and whatever the port is called in answers and errors is called `registry.example` again.
//!
//! Invariant: the policy and the recording see the published names only. Direction of failure: a name that is not replaced
//! makes two recordings differ, which a test would tell.

use host_harness::capabilities::{CallbackFailure, Capabilities, HostError, HostRequest};

/// The registry of all cases.
pub const REGISTRY: &str = "registry.example";

/// A host behind published names.
pub struct PublishedNames<C> {
    host: C,
    address: String,
    /// Inner text and what stands for it, longest first.
    names: Vec<(String, String)>,
}

impl<C> PublishedNames<C> {
    /// `host`, with the registry at `address` and a store in the directory `store`.
    pub fn new(host: C, address: &str, store: &str) -> Self {
        Self {
            host,
            address: address.to_owned(),
            names: vec![
                // As a cluster asks: only what is listed as insecure is asked without TLS.
                (format!("http://{address}"), format!("https://{REGISTRY}")),
                (address.to_owned(), REGISTRY.to_owned()),
                (store.to_owned(), "store".to_owned()),
            ],
        }
    }

    fn published(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (from, to)| {
            text.replace(from.as_str(), to)
        })
    }

    fn asked(&self, image: &str) -> String {
        match image.strip_prefix(REGISTRY) {
            Some(rest) if rest.starts_with('/') => format!("{}{rest}", self.address),
            _ => image.to_owned(),
        }
    }

    fn inner(&self, request: &HostRequest) -> HostRequest {
        let mut request = request.clone();
        match &mut request {
            HostRequest::OciManifestDigest { image }
            | HostRequest::OciManifest { image }
            | HostRequest::SigstorePubKeyVerify { image, .. }
            | HostRequest::SigstoreKeylessVerify { image, .. }
            | HostRequest::SigstoreKeylessPrefixVerify { image, .. }
            | HostRequest::SigstoreGithubActionsVerify { image, .. }
            | HostRequest::SigstoreCertificateVerify { image, .. } => *image = self.asked(image),
            HostRequest::KubernetesGetResource { .. }
            | HostRequest::CryptoIsCertificateTrusted { .. } => {}
        }
        request
    }
}

impl<C: Capabilities> Capabilities for PublishedNames<C> {
    fn answer(&self, request: &HostRequest) -> Result<Vec<u8>, HostError> {
        match self.host.answer(&self.inner(request)) {
            Ok(answer) => Ok(match String::from_utf8(answer) {
                Ok(text) => self.published(&text).into_bytes(),
                Err(bytes) => bytes.into_bytes(),
            }),
            Err(HostError::Failed(failure)) => Err(HostError::Failed(CallbackFailure {
                message: self.published(&failure.message),
                causes: failure.causes.iter().map(|it| self.published(it)).collect(),
            })),
            Err(HostError::Refused(text)) => Err(HostError::Refused(self.published(&text))),
        }
    }
}

//! What the module would see: the policy's rules on the host's capabilities, without the module in between.

use chrono::{DateTime, SecondsFormat, Utc};
use kubewarden_policy_sdk::host_capabilities::crypto::{Certificate, CertificateEncoding};
use kubewarden_policy_sdk::host_capabilities::crypto_v1::CertificateVerificationResponse;
use kubewarden_policy_sdk::host_capabilities::oci::ManifestDigestResponse;
use kubewarden_policy_sdk::host_capabilities::verification::VerificationResponse;
use serde::de::DeserializeOwned;
use serde_json::Value;
use signature_continuity::baseline::ConfigMapData;
use signature_continuity::digest::Digest;
use signature_continuity::host::{Host, Place, resolved};
use signature_continuity::host_error::{self, Asked, HostError};
use signature_continuity::kubewarden::positive;

use host_harness::capabilities::{Capabilities, CertificateQuestion, HostRequest};

/// A host for the policy's rules without a module in between.
pub struct NativeHost<'a> {
    capabilities: &'a dyn Capabilities,
    now: Box<dyn Fn() -> DateTime<Utc> + 'a>,
}

impl<'a> NativeHost<'a> {
    /// On these capabilities, with the machine's clock.
    #[must_use]
    pub fn new(capabilities: &'a dyn Capabilities) -> Self {
        Self {
            capabilities,
            now: Box::new(Utc::now),
        }
    }

    /// With another clock.
    #[must_use]
    pub fn at(self, now: impl Fn() -> DateTime<Utc> + 'a) -> Self {
        Self {
            now: Box::new(now),
            ..self
        }
    }

    fn ask<T: DeserializeOwned>(
        &self,
        request: &HostRequest,
        classify: impl FnOnce(&str) -> HostError,
    ) -> Result<T, HostError> {
        let answer = self
            .capabilities
            .answer(request)
            .map_err(|error| classify(&error.to_string()))?;
        serde_json::from_slice(&answer).map_err(|_| HostError::Unusable)
    }

    fn verify(&self, request: &HostRequest, digest: &Digest) -> Result<(), HostError> {
        let response: VerificationResponse = self.ask(request, host_error::of_verification)?;
        positive(&response, digest)
    }
}

impl Host for NativeHost<'_> {
    fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    fn config_map(&self, namespace: &str, name: &str) -> Result<ConfigMapData, HostError> {
        let request = HostRequest::KubernetesGetResource {
            api_version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            name: name.to_owned(),
            namespace: Some(namespace.to_owned()),
            disable_cache: false,
            field_masks: None,
        };
        let object: Value = self.ask(&request, |text| {
            host_error::of_resource(text, name, namespace)
        })?;
        let map = |pointer| match object.pointer(pointer) {
            None | Some(Value::Null) => Ok(Default::default()),
            Some(value) => serde_json::from_value(value.clone()).map_err(|_| HostError::Unusable),
        };
        Ok(ConfigMapData {
            labels: map("/metadata/labels")?,
            data: map("/data")?,
        })
    }

    fn manifest_digest(&self, name: &str, tag: &str) -> Result<Digest, HostError> {
        let request = HostRequest::OciManifestDigest {
            image: Place::Tag(tag).of(name),
        };
        let response: ManifestDigestResponse = self.ask(&request, |text| {
            let asked = Asked {
                name,
                reference: tag,
            };
            host_error::of_registry(text, &asked, &[])
        })?;
        resolved(&response.digest)
    }

    fn manifest(&self, name: &str, place: &Place<'_>) -> Result<Vec<u8>, HostError> {
        let request = HostRequest::OciManifest {
            image: place.of(name),
        };
        let asked = Asked {
            name,
            reference: place.as_str(),
        };
        self.capabilities
            .answer(&request)
            .map_err(|error| host_error::of_registry(&error.to_string(), &asked, &[]))
    }

    fn verify_certificate(&self, name: &str, digest: &Digest, pem: &str) -> Result<(), HostError> {
        let request = HostRequest::SigstoreCertificateVerify {
            image: Place::Digest(digest).of(name),
            certificate: pem.as_bytes().to_vec(),
            certificate_chain: None,
            require_rekor_bundle: true,
            annotations: None,
        };
        self.verify(&request, digest)
    }

    fn verify_key(&self, name: &str, digest: &Digest, pem: &str) -> Result<(), HostError> {
        let request = HostRequest::SigstorePubKeyVerify {
            image: Place::Digest(digest).of(name),
            pub_keys: vec![pem.to_owned()],
            annotations: None,
        };
        self.verify(&request, digest)
    }

    fn issued_by(&self, pem: &str, chain: &[String], at: DateTime<Utc>) -> Result<bool, HostError> {
        // Without a chain hosts fall back to the web's roots.
        if chain.is_empty() {
            return Ok(false);
        }
        let certificate = |pem: &str| Certificate {
            encoding: CertificateEncoding::Pem,
            data: pem.as_bytes().to_vec(),
        };
        let request = HostRequest::CryptoIsCertificateTrusted {
            request: CertificateQuestion {
                cert: certificate(pem),
                cert_chain: Some(chain.iter().map(|pem| certificate(pem)).collect()),
                not_after: Some(at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            },
        };
        let response: CertificateVerificationResponse =
            self.ask(&request, host_error::of_certificate)?;
        Ok(response.trusted)
    }
}

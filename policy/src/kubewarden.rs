//! The host by Kubewarden's SDK: the calls that the policy makes, and nothing else that touches the outside.
//!
//! Invariant: an answer counts only if it says what was asked: trusted, and about this very digest.

use crate::baseline::ConfigMapData;
use crate::digest::Digest;
use crate::host::{Host, Place, resolved};
use crate::host_error::{self, HostError};
use crate::registry_words::Asked;
use chrono::{DateTime, SecondsFormat, Utc};
use k8s_openapi::api::core::v1::ConfigMap;
use kubewarden_policy_sdk::Error;
use kubewarden_policy_sdk::host_capabilities::crypto::{
    BoolWithReason, Certificate, CertificateEncoding, verify_cert,
};
use kubewarden_policy_sdk::host_capabilities::kubernetes::{GetResourceRequest, get_resource};
use kubewarden_policy_sdk::host_capabilities::oci::get_manifest_digest;
use kubewarden_policy_sdk::host_capabilities::verification::{
    VerificationResponse, verify_certificate, verify_pub_keys_image,
};
use kubewarden_policy_sdk::wapc_guest::host_call;

/// The host that runs this module.
pub(crate) struct Kubewarden<'a> {
    absent_messages: &'a [String],
}

impl<'a> Kubewarden<'a> {
    /// With the settings' further words of registries for "no such tag".
    #[must_use]
    pub(crate) fn new(absent_messages: &'a [String]) -> Self {
        Self { absent_messages }
    }
}

impl Host for Kubewarden<'_> {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn config_map(&self, namespace: &str, name: &str) -> Result<ConfigMapData, HostError> {
        let request = GetResourceRequest {
            api_version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            name: name.to_owned(),
            namespace: Some(namespace.to_owned()),
            disable_cache: false,
            field_masks: None,
        };
        let map: ConfigMap = get_resource(&request).map_err(|error| {
            classified(&error, |text| {
                host_error::of_resource(text, name, namespace)
            })
        })?;
        Ok(ConfigMapData {
            labels: map.metadata.labels.unwrap_or_default(),
            data: map.data.unwrap_or_default(),
        })
    }

    fn manifest_digest(&self, name: &str, tag: &str) -> Result<Digest, HostError> {
        let response = get_manifest_digest(&Place::Tag(tag).of(name)).map_err(|error| {
            classified(&error, |text| {
                host_error::of_registry(
                    text,
                    &Asked {
                        name,
                        reference: tag,
                    },
                    self.absent_messages,
                )
            })
        })?;
        resolved(&response.digest)
    }

    fn manifest(&self, name: &str, place: &Place<'_>) -> Result<Vec<u8>, HostError> {
        // The bytes as they came: the SDK's types would read them before our bounds do.
        let request = serde_json::to_vec(&place.of(name)).map_err(|_| HostError::BadReference)?;
        host_call("kubewarden", "oci", "v1/oci_manifest", &request).map_err(|error| {
            let reference = place.as_str();
            host_error::of_registry(
                &error.to_string(),
                &Asked { name, reference },
                self.absent_messages,
            )
        })
    }

    fn verify_certificate(&self, name: &str, digest: &Digest, pem: &str) -> Result<(), HostError> {
        let image = Place::Digest(digest).of(name);
        verified(
            verify_certificate(&image, pem.to_owned(), None, true, None),
            digest,
        )
    }

    fn verify_key(&self, name: &str, digest: &Digest, pem: &str) -> Result<(), HostError> {
        let image = Place::Digest(digest).of(name);
        verified(
            verify_pub_keys_image(&image, vec![pem.to_owned()], None),
            digest,
        )
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
        let chain = chain.iter().map(|pem| certificate(pem)).collect();
        let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        match verify_cert(certificate(pem), Some(chain), Some(at)) {
            Ok(BoolWithReason::True) => Ok(true),
            Ok(BoolWithReason::False(_)) => Ok(false),
            Err(error) => Err(classified(&error, host_error::of_certificate)),
        }
    }
}

fn verified(answer: Result<VerificationResponse, Error>, digest: &Digest) -> Result<(), HostError> {
    match answer {
        Ok(response) => positive(&response, digest),
        Err(error) => Err(classified(&error, host_error::of_verification)),
    }
}

/// Whether a verification says what was asked: trusted, and about this very digest.
///
/// # Errors
/// [`HostError::Negative`] for any other answer.
pub fn positive(response: &VerificationResponse, digest: &Digest) -> Result<(), HostError> {
    if response.is_trusted && response.digest == digest.as_str() {
        Ok(())
    } else {
        Err(HostError::Negative)
    }
}

/// What a failed call means: by the host's own words, where it has any.
fn classified(error: &Error, words: impl FnOnce(&str) -> HostError) -> HostError {
    match error {
        Error::HostCall { source, .. } => words(&source.to_string()),
        Error::Serialization { .. }
        | Error::Deserialization { .. }
        | Error::Validation(_)
        | Error::Io { .. }
        | Error::Logging { .. } => HostError::Unusable,
    }
}

//! From a waPC host call to a [`HostRequest`] and back.
//!
//! Invariant: the order of checks is the host's: first the capability, then the payload, then the resource. Log lines
//! are outside of all grants.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use kubewarden_policy_sdk::host_capabilities::crypto_v1::CertificateVerificationRequest;
use kubewarden_policy_sdk::host_capabilities::kubernetes::GetResourceRequest;
use kubewarden_policy_sdk::host_capabilities::{
    SigstoreVerificationInputV1, SigstoreVerificationInputV2,
};
use serde::de::DeserializeOwned;

use super::Capabilities;
use super::error::HostError;
use super::grants::Grants;
use super::log::Log;
use super::request::HostRequest;
use crate::engine::{HostCallbacks, WallClock};

/// Dispatches the host calls of one evaluation.
pub struct Dispatcher {
    grants: Grants,
    capabilities: Arc<dyn Capabilities>,
    clock: Arc<dyn WallClock>,
    log: Log,
    calls: Mutex<BTreeMap<&'static str, u64>>,
}

impl Dispatcher {
    /// A dispatcher for a policy with these grants.
    pub fn new(
        grants: Grants,
        capabilities: Arc<dyn Capabilities>,
        clock: Arc<dyn WallClock>,
    ) -> Self {
        Self {
            grants,
            capabilities,
            clock,
            log: Log::default(),
            calls: Mutex::default(),
        }
    }

    /// The policy's log lines.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// How many calls of each kind were answered.
    pub fn calls(&self) -> BTreeMap<&'static str, u64> {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn dispatch(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, HostError> {
        if binding != "kubewarden" {
            return Err(HostError::Refused(format!("unknown binding: {binding}")));
        }
        if namespace == "tracing" {
            return match operation {
                "log" => {
                    self.log.add(payload);
                    Ok(Vec::new())
                }
                _ => Err(unknown_operation(operation)),
            };
        }
        let capability = format!("{namespace}/{operation}");
        if !self.grants.capabilities.allows(&capability) {
            return Err(HostError::Refused(format!(
                "Policy has not been granted access to the '{capability}' host capability. \
                 The violation has been reported."
            )));
        }
        let request = match (namespace, operation) {
            ("oci", "v1/verify") => parse::<SigstoreVerificationInputV1>(payload)?.into(),
            ("oci", "v2/verify") => parse::<SigstoreVerificationInputV2>(payload)?.into(),
            ("oci", "v1/manifest_digest") => HostRequest::OciManifestDigest {
                image: parse(payload)?,
            },
            ("oci", "v1/oci_manifest") => HostRequest::OciManifest {
                image: parse(payload)?,
            },
            ("crypto", "v1/is_certificate_trusted") => HostRequest::CryptoIsCertificateTrusted {
                request: parse::<CertificateVerificationRequest>(payload)?.into(),
            },
            ("kubernetes", "get_resource") => self.granted(parse(payload)?)?.into(),
            ("oci" | "crypto" | "kubernetes" | "net", _) => {
                return Err(unknown_operation(operation));
            }
            _ => {
                return Err(HostError::Refused(format!(
                    "unknown namespace: {namespace}"
                )));
            }
        };
        *self
            .calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(request.capability())
            .or_default() += 1;
        self.clock.host_call_made();
        self.capabilities.answer(&request)
    }

    fn granted(&self, request: GetResourceRequest) -> Result<GetResourceRequest, HostError> {
        if self
            .grants
            .allows_resource(&request.api_version, &request.kind)
        {
            Ok(request)
        } else {
            Err(HostError::Refused(format!(
                "Policy has not been granted access to Kubernetes {}/{} resources. The violation has been reported.",
                request.api_version, request.kind
            )))
        }
    }
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Dispatcher")
            .field("grants", &self.grants)
            .finish_non_exhaustive()
    }
}

impl HostCallbacks for Dispatcher {
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        let answer = self.dispatch(binding, namespace, operation, payload);
        if let Err(error) = &answer {
            tracing::debug!(namespace, operation, %error, "host call failed");
        }
        answer.map_err(|error| error.to_string())
    }
}

fn parse<T: DeserializeOwned>(payload: &[u8]) -> Result<T, HostError> {
    serde_json::from_slice(payload).map_err(|error| HostError::Refused(error.to_string()))
}

fn unknown_operation(operation: &str) -> HostError {
    HostError::Refused(format!("unknown operation: {operation}"))
}

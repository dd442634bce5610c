//! A registry with one image and a Sigstore, and hosts of either generation that trust it.

use continuity_registry::TrustSource;
use continuity_testkit::registry::{Fault, FaultRule, Registry, Words};
use continuity_testkit::sigstore::{
    Leaf, PrivateSigstore, Signature, SignatureLayer, SimpleSigning, digest_of, signature_tag,
};
use host_harness::capabilities::{
    Capabilities as _, HostError, HostGeneration, HostRequest, LiveCapabilities,
};
use serde_json::{Value, json};

use crate::hosts::options_for;
use crate::lab::{signed_at, workflow};

pub const NAME: &str = "acme/api";
pub const TRUSTED: &str = "trusted";

/// A registry with one image, and a Sigstore.
pub struct Lab {
    pub registry: Registry,
    pub sigstore: PrivateSigstore,
    pub digest: String,
}

impl Lab {
    pub fn new() -> Self {
        let registry = Registry::start().unwrap();
        let digest = registry.push_image(NAME, "v1", "seed").unwrap();
        Self {
            registry,
            sigstore: PrivateSigstore::new().unwrap(),
            digest,
        }
    }

    pub fn host(&self, generation: HostGeneration) -> LiveCapabilities {
        options_for(self.registry.host())
            .trust(TrustSource::parse(self.sigstore.trusted_root_json().as_bytes()).unwrap())
            .generation(generation)
            .without_caches()
            .start()
            .unwrap()
    }

    pub fn image(&self) -> String {
        self.registry.image(NAME, &self.digest)
    }

    pub fn leaf(&self) -> Leaf {
        self.sigstore.issue(&workflow(), signed_at()).unwrap()
    }

    pub fn payload(&self) -> Vec<u8> {
        SimpleSigning::cosign(&self.registry.name(NAME), &self.digest).bytes()
    }

    /// A genuine keyless signature.
    pub fn signature(&self) -> Signature {
        self.sigstore
            .sign(
                &workflow(),
                &self.registry.name(NAME),
                &self.digest,
                signed_at(),
            )
            .unwrap()
    }

    pub fn push(&self, layers: &[SignatureLayer]) {
        self.registry
            .push_signature(NAME, &self.digest, layers)
            .unwrap();
    }

    /// Pushes a signature and returns the certificate that it came with.
    pub fn push_signature(&self, signature: &Signature) -> String {
        self.push(&[signature.layer().unwrap()]);
        signature.certificate.clone().unwrap()
    }

    /// Pushes any manifest in place of a `.sig`.
    pub fn push_in_place(&self, media_type: &str, manifest: &Value) -> String {
        let tag = signature_tag(&self.digest);
        self.registry
            .push_manifest(NAME, &tag, manifest.to_string().as_bytes(), media_type)
            .unwrap();
        self.leaf().pem()
    }

    /// Pushes a genuine signature whose blob gets this answer.
    pub fn blob(&self, words: Words) -> String {
        let blob = digest_of(&self.payload());
        self.registry
            .fault(FaultRule::new(NAME, &blob, Fault::Says(words)));
        self.push_signature(&self.signature())
    }

    pub fn fill(&self, text: &str) -> String {
        let sig = self.registry.image(NAME, &signature_tag(&self.digest));
        let blob = digest_of(&self.payload());
        let blob = format!("{}/v2/{NAME}/blobs/{blob}", self.registry.base_url());
        let manifest = format!(
            "{}/v2/{NAME}/manifests/{}",
            self.registry.base_url(),
            self.digest
        );
        text.replace("IMAGE", &self.image())
            .replace("SIG", &sig)
            .replace("BLOB", &blob)
            .replace("MANIFEST", &manifest)
    }

    /// What a host of this generation answers.
    pub fn ask(&self, generation: HostGeneration, request: &HostRequest) -> String {
        match self.host(generation).answer(request) {
            Ok(bytes) => {
                let answer: Value = serde_json::from_slice(&bytes).unwrap();
                assert_eq!(answer, json!({"is_trusted": true, "digest": self.digest}));
                TRUSTED.to_owned()
            }
            Err(HostError::Failed(failure)) => failure.message,
            Err(HostError::Refused(text)) => panic!("refused: {text}"),
        }
    }
}

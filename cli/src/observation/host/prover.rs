//! The trust root, ready to verify with.

use std::collections::BTreeSet;

use sigstore_verify::Verifier;

use continuity_registry::TrustMaterial;

/// Verifies against one trust root; without one, nothing that needs a log or a certificate is proven.
pub(crate) struct Prover {
    verifier: Option<Verifier>,
    logs: BTreeSet<Vec<u8>>,
}

impl Prover {
    pub(crate) fn new(material: &TrustMaterial) -> Self {
        let Some(root) = &material.root else {
            return Self {
                verifier: None,
                logs: BTreeSet::new(),
            };
        };
        let verifier = Verifier::new(root)
            .inspect_err(|error| {
                tracing::warn!(
                    %error,
                    "the trust root cannot be used: signatures that need it will not verify"
                );
            })
            .ok();
        let logs = root
            .tlogs
            .iter()
            .map(|log| log.log_id.key_id.as_bytes().to_vec())
            .collect();
        Self { verifier, logs }
    }

    pub(super) fn verifier(&self) -> Option<&Verifier> {
        self.verifier.as_ref()
    }

    /// Whether the trust root has the log of this id.
    pub(super) fn knows_log(&self, id: &[u8]) -> bool {
        self.logs.contains(id)
    }
}

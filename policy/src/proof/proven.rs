//! A signer who was proven.
//!
//! Invariant: made by the prover alone, or from a bundle that a host proved, and only ever read elsewhere.

use super::Problem;
use crate::baseline::Format;
use crate::certificate::Leaf;
use crate::host::BundleSigner;
use crate::posture::Rank;
use crate::provenance::Provenance;
use crate::signer::Signer;

/// A signer whose signature on the digest was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenSigner {
    pub(super) signer: Signer,
    pub(super) provenance: Option<Provenance>,
    pub(super) signed_for_repository: bool,
    pub(super) format: Format,
}

impl ProvenSigner {
    /// Who.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// What the CA attests about the build; keys have none.
    #[must_use]
    pub fn provenance(&self) -> Option<&Provenance> {
        self.provenance.as_ref()
    }

    /// Whether the signature is known to have been made for this repository; `false` where that is not known.
    #[must_use]
    pub(crate) fn is_signed_for_repository(&self) -> bool {
        self.signed_for_repository
    }

    /// In which format the signature is.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// From a bundle that the host proved. The rules for certificates are the same as everywhere.
    ///
    /// # Errors
    /// When the certificate breaks one of them.
    pub(crate) fn of_bundle(signer: BundleSigner) -> Result<Self, Problem> {
        let (signer, provenance) = match signer {
            BundleSigner::Certificate(der) => {
                let leaf = Leaf::from_der(der).map_err(|e| Problem::Certificate(e.to_string()))?;
                (Signer::of_leaf(&leaf), Some(leaf.provenance().clone()))
            }
            BundleSigner::Key(key) => (Signer::Key(key), None),
        };
        Ok(Self {
            signer,
            provenance,
            // A bundle's statement names a digest, and no repository.
            signed_for_repository: false,
            format: Format::Bundle,
        })
    }

    /// The rank of the evidence.
    #[must_use]
    pub fn rank(&self) -> Rank {
        rank_of(&self.signer)
    }
}

/// The rank of a signer's kind.
#[must_use]
pub fn rank_of(signer: &Signer) -> Rank {
    match signer {
        Signer::Keyless(_) => Rank::Keyless,
        Signer::Key(_) => Rank::Key,
    }
}

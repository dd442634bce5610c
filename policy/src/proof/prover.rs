//! The proof of one claim: what the guest can see by itself, then the host's two answers.
//!
//! Invariant: a signer is proven only when the host says that this very certificate or key signed the digest, and one of
//! the authorities issued the certificate. Direction of failure: what is not confirmed is a problem, never a signer.

use super::order::Claim;
use super::{Interruption, Problem, ProvenSigner, SignedArtifact, log};
use crate::baseline::Format;
use crate::calls::{CallError, Calls};
use crate::certificate::Leaf;
use crate::claims::{Claims, Layer};
use crate::digest::Digest;
use crate::host_error::HostError;
use crate::log_entry::Verifier;
use crate::public_key::{KeyKind, PublicKey};
use crate::signer::Signer;

/// Why a claim proves nobody.
pub(super) enum Refusal {
    Problem(Problem),
    Interrupted(Interruption),
    /// A known key that did not sign: nobody said that it had.
    NotThisKey,
}

/// What the claims about one artifact are held against.
pub(super) struct Prover<'a> {
    pub(super) calls: &'a Calls<'a>,
    pub(super) artifact: &'a SignedArtifact<'a>,
    pub(super) claims: &'a Claims,
}

impl Prover<'_> {
    /// What the guest can see by itself: that nothing in a claim contradicts itself. Asks nobody.
    pub(super) fn stands(&self, claim: &Claim<'_>) -> Result<(), Problem> {
        let (forged, what) = match claim {
            Claim::Leaf(leaf) => {
                log::stands(self.claims, leaf)?;
                let key = leaf.key();
                let forged = key.is_some_and(|key| self.is_forged(key, |layer| is_of(layer, leaf)));
                (forged, "the certificate's key did not make the signature")
            }
            Claim::Key { claimed: false, .. } => return Ok(()),
            Claim::Key { key, claimed: true } => {
                let forged = self.is_forged(key, |layer| names_key(layer, key));
                (forged, "the log entry's key did not make the signature")
            }
        };
        if forged {
            return Err(Problem::Contradiction(what));
        }
        Ok(())
    }

    /// What the host says of a claim that stands.
    pub(super) fn ask(&self, claim: &Claim<'_>) -> Result<ProvenSigner, Refusal> {
        match claim {
            Claim::Leaf(leaf) => self.leaf(leaf),
            Claim::Key { key, claimed } => self.key(key, *claimed),
        }
    }

    fn leaf(&self, leaf: &Leaf) -> Result<ProvenSigner, Refusal> {
        let pem = leaf.pem();
        self.issued(leaf, &pem)?;
        let SignedArtifact { name, digest, .. } = self.artifact;
        match self.calls.verify_certificate(name, digest, &pem) {
            Ok(()) => Ok(ProvenSigner {
                signer: Signer::of_leaf(leaf),
                provenance: Some(leaf.provenance().clone()),
                signed_for_repository: self.is_signed_for_repository(|layer| is_of(layer, leaf)),
                format: Format::Cosign2,
            }),
            Err(error) => Err(refusal(
                &error,
                not_confirmed(leaf.key_kind(), "certificate"),
            )),
        }
    }

    fn key(&self, key: &PublicKey, claimed: bool) -> Result<ProvenSigner, Refusal> {
        let SignedArtifact { name, digest, .. } = self.artifact;
        let Err(error) = self.calls.verify_key(name, digest, &key.pem()) else {
            return Ok(ProvenSigner {
                signer: Signer::Key(key.clone()),
                provenance: None,
                signed_for_repository: self
                    .is_signed_for_repository(|layer| layer.certificate.is_none()),
                format: Format::Cosign2,
            });
        };
        let refusal = refusal(&error, not_confirmed(Some(key.kind()), "key"));
        // A known key whose signature is not there: nobody said that it had signed.
        let may_have_signed = claimed || self.made(key, is_nobodys).any(|made| made != Some(false));
        match refusal {
            Refusal::Problem(_) if !may_have_signed => Err(Refusal::NotThisKey),
            refusal @ (Refusal::Problem(_) | Refusal::Interrupted(_) | Refusal::NotThisKey) => {
                Err(refusal)
            }
        }
    }

    /// Whether `key` did not make one of the signatures of the layers that `of` names.
    fn is_forged(&self, key: &PublicKey, of: impl Fn(&Layer) -> bool) -> bool {
        self.made(key, of).any(|made| made == Some(false))
    }

    /// For each layer that `of` names: whether `key` made its signature over its digest, where that can be told.
    fn made(
        &self,
        key: &PublicKey,
        of: impl Fn(&Layer) -> bool,
    ) -> impl Iterator<Item = Option<bool>> {
        self.claims
            .layers()
            .iter()
            .filter(move |layer| of(layer))
            .filter_map(|layer| {
                let signature = layer.signature.as_ref().ok()?;
                Some(key.made(signature, &layer.digest))
            })
    }

    /// That one of the authorities issued the certificate, at its notBefore.
    fn issued(&self, leaf: &Leaf, pem: &str) -> Result<(), Refusal> {
        for chain in &self.artifact.authorities {
            match self.calls.issued_by(pem, chain, leaf.not_before()) {
                Ok(true) => return Ok(()),
                // An error here is about the certificate or the chain: this chain did not issue it.
                Ok(false) | Err(CallError::Host(HostError::Unusable | HostError::Negative)) => {}
                Err(error) => return Err(refusal(&error, Problem::NotConfirmed)),
            }
        }
        Err(Refusal::Problem(Problem::ForeignAuthority))
    }

    /// Whether every layer that `own` names is the default payload for this digest under one of its names.
    fn is_signed_for_repository(&self, own: impl Fn(&Layer) -> bool) -> bool {
        let payloads: Vec<Digest> = self
            .artifact
            .payload_names
            .iter()
            .map(|name| Digest::of(default_payload(name, self.artifact.digest).as_bytes()))
            .collect();
        let mut layers = self
            .claims
            .layers()
            .iter()
            .filter(|layer| own(layer))
            .peekable();
        layers.peek().is_some() && layers.all(|layer| payloads.contains(&layer.digest))
    }
}

/// The payload that cosign signs when nobody asks for more (cosign's signature spec, "Simple Signing").
#[must_use]
pub fn default_payload(repository: &str, digest: &Digest) -> String {
    format!(
        r#"{{"critical":{{"identity":{{"docker-reference":"{repository}"}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}},"optional":null}}"#
    )
}

/// Whether the layer claims this certificate.
fn is_of(layer: &Layer, leaf: &Leaf) -> bool {
    layer.leaf().is_some_and(|own| own.der() == leaf.der())
}

/// Whether the layer's own log entry says that `key` signed.
fn names_key(layer: &Layer, key: &PublicKey) -> bool {
    layer.certificate.is_none()
        && matches!(layer.own_entry(), Some((_, Verifier::Key(own))) if own == key)
}

/// Whether nothing says who signed the layer.
fn is_nobodys(layer: &Layer) -> bool {
    layer.certificate.is_none() && layer.own_entry().is_none()
}

/// What it means that a verification did not say yes. The `.sig` was served, so nothing here is an outage.
fn refusal(error: &CallError, not_confirmed: Problem) -> Refusal {
    match error {
        CallError::Spent => Refusal::Interrupted(Interruption::Spent),
        CallError::Host(HostError::NotGranted | HostError::Forbidden(_)) => {
            Refusal::Interrupted(Interruption::NotGranted)
        }
        CallError::Host(
            HostError::Absent
            | HostError::Outage(_)
            | HostError::Answer
            | HostError::Unusable
            | HostError::Negative
            | HostError::BadReference,
        ) => Refusal::Problem(not_confirmed),
    }
}

/// What a signature is that the host does not confirm. Not all hosts verify every kind of key (sigstore 0.13 no
/// certificates with RSA), or with every digest algorithm (cosign 2 signs P-384 over SHA-256): those are of a format that
/// the learner proves.
fn not_confirmed(kind: Option<KeyKind>, of: &str) -> Problem {
    match kind {
        Some(KeyKind::EcdsaP256 | KeyKind::Ed25519) => Problem::NotConfirmed,
        Some(KeyKind::EcdsaP384 | KeyKind::Rsa) | None => Problem::Key(format!(
            "hosts do not verify every signature by a {of} of its kind"
        )),
    }
}

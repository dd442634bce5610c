//! Proof: from what signatures claim to signers that can be trusted.
//!
//! Invariant: a [`ProvenSigner`] is made here only, and only when the host answered that this very certificate (or
//! key) signed this digest, when one of the configured authorities issued the certificate at its notBefore, and when
//! every log entry that could have stood in for the leaf's is its own layer's. Everything else ends as a problem:
//! `invalid` where the guest itself sees that parts contradict each other, `unverifiable` where nobody could prove it,
//! unknown where another reader might: a host's no is never evidence against a publisher.

mod log;
mod order;
mod problem;

pub use problem::Problem;
pub(crate) use problem::posture_of;

use order::{Claim, in_order, readable};

use crate::baseline::Format;
use crate::calls::{CallError, Calls};
use crate::certificate::Leaf;
use crate::claims::{Claims, Layer};
use crate::digest::Digest;
use crate::host::BundleSigner;
use crate::host_error::HostError;
use crate::known::Known;
use crate::log_entry::Verifier;
use crate::posture::Rank;
use crate::provenance::Provenance;
use crate::public_key::{KeyKind, PublicKey};
use crate::signer::Signer;

/// A signer whose signature on the digest was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenSigner {
    signer: Signer,
    provenance: Option<Provenance>,
    at_home: bool,
    format: Format,
}

/// What is proven, and against which CAs.
pub struct Subject<'a> {
    /// The name of the repository in host calls.
    pub name: &'a str,
    /// The image's digest.
    pub digest: &'a Digest,
    /// The repository's names in payloads that were made for it.
    pub payload_names: &'a [String],
    /// PEM chains, intermediates first, the anchor last.
    pub authorities: Vec<&'a [String]>,
}

/// What came of all claims.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Who was proven.
    pub proven: Vec<ProvenSigner>,
    /// What was wrong with the claims that were not.
    pub problems: Vec<Problem>,
    /// A claim that matters got no answer.
    pub interrupted: Option<Interruption>,
    /// Some claim got no answer, whether it mattered or not: who else signed is not known.
    pub incomplete: bool,
}

/// Why a claim got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// The time is spent.
    Spent,
    /// The policy was not granted the capability.
    NotGranted,
}

enum Refusal {
    Problem(Problem),
    Interrupted(Interruption),
    /// A known key that did not sign: nobody said that it had.
    NotThisKey,
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
    pub fn is_at_home(&self) -> bool {
        self.at_home
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
            at_home: false,
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

/// Proves the claims about `subject`, those by known signers first, until `enough` is met.
#[must_use]
pub fn prove(
    calls: &Calls<'_>,
    subject: &Subject<'_>,
    claims: &Claims,
    known: &Known<'_>,
    enough: impl Fn(&ProvenSigner) -> bool,
) -> Findings {
    let mut findings = Findings {
        problems: readable(claims),
        ..Findings::default()
    };
    let mut others = None;
    let prover = Prover {
        calls,
        subject,
        claims,
    };
    for (is_known, claim) in in_order(claims, known) {
        match prover.claim(&claim) {
            Ok(proven) => {
                let is_enough = enough(&proven);
                findings.proven.push(proven);
                if is_enough {
                    findings.interrupted = None;
                    return findings;
                }
            }
            Err(Refusal::Problem(problem)) => {
                // Another reader may prove it: who else signed is not known.
                findings.incomplete |= problem.cause().is_some();
                findings.problems.push(problem);
            }
            Err(Refusal::NotThisKey) => {}
            Err(Refusal::Interrupted(why)) => {
                findings.incomplete = true;
                if is_known {
                    findings.interrupted = Some(why);
                } else {
                    others = Some(why);
                }
            }
        }
    }
    // What a known signer's claim would have come to always matters; a stranger's only where nobody is proven.
    if findings.proven.is_empty() {
        findings.interrupted = findings.interrupted.or(others);
    }
    findings.problems.sort();
    findings.problems.dedup();
    findings
}

struct Prover<'a> {
    calls: &'a Calls<'a>,
    subject: &'a Subject<'a>,
    claims: &'a Claims,
}

impl Prover<'_> {
    fn claim(&self, claim: &Claim<'_>) -> Result<ProvenSigner, Refusal> {
        match claim {
            Claim::Leaf(leaf) => self.leaf(leaf),
            Claim::Key { key, claimed } => self.key(key, *claimed),
        }
    }

    fn leaf(&self, leaf: &Leaf) -> Result<ProvenSigner, Refusal> {
        log::stands(self.claims, leaf).map_err(Refusal::Problem)?;
        let of_leaf = |layer: &Layer| layer.leaf().is_some_and(|l| l.der() == leaf.der());
        let forged = leaf
            .key()
            .is_some_and(|key| self.made(key, of_leaf).any(|made| made == Some(false)));
        if forged {
            return Err(Refusal::Problem(Problem::Contradiction(
                "the certificate's key did not make the signature",
            )));
        }
        let pem = leaf.pem();
        self.issued(leaf, &pem)?;
        let Subject { name, digest, .. } = self.subject;
        match self.calls.verify_certificate(name, digest, &pem) {
            Ok(()) => Ok(ProvenSigner {
                signer: Signer::of_leaf(leaf),
                provenance: Some(leaf.provenance().clone()),
                at_home: self.is_at_home(of_leaf),
                format: Format::Cosign2,
            }),
            Err(error) => Err(refusal(
                &error,
                not_confirmed(leaf.key_kind(), "certificate"),
            )),
        }
    }

    fn key(&self, key: &PublicKey, claimed: bool) -> Result<ProvenSigner, Refusal> {
        if claimed
            && self
                .made(key, |layer| names_key(layer, key))
                .any(|made| made == Some(false))
        {
            return Err(Refusal::Problem(Problem::Contradiction(
                "the log entry's key did not make the signature",
            )));
        }
        let Subject { name, digest, .. } = self.subject;
        let Err(error) = self.calls.verify_key(name, digest, &key.pem()) else {
            return Ok(ProvenSigner {
                signer: Signer::Key(key.clone()),
                provenance: None,
                at_home: self.is_at_home(|layer| layer.certificate.is_none()),
                format: Format::Cosign2,
            });
        };
        let refusal = refusal(&error, not_confirmed(Some(key.kind()), "key"));
        // A known key whose signature is not there: nobody said that it had signed.
        let may_have_signed = claimed
            || self
                .made(key, |layer| is_nobodys(layer))
                .any(|made| made != Some(false));
        match refusal {
            Refusal::Problem(_) if !may_have_signed => Err(Refusal::NotThisKey),
            refusal @ (Refusal::Problem(_) | Refusal::Interrupted(_) | Refusal::NotThisKey) => {
                Err(refusal)
            }
        }
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
        for chain in &self.subject.authorities {
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
    fn is_at_home(&self, own: impl Fn(&Layer) -> bool) -> bool {
        let payloads: Vec<Digest> = self
            .subject
            .payload_names
            .iter()
            .map(|name| Digest::of(default_payload(name, self.subject.digest).as_bytes()))
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

#[cfg(test)]
#[path = "proof_tests.rs"]
mod tests;

//! The policy's host for one image's observation, on the registry itself: every answer is proven here.
//!
//! Invariant: at least as strict as the module's host. What is verified is what the policy's rules saw: a `.sig` is
//! fetched once for an observation and cannot be swapped between two calls. What is noted about a signature belongs to
//! a layer or bundle that was proven.

mod beside;
mod bundle;
#[cfg(test)]
mod conformance_tests;
mod findings;
mod layer;
mod listing;
mod module_host;
mod payload;
mod prover;
mod referred;
mod statement;
mod verdict;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use continuity_registry::{Issuance, Registries, issuance};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use signature_continuity::baseline::{ConfigMapData, Format};
use signature_continuity::certificate::Leaf;
use signature_continuity::digest::Digest;
use signature_continuity::host::{Bundles, Host, Place};
use signature_continuity::host_error::HostError;
use signature_continuity::public_key::PublicKey;
use signature_continuity::reference::Repository;
use signature_continuity::settings::{CertificateChain, Settings};
use signature_continuity::signer::Signer;

use super::{Note, SignedRepository};
use layer::SignedLayer;
use listing::Referring;
use payload::Payload;

pub(super) use findings::{Fact, Findings};
pub(super) use module_host::ModuleHostView;
pub(super) use prover::Prover;

/// The largest payload that is read; the policy looks at no layer that declares more.
const LARGEST_PAYLOAD: usize = 64 * 1024;

/// What was said of a place in a repository.
type Asked<T> = RefCell<BTreeMap<(String, String), Result<T, HostError>>>;

/// One image's observation: what is kept of one digest is not asked about another.
pub(super) struct ObservingHost<'a> {
    registry: &'a Registries,
    prover: &'a Prover,
    settings: &'a Settings,
    chains: Vec<CertificateChain>,
    /// The image's repository, after aliases.
    repository: &'a Repository,
    now: DateTime<Utc>,
    /// What the registry served, or said instead.
    served: Asked<Vec<u8>>,
    digests: Asked<Digest>,
    /// What the policy's rules are given: the `.sig` with what is beside it.
    manifests: RefCell<BTreeMap<(String, String), Vec<u8>>>,
    payloads: RefCell<BTreeMap<Digest, Result<Vec<u8>, HostError>>>,
    facts: RefCell<Vec<Fact>>,
    attestations: Cell<usize>,
    /// Whether something beside what was proven got no answer.
    unanswered: Cell<bool>,
    /// The layers of the `.sig`, read once.
    layers: OnceCell<Result<Vec<SignedLayer>, HostError>>,
    /// What refers to the image, found once.
    referring: OnceCell<Result<Referring, HostError>>,
    /// The layers that proved somebody.
    proven: RefCell<BTreeSet<(Digest, Vec<u8>)>>,
    notes: RefCell<Vec<Note>>,
}

impl<'a> ObservingHost<'a> {
    pub(super) fn new(
        registry: &'a Registries,
        prover: &'a Prover,
        settings: &'a Settings,
        repository: &'a Repository,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            registry,
            prover,
            settings,
            chains: settings.certificate_chains().into_owned(),
            repository,
            now,
            served: RefCell::default(),
            digests: RefCell::default(),
            manifests: RefCell::default(),
            payloads: RefCell::default(),
            facts: RefCell::default(),
            attestations: Cell::new(0),
            unanswered: Cell::new(false),
            layers: OnceCell::new(),
            referring: OnceCell::new(),
            proven: RefCell::default(),
            notes: RefCell::default(),
        }
    }

    /// A manifest as the registry has it, asked for once: what it said is what it says.
    pub(super) fn served(&self, name: &str, place: &Place<'_>) -> Result<Vec<u8>, HostError> {
        let key = (name.to_owned(), place.as_str().to_owned());
        if let Some(served) = self.served.borrow().get(&key) {
            return served.clone();
        }
        let served = self.registry.manifest(name, place);
        self.served.borrow_mut().insert(key, served.clone());
        served
    }

    fn signed_layers(&self, name: &str, digest: &Digest) -> Result<&[SignedLayer], HostError> {
        let read = self.layers.get_or_init(|| {
            SignedLayer::all(&self.manifest(name, &Place::Tag(&digest.signature_tag()))?)
        });
        read.as_deref().map_err(Clone::clone)
    }

    /// The signed bytes of a layer. Whoever pushed the signatures chose whether they are there, so only what is no
    /// answer to that is an outage.
    fn payload(&self, name: &str, digest: &Digest) -> Result<Vec<u8>, HostError> {
        if let Some(present) = self.payloads.borrow().get(digest) {
            return present.clone();
        }
        let fetched = self.pushed_blob(name, digest, LARGEST_PAYLOAD);
        self.payloads
            .borrow_mut()
            .insert(digest.clone(), fetched.clone());
        fetched
    }

    fn pushed_blob(
        &self,
        name: &str,
        digest: &Digest,
        largest: usize,
    ) -> Result<Vec<u8>, HostError> {
        self.registry.blob(name, digest, largest).map_err(|error| {
            let served = [HostError::Absent, HostError::Answer];
            if served.contains(&error) {
                HostError::Unusable
            } else {
                error
            }
        })
    }

    /// Proves the layers that are `own`, and notes what those say that are proven.
    fn prove_layers(
        &self,
        name: &str,
        digest: &Digest,
        signer: &Signer,
        own: impl Fn(&SignedLayer) -> bool,
        prove: impl Fn(&SignedLayer, &[u8]) -> Result<Option<i64>, HostError>,
    ) -> Result<(), HostError> {
        let mut refusals = Vec::new();
        let mut proven = false;
        let layers = self.signed_layers(name, digest)?;
        for layer in layers.iter().filter(|layer| own(layer)) {
            let outcome = self.payload(name, &layer.layer.digest).and_then(|bytes| {
                let payload = Payload::naming(digest, &bytes).ok_or(HostError::Negative)?;
                Ok((prove(layer, &bytes)?, payload))
            });
            match outcome {
                Ok((logged_at, payload)) => {
                    proven = true;
                    self.proven.borrow_mut().extend(layer.own());
                    self.note(signer, logged_at, &payload);
                }
                Err(error) => refusals.push(error),
            }
        }
        if proven {
            let lost = |error: &HostError| matches!(error, HostError::Outage(_));
            if refusals.iter().any(lost) {
                self.unanswered.set(true);
            }
            return Ok(());
        }
        // What got no answer might have been proven; after that, what contradicts says most.
        let rank = |error: &HostError| match error {
            HostError::Outage(_)
            | HostError::Answer
            | HostError::NotGranted
            | HostError::Forbidden(_)
            | HostError::BadReference => 0,
            HostError::Negative => 1,
            HostError::Absent => 2,
            HostError::Unusable => 3,
        };
        Err(refusals
            .into_iter()
            .min_by_key(rank)
            .unwrap_or(HostError::Negative))
    }

    fn note(&self, signer: &Signer, logged_at: Option<i64>, payload: &Payload) {
        let signed_repository = payload.signed_repository(self.repository, self.settings);
        let introduces = match signed_repository {
            SignedRepository::Here => payload.introduces(),
            SignedRepository::Elsewhere(_) | SignedRepository::Unsaid => BTreeSet::new(),
        };
        self.facts.borrow_mut().push(Fact {
            signer: signer.id(),
            format: Format::Cosign2,
            logged_at,
            signed_repository,
            introduces,
        });
    }
}

impl Host for ObservingHost<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Baselines come from elsewhere.
    fn config_map(&self, _: &str, _: &str) -> Result<ConfigMapData, HostError> {
        Err(HostError::Absent)
    }

    fn manifest_digest(&self, name: &str, tag: &str) -> Result<Digest, HostError> {
        let key = (name.to_owned(), tag.to_owned());
        if let Some(digest) = self.digests.borrow().get(&key) {
            return digest.clone();
        }
        let digest = self.registry.digest(name, tag);
        self.digests.borrow_mut().insert(key, digest.clone());
        digest
    }

    fn manifest(&self, name: &str, place: &Place<'_>) -> Result<Vec<u8>, HostError> {
        let key = (name.to_owned(), place.as_str().to_owned());
        if let Some(bytes) = self.manifests.borrow().get(&key) {
            return Ok(bytes.clone());
        }
        let bytes = match (place, place.as_str().strip_suffix(".sig")) {
            (Place::Tag(tag), Some(of)) => match of.replacen('-', ":", 1).parse() {
                Ok(digest) => self.signature_manifest(name, tag, &digest)?,
                Err(_) => self.served(name, place)?,
            },
            (Place::Tag(_) | Place::Digest(_), _) => self.served(name, place)?,
        };
        self.manifests.borrow_mut().insert(key, bytes.clone());
        Ok(bytes)
    }

    fn verify_certificate(&self, name: &str, digest: &Digest, pem: &str) -> Result<(), HostError> {
        let leaf = Leaf::from_annotation(pem).map_err(|_| HostError::Unusable)?;
        let verifier = self.prover.verifier().ok_or(HostError::Negative)?;
        self.prove_layers(
            name,
            digest,
            &Signer::of_leaf(&leaf),
            |layer| {
                let claimed = layer.layer.leaf();
                claimed.is_some_and(|claimed| claimed.der() == leaf.der())
            },
            |layer, payload| layer.by_certificate(verifier, &leaf, payload).map(Some),
        )
    }

    fn verify_key(&self, name: &str, digest: &Digest, pem: &str) -> Result<(), HostError> {
        let key = PublicKey::from_pem(pem).map_err(|_| HostError::Unusable)?;
        self.prove_layers(
            name,
            digest,
            &Signer::Key(key.clone()),
            |_| true,
            |layer, payload| layer.by_key(self.prover.verifier(), &key, payload),
        )
    }

    fn issued_by(&self, pem: &str, chain: &[String], at: DateTime<Utc>) -> Result<bool, HostError> {
        // Without a chain the web's roots would count.
        if chain.is_empty() {
            return Ok(false);
        }
        let der = |pem: &str| {
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| HostError::Unusable)
        };
        let chain = chain.iter().map(|pem| der(pem)).collect::<Result<_, _>>()?;
        issuance(&der(pem)?, Some(chain), at.timestamp())
            .map(|issuance| issuance == Issuance::Issued)
            .map_err(|_| HostError::Unusable)
    }

    fn reads_bundles(&self) -> bool {
        true
    }

    fn bundles(
        &self,
        name: &str,
        digest: &Digest,
        keys: &[&PublicKey],
    ) -> Result<Bundles, HostError> {
        self.bundles_beside(name, digest, keys)
    }
}

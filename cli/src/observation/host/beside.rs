//! The bundles beside an image: found, fetched, and each held against the question.
//!
//! Invariant: what could be a signature bundle is proven, or said to be unproven; only what a registry did not answer is an
//! error.

use std::collections::BTreeSet;

use signature_continuity::baseline::Format;
use signature_continuity::certificate::Leaf;
use signature_continuity::digest::Digest;
use signature_continuity::host::{BundleSigner, Bundles, Host as _, Place};
use signature_continuity::host_error::HostError;
use signature_continuity::public_key::PublicKey;
use signature_continuity::signer::Signer;

use super::bundle::{self, Outcome, Question};
use super::referred::{Candidates, Kind, LARGEST_BUNDLE, ReferredManifest};
use super::verdict::unreadable;
use super::{Fact, ObservingHost};
use crate::observation::SignedRepository;

impl ObservingHost<'_> {
    pub(super) fn bundles_beside(
        &self,
        name: &str,
        digest: &Digest,
        keys: &[&PublicKey],
    ) -> Result<Bundles, HostError> {
        let issued = |leaf: &Leaf| {
            self.chains.iter().any(|chain| {
                self.issued_by(&leaf.pem(), chain.certificates(), leaf.not_before())
                    .unwrap_or(false)
            })
        };
        let question = Question {
            digest,
            keys,
            issued: &issued,
        };
        let candidates = self.candidates(name, digest)?;
        let mut attestations = candidates.attestations;
        let mut bundles = Bundles::default();
        if candidates.more {
            let why = "there are more than are read, or some that cannot be listed";
            bundles.unproven.push(unreadable(why));
            bundles.more = true;
        }
        for manifest in &candidates.manifests {
            match self.bundle(name, manifest, &question)? {
                None => {}
                Some(Outcome::Attestation) => attestations += 1,
                Some(Outcome::Unproven(unproven)) => bundles.unproven.push(unproven),
                Some(Outcome::Proven { signer, logged_at }) => {
                    self.note_bundle(&signer, logged_at);
                    bundles.proven.push(signer);
                }
            }
        }
        self.attestations.set(attestations);
        Ok(bundles)
    }

    /// What could be a signature bundle, by the referrers API; the module's host sees only the tag that stands in for
    /// it, so that is looked at too where the API knows of none.
    fn candidates(&self, name: &str, digest: &Digest) -> Result<Candidates, HostError> {
        let mut listings: Vec<_> = self.registry.referrers(name, digest)?.into_iter().collect();
        let by_api = Candidates::of(&listings);
        if !by_api.manifests.is_empty() || by_api.more {
            return Ok(by_api);
        }
        listings.extend(self.registry.referrers_tag(name, digest)?);
        Ok(Candidates::of(&listings))
    }

    /// What one thing that refers to the image comes to; `None` where it is no bundle.
    fn bundle(
        &self,
        name: &str,
        manifest: &Digest,
        question: &Question<'_>,
    ) -> Result<Option<Outcome>, HostError> {
        let unproven = |why: &str| Ok(Some(Outcome::Unproven(unreadable(why))));
        let manifest = match self.registry.manifest(name, &Place::Digest(manifest)) {
            Ok(json) => ReferredManifest::parse(&json),
            // A list that names what is not there says nothing.
            Err(HostError::Absent) => return Ok(None),
            Err(HostError::Unusable) => return unproven("its manifest cannot be read"),
            Err(error) => return Err(error),
        };
        match manifest.kind {
            Kind::Other => return Ok(None),
            Kind::Attestation => return Ok(Some(Outcome::Attestation)),
            Kind::Signature | Kind::Bundle | Kind::Unsaid => {}
        }
        let blob = match manifest.bundle {
            Ok(blob) => blob,
            Err(why) => return unproven(why),
        };
        match self.pushed_blob(name, &blob, LARGEST_BUNDLE) {
            Ok(bytes) => {
                let labelled = manifest.kind == Kind::Signature;
                let outcome = bundle::judge(self.prover, &bytes, labelled, question);
                Ok(Some(outcome))
            }
            Err(HostError::Unusable) => {
                unproven("it is not there, too large, or not what its digest says")
            }
            Err(error) => Err(error),
        }
    }

    fn note_bundle(&self, signer: &BundleSigner, logged_at: Option<i64>) {
        let signer = match signer {
            BundleSigner::Certificate(der) => match Leaf::from_der(der.clone()) {
                Ok(leaf) => Signer::of_leaf(&leaf),
                // The policy takes no signer from it either.
                Err(_) => return,
            },
            BundleSigner::Key(key) => Signer::Key(key.clone()),
        };
        self.facts.borrow_mut().push(Fact {
            signer: signer.id(),
            format: Format::Bundle,
            logged_at,
            // A statement names a digest, and no repository.
            signed_repository: SignedRepository::Unsaid,
            introduces: BTreeSet::new(),
        });
    }
}

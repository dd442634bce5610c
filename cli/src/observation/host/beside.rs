//! The bundles beside an image: fetched, and each held against the question.
//!
//! Invariant: what could be a signature bundle is proven, or said to be unproven; only what a registry did not answer is an
//! error.

use std::collections::BTreeSet;

use signature_continuity::baseline::Format;
use signature_continuity::bundles::Referred;
use signature_continuity::certificate::Leaf;
use signature_continuity::digest::Digest;
use signature_continuity::host::{BundleSigner, Bundles, Host as _};
use signature_continuity::host_error::HostError;
use signature_continuity::public_key::PublicKey;
use signature_continuity::signer::Signer;

use super::bundle::{self, Outcome, Question};
use super::referred::{LARGEST_BUNDLE, LARGEST_UNSAID, ReferredManifest};
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
        let referring = self.referring(name, digest)?;
        let mut attestations = referring.attestations;
        let mut bundles = Bundles {
            unproven: referring.unproven.clone(),
            more: referring.more,
            ..Bundles::default()
        };
        if referring.more {
            let why = "there are more than are read, or some that cannot be listed";
            bundles.unproven.push(unreadable(why));
        }
        for manifest in &referring.bundles {
            match self.bundle(name, manifest, &question)? {
                Outcome::Attestation => attestations += 1,
                Outcome::Unproven(unproven) => bundles.unproven.push(unproven),
                Outcome::Proven { signer, logged_at } => {
                    self.note_bundle(&signer, logged_at);
                    bundles.proven.push(signer);
                }
            }
        }
        self.attestations.set(attestations);
        match &referring.refused {
            // Where nobody is proven it is not known whether anybody signed.
            Some(error) if self.facts.borrow().is_empty() => Err(error.clone()),
            Some(_) | None => Ok(bundles),
        }
    }

    /// What one bundle that refers to the image comes to.
    fn bundle(
        &self,
        name: &str,
        manifest: &ReferredManifest,
        question: &Question<'_>,
    ) -> Result<Outcome, HostError> {
        let unproven = |why: &str| Ok(Outcome::Unproven(unreadable(why)));
        let labelled = manifest.kind == Referred::Signature;
        let blob = match &manifest.bundle {
            Ok(blob) => blob,
            Err(why) => return unproven(why),
        };
        let largest = if labelled {
            LARGEST_BUNDLE
        } else {
            LARGEST_UNSAID
        };
        match self.pushed_blob(name, blob, largest) {
            Ok(bytes) => Ok(bundle::judge(self.prover, &bytes, labelled, question)),
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

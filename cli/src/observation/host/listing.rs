//! What refers to an image: found, and each manifest read, once for an observation.
//!
//! Invariant: what could be a signature is read, or said not to have been. A registry that fails is an error; one that has no
//! referrers API, or refuses it for good, is told of and asked by the tag that stands in for it. Signatures in the
//! referrers' form of cosign 2 become layers beside those of the `.sig` only where they keep its bounds.

use serde_json::Value;
use signature_continuity::bundles::Referred;
use signature_continuity::claims::{Claims, MOST_LAYERS_LEARNED};
use signature_continuity::digest::Digest;
use signature_continuity::host::{Place, Unproven};
use signature_continuity::host_error::HostError;

use super::ObservingHost;
use super::referred::{Candidates, ReferredManifest};
use super::verdict::unreadable;
use crate::observation::Note;
use continuity_registry::Listing;

/// What refers to an image.
#[derive(Debug, Default)]
pub(super) struct Referring {
    /// What could be a signature bundle.
    pub(super) bundles: Vec<ReferredManifest>,
    /// Manifests with the layers of a `.sig`.
    pub(super) layers: Vec<Value>,
    /// How many attestations there are, as far as their manifests tell.
    pub(super) attestations: usize,
    /// What could be a signature and cannot be read.
    pub(super) unproven: Vec<Unproven>,
    /// Whether there is more than that.
    pub(super) more: bool,
    /// Why the registry does not say what refers to an image, where it never will.
    pub(super) refused: Option<HostError>,
}

/// Whether a registry said no for good: asked again it says the same.
fn is_refusal(error: &HostError) -> bool {
    matches!(error, HostError::Outage(outage) if outage.is_refusal())
}

impl ObservingHost<'_> {
    /// What refers to the image, found once.
    pub(super) fn referring(&self, name: &str, digest: &Digest) -> Result<&Referring, HostError> {
        let found = self
            .referring
            .get_or_init(|| self.find_referring(name, digest));
        found.as_ref().map_err(Clone::clone)
    }

    /// The `.sig` of an image with the signatures beside it that have the same form.
    pub(super) fn signature_manifest(
        &self,
        name: &str,
        tag: &str,
        digest: &Digest,
    ) -> Result<Vec<u8>, HostError> {
        let own = self.served(name, &Place::Tag(tag));
        // What fails here is told where bundles are asked for.
        let beside = match self.referring(name, digest) {
            Ok(referring) if !referring.layers.is_empty() => &referring.layers,
            Ok(_) | Err(_) => return own,
        };
        match own {
            Ok(bytes) if Claims::of_at_most(MOST_LAYERS_LEARNED, &bytes).is_ok() => {
                let json = serde_json::from_slice(&bytes).ok();
                Ok(json.and_then(|json| united(json, beside)).unwrap_or(bytes))
            }
            Err(HostError::Absent) => {
                let (first, others) = beside.split_first().ok_or(HostError::Absent)?;
                united(first.clone(), others).ok_or(HostError::Unusable)
            }
            own => own,
        }
    }

    fn find_referring(&self, name: &str, digest: &Digest) -> Result<Referring, HostError> {
        let mut found = Referring::default();
        let candidates = self.candidates(name, digest, &mut found.refused)?;
        found.attestations = candidates.attestations;
        found.more = candidates.more;
        for (manifest, listed_as) in &candidates.manifests {
            let json = match self.registry.manifest(name, &Place::Digest(manifest)) {
                Ok(json) => json,
                // A list that names what is not there says nothing, unless that is said to be a signature.
                Err(HostError::Absent) => {
                    if matches!(listed_as, Referred::Signature | Referred::Layers) {
                        found
                            .unproven
                            .push(unreadable("it is listed, and not there"));
                    }
                    continue;
                }
                Err(HostError::Unusable) => {
                    found
                        .unproven
                        .push(unreadable("its manifest cannot be read"));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let referred = ReferredManifest::parse(&json);
            match referred.kind {
                Referred::Other => {}
                Referred::Attestation => found.attestations += 1,
                Referred::Signature | Referred::Bundle | Referred::Unsaid => {
                    found.bundles.push(referred)
                }
                Referred::Layers => match layers(&json) {
                    Ok(layers) => found.layers.push(layers),
                    Err(why) => found.unproven.push(Unproven::Unreadable(why)),
                },
            }
        }
        Ok(found)
    }

    /// What could be a signature, by the referrers API; the module's host sees only the tag that stands in for it, so
    /// that is looked at too where the API knows of none.
    fn candidates(
        &self,
        name: &str,
        digest: &Digest,
        refused: &mut Option<HostError>,
    ) -> Result<Candidates, HostError> {
        let mut listings = Vec::new();
        match self.registry.referrers(name, digest) {
            Ok(Some(listing)) => listings.push(listing),
            Ok(None) => self.remark(Note::NoReferrersApi),
            Err(error) => self.unless_refused(error, refused)?,
        }
        let by_api = Candidates::of(&listings);
        if !by_api.manifests.is_empty() || by_api.more {
            return Ok(by_api);
        }
        match self.registry.referrers_tag(name, digest) {
            Ok(listing) => listings.extend::<Option<Listing>>(listing),
            Err(error) => self.unless_refused(error, refused)?,
        }
        Ok(Candidates::of(&listings))
    }

    fn unless_refused(
        &self,
        error: HostError,
        refused: &mut Option<HostError>,
    ) -> Result<(), HostError> {
        if !is_refusal(&error) {
            return Err(error);
        }
        self.remark(Note::ReferrersRefused);
        refused.get_or_insert(error);
        Ok(())
    }
}

/// The manifest, where its layers keep the bounds of a `.sig`.
fn layers(json: &[u8]) -> Result<Value, String> {
    Claims::of_at_most(MOST_LAYERS_LEARNED, json).map_err(|error| error.to_string())?;
    serde_json::from_slice(json).map_err(|_| "its manifest cannot be read".to_owned())
}

/// The manifest with the layers of the others behind its own.
fn united(mut manifest: Value, others: &[Value]) -> Option<Vec<u8>> {
    let layers = manifest.get_mut("layers")?.as_array_mut()?;
    for other in others {
        layers.extend(other.get("layers")?.as_array()?.iter().cloned());
    }
    serde_json::to_vec(&manifest).ok()
}

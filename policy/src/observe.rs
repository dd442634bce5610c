//! Observation: what one image carries, asked of the host in as few calls as possible.
//!
//! Invariant: only a registry that says "absent", and serves the image itself, leads to `unsigned`; once it has served
//! signature data, nothing in that data reads as an outage. A registry is asked only about images whose repository has a baseline or a pin, or
//! where the operator wants it so: a pod must not be able to hang the host on a registry of its author's choice.

mod bundles;
mod observation;

pub use observation::{Evidence, Observation};

use crate::baseline::{Baseline, Lookup};
use crate::calls::{CallError, Calls};
use crate::claims::{Claims, ClaimsError, MOST_LAYERS, MOST_LAYERS_LEARNED};
use crate::digest::Digest;
use crate::host::Place;
use crate::host_error::HostError;
use crate::known::Known;
use crate::posture::{Cause, Posture, Rank};
use crate::proof::{Extent, Problem, ProvenSigner, SignedArtifact, prove, rank_of};
use crate::reference::{ImageReference, Repository};
use crate::settings::Settings;
use bundles::{fallback_index, with_bundles};

/// One image, as far as observing needs it.
pub struct ImageContext<'a> {
    /// As spelled.
    pub reference: &'a ImageReference,
    /// The repository that its baseline belongs to.
    pub repository: &'a Repository,
    /// Its baseline.
    pub lookup: &'a Lookup,
    /// Whom it may be signed by.
    pub known: &'a Known<'a>,
    /// Whether everything is looked at, whatever the baseline says of the digest and whoever is proven first: for the
    /// learner, which asks about images that run already.
    pub thorough: bool,
}

/// Why an image cannot be observed at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostRejectsReference;

/// Observes one image.
///
/// # Errors
/// When the host does not take its reference.
pub fn observe(
    calls: &Calls<'_>,
    settings: &Settings,
    image: &ImageContext<'_>,
) -> Result<Observation, HostRejectsReference> {
    let baseline = image.lookup.baseline().filter(|_| !image.thorough);
    let spelled = image.reference.digest();
    if let Some(observation) = spelled.and_then(|digest| listed(calls, image, baseline, digest)) {
        return Ok(observation);
    }
    let asked =
        image.thorough || baseline.is_some() || image.known.is_pinned() || settings.observe_new;
    if !asked {
        return Ok(Observation::not_asked(spelled.cloned()));
    }
    let name = settings.call_name(image.reference);
    let digest = match spelled {
        Some(digest) => digest.clone(),
        None => match calls.manifest_digest(&name, image.reference.tag().unwrap_or("latest")) {
            Ok(digest) => digest,
            Err(error) => return unanswered(None, &error),
        },
    };
    if let Some(observation) = listed(calls, image, baseline, &digest).filter(|_| spelled.is_none())
    {
        return Ok(observation);
    }
    let registry = Image {
        calls,
        name: &name,
        digest: &digest,
        served: spelled.is_none(),
    };
    let of_tag = signature_tag(settings, image, &registry)?;
    // Whoever is known and proven already needs no further signature.
    let enough = !image.thorough
        && of_tag
            .as_ref()
            .is_some_and(|observation| observation.posture == Posture::Signed);
    let bundles = if enough {
        Ok(None)
    } else {
        let keys: Vec<_> = image.known.keys().collect();
        calls.bundles(&name, &digest, &keys)
    };
    let mut observation = match (of_tag, bundles) {
        (Some(observation), Ok(None)) => observation,
        (Some(observation), Err(_)) if observation.posture == Posture::Signed => Observation {
            incomplete: true,
            ..observation
        },
        (None, Ok(None)) => fallback_index(&registry)?,
        (of_tag, Ok(Some(bundles))) => with_bundles(of_tag, &digest, bundles),
        (_, Err(error)) => return unanswered(Some(digest), &error),
    };
    observation.digest = Some(digest);
    Ok(observation)
}

/// What the `.sig` manifest proves; `None` where there is none.
fn signature_tag(
    settings: &Settings,
    image: &ImageContext<'_>,
    registry: &Image<'_>,
) -> Result<Option<Observation>, HostRejectsReference> {
    let Image {
        calls,
        name,
        digest,
        ..
    } = registry;
    let mut observation = match calls.manifest(name, &Place::Tag(&digest.signature_tag())) {
        Ok(json) => match Claims::of_at_most(most_layers(image), &json) {
            Ok(claims) => prove_claims(calls, settings, image, name, digest, &claims),
            Err(ClaimsError::TooManyLayers { .. }) => {
                Observation::unknown(Some((*digest).clone()), Cause::Limit, None)
            }
            Err(error) => Observation::unverifiable(digest, Problem::Data(error.to_string())),
        },
        Err(CallError::Host(HostError::Absent)) => return Ok(None),
        Err(CallError::Host(HostError::Unusable)) => {
            Observation::unknown(Some((*digest).clone()), Cause::Answer, None)
        }
        Err(error) => return registry.unanswered(&error).map(Some),
    };
    observation.has_signature_tag = true;
    Ok(Some(observation))
}

fn most_layers(image: &ImageContext<'_>) -> usize {
    if image.thorough {
        MOST_LAYERS_LEARNED
    } else {
        MOST_LAYERS
    }
}

/// One image in its registry.
struct Image<'a> {
    calls: &'a Calls<'a>,
    name: &'a str,
    digest: &'a Digest,
    /// Whether the registry has served it already: it told what a tag means.
    served: bool,
}

impl Image<'_> {
    /// What the registry says of the image itself, where it was not asked yet: `None` where it serves it.
    fn itself(&self) -> Result<Option<Observation>, HostRejectsReference> {
        if self.served {
            return Ok(None);
        }
        match self.calls.manifest(self.name, &Place::Digest(self.digest)) {
            // Of a type that the host does not take: it is there.
            Ok(_) | Err(CallError::Host(HostError::Unusable)) => Ok(None),
            Err(error) => unanswered(Some(self.digest.clone()), &error).map(Some),
        }
    }

    /// What it means that the registry does not tell what is beside the image. A refusal is no outage where the image
    /// itself is served.
    fn unanswered(&self, error: &CallError) -> Result<Observation, HostRejectsReference> {
        let refused =
            matches!(error, CallError::Host(HostError::Outage(outage)) if outage.is_refusal());
        if !refused {
            return unanswered(Some(self.digest.clone()), error);
        }
        Ok(self.itself()?.unwrap_or_else(|| {
            Observation::unknown(Some(self.digest.clone()), Cause::Answer, None)
        }))
    }

    /// Nothing is seen beside the image. Lost credentials must not read so.
    fn unsigned(&self) -> Result<Observation, HostRejectsReference> {
        let unsigned = || {
            Observation::new(
                Some(self.digest.clone()),
                Posture::Unsigned,
                Evidence::Proof,
            )
        };
        Ok(self.itself()?.unwrap_or_else(unsigned))
    }
}

/// What the baseline says about this very digest. It ends the observation, unless a pin wants more than it says.
fn listed(
    calls: &Calls<'_>,
    image: &ImageContext<'_>,
    baseline: Option<&Baseline>,
    digest: &Digest,
) -> Option<Observation> {
    let baseline = baseline?;
    let pinned = image.known.is_pinned();
    let of = |posture, evidence| Some(Observation::new(Some(digest.clone()), posture, evidence));
    if baseline.allowed(digest, calls.started()).is_some() {
        return of(Posture::Unknown, Evidence::Allowed);
    }
    let mut verifiers = baseline.verifiers(digest);
    if let Some(signer) = verifiers.find(|signer| !pinned || image.known.satisfies_pin(signer)) {
        return of(Posture::Signed, Evidence::Verified(signer.clone()));
    }
    match baseline.tolerated(digest) {
        Some(entry) if !pinned => of(entry.posture, Evidence::Tolerated),
        _ => None,
    }
}

fn prove_claims(
    calls: &Calls<'_>,
    settings: &Settings,
    image: &ImageContext<'_>,
    name: &str,
    digest: &Digest,
    claims: &Claims,
) -> Observation {
    let mut payload_names = image.repository.payload_names();
    payload_names.extend(image.reference.repository().payload_names());
    let chains = settings.certificate_chains();
    let artifact = SignedArtifact {
        name,
        digest,
        payload_names: &payload_names,
        authorities: chains.iter().map(|chain| chain.certificates()).collect(),
    };
    let rank = image
        .lookup
        .baseline()
        .map_or(Rank::Unsigned, |baseline| baseline.rank);
    let known = &image.known.for_image(digest);
    // A known signer who needs no further one beside him ends the search.
    let extent = if image.thorough {
        Extent::Everything
    } else {
        Extent::Bounded
    };
    let enough = |proven: &ProvenSigner| {
        let signer = proven.signer();
        known.contains(signer)
            && (rank_of(signer) >= rank || known.may_stand_alone(signer))
            && (!known.is_pinned() || known.satisfies_pin(signer))
    };
    let findings = prove(calls, &artifact, claims, known, extent, enough);
    Observation::of_findings(digest, findings)
}

fn unanswered(
    digest: Option<Digest>,
    error: &CallError,
) -> Result<Observation, HostRejectsReference> {
    let (cause, outage) = match error {
        CallError::Spent => (Cause::Limit, None),
        CallError::Host(HostError::BadReference) => return Err(HostRejectsReference),
        CallError::Host(HostError::Outage(outage)) => (Cause::Outage, Some(*outage)),
        CallError::Host(HostError::Absent) => (Cause::Absent, None),
        CallError::Host(HostError::NotGranted | HostError::Forbidden(_)) => (Cause::Host, None),
        CallError::Host(HostError::Answer | HostError::Unusable | HostError::Negative) => {
            (Cause::Answer, None)
        }
    };
    Ok(Observation::unknown(digest, cause, outage))
}

#[cfg(test)]
#[path = "observe_tests.rs"]
mod tests;

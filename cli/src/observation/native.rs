//! Looks at images: the policy's observation on the registry itself, and what only that knows of each signature.
//!
//! Invariant: the posture is the policy's, by its own rules; what is added belongs to signers that it proved. Beside it
//! stands what the policy itself would see through its host, by the same rules and the same answers. May be used from
//! many threads at once.

use chrono::{DateTime, TimeDelta, Utc};
use signature_continuity::baseline::Lookup;
use signature_continuity::calls::Calls;
use signature_continuity::digest::Digest;
use signature_continuity::host::{Host as _, Place};
use signature_continuity::host_error::{HostError, Outage};
use signature_continuity::known::Known;
use signature_continuity::observe::{ImageContext, Observation, observe};
use signature_continuity::observe_image;
use signature_continuity::posture::{Cause, Posture};
use signature_continuity::proof::{Problem, ProvenSigner};
use signature_continuity::reference::ImageReference;
use signature_continuity::settings::{CertificateChain, Settings};
use std::collections::BTreeMap;

use super::host::{Fact, Findings, ModuleHostView, ObservingHost, Prover};
use super::{Note, ObservedImage, Signature, SignedRepository};
use continuity_registry::{
    Credentials, Registries, RequestLimits, Sources, Tags, TrustMaterial, TrustRoot, TrustSource,
    platforms,
};

/// The most platforms of one index.
const MOST_PLATFORMS: usize = 64;

/// Looks at images, natively.
pub struct NativeObserver {
    registry: Registries,
    prover: Prover,
    material: TrustMaterial,
}

impl NativeObserver {
    /// An observer on these registries and this trust root, which is fetched now where it has to be.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(
        sources: Sources,
        credentials: Credentials,
        trust: &TrustSource,
        limits: RequestLimits,
    ) -> std::io::Result<Self> {
        let material = trust.material()?;
        Ok(Self {
            registry: Registries::start(sources, credentials, limits)?,
            prover: Prover::new(&material),
            material,
        })
    }

    /// The trust root in use, for people.
    #[must_use]
    pub fn trust_root(&self, now: DateTime<Utc>) -> TrustRoot {
        self.material.describe(now)
    }

    /// The certificate authorities of the trust root; with a time, those in use then or later.
    #[must_use]
    pub fn authorities(&self, now: Option<DateTime<Utc>>) -> Vec<CertificateChain> {
        self.material.authorities(now)
    }

    /// The registry client.
    #[must_use]
    pub fn registry(&self) -> &Registries {
        &self.registry
    }

    /// What `reference` carries. Where a digest is spelled with a tag, is unsigned itself, and is listed by the index
    /// under that tag, which a known signer signed, the index is what was seen: its digest is the observation's, and the spelled one is among
    /// the platforms.
    ///
    /// # Errors
    /// When the client does not take the reference.
    pub fn observe(
        &self,
        reference: &ImageReference,
        settings: &Settings,
        lookup: &Lookup,
        now: DateTime<Utc>,
    ) -> Result<ObservedImage, String> {
        let registry = self.registry.for_one_image(&settings.absent_messages);
        let seen = self.look_at(&registry, reference, settings, lookup, now)?;
        let (Some(tag), Some(digest)) = (reference.tag(), reference.digest()) else {
            return Ok(seen);
        };
        if seen.observation.posture != Posture::Unsigned {
            return Ok(seen);
        }
        // What the tag cannot be asked about changes nothing of what the digest is.
        let name = settings.call_name(reference);
        let Ok(index) = registry.digest(&name, tag) else {
            return Ok(seen);
        };
        let lists_it =
            listed_by(&registry, &name, &index).is_ok_and(|listed| listed.contains(digest));
        let of_index = format!("{}@{index}", reference.name()).parse::<ImageReference>();
        match of_index {
            Ok(of_index) if lists_it => {
                let of_index = self.look_at(&registry, &of_index, settings, lookup, now)?;
                // Whoever can push can move the tag to an index of his own that lists what runs: only who is known
                // already is believed about it.
                let names = settings.names(reference.repository());
                let known = Known::new(settings, &names, lookup.baseline(), &[]);
                let mut proven = of_index.observation.proven.iter();
                if proven.any(|proven| known.contains(proven.signer())) {
                    Ok(ObservedImage {
                        as_policy: seen.as_policy,
                        index_as_policy: Some(of_index.as_policy),
                        ..of_index
                    })
                } else {
                    // Somebody may have signed what lists it: that is not "nobody signs here".
                    let mut seen = seen;
                    seen.observation.incomplete |=
                        of_index.observation.posture != Posture::Unsigned;
                    Ok(seen)
                }
            }
            Ok(_) | Err(_) => Ok(seen),
        }
    }

    /// The first `most` tags of the repository that `reference` is of, and whether there are more.
    ///
    /// # Errors
    /// When the registry did not answer.
    pub fn tags(
        &self,
        reference: &ImageReference,
        settings: &Settings,
        most: usize,
    ) -> Result<Tags, HostError> {
        self.registry.tags(&settings.call_name(reference), most)
    }

    /// The digest of a tag of the repository that `reference` is of.
    ///
    /// # Errors
    /// When the registry did not answer.
    pub fn digest(
        &self,
        reference: &ImageReference,
        settings: &Settings,
        tag: &str,
    ) -> Result<Digest, HostError> {
        self.registry.digest(&settings.call_name(reference), tag)
    }

    fn look_at(
        &self,
        registry: &Registries,
        reference: &ImageReference,
        settings: &Settings,
        lookup: &Lookup,
        now: DateTime<Utc>,
    ) -> Result<ObservedImage, String> {
        let names = settings.names(reference.repository());
        let repository = names.aliased();
        let known = Known::new(settings, &names, lookup.baseline(), &[]);
        let image = ImageContext {
            reference,
            repository,
            lookup,
            known: &known,
            thorough: true,
        };
        let host = ObservingHost::new(registry, &self.prover, settings, repository, now);
        let not_taken = |_| "expected a reference that registries take".to_owned();
        // Registries are waited for by the client's own limits.
        let patience = TimeDelta::days(1);
        let mut observation =
            observe(&Calls::new(&host, patience), settings, &image).map_err(not_taken)?;
        let Findings {
            facts,
            attestations,
            is_all,
            keys_are_known,
            refused,
            mut notes,
        } = host.take_findings();
        observation.incomplete |= !is_all;
        observation.bundles_read &= !refused;
        // The policy's rules do not know which layer a known key signed.
        let is_judged = |problem: &Problem| keys_are_known && *problem == Problem::UnknownKey;
        observation.problems.retain(|problem| !is_judged(problem));
        let name = settings.call_name(reference);
        let mut platforms = Vec::new();
        match (observation.posture, observation.digest.clone()) {
            (Posture::Signed, Some(digest)) => {
                platforms = listed_by(registry, &name, &digest)
                    .inspect_err(|error| {
                        tracing::warn!(?error, "the platforms of a signed image are not known");
                    })
                    .unwrap_or_default();
            }
            // Registries hide what may not be seen: an image that is not there is not unsigned.
            (Posture::Unsigned, Some(digest)) => {
                if let Some(unknown) = not_there(&host, &name, &digest) {
                    observation = unknown;
                }
            }
            _ => {}
        }
        if let Some((_, Some(Outage::Unreachable))) = observation.unknown {
            notes.extend(registry.cause(&name).map(Note::NotReached));
        }
        let signatures = signatures(&observation.proven, &facts);
        let view = ModuleHostView(&host);
        let calls = Calls::new(&view, patience);
        let as_policy =
            observe_image(&calls, settings, reference, &names, lookup).map_err(not_taken)?;
        Ok(ObservedImage {
            observation,
            as_policy,
            index_as_policy: None,
            signatures,
            platforms,
            attestations,
            notes,
        })
    }
}

/// Why an image without signatures is not known to be unsigned.
fn not_there(host: &ObservingHost<'_>, name: &str, digest: &Digest) -> Option<Observation> {
    let (cause, outage) = match host.manifest(name, &Place::Digest(digest)) {
        // Of a type that hosts do not take: it is there.
        Ok(_) | Err(HostError::Unusable) => return None,
        Err(HostError::Absent) => (Cause::Absent, None),
        Err(HostError::Outage(outage)) => (Cause::Outage, Some(outage)),
        Err(
            HostError::Answer
            | HostError::Negative
            | HostError::BadReference
            | HostError::Forbidden(_)
            | HostError::NotGranted,
        ) => (Cause::Answer, None),
    };
    Some(Observation::unknown(Some(digest.clone()), cause, outage))
}

fn listed_by(registry: &Registries, name: &str, digest: &Digest) -> Result<Vec<Digest>, HostError> {
    let json = registry.manifest(name, &Place::Digest(digest))?;
    Ok(platforms(&json, MOST_PLATFORMS))
}

/// One signature for each proven signer and format, with what was noted of it.
fn signatures(proven: &[ProvenSigner], facts: &[Fact]) -> Vec<Signature> {
    let mut signatures: Vec<Signature> = Vec::new();
    for proven in proven {
        let present = signatures.iter().any(|signature| {
            signature.proven.signer() == proven.signer() && signature.format() == proven.format()
        });
        if !present {
            let id = proven.signer().id();
            let own: Vec<&Fact> = facts
                .iter()
                .filter(|fact| fact.signer == id && fact.format == proven.format())
                .collect();
            signatures.push(signature(proven, &own));
        }
    }
    signatures
}

/// Where a signer signed more than once, what was made for this repository counts, and the earliest of it. Each
/// introduction keeps the time of its own signature: who introduces after he was retired must not borrow an older one's.
fn signature(proven: &ProvenSigner, facts: &[&Fact]) -> Signature {
    let any_here = facts
        .iter()
        .any(|fact| fact.signed_repository == SignedRepository::Here);
    let counting = facts
        .iter()
        .filter(|fact| !any_here || fact.signed_repository == SignedRepository::Here);
    let mut logged_at: Option<i64> = None;
    let mut introduces = BTreeMap::new();
    let mut signed_repository = None;
    for fact in counting {
        logged_at = earlier(logged_at, fact.logged_at);
        signed_repository.get_or_insert_with(|| fact.signed_repository.clone());
        for id in &fact.introduces {
            let since = introduces.entry(id.clone()).or_insert(None);
            *since = earlier(*since, fact.logged_at);
        }
    }
    let time = |seconds: Option<i64>| seconds.and_then(|s| DateTime::from_timestamp(s, 0));
    Signature {
        proven: proven.clone(),
        logged_at: time(logged_at),
        signed_repository: signed_repository
            .unwrap_or_else(|| SignedRepository::Elsewhere(String::new())),
        introduces: introduces
            .into_iter()
            .map(|(id, since)| (id, time(since)))
            .collect(),
    }
}

fn earlier(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

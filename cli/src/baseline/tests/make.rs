//! Images and baselines for the tests of learning.

use super::super::*;
use crate::inventory::sample::credulous::Credulous;
use crate::observation::{ObservedImage, Signature, SignedRepository};
use chrono::{DateTime, TimeDelta, Utc};
use continuity_testkit::sigstore::SignatureManifest;
use continuity_testkit::{Identity, PrivateSigstore, Signer as KitSigner};
use signature_continuity::baseline::{Baseline, Lookup};
use signature_continuity::calls::Calls;
use signature_continuity::certificate::Leaf;
use signature_continuity::digest::Digest;
use signature_continuity::host::{BundleSigner, Bundles};
use signature_continuity::known::Known;
use signature_continuity::observe::{ImageContext, Observation, observe};
use signature_continuity::posture::{Cause, Posture};
use signature_continuity::proof::Problem;
use signature_continuity::public_key::PublicKey;
use signature_continuity::reference::{ImageReference, Repository};
use signature_continuity::settings::Settings;
use signature_continuity::signer::{Signer, SignerId};
use std::collections::BTreeSet;
use std::sync::LazyLock;

pub(crate) const DAY: TimeDelta = TimeDelta::hours(24);
const REPOSITORY: &str = "ghcr.io/acme/api";
static SIGSTORE: LazyLock<PrivateSigstore> = LazyLock::new(|| PrivateSigstore::new().unwrap());
const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n-----END PUBLIC KEY-----\n";

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

pub(crate) fn repository() -> Repository {
    REPOSITORY.parse().unwrap()
}

pub(crate) fn release() -> Identity {
    Identity::github("acme/api", "release.yml", "refs/tags/v1")
}

pub(crate) fn stranger() -> Identity {
    Identity::google("dev@acme.example")
}

pub(crate) fn third() -> Identity {
    Identity::google("third@acme.example")
}

pub(crate) fn digest(seed: &str) -> Digest {
    Digest::of(seed.as_bytes())
}

/// The signer of an identity, as the proof has it.
pub(crate) fn signer_of(identity: &Identity) -> Signer {
    let leaf = SIGSTORE.issue(identity, now()).unwrap();
    Signer::of_leaf(&Leaf::from_der(leaf.der).unwrap())
}

pub(crate) fn id(identity: &Identity) -> SignerId {
    signer_of(identity).id()
}

pub(crate) fn key_id() -> SignerId {
    Signer::Key(PublicKey::from_pem(KEY).unwrap()).id()
}

#[derive(Clone)]
enum Who {
    Identity(Identity),
    Key,
}

/// A signature to be: by whom, when, for which repository.
#[derive(Clone)]
pub(crate) struct By {
    who: Who,
    at: Option<DateTime<Utc>>,
    signed_repository: SignedRepository,
    bundled: bool,
    introduces: BTreeSet<SignerId>,
}

pub(crate) fn by(identity: Identity) -> By {
    By {
        who: Who::Identity(identity),
        at: Some(now()),
        signed_repository: SignedRepository::Here,
        bundled: false,
        introduces: BTreeSet::new(),
    }
}

pub(crate) fn by_key() -> By {
    By {
        who: Who::Key,
        ..by(release())
    }
}

impl By {
    pub(crate) fn at(self, at: DateTime<Utc>) -> Self {
        Self {
            at: Some(at),
            ..self
        }
    }
    pub(crate) fn unlogged(self) -> Self {
        Self { at: None, ..self }
    }
    pub(crate) fn elsewhere(self) -> Self {
        Self {
            signed_repository: SignedRepository::Elsewhere("ghcr.io/evil/api".to_owned()),
            ..self
        }
    }
    pub(crate) fn bundled(self) -> Self {
        Self {
            signed_repository: SignedRepository::Unsaid,
            bundled: true,
            ..self
        }
    }
    pub(crate) fn introducing(mut self, id: SignerId) -> Self {
        self.introduces.insert(id);
        self
    }
}

/// What is seen of the image `seed`, signed by these.
pub(crate) fn image(seed: &str, signatures: &[By]) -> ObservedImage {
    let digest = digest(seed);
    let mut layers = Vec::new();
    let mut bundles = Bundles::default();
    for signature in signatures {
        let identity = match &signature.who {
            Who::Key => {
                bundles
                    .proven
                    .push(BundleSigner::Key(PublicKey::from_pem(KEY).unwrap()));
                continue;
            }
            Who::Identity(identity) => identity,
        };
        if signature.bundled {
            let leaf = SIGSTORE.issue(identity, now()).unwrap();
            bundles.proven.push(BundleSigner::Certificate(leaf.der));
            continue;
        }
        let signer = KitSigner::keyless(&SIGSTORE, identity);
        let signed = signer.sign(REPOSITORY, digest.as_str(), now()).unwrap();
        layers.push(signed.layer().unwrap());
    }
    let manifest = (!layers.is_empty()).then(|| SignatureManifest::new(&layers).bytes);
    let observation = observed(manifest, bundles, seed);
    // The proof orders signers by its own rules.
    let signatures = signatures
        .iter()
        .map(|signature| {
            let proven = observation
                .proven
                .iter()
                .find(|proven| match &signature.who {
                    Who::Key => matches!(proven.signer(), Signer::Key(_)),
                    Who::Identity(identity) => proven.signer() == &signer_of(identity),
                });
            Signature {
                proven: proven.unwrap().clone(),
                logged_at: signature.at,
                signed_repository: signature.signed_repository.clone(),
                introduces: signature
                    .introduces
                    .iter()
                    .map(|id| (id.clone(), signature.at))
                    .collect(),
            }
        })
        .collect();
    seen(observation, signatures)
}

/// The same image as an index of these platforms.
pub(crate) fn index(seed: &str, signatures: &[By], platforms: &[&str]) -> ObservedImage {
    ObservedImage {
        platforms: platforms.iter().map(|platform| digest(platform)).collect(),
        ..image(seed, signatures)
    }
}

/// The same image, on which this was found wrong besides.
pub(crate) fn with_problem(mut seen: ObservedImage, problem: Problem) -> ObservedImage {
    seen.observation.problems.push(problem);
    seen
}

/// An image on which nobody was proven.
pub(crate) fn unproven(seed: &str, posture: Posture) -> ObservedImage {
    let mut observation = observed(None, Bundles::default(), seed);
    if posture == Posture::Unknown {
        observation = Observation::unknown(Some(digest(seed)), Cause::Outage, None);
    }
    observation.posture = posture;
    seen(observation, Vec::new())
}

fn seen(observation: Observation, signatures: Vec<Signature>) -> ObservedImage {
    ObservedImage {
        as_policy: observation.clone(),
        index_as_policy: None,
        observation,
        signatures,
        platforms: Vec::new(),
        attestations: 0,
        notes: Vec::new(),
    }
}

fn observed(manifest: Option<Vec<u8>>, bundles: Bundles, seed: &str) -> Observation {
    let host = Credulous {
        now: now(),
        manifest,
        bundles: Some(bundles),
    };
    let settings = Settings::default();
    let reference: ImageReference = format!("{REPOSITORY}@{}", digest(seed)).parse().unwrap();
    let (repository, lookup) = (repository(), Lookup::Absent);
    let names = settings.names(&repository);
    let known = Known::new(&settings, &names, None, &[]);
    let subject = ImageContext {
        reference: &reference,
        repository: &repository,
        lookup: &lookup,
        known: &known,
        thorough: true,
    };
    observe(&Calls::new(&host, settings.budget), &settings, &subject).unwrap()
}

/// As it is only declared somewhere.
pub(crate) fn declared(seen: &ObservedImage) -> Option<DigestObservation<'_>> {
    DigestObservation::new(seen, false)
}

/// As it runs.
pub(crate) fn running(seen: &ObservedImage) -> Option<DigestObservation<'_>> {
    DigestObservation::new(seen, true)
}

pub(crate) fn learn(
    before: Option<&Baseline>,
    images: &[ObservedImage],
    at: DateTime<Utc>,
) -> UpdateResult {
    learn_with(before, images, at, None)
}

pub(crate) fn learn_with(
    before: Option<&Baseline>,
    images: &[ObservedImage],
    at: DateTime<Utc>,
    past: Option<&[ObservedImage]>,
) -> UpdateResult {
    let sights: Vec<DigestObservation<'_>> = images.iter().filter_map(running).collect();
    learn_sights(before, &sights, at, past)
}

pub(crate) fn learn_sights(
    before: Option<&Baseline>,
    sights: &[DigestObservation<'_>],
    at: DateTime<Utc>,
    past: Option<&[ObservedImage]>,
) -> UpdateResult {
    let past = past.map(|past| Past {
        sights: past
            .iter()
            .filter_map(|seen| DigestObservation::new(seen, false))
            .collect(),
        unseen: 0,
    });
    let terms = Terms {
        establish_after: DAY,
        now: at,
        past: past.as_ref(),
        may_establish: true,
        settings: &Settings::default(),
        also_running: None,
    };
    fold(before, &repository(), sights, &terms)
}

pub(crate) fn learned(lesson: UpdateResult) -> (Baseline, Vec<BaselineEvent>) {
    match lesson {
        UpdateResult::Learned { baseline, news } => (*baseline, news),
        other @ (UpdateResult::Nothing(_) | UpdateResult::Unchanged) => {
            panic!("expected a lesson, got {other:?}")
        }
    }
}

pub(crate) fn first() -> Baseline {
    learned(learn(None, &[image("v1", &[by(release())])], now())).0
}

/// Established a day after [`now`].
pub(crate) fn established() -> Baseline {
    let next = image("v2", &[by(release())]);
    learned(learn(Some(&first()), &[next], now() + DAY)).0
}

/// The same workflow, on another release branch.
pub(crate) fn branch(n: u8) -> Identity {
    Identity::github(
        "acme/api",
        "release.yml",
        &format!("refs/heads/release-{n}"),
    )
}

/// To which all of those are one signer.
pub(crate) fn folding_branches() -> Settings {
    Settings::parse(
        br#"{"refPatterns": [{"repositories": ["ghcr.io/acme/**"], "fold": "refs/heads/release-*"}]}"#,
    )
    .unwrap()
}

//! Inventories made by hand, for tests: one image of each sort, hostile names, and very many.
//!
//! Invariant: signers are proven by the policy's own rules, on real signatures of a private Sigstore and a host that
//! believes everything; nothing in them depends on chance or on the clock.

#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "tests")]

pub(crate) mod credulous;
mod stories;

pub use stories::{HOSTILE, bundled, hostile, inventory, many};

use self::credulous::Credulous;
use super::{Found, IfEnforced, Image, Place, TrustRoot, judge};
use crate::observation::{ObservedImage, Signature, SignedRepository};
use chrono::{DateTime, TimeDelta, Utc};
use continuity_testkit::sigstore::SignatureManifest;
use continuity_testkit::{Identity, PrivateSigstore, Signer as KitSigner};
use signature_continuity::baseline::{Baseline, Format, Lookup, Origin, SignerRecord};
use signature_continuity::calls::Calls;
use signature_continuity::digest::Digest;
use signature_continuity::host::{BundleSigner, Bundles};
use signature_continuity::known::Known;
use signature_continuity::observe::{ImageContext, Observation, observe};
use signature_continuity::proof::rank_of;
use signature_continuity::public_key::PublicKey;
use signature_continuity::reference::ImageReference;
use signature_continuity::settings::Settings;
use signature_continuity::signer::Signer;
use std::collections::BTreeMap;

const KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEGLbH8h+WJDklAFv1XFdoRUwv+mJ4
ahVEIs5J9zOnMfVJjDeb1W82ftoDY1rsGQIwSsqfykYQe3C0oa88z008Jg==
-----END PUBLIC KEY-----
";

/// When the samples were taken.
#[must_use]
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

/// The release workflow of a repository of `acme`.
#[must_use]
pub fn release(name: &str) -> Identity {
    Identity::github(&format!("acme/{name}"), "release.yml", "refs/tags/v1")
}

/// By whom an image of the samples is signed.
pub enum Signs<'a> {
    /// By these, as cosign 2 writes it.
    Cosign2(&'a [Identity]),
    /// By this one, as cosign 2 and as cosign 3 write it.
    Both(&'a Identity),
    /// By this one, as cosign 3 writes it.
    Bundle(&'a Identity),
    /// By the sample's key, in a bundle.
    Key,
}

/// What is observed of an image that is signed so.
#[must_use]
pub fn observed(reference: &ImageReference, signs: &Signs<'_>) -> Observation {
    let sigstore = PrivateSigstore::new().unwrap();
    let digest = reference.digest().unwrap();
    let sign = |identity: &Identity| {
        KitSigner::keyless(&sigstore, identity)
            .sign(reference.name(), digest.as_str(), now())
            .unwrap()
            .layer()
            .unwrap()
    };
    let identities: &[Identity] = match signs {
        Signs::Cosign2(identities) => identities,
        Signs::Both(identity) | Signs::Bundle(identity) => std::slice::from_ref(*identity),
        Signs::Key => &[],
    };
    let layers: Vec<_> = identities.iter().map(sign).collect();
    let proven = match signs {
        Signs::Cosign2(_) => None,
        Signs::Both(_) | Signs::Bundle(_) => layers.first().map(|layer| {
            BundleSigner::Certificate(der_of(layer.annotations.value(CERTIFICATE).unwrap()))
        }),
        Signs::Key => Some(BundleSigner::Key(PublicKey::from_pem(KEY).unwrap())),
    };
    let host = Credulous {
        now: now(),
        manifest: (!layers.is_empty() && !matches!(signs, Signs::Bundle(_)))
            .then(|| SignatureManifest::new(&layers).bytes),
        bundles: proven.map(|signer| Bundles {
            proven: vec![signer],
            ..Bundles::default()
        }),
    };
    let settings = Settings::parse(br#"{"observeNew": true}"#).unwrap();
    let (repository, lookup) = (reference.repository(), Lookup::Absent);
    let names = settings.names(repository);
    let known = Known::new(&settings, &names, None, &[]);
    let subject = ImageContext {
        reference,
        repository,
        lookup: &lookup,
        known: &known,
        thorough: true,
    };
    observe(&Calls::new(&host, settings.budget), &settings, &subject).unwrap()
}

const CERTIFICATE: &str = continuity_testkit::sigstore::CERTIFICATE;

fn der_of(pem: &str) -> Vec<u8> {
    use base64::Engine as _;
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    base64::engine::general_purpose::STANDARD
        .decode(body)
        .unwrap()
}

/// The signer that an identity is.
#[must_use]
pub fn signer_of(identity: &Identity) -> Signer {
    let reference = reference("ghcr.io/acme/any:v1");
    let observation = observed(&reference, &Signs::Cosign2(std::slice::from_ref(identity)));
    observation.proven.first().unwrap().signer().clone()
}

/// A reference with a digest that follows from it.
#[must_use]
pub fn reference(spelled: &str) -> ImageReference {
    let digest = Digest::of(spelled.as_bytes());
    format!("{spelled}@{digest}").parse().unwrap()
}

/// A baseline of one signer, begun some hours ago.
#[must_use]
pub fn baseline(reference: &ImageReference, signer: Signer, hours: i64, origin: Origin) -> Lookup {
    let first = now() - TimeDelta::hours(hours);
    let mut baseline = Baseline::new(reference.repository().clone(), rank_of(&signer), first);
    baseline.established = Some(first + TimeDelta::hours(24));
    baseline.generation = 7;
    baseline.formats = vec![Format::Cosign2];
    baseline.signers = vec![SignerRecord {
        signer,
        origin,
        alone: true,
        first_seen: first,
        last_seen: now(),
        digests: 12,
        retired: None,
    }];
    Lookup::Usable(Box::new(baseline))
}

/// An image that runs in these places, given as `namespace/name`.
#[must_use]
pub fn image(reference: ImageReference, places: &[&str]) -> Image {
    Image {
        running: reference.digest().cloned(),
        ..declared(reference.spelled(), places)
    }
}

/// A text that workloads in these places declare.
#[must_use]
pub fn declared(spelled: &str, places: &[&str]) -> Image {
    let places = places.iter().map(|place| {
        let (namespace, name) = place.split_once('/').unwrap_or(("", place));
        Place {
            namespace: namespace.to_owned(),
            kind: "Deployment".to_owned(),
            name: name.to_owned(),
        }
    });
    Image {
        spelled: spelled.to_owned(),
        running: None,
        hidden: false,
        reference: spelled.parse(),
        places: places.collect(),
    }
}

/// What was found of an image, held against its baseline by the policy's rules.
#[must_use]
pub fn found(
    reference: &ImageReference,
    lookup: Lookup,
    observation: Observation,
    if_enforced: IfEnforced,
    enforced: bool,
) -> Found {
    let judged = judged(reference, lookup, seen(observation));
    Found {
        if_enforced,
        enforced,
        ..judged
    }
}

/// What was seen, held against a baseline by the policy's rules and the settings' defaults.
#[must_use]
pub fn judged(reference: &ImageReference, lookup: Lookup, seen: ObservedImage) -> Found {
    let settings = Settings::parse(b"{}").unwrap();
    let names = settings.names(reference.repository());
    let image = image(reference.clone(), &[]);
    judge(&settings, &image, names, lookup, seen, now(), || false)
}

/// What was seen, of which the policy sees as much.
#[must_use]
pub fn seen(observation: Observation) -> ObservedImage {
    let signatures = observation.proven.iter().map(|proven| Signature {
        proven: proven.clone(),
        logged_at: proven.provenance().map(|_| now() - TimeDelta::hours(30)),
        signed_repository: match proven.format() {
            Format::Cosign2 => SignedRepository::Here,
            Format::Bundle => SignedRepository::Unsaid,
        },
        introduces: BTreeMap::new(),
    });
    ObservedImage {
        signatures: signatures.collect(),
        attestations: 1,
        ..ObservedImage::of_nothing(observation.clone())
    }
}

/// The trust root of the samples.
#[must_use]
pub fn trust_root() -> TrustRoot {
    TrustRoot {
        name: "the public-good instance".to_owned(),
        as_of: Some(now() - TimeDelta::days(12)),
        expires: Some(now() + TimeDelta::days(400)),
    }
}

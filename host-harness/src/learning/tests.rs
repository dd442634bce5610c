//! Each rule of learning, on signatures of the test kit and a host that believes everything.

#![allow(clippy::unwrap_used, reason = "tests")]

use chrono::{DateTime, TimeDelta, Utc};
use continuity_testkit::sigstore::SignatureManifest;
use continuity_testkit::{Identity, PrivateSigstore, Signer as KitSigner};
use signature_continuity::baseline::{Baseline, ConfigMapData, Lookup, Origin, Retired};
use signature_continuity::calls::Calls;
use signature_continuity::digest::Digest;
use signature_continuity::host::{Host, Place};
use signature_continuity::host_error::HostError;
use signature_continuity::known::Known;
use signature_continuity::observe::{Observation, Subjected, observe};
use signature_continuity::reference::{ImageReference, Repository};
use signature_continuity::settings::Settings;

use super::*;

const REPOSITORY: &str = "ghcr.io/acme/api";
const DAY: TimeDelta = TimeDelta::hours(24);

/// Serves one `.sig` and says yes to everything.
struct Credulous {
    manifest: Option<Vec<u8>>,
}

impl Host for Credulous {
    fn now(&self) -> DateTime<Utc> {
        now()
    }
    fn config_map(&self, _: &str, _: &str) -> Result<ConfigMapData, HostError> {
        Err(HostError::Absent)
    }
    fn manifest_digest(&self, _: &str, _: &str) -> Result<Digest, HostError> {
        Err(HostError::Absent)
    }
    fn manifest(&self, _: &str, place: &Place<'_>) -> Result<Vec<u8>, HostError> {
        let manifest = self
            .manifest
            .clone()
            .filter(|_| place.as_str().ends_with(".sig"));
        manifest.ok_or(HostError::Absent)
    }
    fn verify_certificate(&self, _: &str, _: &Digest, _: &str) -> Result<(), HostError> {
        Ok(())
    }
    fn verify_key(&self, _: &str, _: &Digest, _: &str) -> Result<(), HostError> {
        Ok(())
    }
    fn issued_by(&self, _: &str, _: &[String], _: DateTime<Utc>) -> Result<bool, HostError> {
        Ok(true)
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

fn repository() -> Repository {
    REPOSITORY.parse().unwrap()
}

fn release() -> Identity {
    Identity::github("acme/api", "release.yml", "refs/tags/v1")
}

fn stranger() -> Identity {
    Identity::google("dev@acme.example")
}

fn digest(seed: &str) -> Digest {
    Digest::of(seed.as_bytes())
}

/// What is observed of the image `seed`, signed by these for the repository `home`.
fn observed(seed: &str, home: &str, identities: &[Identity]) -> Observation {
    let sigstore = PrivateSigstore::new().unwrap();
    let layers: Vec<_> = identities
        .iter()
        .map(|identity| {
            let signer = KitSigner::keyless(&sigstore, identity);
            signer
                .sign(home, digest(seed).as_str(), now())
                .unwrap()
                .layer()
                .unwrap()
        })
        .collect();
    let manifest = (!layers.is_empty()).then(|| SignatureManifest::new(&layers).bytes);
    let host = Credulous { manifest };
    let settings = Settings::parse(br#"{"observeNew": true}"#).unwrap();
    let reference: ImageReference = format!("{REPOSITORY}@{}", digest(seed)).parse().unwrap();
    let (repository, lookup) = (repository(), Lookup::Absent);
    let known = Known::new(&settings, &repository, None, &[]);
    let subject = Subjected {
        reference: &reference,
        repository: &repository,
        lookup: &lookup,
        known: &known,
    };
    observe(&Calls::new(&host, settings.budget), &settings, &subject).unwrap()
}

fn signed(seed: &str, identities: &[Identity]) -> Observation {
    observed(seed, REPOSITORY, identities)
}

fn learn(before: Option<&Baseline>, observation: &Observation, at: DateTime<Utc>) -> Lesson {
    fold(before, &repository(), observation, DAY, at)
}

fn learned(lesson: Lesson) -> (Baseline, Vec<News>) {
    match lesson {
        Lesson::Learned { baseline, news } => (*baseline, news),
        other @ (Lesson::Nothing(_) | Lesson::Unchanged) => {
            panic!("expected a lesson, got {other:?}")
        }
    }
}

fn first() -> Baseline {
    learned(learn(None, &signed("v1", &[release()]), now())).0
}

fn established() -> Baseline {
    learned(learn(
        Some(&first()),
        &signed("v2", &[release()]),
        now() + DAY,
    ))
    .0
}

#[test]
fn a_first_lone_signer_begins_a_cold_baseline() {
    let (baseline, news) = learned(learn(None, &signed("v1", &[release()]), now()));
    assert_eq!(
        (
            baseline.signers.len(),
            baseline.generation,
            baseline.established
        ),
        (1, 1, None)
    );
    assert!(baseline.verified(&digest("v1")).is_some());
    assert!(news.contains(&News::Repository));
}

#[test]
fn of_several_first_signers_nobody_is_taken() {
    let lesson = learn(None, &signed("v1", &[release(), stranger()]), now());
    assert!(matches!(lesson, Lesson::Nothing(_)), "{lesson:?}");
}

#[test]
fn a_signature_for_another_repository_teaches_nothing() {
    let foreign = observed("v1", "ghcr.io/evil/api", &[release()]);
    assert!(matches!(learn(None, &foreign, now()), Lesson::Nothing(_)));
    assert!(matches!(
        learn(Some(&established()), &foreign, now()),
        Lesson::Nothing(_)
    ));
}

#[test]
fn what_is_not_proven_teaches_nothing() {
    let unsigned = signed("v1", &[]);
    assert!(matches!(learn(None, &unsigned, now()), Lesson::Nothing(_)));
    let unknown = Observation::unknown(
        Some(digest("v1")),
        signature_continuity::posture::Cause::Outage,
        None,
    );
    assert!(matches!(
        learn(Some(&first()), &unknown, now()),
        Lesson::Nothing(_)
    ));
}

#[test]
fn a_baseline_is_established_after_a_day() {
    let early = learned(learn(
        Some(&first()),
        &signed("v2", &[release()]),
        now() + TimeDelta::hours(23),
    ))
    .0;
    assert_eq!(early.established, None);
    let baseline = established();
    assert_eq!(baseline.established, Some(now() + DAY));
    assert_eq!(baseline.generation, 2);
}

#[test]
fn an_established_baseline_takes_in_no_stranger() {
    let before = established();
    assert_eq!(
        learn(Some(&before), &signed("v3", &[stranger()]), now() + DAY),
        Lesson::Unchanged
    );
}

#[test]
fn a_stranger_beside_a_known_signer_is_noted_and_stays_one() {
    let before = established();
    let both = signed("v3", &[release(), stranger()]);
    let (after, _) = learned(learn(Some(&before), &both, now() + DAY));
    assert_eq!((after.signers.len(), after.candidates.len()), (1, 1));
    assert_eq!(learn(Some(&after), &both, now() + DAY), Lesson::Unchanged);
}

#[test]
fn beside_retired_signers_nobody_is_noted() {
    let mut before = established();
    let (ghost, _) = learned(learn(
        None,
        &signed("x", &[Identity::google("old@acme.example")]),
        now(),
    ));
    let mut record = ghost.signers.first().unwrap().clone();
    record.retired = Some(Retired {
        at: now(),
        by: "ada".to_owned(),
        reason: "leaked".to_owned(),
    });
    before.signers.push(record);
    let (after, _) = learned(learn(
        Some(&before),
        &signed("v3", &[release(), stranger()]),
        now() + DAY,
    ));
    assert!(after.candidates.is_empty());
}

#[test]
fn a_retired_signer_does_not_come_back_by_being_seen() {
    let mut before = first();
    for record in &mut before.signers {
        record.retired = Some(Retired {
            at: now(),
            by: "ada".to_owned(),
            reason: "leaked".to_owned(),
        });
    }
    assert_eq!(
        learn(Some(&before), &signed("v9", &[release()]), now()),
        Lesson::Unchanged
    );
}

#[test]
fn the_same_image_again_changes_nothing() {
    let before = first();
    assert_eq!(
        learn(Some(&before), &signed("v1", &[release()]), now()),
        Lesson::Unchanged
    );
}

#[test]
fn an_approval_adds_a_signer_and_revives_a_retired_one() {
    let before = established();
    let approval = Approval {
        by: "ada".to_owned(),
        reason: "TICKET-1".to_owned(),
        at: now(),
    };
    let newcomer = signed("v3", &[stranger()])
        .proven
        .first()
        .unwrap()
        .signer()
        .clone();
    let mut after = approve(&before, &newcomer, false, &approval);
    assert_eq!(
        (after.signers.len(), after.generation),
        (2, before.generation + 1)
    );
    for record in &mut after.signers {
        record.retired = Some(Retired {
            at: now(),
            by: "ada".to_owned(),
            reason: "leaked".to_owned(),
        });
    }
    let revived = approve(&after, &newcomer, true, &approval);
    let known: Vec<_> = revived.known().collect();
    assert_eq!(known.len(), 1);
    assert!(
        known.iter().all(|r| r.signer == newcomer
            && r.alone
            && matches!(r.origin, Origin::Approved { .. }))
    );
}

#[test]
fn one_digest_is_allowed_for_a_while() {
    let approval = Approval {
        by: "ada".to_owned(),
        reason: "TICKET-1".to_owned(),
        at: now(),
    };
    let after = allow(&established(), &digest("v3"), now() + DAY, &approval);
    assert!(after.allowed(&digest("v3"), now()).is_some());
    assert!(after.allowed(&digest("v3"), now() + DAY).is_none());
}

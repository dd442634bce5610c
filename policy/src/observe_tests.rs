#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::baseline::{Allowed, Format, Retired, Tolerated, Verified};
use crate::host_error::Outage;
use crate::testing::{
    Failure, FakeHost, REPOSITORY, digest, established, google, key_signer, keyless, now, record,
    release, settings, signed_at, signer_of, sigstore,
};
use chrono::TimeDelta;
use continuity_testkit::sigstore::SimpleSigning;
use continuity_testkit::{KeyKind, Signature, SigningKey};
use rstest::rstest;
use serde_json::json;

#[path = "observe_tests/answers.rs"]
mod answers;
#[path = "observe_tests/bundles.rs"]
mod bundles;
#[path = "observe_tests/time.rs"]
mod time;

/// Observes an image by what the baseline and the settings say.
fn observed(
    host: &FakeHost,
    settings: &Settings,
    lookup: &Lookup,
    reference: &str,
) -> Result<Observation, HostRejectsReference> {
    let reference: ImageReference = reference.parse().unwrap();
    let names = settings.names(reference.repository());
    let known = Known::new(settings, &names, lookup.baseline(), &[]);
    let calls = Calls::new(host, settings.budget);
    let image = ImageContext {
        reference: &reference,
        repository: names.aliased(),
        lookup,
        known: &known,
        thorough: false,
    };
    observe(&calls, settings, &image)
}

fn usable(baseline: Baseline) -> Lookup {
    Lookup::Usable(Box::new(baseline))
}

/// A host with one image under the tag `v1`, signed by the release workflow.
fn signed_host() -> FakeHost {
    let host = FakeHost::new();
    host.tag(REPOSITORY, "v1", &digest("v1"));
    let signature = keyless(&release("v1"), &digest("v1"));
    host.sign(REPOSITORY, &digest("v1"), &[signature.layer().unwrap()]);
    host
}

fn learned() -> Baseline {
    established(&[signer_of(&release("v1"))])
}

fn by_digest() -> String {
    format!("{REPOSITORY}@{}", digest("v1"))
}

fn by_tag() -> String {
    format!("{REPOSITORY}:v1")
}

fn pinned_to(subject: &str) -> Settings {
    settings(
        json!({"pins": [{"repositories": ["ghcr.io/acme/*"], "anyOf": [
        {"issuer": "https://accounts.google.com", "subject": subject}]}]}),
    )
}

#[rstest]
#[case::digest(by_digest(), &["manifest", "issued-by", "verify-certificate"])]
#[case::tag(by_tag(), &["digest", "manifest", "issued-by", "verify-certificate"])]
#[case::tag_and_digest(format!("{}@{}", by_tag(), digest("v1")), &["manifest", "issued-by", "verify-certificate"])]
fn accepts_a_known_signers_image(#[case] reference: String, #[case] calls: &[&str]) {
    let host = signed_host();
    let observation =
        observed(&host, &settings(json!({})), &usable(learned()), &reference).unwrap();
    assert_eq!(observation.posture, Posture::Signed);
    assert_eq!(observation.digest, Some(digest("v1")));
    assert_eq!(observation.evidence, Evidence::Proof);
    assert!(observation.has_signature_tag);
    assert_eq!(host.kinds(), calls);
}

#[test]
fn after_resolution_everything_is_asked_by_digest() {
    let host = signed_host();
    observed(&host, &settings(json!({})), &usable(learned()), &by_tag()).unwrap();
    let calls = host.calls();
    assert_eq!(calls[0], format!("digest {REPOSITORY}:v1"));
    assert_eq!(
        calls[1],
        format!("manifest {REPOSITORY}:{}", digest("v1").signature_tag())
    );
    assert_eq!(
        calls[3],
        format!("verify-certificate {REPOSITORY}@{}", digest("v1"))
    );
}

#[test]
fn the_default_tag_is_latest_and_the_path_is_as_spelled() {
    let host = FakeHost::new();
    let baseline = Baseline::new("docker.io/library/nginx".parse().unwrap(), Rank::Key, now());
    observed(&host, &settings(json!({})), &usable(baseline), "nginx").unwrap();
    assert_eq!(host.calls(), ["digest docker.io/nginx:latest"]);
}

/// Entries of the baseline that end an observation.
#[rstest]
#[case::verified("verified", Posture::Signed)]
#[case::tolerated("tolerated", Posture::Unsigned)]
#[case::allowed("allowed", Posture::Unknown)]
fn a_listed_digest_ends_the_observation(#[case] list: &str, #[case] posture: Posture) {
    let mut baseline = learned();
    list_digest(&mut baseline, list);
    for (reference, calls) in [(by_digest(), &[][..]), (by_tag(), &["digest"][..])] {
        let host = signed_host();
        let lookup = usable(baseline.clone());
        let observation = observed(&host, &settings(json!({})), &lookup, &reference).unwrap();
        assert_eq!(observation.posture, posture);
        assert_ne!(observation.evidence, Evidence::Proof);
        assert_eq!(host.kinds(), calls);
    }
}

fn list_digest(baseline: &mut Baseline, list: &str) {
    let (digest, at) = (digest("v1"), now());
    match list {
        "verified" => {
            let signer = signer_of(&release("v1")).id();
            baseline.verified.push(Verified::new(digest, &signer, at));
        }
        "tolerated" => baseline.tolerated.push(Tolerated {
            digest,
            posture: Posture::Unsigned,
            at,
        }),
        _ => baseline.allowed.push(Allowed {
            digest,
            until: now() + TimeDelta::hours(1),
            by: "ops".to_owned(),
            reason: "T-1".to_owned(),
        }),
    }
}

/// A pin wants a pinned signer, whatever else the baseline says; only what somebody allowed satisfies it.
#[rstest]
#[case::verified("verified", Evidence::Proof)]
#[case::tolerated("tolerated", Evidence::Proof)]
#[case::allowed("allowed", Evidence::Allowed)]
fn listed_digests_against_a_pin(#[case] list: &str, #[case] evidence: Evidence) {
    let mut baseline = learned();
    list_digest(&mut baseline, list);
    let host = signed_host();
    let settings = pinned_to("boss@acme.example");
    let observation = observed(&host, &settings, &usable(baseline), &by_digest()).unwrap();
    assert_eq!(observation.evidence, evidence);
}

#[test]
fn a_pinned_signers_verified_digest_satisfies_the_pin() {
    let boss = signer_of(&google("boss@acme.example"));
    let mut baseline = established(std::slice::from_ref(&boss));
    baseline
        .verified
        .push(Verified::new(digest("v1"), &boss.id(), now()));
    let host = FakeHost::new();
    let settings = pinned_to("boss@acme.example");
    let observation = observed(&host, &settings, &usable(baseline), &by_digest()).unwrap();
    assert_eq!(observation.evidence, Evidence::Verified(boss));
    assert_eq!(host.calls(), [] as [String; 0]);
}

#[test]
fn entries_that_no_longer_count() {
    let mut retired = learned();
    list_digest(&mut retired, "verified");
    retired.signers[0].retired = Some(Retired {
        at: now(),
        by: "ops".to_owned(),
        reason: "leaked".to_owned(),
    });
    let mut expired = learned();
    list_digest(&mut expired, "allowed");
    expired.allowed[0].until = now();
    for baseline in [retired, expired] {
        let host = signed_host();
        let observation =
            observed(&host, &settings(json!({})), &usable(baseline), &by_digest()).unwrap();
        assert_eq!(observation.evidence, Evidence::Proof);
    }
}

#[rstest]
#[case::new(json!({}), Lookup::Absent, 0)]
#[case::observe_new(json!({"observeNew": true}), Lookup::Absent, 3)]
#[case::learned(json!({}), usable(learned()), 3)]
fn asks_only_where_it_may(
    #[case] fields: serde_json::Value,
    #[case] lookup: Lookup,
    #[case] calls: usize,
) {
    let host = signed_host();
    let observation = observed(&host, &settings(fields), &lookup, &by_digest()).unwrap();
    assert_eq!(host.calls().len(), calls);
    let not_asked = observation.evidence == Evidence::NotAsked;
    assert_eq!(not_asked, calls == 0);
}

#[test]
fn asks_about_pinned_repositories_without_a_baseline() {
    let host = signed_host();
    let settings = pinned_to("boss@acme.example");
    observed(&host, &settings, &Lookup::Absent, &by_digest()).unwrap();
    assert_eq!(
        host.kinds(),
        ["manifest", "issued-by", "verify-certificate"]
    );
}

#[rstest]
#[case::stranger_and_known(&["dev@acme.example", "release"], 3)]
#[case::stranger_alone(&["dev@acme.example"], 3)]
#[case::two_strangers(&["dev@acme.example", "ops@acme.example"], 5)]
fn stops_at_a_known_signer_of_full_rank(#[case] signers: &[&str], #[case] calls: usize) {
    let layers: Vec<_> = signers
        .iter()
        .map(|signer| {
            let identity = if *signer == "release" {
                release("v1")
            } else {
                google(signer)
            };
            keyless(&identity, &digest("v1")).layer().unwrap()
        })
        .collect();
    let host = FakeHost::new();
    host.sign(REPOSITORY, &digest("v1"), &layers);
    observed(
        &host,
        &settings(json!({})),
        &usable(learned()),
        &by_digest(),
    )
    .unwrap();
    assert_eq!(host.calls().len(), calls);
}

#[rstest]
#[case::not_alone(false, &["manifest", "verify-key", "issued-by", "verify-certificate"])]
#[case::alone(true, &["manifest", "verify-key"])]
fn goes_on_after_a_known_key_of_lower_rank(#[case] alone: bool, #[case] calls: &[&str]) {
    let key = SigningKey::generate(KeyKind::P256).unwrap();
    let payload = SimpleSigning::cosign(REPOSITORY, digest("v1").as_str()).bytes();
    let log = Some(sigstore().log());
    let by_key = Signature::by_key(&key, &payload, log, signed_at()).unwrap();
    let stranger = keyless(&google("dev@acme.example"), &digest("v1"));
    let mut baseline = learned();
    baseline.signers.push(record(&key_signer(&key)));
    baseline.signers[1].alone = alone;
    let host = FakeHost::new();
    let layers = [stranger.layer().unwrap(), by_key.layer().unwrap()];
    host.sign(REPOSITORY, &digest("v1"), &layers);
    observed(&host, &settings(json!({})), &usable(baseline), &by_digest()).unwrap();
    assert_eq!(host.kinds(), calls);
}

#[test]
fn mirrors_are_asked_and_aliases_are_not() {
    let settings = settings(json!({
        "mirrors": [{"for": "ghcr.io/**", "fetchFrom": "mirror.corp.example/hub/**"}],
        "aliases": [{"from": "quay.io/acme/*", "to": "ghcr.io/acme/*"}],
    }));
    let host = FakeHost::new();
    observed(&host, &settings, &usable(learned()), &by_tag()).unwrap();
    assert_eq!(host.calls(), ["digest mirror.corp.example/hub/acme/api:v1"]);
    host.forget_calls();
    observed(&host, &settings, &usable(learned()), "quay.io/acme/api:v1").unwrap();
    assert_eq!(host.calls(), ["digest quay.io/acme/api:v1"]);
}

#[test]
fn a_signature_made_for_an_alias_is_for_the_repository() {
    let settings =
        settings(json!({"aliases": [{"from": "quay.io/acme/*", "to": "ghcr.io/acme/*"}]}));
    for made_for in ["quay.io/acme/api", REPOSITORY] {
        let host = FakeHost::new();
        let signature = sigstore()
            .sign(&release("v1"), made_for, digest("v1").as_str(), signed_at())
            .unwrap();
        host.sign(
            "quay.io/acme/api",
            &digest("v1"),
            &[signature.layer().unwrap()],
        );
        let reference = format!("quay.io/acme/api@{}", digest("v1"));
        let observation = observed(&host, &settings, &usable(learned()), &reference).unwrap();
        assert!(
            observation.proven[0].is_signed_for_repository(),
            "{made_for}"
        );
    }
}

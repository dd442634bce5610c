#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "tests"
)]

#[path = "baseline_tests/digests.rs"]
mod digests;
#[path = "baseline_tests/documented.rs"]
mod documented;
#[path = "baseline_tests/lost.rs"]
mod lost;
#[path = "baseline_tests/properties.rs"]
mod properties;

use super::*;
use crate::posture::Posture;
use crate::public_key::PublicKey;
use crate::signer::{Caller, Keyless};
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

const REPOSITORY: &str = "ghcr.io/acme/api";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const SUBJECT: &str = "https://github.com/acme/api/.github/workflows/release.yml@refs/tags/*";
const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE4Q5zMcpt8Fm8xEkiZJkZF6o1XMHf\nrgjUmLMjijdgnBW5wHq2ACM3FYtGAYLhpk2OX9nETbmd6jDlzVGlTlU/lg==\n-----END PUBLIC KEY-----\n";

fn repository() -> Repository {
    REPOSITORY.parse().unwrap()
}

fn keyless(subject: &str) -> Signer {
    Signer::Keyless(Keyless {
        issuer: ISSUER.to_owned(),
        subject: subject.to_owned(),
        caller: None,
    })
}

fn key() -> PublicKey {
    PublicKey::from_pem(KEY).unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn digest(n: u8) -> Digest {
    Digest::of(&[n])
}

/// The example of the baseline's format, with real ids in it.
fn example() -> Value {
    let keyless = keyless(SUBJECT).id();
    let stranger = self::keyless("dev@acme.example");
    json!({
        "version": 1, "repository": REPOSITORY, "generation": 7,
        "firstSeen": "2026-11-01T09:30:00Z", "lastSeen": "2026-11-22T00:00:00Z", "established": "2026-11-02T09:30:00Z",
        "rank": "keyless", "formats": ["cosign2"],
        "signers": [
            {"id": keyless, "issuer": ISSUER, "subject": SUBJECT, "origin": "observed", "alone": true,
             "firstSeen": "2026-11-01T09:30:00Z", "lastSeen": "2026-11-22T00:00:00Z", "digests": 12},
            {"id": Signer::Key(key()).id(), "publicKey": KEY, "sha256": key().sha256(), "origin": "approved",
             "by": "jane", "reason": "TICKET-1", "alone": false, "firstSeen": "2026-11-01T09:30:00Z",
             "lastSeen": "2026-11-22T00:00:00Z", "digests": 1,
             "retired": {"at": "2026-11-20T00:00:00Z", "by": "jane", "reason": "leaked"}},
        ],
        "candidates": [{"id": stranger.id(), "issuer": ISSUER, "subject": "dev@acme.example",
            "firstSeen": "2026-11-03T00:00:00Z", "beside": keyless.short()}],
        "provenance": {"sources": ["https://github.com/acme/api"], "owners": ["https://github.com/acme"],
            "builders": ["https://github.com/acme/api/.github/workflows/release.yml"], "runners": ["github-hosted"]},
        "log": {"earliest": "2025-03-02T11:00:00Z"},
        "verified": [{"digest": digest(1), "signer": keyless.short(), "at": "2026-11-22T00:00:00Z"}],
        "tolerated": [{"digest": digest(2), "posture": "unsigned", "at": "2026-11-22T00:00:00Z"}],
        "allowed": [{"digest": digest(3), "until": "2026-11-25T00:00:00Z", "by": "jane", "reason": "TICKET-2"}],
    })
}

fn read(json: &Value) -> Result<Baseline, String> {
    Baseline::from_json(&json.to_string(), &repository())
}

fn changed(change: impl FnOnce(&mut Value)) -> Result<Baseline, String> {
    let mut json = example();
    change(&mut json);
    read(&json)
}

fn config_map(json: &Value) -> ConfigMapData {
    ConfigMapData {
        labels: BTreeMap::from([(LABEL.to_owned(), "true".to_owned())]),
        data: BTreeMap::from([
            ("repository".to_owned(), REPOSITORY.to_owned()),
            ("baseline.json".to_owned(), json.to_string()),
        ]),
    }
}

#[test]
fn accepts_the_documented_format_and_writes_it_again() {
    let map = config_map(&example());
    let lookup = Lookup::of_config_map(&map, &repository());
    let baseline = lookup.baseline().unwrap();
    assert_eq!(serde_json::to_value(baseline).unwrap(), example());
    assert_eq!(baseline.known().count(), 1);
    assert_eq!(baseline.record(&keyless(SUBJECT).id()).unwrap().digests, 12);
    assert!(
        baseline
            .record(&Signer::Key(key()).id())
            .unwrap()
            .retired
            .is_some()
    );
    assert_eq!(
        baseline.tolerated(&digest(2)).unwrap().posture,
        Posture::Unsigned
    );
    assert_eq!(baseline.tolerated(&digest(1)), None);
}

#[test]
fn accepts_what_may_be_left_out() {
    let baseline = changed(|json| {
        let fields = json.as_object_mut().unwrap();
        for field in [
            "established",
            "candidates",
            "provenance",
            "log",
            "verified",
            "tolerated",
            "allowed",
        ] {
            assert!(fields.remove(field).is_some(), "{field}");
        }
    });
    assert_eq!(baseline.unwrap().established, None);
}

#[test]
fn accepts_each_origin_and_callers() {
    let introduced = changed(|json| {
        json["signers"][0]["origin"] = "introduced".into();
        json["signers"][0]["introducedBy"] = Signer::Key(key()).id().as_str().into();
    });
    let by = Introduction {
        by: Signer::Key(key()).id(),
    };
    assert_eq!(
        introduced.unwrap().signers[0].origin,
        Origin::Introduced(by)
    );
    let history = changed(|json| json["signers"][0]["origin"] = "history".into());
    assert_eq!(history.unwrap().signers[0].origin, Origin::History);
    let called = Signer::Keyless(Keyless {
        issuer: ISSUER.to_owned(),
        subject: SUBJECT.to_owned(),
        caller: Some(Caller {
            source_id: "12".to_owned(),
            owner_id: String::new(),
        }),
    });
    let baseline = changed(|json| {
        json["signers"][0]["sourceId"] = "12".into();
        json["signers"][0]["id"] = called.id().as_str().into();
    })
    .unwrap();
    assert_eq!(baseline.signers[0].signer, called);
    assert_eq!(
        read(&serde_json::to_value(&baseline).unwrap()),
        Ok(baseline)
    );
}

#[rstest]
#[case::no_label(|m: &mut ConfigMapData| m.labels.clear(), "label")]
#[case::label_off(|m: &mut ConfigMapData| { m.labels.insert(LABEL.to_owned(), "false".to_owned()); }, "label")]
#[case::no_data(|m: &mut ConfigMapData| m.data.clear(), "data.repository")]
#[case::no_repository(|m: &mut ConfigMapData| { m.data.remove("repository"); }, "data.repository")]
#[case::other_repository(|m: &mut ConfigMapData| { m.data.insert("repository".to_owned(), "ghcr.io/acme/web".to_owned()); }, "got another")]
#[case::other_spelling(|m: &mut ConfigMapData| { m.data.insert("repository".to_owned(), "GHCR.io/acme/api".to_owned()); }, "got another")]
#[case::no_json(|m: &mut ConfigMapData| { m.data.remove("baseline.json"); }, "data.baseline.json")]
#[case::empty_json(|m: &mut ConfigMapData| { m.data.insert("baseline.json".to_owned(), String::new()); }, "JSON")]
fn rejects_config_maps_of_another_kind(
    #[case] change: fn(&mut ConfigMapData),
    #[case] expected: &str,
) {
    let mut map = config_map(&example());
    change(&mut map);
    match Lookup::of_config_map(&map, &repository()) {
        Lookup::Unusable(why) => assert!(why.contains(expected), "{why}"),
        other => panic!("read as {other:?}"),
    }
}

#[rstest]
#[case::newer(|j: &mut Value| j["version"] = json!(2), "version")]
#[case::older(|j: &mut Value| j["version"] = json!(0), "version")]
#[case::no_version(|j: &mut Value| { j.as_object_mut().unwrap().remove("version"); }, "version")]
#[case::version_as_text(|j: &mut Value| j["version"] = json!("1"), "version")]
#[case::other_repository(|j: &mut Value| j["repository"] = json!("ghcr.io/acme/web"), "another")]
#[case::no_repository(|j: &mut Value| j["repository"] = json!("A B"), "repository")]
#[case::no_signers(|j: &mut Value| j["signers"] = json!([]), "signers")]
#[case::rank_unsigned_with_signers(|j: &mut Value| j["rank"] = json!("unsigned"), "rank")]
#[case::rank_unverifiable(|j: &mut Value| j["rank"] = json!("unverifiable"), "rank")]
#[case::rank_unknown(|j: &mut Value| j["rank"] = json!("hardware"), "rank")]
#[case::format_unknown(|j: &mut Value| j["formats"] = json!(["cosign4"]), "formats")]
#[case::date(|j: &mut Value| j["established"] = json!("yesterday"), "established")]
#[case::generation(|j: &mut Value| j["generation"] = json!(-1), "generation")]
#[case::id(|j: &mut Value| j["signers"][0]["id"] = json!("0".repeat(64)), "signers[0]")]
#[case::short_id(|j: &mut Value| j["signers"][0]["id"] = json!("7c1f09ab42de"), "signers[0]")]
#[case::subject(|j: &mut Value| j["signers"][0]["subject"] = json!("evil@acme.example"), "signers[0]")]
#[case::issuer(|j: &mut Value| j["signers"][0]["issuer"] = json!("https://evil.example"), "signers[0]")]
#[case::caller(|j: &mut Value| j["signers"][0]["sourceId"] = json!("1"), "signers[0]")]
#[case::no_subject(|j: &mut Value| j["signers"][0]["subject"] = json!(null), "signers[0]")]
#[case::both_kinds(|j: &mut Value| j["signers"][0]["publicKey"] = json!(KEY), "signers[0]")]
#[case::neither(|j: &mut Value| j["signers"][1]["publicKey"] = json!(null), "signers[1]")]
#[case::sha256(|j: &mut Value| j["signers"][1]["sha256"] = json!("0".repeat(64)), "signers[1]")]
#[case::key(|j: &mut Value| j["signers"][1]["publicKey"] = json!("no key"), "signers[1]")]
#[case::origin(|j: &mut Value| j["signers"][0]["origin"] = json!("guessed"), "signers[0]")]
#[case::nobody_approved(|j: &mut Value| j["signers"][1]["by"] = json!(null), "signers[1]")]
#[case::nobody_introduced(|j: &mut Value| j["signers"][0]["origin"] = json!("introduced"), "signers[0]")]
#[case::retired(|j: &mut Value| j["signers"][1]["retired"] = json!(true), "signers[1]")]
#[case::digest(|j: &mut Value| j["verified"][0]["digest"] = json!("sha256:0"), "verified[0]")]
#[case::posture(|j: &mut Value| j["tolerated"][0]["posture"] = json!("fine"), "tolerated[0]")]
#[case::candidate(|j: &mut Value| j["candidates"][0]["id"] = json!("x"), "candidates[0]")]
fn rejects_what_does_not_hold_together(#[case] change: fn(&mut Value), #[case] expected: &str) {
    let why = changed(change).unwrap_err();
    assert!(why.contains(expected), "{why}");
}

#[test]
fn reads_are_bounded() {
    let text = example().to_string();
    let longest = format!("{text}{}", " ".repeat(1024 * 1024 - text.len()));
    assert!(Baseline::from_json(&longest, &repository()).is_ok());
    assert!(Baseline::from_json(&format!("{longest} "), &repository()).is_err());
    assert!(Baseline::from_json(&"[".repeat(1 << 20), &repository()).is_err());
    assert!(Baseline::from_json(&format!("{text}{text}"), &repository()).is_err());
    let twice = text.replacen('{', r#"{"rank":"key","#, 1);
    assert!(Baseline::from_json(&twice, &repository()).is_err());
}

#[rstest]
#[case::before("2026-11-02T09:29:59.999Z", false)]
#[case::just("2026-11-02T09:30:00Z", true)]
#[case::after("2036-11-02T09:30:00Z", true)]
fn established_begins(#[case] now: &str, #[case] established: bool) {
    let mut baseline = read(&example()).unwrap();
    assert_eq!(baseline.is_established(at(now)), established);
    baseline.established = None;
    assert!(!baseline.is_established(at(now)));
}

#[test]
fn bundles_are_a_format_of_their_own() {
    let baseline = changed(|json| json["formats"] = json!(["cosign2", "bundle"])).unwrap();
    assert_eq!(baseline.formats, [Format::Cosign2, Format::Bundle]);
}

#[test]
fn config_maps_are_named_by_the_whole_repository() {
    // printf %s docker.io/library/nginx | sha256sum
    let hub: Repository = "nginx".parse().unwrap();
    assert_eq!(
        config_map_name(&hub),
        "continuity-7e59ad64326bc321517fb6fc6586de5ee149178394d9edfa2a877176cdf6fad5"
    );
    assert_eq!(
        config_map_name(&"index.docker.io/library/nginx".parse().unwrap()),
        config_map_name(&hub)
    );
    assert_ne!(
        config_map_name(&"ghcr.io/library/nginx".parse().unwrap()),
        config_map_name(&hub)
    );
}

#[test]
fn a_new_baseline_is_cold_and_knows_nobody() {
    let now = at("2026-11-01T09:30:00Z");
    let baseline = Baseline::new(repository(), Rank::Key, now);
    assert!(!baseline.is_established(now + TimeDelta::days(3650)));
    assert_eq!(baseline.known().count(), 0);
    // It is not to be written before somebody is in it.
    assert!(read(&serde_json::to_value(&baseline).unwrap()).is_err());
}

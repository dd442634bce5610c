#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use rstest::rstest;
use serde_json::{Value, json};

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const WORKFLOW: &str = "https://github.com/acme/api/.github/workflows/release.yml";
const ROOT: &str = include_str!("settings/fulcio/root-2022.pem");
const INTERMEDIATE: &str = include_str!("settings/fulcio/intermediate-2022.pem");

pub(super) fn settings(json: &Value) -> Settings {
    Settings::parse(json.to_string().as_bytes()).unwrap()
}

fn repository(text: &str) -> Repository {
    text.parse().unwrap()
}

/// Everything that the settings have and that has an effect, as operators write it.
pub(super) fn everything() -> Value {
    json!({
        "baseline": {"namespace": "continuity", "establishAfter": "7d"},
        "enforce": [
            {"namespaces": ["prod", "prod-*"], "repositories": ["ghcr.io/acme/**"], "onUndetermined": "deny"},
            {"repositories": ["docker.io/**"]},
            {},
        ],
        "unenforced": "report",
        "onUndetermined": "admit",
        "provenance": "off",
        "pins": [{
            "repositories": ["ghcr.io/acme/**"],
            "anyOf": [
                {"issuer": GITHUB, "subject": "https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*"},
                {"issuer": GITHUB, "subject": WORKFLOW, "sourceId": "12", "ownerId": "34"},
            ],
        }],
        "exceptions": [
            {"repository": "docker.io/acme/legacy", "accepts": "unsigned", "reason": "TICKET-12", "expires": "2027-03-31"},
            {"image": format!("ghcr.io/acme/api@{}", Digest::of(b"")), "accepts": "invalid", "reason": "T", "expires": "2020-01-01"},
        ],
        "aliases": [{"from": "mirror.corp.example/ghcr/**", "to": "ghcr.io/**"}],
        "mirrors": [{"for": "docker.io/**", "fetchFrom": "mirror.corp.example/hub/**"}],
        "refPatterns": [{"repositories": ["ghcr.io/acme/**"], "fold": "refs/heads/release-*"}],
        "certificateAuthorities": [format!("{INTERMEDIATE}{ROOT}")],
        "trustControl": {
            "image": format!("ghcr.io/acme/control:v1@{}", Digest::of(b"")),
            "issuer": GITHUB,
            "subject": format!("{WORKFLOW}@refs/tags/v1"),
        },
        "absentMessages": ["no such thing"],
        "maxImages": 1024,
        "budget": "2500ms",
        "observeNew": true,
        "modifyImagesWithDigest": false,
    })
}

#[rstest]
#[case::nothing("")]
#[case::space(" \n")]
#[case::null("null")]
#[case::object("{}")]
fn absent_settings_are_all_defaults(#[case] json: &str) {
    let settings = Settings::parse(json.as_bytes()).unwrap();
    assert_eq!(settings, Settings::default());
    assert_eq!(settings.baseline.namespace, "signature-continuity");
    assert_eq!(settings.baseline.establish_after, TimeDelta::hours(24));
    assert_eq!(settings.unenforced, Unenforced::Warn);
    assert_eq!(settings.on_undetermined, OnUndetermined::Deny);
    assert_eq!(settings.provenance, ProvenanceMode::Warn);
    assert_eq!(
        (settings.max_images, settings.budget),
        (64, TimeDelta::milliseconds(800))
    );
    assert_eq!(
        settings.guard.learners.users,
        ["system:serviceaccount:signature-continuity:continuity-learner"]
    );
    assert_eq!(settings.guard.approvers.groups, ["platform-admins"]);
    assert!(
        settings.enforce.is_empty() && settings.pins.is_empty() && settings.trust_control.is_none()
    );
    assert!(!settings.observe_new && !settings.modify_images_with_digest);
}

#[test]
fn reads_every_field() {
    let settings = settings(&everything());
    assert_eq!(settings.baseline.namespace, "continuity");
    assert_eq!(settings.baseline.establish_after, TimeDelta::days(7));
    assert_eq!(settings.enforce.len(), 3);
    assert_eq!(
        settings.enforce[0].on_undetermined,
        Some(OnUndetermined::Deny)
    );
    assert_eq!(settings.unenforced, Unenforced::Report);
    assert_eq!(settings.on_undetermined, OnUndetermined::Admit);
    assert_eq!(settings.provenance, ProvenanceMode::Off);
    assert_eq!(settings.pins[0].any_of.len(), 2);
    assert_eq!(settings.exceptions[0].accepts, Fingerprint::Unsigned);
    assert_eq!(
        settings.exceptions[1].scope,
        ExceptionScope::Image(repository("ghcr.io/acme/api"), Digest::of(b""))
    );
    assert_eq!(
        (
            settings.aliases.len(),
            settings.mirrors.len(),
            settings.ref_patterns.len()
        ),
        (1, 1, 1)
    );
    assert_eq!(
        settings.certificate_chains()[0].certificates(),
        [INTERMEDIATE, ROOT]
    );
    let control = settings.trust_control.unwrap();
    assert_eq!(control.image.digest(), Some(&Digest::of(b"")));
    assert_eq!(control.subject, format!("{WORKFLOW}@refs/tags/*"));
    assert_eq!(settings.absent_messages, ["no such thing"]);
    assert_eq!(
        (settings.max_images, settings.budget),
        (1024, TimeDelta::milliseconds(2500))
    );
    assert!(settings.observe_new && !settings.modify_images_with_digest);
}

#[test]
fn reads_who_may_write_baselines() {
    let guard: Guard = serde_json::from_value(json!({
        "learners": {"users": ["system:serviceaccount:continuity:learner"]},
        "approvers": {"users": ["alice"], "groups": ["admins"]},
    }))
    .unwrap();
    assert!(guard.learners.groups.is_empty());
    assert_eq!(guard.approvers.users, ["alice"]);
}

/// What has no effect yet may be written only as what it is without one.
#[rstest]
#[case::provenance(json!({"provenance": "warn"}))]
#[case::no_mutation(json!({"modifyImagesWithDigest": false}))]
fn values_by_which_nothing_is_promised_are_settings(#[case] json: Value) {
    assert_eq!(self::settings(&json), Settings::default());
}

#[test]
fn without_authorities_the_public_good_ones_count() {
    assert_eq!(
        Settings::default().certificate_chains().as_ref(),
        CertificateChain::public_good()
    );
}

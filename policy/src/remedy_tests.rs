#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::baseline::{Baseline, Lookup};
use crate::judgement::{Facts, Judgement, Surroundings};
use crate::observe::Observation;
use crate::posture::Posture;
use crate::settings::Settings;
use crate::testing::{
    NAMESPACE, REPOSITORY, digest, established, google, key_signer, keyless, now, proven, release,
    settings, signed_at, signer_of, sigstore,
};
use continuity_testkit::sigstore::SimpleSigning;
use continuity_testkit::{Identity, KeyKind, Signature, SigningKey};
use rstest::rstest;
use serde_json::json;

fn image() -> Digest {
    digest("the image")
}

fn name() -> String {
    format!("{REPOSITORY}@{}", image())
}

fn found(posture: Posture, by: &[Signature]) -> Observation {
    let mut observation = Observation::unknown(Some(image()), Cause::Answer, None);
    observation.posture = posture;
    observation.unknown = None;
    observation.proven = by.iter().map(|one| proven(one, &image())).collect();
    observation
}

fn signed(identity: &Identity) -> Observation {
    found(Posture::Signed, &[keyless(identity, &image())])
}

fn learned() -> Baseline {
    established(&[signer_of(&release("v1"))])
}

fn remedies(settings: &Settings, lookup: Lookup, observation: Observation) -> Vec<Remedy> {
    let repository: Repository = REPOSITORY.parse().unwrap();
    let facts = Facts {
        names: repository.into(),
        lookup,
        observation,
    };
    let place = Surroundings {
        namespace: NAMESPACE,
        template: false,
        audit: false,
    };
    Judgement::new(settings, facts, &place, now(), || false).remedies
}

fn told(settings: &Settings, baseline: Baseline, observation: Observation) -> String {
    let remedies = remedies(settings, Lookup::Usable(Box::new(baseline)), observation);
    let lines = remedies.iter().flat_map(|remedy| {
        let mut lines = remedy.lines();
        lines.extend(remedy.settings_lines());
        lines
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn plain() -> Settings {
    settings(json!({}))
}

#[test]
fn a_stranger_is_approved_by_id_or_excepted() {
    let stranger = google("dev@acme.example");
    let id = signer_of(&stranger).id();
    let text = told(&plain(), learned(), signed(&stranger));
    assert!(
        text.contains(&format!("approve {} {} --reason", name(), id.short())),
        "{text}"
    );
    assert!(
        text.contains(&format!("approve {} --for 72h", name())),
        "{text}"
    );
    assert!(
        text.contains(&format!("accepts: \"signer:{id}\"")),
        "{text}"
    );
    assert!(
        !text.contains("fold") && !text.contains("dev@acme.example"),
        "{text}"
    );
}

#[test]
fn a_key_needs_to_stand_alone_and_both_its_exceptions_are_told() {
    let key = SigningKey::generate(KeyKind::P256).unwrap();
    let payload = SimpleSigning::cosign(REPOSITORY, image().as_str()).bytes();
    let by_key = Signature::by_key(&key, &payload, Some(sigstore().log()), signed_at()).unwrap();
    let id = key_signer(&key).id();
    let text = told(&plain(), learned(), found(Posture::Signed, &[by_key]));
    assert!(
        text.contains(&format!("{} --alone --reason", id.short())),
        "{text}"
    );
    assert!(text.contains("accepts: \"downgrade:key:"), "{text}");
    assert!(
        text.contains(&format!("accepts: \"signer:{id}\"")),
        "{text}"
    );
}

#[test]
fn all_exceptions_that_are_needed_are_told_and_together_they_suffice() {
    let pins = json!([{"repositories": [REPOSITORY], "anyOf": [
        {"issuer": "https://accounts.google.com", "subject": "boss@acme.example"}]}]);
    for observation in [
        found(Posture::Unsigned, &[]),
        found(Posture::Unverifiable, &[]),
        found(Posture::Invalid, &[]),
        signed(&google("dev@acme.example")),
    ] {
        let pinned = settings(json!({"pins": pins}));
        let lookup = || Lookup::Usable(Box::new(learned()));
        let remedies = remedies(&pinned, lookup(), observation.clone());
        let except = remedies
            .iter()
            .find(|remedy| matches!(remedy, Remedy::Except { .. }))
            .unwrap();
        let yaml = except
            .settings_lines()
            .join("\n")
            .replace("YYYY-MM-DD", "2026-03-02");
        // As it is printed it goes into the settings.
        let mut fields: serde_json::Value = json!({"pins": pins});
        let Remedy::Except {
            image,
            repository,
            accepts,
        } = except
        else {
            panic!()
        };
        assert_eq!(yaml.matches("accepts:").count(), accepts.len());
        let exceptions = accepts.iter().map(|accepts| {
            let mut entry = json!({"accepts": accepts, "reason": "T", "expires": "2026-03-02"});
            match image {
                Some(image) => entry["image"] = image.to_string().into(),
                None => entry["repository"] = repository.to_string().into(),
            }
            entry
        });
        fields["exceptions"] = exceptions.collect();
        assert_eq!(
            super::tests::remedies(&settings(fields), lookup(), observation),
            []
        );
    }
}

#[rstest]
#[case::unsigned(Posture::Unsigned, true)]
#[case::unverifiable(Posture::Unverifiable, false)]
fn what_may_be_unseen_can_be_learned(#[case] posture: Posture, #[case] learns: bool) {
    let command = format!("continuity learn --images {}", name());
    let text = told(&plain(), learned(), found(posture, &[]));
    assert_eq!(text.contains(&command), learns, "{text}");
    // Whoever read bundles knows that there are none.
    let mut seen = found(posture, &[]);
    seen.bundles_read = true;
    assert!(!told(&plain(), learned(), seen).contains("learn"));
    let format = Observation::unknown(Some(image()), Cause::Format, None);
    assert!(told(&plain(), learned(), format).contains(&command));
}

#[test]
fn nothing_brings_a_retired_signer_back_by_pasting() {
    let mut baseline = learned();
    baseline.signers[0].retired = Some(Retired {
        at: now(),
        by: "jane\u{202e}".to_owned(),
        reason: "key leaked, T-9".to_owned(),
    });
    for by in [
        vec![release("v2")],
        vec![google("dev@acme.example"), release("v2")],
    ] {
        let signatures: Vec<Signature> = by.iter().map(|who| keyless(who, &image())).collect();
        let text = told(
            &plain(),
            baseline.clone(),
            found(Posture::Signed, &signatures),
        );
        let expected = "was retired on 2026-03-01 by jane?: key leaked, T-9";
        assert!(text.contains(expected), "{text}");
        assert!(
            !text.contains("continuity approve") && !text.contains("accepts"),
            "{text}"
        );
    }
    // Beside somebody who is known he is nobody's business.
    baseline
        .signers
        .push(crate::testing::record(&signer_of(&google(
            "dev@acme.example",
        ))));
    let both = [
        keyless(&google("dev@acme.example"), &image()),
        keyless(&release("v2"), &image()),
    ];
    assert_eq!(told(&plain(), baseline, found(Posture::Signed, &both)), "");
}

/// A key that signs alone in a repository of certificates, and what the record says of it.
#[rstest]
#[case::known(false, true, true)]
#[case::retired(true, false, false)]
#[case::back_on_the_record(true, true, true)]
fn a_pin_does_not_undo_a_retirement(
    #[case] retired: bool,
    #[case] known: bool,
    #[case] approves: bool,
) {
    let key = SigningKey::generate(KeyKind::P256).unwrap();
    let payload = SimpleSigning::cosign(REPOSITORY, image().as_str()).bytes();
    let by_key = Signature::by_key(&key, &payload, Some(sigstore().log()), signed_at()).unwrap();
    let mut baseline = learned();
    let record = crate::testing::record(&key_signer(&key));
    if retired {
        let mut ended = record.clone();
        ended.retired = Some(Retired {
            at: now(),
            by: "jane".to_owned(),
            reason: "leaked".to_owned(),
        });
        baseline.signers.push(ended);
    }
    if known {
        baseline.signers.push(record);
    }
    let pins =
        json!([{"repositories": [REPOSITORY], "anyOf": [{"publicKey": key.public_key_pem()}]}]);
    let settings = settings(json!({"pins": pins}));
    let text = told(&settings, baseline, found(Posture::Signed, &[by_key]));
    assert_eq!(text.contains("--alone"), approves, "{text}");
    assert_eq!(text.contains("retired on"), !approves, "{text}");
}

#[test]
fn the_setting_that_would_fold_is_named() {
    let learned = established(&[signer_of(&Identity::github(
        "acme/api",
        "release.yml",
        "refs/heads/release-1",
    ))]);
    let at = |git_ref: &str| signed(&Identity::github("acme/api", "release.yml", git_ref));
    let text = told(&plain(), learned.clone(), at("refs/heads/release-2"));
    assert!(
        text.contains("refPatterns with fold: refs/heads/release-*"),
        "{text}"
    );
    assert!(!told(&plain(), learned, at("refs/heads/evil")).contains("fold"));
}

#[test]
fn an_expired_exception_is_named() {
    let with = |accepts: &str| {
        settings(
            json!({"exceptions": [{"repository": REPOSITORY, "accepts": accepts,
            "reason": "TICKET-12", "expires": "2026-02-28"}]}),
        )
    };
    let text = told(&with("unsigned"), learned(), found(Posture::Unsigned, &[]));
    assert!(
        text.contains("(unsigned) expired on 2026-02-28: TICKET-12"),
        "{text}"
    );
    let other = format!("signer:{}", signer_of(&release("v1")).id());
    assert!(!told(&with(&other), learned(), found(Posture::Unsigned, &[])).contains("expired"));
}

#[test]
fn what_is_lost_is_restored_and_what_cannot_be_read_is_mended() {
    let of = |lookup| {
        let unknown = Observation::unknown(Some(image()), Cause::Baseline, None);
        let remedies = remedies(&plain(), lookup, unknown);
        remedies
            .iter()
            .flat_map(Remedy::lines)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let lost = of(Lookup::Lost);
    assert!(lost.contains("continuity restore"), "{lost}");
    assert!(
        lost.contains(&format!("learn --accept-lost {REPOSITORY}")),
        "{lost}"
    );
    let why = "system:serviceaccount:a:b may not get ConfigMaps in namespace c";
    assert!(of(Lookup::Unusable(why.to_owned())).contains(why));
    assert!(!of(Lookup::Unread).contains("baseline"));
}

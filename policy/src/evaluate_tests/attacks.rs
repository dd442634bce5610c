//! What somebody who can push, create pods, or both, tries against an established baseline in an enforced scope.

use super::*;
use continuity_testkit::sigstore::{BUNDLE, CERTIFICATE};
use continuity_testkit::{Forgery, Scene, Victim};

/// A digest that the attacker pushed as `evil`.
fn evil() -> Digest {
    digest("evil")
}

/// Refused with `code`, whatever is waived, by digest and by tag.
fn is_refused_with(host: &FakeHost, code: u16, drift: &str) {
    host.tag(REPOSITORY, "evil", &evil());
    let waiving =
        settings(json!({"enforce": [{"onUndetermined": "admit"}], "onUndetermined": "admit"}));
    for settings in [enforced(), waiving] {
        for image in [format!("{REPOSITORY}@{}", evil()), at_tag("evil")] {
            let (drifts, answered) = evaluated_to(host, &settings, &[&image]);
            assert_eq!(answered, Some(code), "{drifts:?}");
            assert!(drifts[0].starts_with(drift), "{drifts:?}");
        }
    }
}

fn is_refused(host: &FakeHost) {
    is_refused_with(host, 403, "");
}

/// Those in which the guest alone finds nothing wrong: the host does not confirm them, and that is all that is known.
const FOR_THE_HOST_TO_REFUSE: [&str; 3] =
    ["copied-layer", "stolen-key-edited-time", "key-copied-layer"];

#[test]
fn every_forgery_is_refused() {
    let releases = [digest("one"), digest("two")];
    let begun = now() - TimeDelta::days(20);
    let names = [releases[0].as_str(), releases[1].as_str()];
    let sigstore = crate::testing::sigstore();
    let victim = Victim::new(sigstore, REPOSITORY, &release("v1"), &names, begun).unwrap();
    let evil = evil();
    let scene = Scene {
        sigstore,
        victim: &victim,
        digest: evil.as_str(),
        at: now(),
    };
    for forgery in Forgery::all() {
        let host = learned_host();
        host.sign(REPOSITORY, &evil, &forgery.layers(&scene).unwrap());
        let posture = evaluated_report(&host);
        if FOR_THE_HOST_TO_REFUSE.contains(&forgery.name()) {
            is_refused_with(&host, 500, "undetermined (answer)");
            assert_eq!(posture, Posture::Unknown, "{}", forgery.name());
        } else {
            is_refused(&host);
            assert!(
                matches!(posture, Posture::Invalid | Posture::Unverifiable),
                "{}: {posture}",
                forgery.name()
            );
        }
    }
}

fn evaluated_report(host: &FakeHost) -> Posture {
    let settings = enforced();
    let evaluation = evaluated(host, &settings, &[&format!("{REPOSITORY}@{}", evil())]);
    reports(&evaluation)[0]
        .finding
        .as_ref()
        .unwrap()
        .observation
        .posture
}

#[test]
fn an_image_that_is_pushed_after_its_signatures_were_asked_about_is_refused() {
    let copied = keyless(&release("v1"), &digest("older")).layer().unwrap();
    let own = keyless(&google("mallory@evil.example"), &evil())
        .layer()
        .unwrap();
    for layers in [vec![copied.clone()], vec![own.clone()], vec![own, copied]] {
        let host = learned_host();
        host.without_image(&evil());
        host.sign(REPOSITORY, &evil(), &layers);
        is_refused_with(&host, 500, "undetermined (answer)");
    }
}

#[test]
fn a_thousand_signatures_are_refused() {
    let layer = keyless(&google("mallory@evil.example"), &evil())
        .layer()
        .unwrap();
    for count in [1, 2, 33, 64] {
        let host = learned_host();
        host.sign(REPOSITORY, &evil(), &vec![layer.clone(); count]);
        is_refused_with(&host, 403, "signer");
    }
    for count in [65, 500] {
        let host = learned_host();
        host.sign(REPOSITORY, &evil(), &vec![layer.clone(); count]);
        is_refused_with(&host, 500, "undetermined (limit)");
    }
}

#[test]
fn garbage_beside_an_own_signature_is_refused() {
    let own = keyless(&google("mallory@evil.example"), &evil())
        .layer()
        .unwrap();
    for garbage in [
        own.clone().with(CERTIFICATE, "\u{202e}\u{0}"),
        own.clone().with(BUNDLE, "[".repeat(50_000)),
        own.clone().with(BUNDLE, r#"{"SignedEntryTimestamp":"","Payload":{"body":"","integratedTime":99999999999999999999,"logIndex":0,"logID":""}}"#),
        own.clone().with(CERTIFICATE, "A".repeat(1 << 20)),
    ] {
        let host = learned_host();
        host.sign(REPOSITORY, &evil(), &[garbage, own.clone()]);
        is_refused(&host);
    }
}

#[test]
fn another_spelling_of_the_repository_is_the_same_repository() {
    let host = learned_host();
    for spelled in ["GHCR.IO/acme/api", "ghcr.io:443/acme/api"] {
        let image = format!("{spelled}@{}", evil());
        let result = evaluated_to(&host, &enforced(), &[&image]);
        assert_eq!(
            result,
            (vec!["unsigned".to_owned()], Some(403)),
            "{spelled}"
        );
    }
}

/// Plain HTTP may be another registry: nothing is asked of it, and it is no way out of a past.
#[test]
fn the_port_of_plain_http_is_no_way_out() {
    for (fields, code) in [
        (json!({"enforce": [{}]}), Some(500)),
        (
            json!({"enforce": [{"repositories": ["ghcr.io/acme/*"]}]}),
            Some(500),
        ),
        (
            json!({"enforce": [{}], "onUndetermined": "admit"}),
            Some(500),
        ),
        (json!({}), None),
    ] {
        for reference in [":v1".to_owned(), format!("@{}", evil()), String::new()] {
            let host = learned_host();
            let image = format!("ghcr.io:80/acme/api{reference}");
            let result = evaluated_to(&host, &settings(fields.clone()), &[&image]);
            assert_eq!(
                result,
                (vec!["undetermined (answer)".to_owned()], code),
                "{image}"
            );
            assert!(host.calls().iter().all(|call| !call.contains(":80")));
        }
    }
}

#[test]
fn the_port_of_plain_http_has_a_past_of_its_own_or_none() {
    // Nobody knows either name.
    let host = FakeHost::new();
    let result = evaluated_to(&host, &enforced(), &["ghcr.io:80/acme/api:v1"]);
    assert_eq!(result, (vec!["new".to_owned()], None));
    // Its own baseline counts.
    let host = learned_host();
    let mut own = established(&[signer_of(&google("dev@acme.example"))]);
    own.repository = "ghcr.io:80/acme/api".parse().unwrap();
    host.learn(&own);
    let image = format!("ghcr.io:80/acme/api@{}", evil());
    let result = evaluated_to(&host, &enforced(), &[&image]);
    assert_eq!(result, (vec!["unsigned".to_owned()], Some(403)));
    // A pin is a past too.
    let pins = json!({"enforce": [{}], "pins": [{"repositories": ["ghcr.io/acme/*"], "anyOf": [
        {"issuer": "https://accounts.google.com", "subject": "dev@acme.example"},
    ]}]});
    let result = evaluated_to(
        &FakeHost::new(),
        &settings(pins),
        &["ghcr.io:80/acme/api:v1"],
    );
    assert_eq!(
        result,
        (vec!["undetermined (answer)".to_owned()], Some(500))
    );
}

#[test]
fn a_tag_beside_a_digest_decides_nothing() {
    // The tag names a good image; what runs is the digest.
    let image = format!("{}@{}", at_tag("v1"), evil());
    let result = evaluated_to(&learned_host(), &enforced(), &[&image]);
    assert_eq!(result, (vec!["unsigned".to_owned()], Some(403)));
}

#[test]
fn a_good_image_does_not_cover_another() {
    let result = evaluated_to(
        &learned_host(),
        &enforced(),
        &[&at_tag("v1"), &at_tag("v3")],
    );
    assert_eq!(result, (vec!["-".to_owned(), stranger()], Some(403)));
}

#[test]
fn a_stranger_beside_the_good_signature_spoils_nothing_and_becomes_nobody() {
    let host = learned_host();
    let layers = [
        keyless(&google("mallory@evil.example"), &digest("v1"))
            .layer()
            .unwrap(),
        keyless(&release("v1"), &digest("v1")).layer().unwrap(),
    ];
    host.sign(REPOSITORY, &digest("v1"), &layers);
    let good = evaluated_to(&host, &enforced(), &[&at_tag("v1")]);
    assert_eq!(good, (vec!["-".to_owned()], None));
    let own = keyless(&google("mallory@evil.example"), &evil())
        .layer()
        .unwrap();
    host.sign(REPOSITORY, &evil(), &[own]);
    is_refused(&host);
}

/// No content that somebody pushes makes a host say what reads like an outage.
#[rstest]
#[case("Unsupported media type: application/x")]
#[case("Unsupported schema version: 1")]
#[case("Failed to parse manifest: x")]
#[case("Failed to parse manifest as Versioned object: x")]
fn content_is_no_outage(#[case] text: &'static str) {
    let unreadable = [
        format!("manifest {REPOSITORY}:{}", evil().signature_tag()),
        format!("manifest {REPOSITORY}:{}", evil().referrers_tag()),
    ];
    for call in unreadable {
        let host = learned_host();
        host.fail(&call, Failure::Text(text));
        is_refused_with(&host, 500, "undetermined (answer)");
    }
}

//! The known-good image that tells a broken trust root from an attack.

use super::*;

const CONTROL: &str = "ghcr.io/acme/control";

fn controlled(subject: &str) -> Settings {
    settings(json!({"enforce": [{}], "trustControl": {
        "image": format!("{CONTROL}@{}", digest("control")),
        "issuer": "https://accounts.google.com", "subject": subject}}))
}

fn host(control: &str) -> FakeHost {
    let host = learned_host();
    let signature = keyless(&google(control), &digest("control"));
    host.sign(CONTROL, &digest("control"), &[signature.layer().unwrap()]);
    host
}

/// A good image, and a host that cannot verify it.
fn evaluated_failing(
    host: &FakeHost,
    settings: &Settings,
    fails: &str,
) -> (Vec<String>, Option<u16>) {
    let text = "verification failed: Several Signature Layers failed verification";
    host.fail(fails, Failure::Text(text));
    evaluated_to(host, settings, &[&at_digest("v1")])
}

#[test]
fn a_control_that_is_proven_leaves_the_verdict() {
    let fails = format!("verify-certificate {REPOSITORY}@");
    let (host, settings) = (host("boss@acme.example"), controlled("boss@acme.example"));
    let result = evaluated_failing(&host, &settings, &fails);
    assert_eq!(
        result,
        (vec!["undetermined (answer)".to_owned()], Some(500))
    );
    assert!(
        host.calls()
            .iter()
            .any(|call| call.starts_with(&format!("verify-certificate {CONTROL}")))
    );
}

#[test]
fn a_control_that_fails_too_says_trust_root() {
    let (host, settings) = (host("boss@acme.example"), controlled("boss@acme.example"));
    let result = evaluated_failing(&host, &settings, "verify-certificate");
    assert_eq!(
        result,
        (vec!["undetermined (trust-root)".to_owned()], Some(500))
    );
}

#[test]
fn a_control_that_somebody_else_signed_says_trust_root() {
    let (host, settings) = (
        host("mallory@evil.example"),
        controlled("boss@acme.example"),
    );
    let result = evaluated_failing(
        &host,
        &settings,
        &format!("verify-certificate {REPOSITORY}@"),
    );
    assert_eq!(
        result,
        (vec!["undetermined (trust-root)".to_owned()], Some(500))
    );
}

#[rstest]
#[case::its_sig(
    "manifest ghcr.io/acme/control",
    HostError::Outage(Outage::Unavailable)
)]
#[case::its_sig_is_gone("manifest ghcr.io/acme/control", HostError::Absent)]
#[case::its_verification("verify-certificate ghcr.io/acme/control", HostError::NotGranted)]
fn a_control_that_cannot_be_asked_says_nothing(#[case] call: &str, #[case] error: HostError) {
    let (host, settings) = (host("boss@acme.example"), controlled("boss@acme.example"));
    host.fail(call, Failure::Error(error));
    let result = evaluated_failing(
        &host,
        &settings,
        &format!("verify-certificate {REPOSITORY}@"),
    );
    assert_eq!(
        result,
        (vec!["undetermined (answer)".to_owned()], Some(500))
    );
}

#[test]
fn a_control_without_signatures_says_nothing() {
    let (host, settings) = (learned_host(), controlled("boss@acme.example"));
    let result = evaluated_failing(
        &host,
        &settings,
        &format!("verify-certificate {REPOSITORY}@"),
    );
    assert_eq!(
        result,
        (vec!["undetermined (answer)".to_owned()], Some(500))
    );
}

#[test]
fn a_control_with_too_many_signatures_says_nothing_and_one_with_nonsense_fails() {
    let layer = keyless(&google("boss@acme.example"), &digest("control"))
        .layer()
        .unwrap();
    let fails = format!("verify-certificate {REPOSITORY}@");
    let settings = controlled("boss@acme.example");
    let piled = learned_host();
    piled.sign(CONTROL, &digest("control"), &vec![layer; 65]);
    let result = evaluated_failing(&piled, &settings, &fails);
    assert_eq!(result.0, ["undetermined (answer)"]);
    let nonsense = learned_host();
    nonsense.serve(CONTROL, &digest("control").signature_tag(), b"{}");
    let result = evaluated_failing(&nonsense, &settings, &fails);
    assert_eq!(result.0, ["undetermined (trust-root)"]);
}

#[test]
fn a_foreign_authority_could_be_the_trust_root_too() {
    // The host trusts the kit's Sigstore, the settings another one: nothing is proven, the control neither.
    let other = continuity_testkit::PrivateSigstore::new().unwrap();
    let mut fields = json!({"enforce": [{}], "certificateAuthorities": [other.chain_pem()]});
    let without = settings(fields.clone());
    let result = evaluated_to(&host("boss@acme.example"), &without, &[&at_digest("v1")]);
    assert_eq!(
        result,
        (vec!["downgrade unverifiable".to_owned()], Some(403))
    );
    fields["trustControl"] = json!({"image": format!("{CONTROL}@{}", digest("control")),
        "issuer": "https://accounts.google.com", "subject": "boss@acme.example"});
    let result = evaluated_to(
        &host("boss@acme.example"),
        &settings(fields),
        &[&at_digest("v1")],
    );
    assert_eq!(
        result,
        (vec!["undetermined (trust-root)".to_owned()], Some(500))
    );
}

#[test]
fn the_control_is_asked_once_and_only_where_it_could_tell() {
    let (host, settings) = (host("boss@acme.example"), controlled("boss@acme.example"));
    evaluated(
        &host,
        &settings,
        &[&at_tag("v1"), &at_tag("v2"), &at_tag("v3")],
    );
    let control = |host: &FakeHost| {
        host.calls()
            .iter()
            .filter(|call| call.contains(CONTROL))
            .count()
    };
    assert_eq!(
        control(&host),
        0,
        "nothing that a broken trust root would explain"
    );
    let text = "verification failed: Several Signature Layers failed verification";
    host.fail(
        &format!("verify-certificate {REPOSITORY}@"),
        Failure::Text(text),
    );
    evaluated(&host, &settings, &[&at_tag("v1"), &at_tag("v3")]);
    assert_eq!(control(&host), 2, "its .sig and its verification, once");
}

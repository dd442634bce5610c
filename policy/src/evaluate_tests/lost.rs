//! Baselines that are gone, and repositories that were never signed.

use super::*;
use crate::baseline::{Lookup, NAMES_KEY, Shard};
use crate::posture::Rank;
use crate::reference::Repository;

fn repository() -> Repository {
    REPOSITORY.parse().unwrap()
}

fn never_signed() -> Baseline {
    Baseline::new(repository(), Rank::Unsigned, now())
}

/// A host on which the baseline was deleted.
fn without_baseline() -> FakeHost {
    let host = learned_host();
    host.forget(&repository());
    host
}

fn shard() -> String {
    Shard::of(&repository()).config_map_name()
}

#[test]
fn a_baseline_that_was_deleted_is_lost_and_never_new() {
    let host = without_baseline();
    let new = evaluated_to(&host, &enforced(), &[&at_tag("v3")]);
    assert_eq!(new, (vec!["new".to_owned()], None));
    host.name(&repository());
    let (drifts, code) = evaluated_to(&host, &enforced(), &[&at_tag("v3")]);
    assert_eq!(
        (drifts, code),
        (vec!["undetermined (baseline)".to_owned()], Some(500))
    );
    // No registry is asked about it.
    assert!(host.kinds().iter().all(|kind| kind == "config-map"));
}

#[test]
fn a_baseline_without_signers_in_the_place_of_one_with_signers_is_lost() {
    let host = learned_host();
    host.learn(&never_signed());
    let never = evaluated_to(&host, &enforced(), &[&at_tag("v3")]);
    assert_eq!(never, (vec!["-".to_owned()], None));
    host.name(&repository());
    let (drifts, code) = evaluated_to(&host, &enforced(), &[&at_tag("v3")]);
    assert_eq!(
        (drifts, code),
        (vec!["undetermined (baseline)".to_owned()], Some(500))
    );
}

#[test]
fn a_name_beside_its_baseline_costs_nothing() {
    let host = learned_host();
    host.name(&repository());
    let result = evaluated_to(&host, &enforced(), &[&at_tag("v1")]);
    assert_eq!(result, (vec!["-".to_owned()], None));
    assert!(!host.calls().iter().any(|call| call.contains("names")));
}

/// Whoever cannot tell whether a baseline is lost does not call its repository new.
#[rstest]
#[case::no_names(ConfigMapData::default())]
#[case::garbled(ConfigMapData { data: [(NAMES_KEY.to_owned(), "?".to_owned())].into(), ..ConfigMapData::default() })]
fn names_that_cannot_be_read_leave_it_open(#[case] map: ConfigMapData) {
    for learned in [None, Some(never_signed())] {
        let host = without_baseline();
        if let Some(baseline) = &learned {
            host.learn(baseline);
        }
        host.config_map_named(&shard(), map.clone());
        let settings = enforced();
        let evaluation = evaluated(&host, &settings, &[&at_tag("v3")]);
        assert_eq!(told(&evaluation).1, Some(500));
        let finding = reports(&evaluation)[0].finding.as_ref().unwrap();
        assert!(matches!(&finding.lookup, Lookup::Unusable(why) if why.contains(&shard())));
    }
}

#[test]
fn names_that_are_refused_or_out_of_time_leave_it_open_too() {
    let forbids = |failure| {
        let host = without_baseline();
        host.fail(
            &format!("config-map signature-continuity/{}", shard()),
            failure,
        );
        let settings = enforced();
        let evaluation = evaluated(&host, &settings, &[&at_tag("v3")]);
        (told(&evaluation), answer(&evaluation).rejection.unwrap().1)
    };
    let (told, text) = forbids(Failure::Text(
        "configmaps \"x\" is forbidden: User \"system:serviceaccount:kubewarden:policy-server\" cannot get resource \"configmaps\" in API group \"\" in the namespace \"signature-continuity\"",
    ));
    assert_eq!(
        told,
        (vec!["undetermined (baseline)".to_owned()], Some(500))
    );
    assert!(
        text.contains("system:serviceaccount:kubewarden:policy-server may not get"),
        "{text}"
    );
    let host = without_baseline();
    host.slow(TimeDelta::seconds(1));
    let result = evaluated_to(&host, &enforced(), &[&at_tag("v3")]);
    assert_eq!(result, (vec!["undetermined (limit)".to_owned()], Some(500)));
}

#[test]
fn a_shard_is_read_once_for_a_request() {
    let host = FakeHost::new();
    host.name(&repository());
    let images: Vec<String> = (0..40).map(|n| format!("ghcr.io/new/app{n}")).collect();
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    evaluated(&host, &enforced(), &images);
    let mut shards = host.calls();
    shards.retain(|call| call.contains("names"));
    let read = shards.len();
    shards.sort();
    shards.dedup();
    assert_eq!(read, shards.len());
    assert!((2..=16).contains(&read));
}

#[test]
fn of_a_repository_that_was_never_signed_no_registry_is_asked() {
    let host = learned_host();
    host.learn(&never_signed());
    let settings = enforced();
    for image in [at_tag("v3"), at_digest("v2")] {
        host.forget_calls();
        let evaluation = evaluated(&host, &settings, &[&image]);
        assert_eq!(told(&evaluation), (vec!["-".to_owned()], None));
        assert_eq!(answer(&evaluation).warnings, [] as [String; 0]);
        assert_eq!(host.kinds(), ["config-map"; 2]);
    }
}

#[test]
fn a_pin_asks_about_a_repository_that_was_never_signed() {
    let host = learned_host();
    host.learn(&never_signed());
    let settings = settings(
        json!({"enforce": [{}], "pins": [{"repositories": [REPOSITORY], "anyOf": [
        {"issuer": "https://accounts.google.com", "subject": "dev@acme.example"}]}]}),
    );
    let pinned = |tag: &str| evaluated_to(&host, &settings, &[&at_tag(tag)]);
    assert_eq!(pinned("v3"), (vec!["-".to_owned()], None));
    assert_eq!(pinned("v2"), (vec!["pin unsigned".to_owned()], Some(403)));
    host.fail(
        "manifest",
        Failure::Error(HostError::Outage(Outage::Unavailable)),
    );
    assert_eq!(pinned("v2").1, Some(500));
}

#[test]
fn a_repository_whose_signers_are_all_retired_is_asked_about() {
    let host = learned_host();
    let mut baseline = learned();
    baseline.signers[0].retired = Some(crate::baseline::Retired {
        at: now(),
        by: "ops".to_owned(),
        reason: "leaked".to_owned(),
    });
    host.learn(&baseline);
    let unsigned = evaluated_to(&host, &enforced(), &[&at_tag("v2")]);
    assert_eq!(unsigned, (vec!["unsigned".to_owned()], Some(403)));
}

/// With `:80` it may be another registry; whether it is, only its own baseline says.
#[rstest]
#[case::signed(learned(), "undetermined (answer)", Some(500))]
#[case::never_signed(never_signed(), "new", None)]
fn a_port_is_no_way_out(#[case] plain: Baseline, #[case] drift: &str, #[case] code: Option<u16>) {
    let mut plain = plain;
    plain.verified.clear();
    let with_port = REPOSITORY.replace("ghcr.io", "ghcr.io:80");
    let host = learned_host();
    host.learn(&plain);
    for image in [
        format!("{with_port}:v1"),
        format!("{with_port}@{}", digest("v1")),
    ] {
        let result = evaluated_to(&host, &enforced(), &[&image]);
        assert_eq!(result, (vec![drift.to_owned()], code));
    }
    assert!(host.kinds().iter().all(|kind| kind == "config-map"));
    // One that is listed under the other name was another registry's.
    let mut verified = learned();
    let signer = signer_of(&release("v1")).id();
    verified
        .verified
        .push(Verified::new(digest("v1"), &signer, now()));
    host.learn(&verified);
    let image = format!("{with_port}@{}", digest("v1"));
    assert_eq!(evaluated_to(&host, &enforced(), &[&image]).1, Some(500));
    // With a baseline of its own it is a repository of its own.
    let mut own = learned();
    own.repository = with_port.parse().unwrap();
    own.verified = verified.verified;
    host.learn(&own);
    let result = evaluated_to(&host, &enforced(), &[&image]);
    assert_eq!(result, (vec!["-".to_owned()], None));
}

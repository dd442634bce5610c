//! Limits: time, images, and baselines that cannot be read.

use super::*;

#[test]
fn surplus_images_are_limits_and_not_left_out() {
    let host = learned_host();
    let settings = settings(json!({"enforce": [{}], "maxImages": 2}));
    let images = [
        at_tag("v1"),
        "ghcr.io/new/app:v1".to_owned(),
        at_digest("v1"),
        "ghcr.io/new/b:v1".to_owned(),
    ];
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let evaluation = evaluated(&host, &settings, &images);
    let limit = "undetermined (limit)".to_owned();
    let expected = vec!["-".to_owned(), "new".to_owned(), limit.clone(), limit];
    // What was not read may well be established.
    assert_eq!(told(&evaluation), (expected, Some(500)));
    assert!(
        !host
            .calls()
            .iter()
            .any(|call| call.contains("ghcr.io/new/b"))
    );
}

#[test]
fn surplus_images_are_admitted_where_nothing_is_enforced() {
    let settings = settings(json!({"maxImages": 1}));
    let result = evaluated_to(&learned_host(), &settings, &[&at_tag("v1"), &at_tag("v2")]);
    assert_eq!(result.1, None);
    assert_eq!(result.0[1], "undetermined (limit)");
}

#[test]
fn hundreds_of_images_hide_nothing() {
    let mut images: Vec<String> = (0..500)
        .map(|at| format!("ghcr.io/new/app-{at}:v1"))
        .collect();
    images.push(at_tag("v2"));
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let host = learned_host();
    let settings = enforced();
    let evaluation = evaluated(&host, &settings, &images);
    assert_eq!(reports(&evaluation).len(), 501);
    assert_eq!(answer(&evaluation).rejection.unwrap().0, 500);
    assert!(
        host.calls().len() <= 81,
        "64 lookups, 16 lists of names, and the learner's state"
    );
}

#[test]
fn images_that_do_not_matter_cannot_spend_the_time_of_one_that_does() {
    let host = learned_host();
    host.slow(chrono::TimeDelta::milliseconds(100));
    let settings = settings(json!({"enforce": [{}], "observeNew": true, "budget": "1s"}));
    let new: Vec<String> = (0..3)
        .map(|at| format!("evil.example/app-{at}:v1"))
        .collect();
    let bad = at_digest("v2");
    let images = [
        new[0].as_str(),
        new[1].as_str(),
        new[2].as_str(),
        bad.as_str(),
    ];
    let evaluation = evaluated(&host, &settings, &images);
    let (drifts, code) = told(&evaluation);
    assert_eq!((drifts[3].as_str(), code), ("unsigned", Some(403)));
}

/// However early the time is spent: the result is `limit` or the right one.
#[test]
fn the_time_spent_at_each_call() {
    let settings = enforced();
    let images = [at_tag("v1"), at_tag("v2"), "ghcr.io/new/app:v1".to_owned()];
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let host = learned_host();
    let right = evaluated_to(&host, &settings, &images);
    assert_eq!(right.1, Some(403));
    let calls = host.calls().len();
    for spent in 0..=calls {
        let host = learned_host();
        host.before_call(spent, |host| host.set_clock(now() + TimeDelta::seconds(5)));
        let (drifts, code) = evaluated_to(&host, &settings, &images);
        for (drift, right) in drifts.iter().zip(&right.0) {
            assert!(
                drift == right || drift == "undetermined (limit)",
                "{drift} instead of {right}, spent at {spent}"
            );
        }
        assert!(matches!(code, Some(403 | 500)), "spent at {spent}");
        assert!(host.calls().len() <= spent + 1 || spent >= calls);
    }
}

#[test]
fn a_baseline_that_cannot_be_read_is_no_fresh_start() {
    let spoil = |change: fn(&mut ConfigMapData)| {
        let host = learned_host();
        let json = serde_json::to_string(&learned()).unwrap();
        let mut map = ConfigMapData {
            labels: BTreeMap::from([(
                "signature-continuity/baseline".to_owned(),
                "true".to_owned(),
            )]),
            data: BTreeMap::from([
                ("repository".to_owned(), REPOSITORY.to_owned()),
                ("baseline.json".to_owned(), json),
            ]),
        };
        change(&mut map);
        host.config_map_of(&REPOSITORY.parse().unwrap(), map);
        host
    };
    let hosts = [
        spoil(|map| map.labels.clear()),
        spoil(|map| map.data.clear()),
        spoil(|map| set(map, "repository", "ghcr.io/acme/other")),
        spoil(|map| set(map, "baseline.json", "{}")),
        spoil(|map| set(map, "baseline.json", "")),
        spoil(|map| {
            let newer = map.data["baseline.json"].replacen("\"version\":1", "\"version\":2", 1);
            set(map, "baseline.json", &newer);
        }),
    ];
    for (at, host) in hosts.iter().enumerate() {
        // Even the known signer's image: nobody knows him now.
        let result = evaluated_to(host, &enforced(), &[&at_tag("v1")]);
        assert_eq!(
            result,
            (vec!["undetermined (baseline)".to_owned()], Some(500)),
            "{at}"
        );
        assert_eq!(host.kinds(), ["config-map"], "no registry is asked");
        let waived = settings(json!({"enforce": [{"onUndetermined": "admit"}]}));
        assert_eq!(evaluated_to(host, &waived, &[&at_tag("v1")]).1, Some(500));
    }
}

#[rstest]
#[case(HostError::Answer)]
#[case(HostError::NotGranted)]
#[case(HostError::Unusable)]
#[case(HostError::Negative)]
fn a_baseline_whose_reading_fails_is_no_fresh_start(#[case] error: HostError) {
    let host = learned_host();
    host.fail("config-map", Failure::Error(error));
    let result = evaluated_to(&host, &enforced(), &[&at_tag("v2")]);
    assert_eq!(
        result,
        (vec!["undetermined (baseline)".to_owned()], Some(500))
    );
}

#[test]
fn a_lookup_that_found_no_time_is_no_fresh_start() {
    let host = learned_host();
    host.before_call(0, |host| host.set_clock(now() + TimeDelta::seconds(5)));
    let (drifts, code) = evaluated_to(&host, &enforced(), &["ghcr.io/new/app:v1", &at_tag("v2")]);
    // Whether what is absent was lost is not known either.
    assert_eq!(drifts, ["undetermined (limit)"; 2]);
    assert_eq!(code, Some(500));
}

fn set(map: &mut ConfigMapData, key: &str, value: &str) {
    map.data.insert(key.to_owned(), value.to_owned());
}

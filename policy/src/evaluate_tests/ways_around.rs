//! Ways around a baseline that somebody may think of: names, lists, templates, and what was never signed.

use super::*;
use crate::baseline::{Allowed, Retired, Tolerated};
use crate::posture::Rank;
use continuity_testkit::{Forgery, Scene, SignatureLayer, Victim};

const MIRRORED: &str = "mirror.example/ghcr/acme/api";

/// An unsigned image and a stranger's, under the mirror's name too.
fn mirrored_host() -> FakeHost {
    let host = learned_host();
    for tag in ["v1", "v2", "v3"] {
        for name in [MIRRORED, "mirror.example:80/ghcr/acme/api"] {
            host.tag(name, tag, &digest(tag));
        }
    }
    let stranger = keyless(&google("dev@acme.example"), &digest("v3"));
    host.sign(MIRRORED, &digest("v3"), &[stranger.layer().unwrap()]);
    host
}

fn aliased(more: Value) -> Settings {
    let mut fields = json!({"enforce": [{}], "aliases": [{"from": "mirror.example/ghcr/**", "to": "ghcr.io/**"}]});
    for (key, value) in more.as_object().unwrap() {
        fields[key] = value.clone();
    }
    settings(fields)
}

#[test]
fn an_alias_takes_no_protection_away() {
    for (tag, drift) in [("v2", "unsigned".to_owned()), ("v3", stranger())] {
        let image = format!("{MIRRORED}:{tag}");
        for scope in [
            json!({}),
            json!({"enforce": [{"repositories": ["mirror.example/**"]}]}),
            json!({"enforce": [{"repositories": ["ghcr.io/acme/*"]}]}),
        ] {
            let result = evaluated_to(&mirrored_host(), &aliased(scope), &[&image]);
            assert_eq!(result, (vec![drift.clone()], Some(403)), "{image}");
        }
    }
    // Nor does the other port of a name that has one.
    let result = evaluated_to(
        &mirrored_host(),
        &aliased(json!({})),
        &["mirror.example:80/ghcr/acme/api:v3"],
    );
    assert_eq!(
        result,
        (vec!["undetermined (answer)".to_owned()], Some(500))
    );
}

#[test]
fn an_exception_for_one_name_is_none_for_others_of_the_repository() {
    let excepted = |name: &str| {
        aliased(json!({"exceptions": [
            {"repository": name, "accepts": "unsigned", "reason": "r", "expires": "2027-01-01"}]}))
    };
    let mirrored = format!("{MIRRORED}:v2");
    for (name, image, code) in [
        // As written for the image's own name, or for the one that its baseline has.
        (MIRRORED, mirrored.as_str(), None),
        (REPOSITORY, mirrored.as_str(), None),
        (REPOSITORY, &at_tag("v2"), None),
        // What is excepted at a mirror is not excepted elsewhere.
        (MIRRORED, &at_tag("v2"), Some(403)),
        ("ghcr.io/acme/other", mirrored.as_str(), Some(403)),
    ] {
        let result = evaluated_to(&mirrored_host(), &excepted(name), &[image]);
        assert_eq!(result.1, code, "{name} {image}");
    }
}

#[test]
fn a_pin_for_either_name_wants_its_signer() {
    let pin = |glob: &str, subject: &str| {
        json!({"repositories": [glob],
        "anyOf": [{"issuer": "https://accounts.google.com", "subject": subject}]})
    };
    let with = |pins: Vec<Value>| aliased(json!({"pins": pins}));
    let image = format!("{MIRRORED}:v3");
    let good = pin("mirror.example/**", "dev@acme.example");
    let bad = pin("ghcr.io/acme/*", "boss@acme.example");
    for (pins, code) in [
        (vec![good.clone()], None),
        (vec![bad.clone()], Some(403)),
        // Where both match, the one for the baseline's name counts.
        (vec![good.clone(), bad.clone()], Some(403)),
        (
            vec![bad.clone(), pin("ghcr.io/**", "dev@acme.example")],
            None,
        ),
    ] {
        let result = evaluated_to(&mirrored_host(), &with(pins.clone()), &[&image]);
        assert_eq!(result.1, code, "{pins:?} {:?}", result.0);
    }
}

#[test]
fn a_signature_pushed_to_a_repository_that_was_never_signed_is_no_drift() {
    let host = learned_host();
    host.learn(&Baseline::new(
        REPOSITORY.parse().unwrap(),
        Rank::Unsigned,
        now(),
    ));
    for tag in ["v1", "v2", "v3"] {
        host.forget_calls();
        let result = evaluated_to(&host, &enforced(), &[&at_tag(tag)]);
        assert_eq!(result, (vec!["-".to_owned()], None), "{tag}");
        assert!(host.kinds().iter().all(|kind| kind == "config-map"));
        // Where everything is asked about, who signed it is nobody's successor.
        let asking = settings(json!({"enforce": [{}], "observeNew": true}));
        assert_eq!(evaluated_to(&host, &asking, &[&at_tag(tag)]).1, None);
    }
    // What contradicts itself is seen for what it is, where anybody looks.
    let mut forged = keyless(&release("v1"), &digest("v2"));
    forged.payload = b"{}".to_vec();
    host.sign(REPOSITORY, &digest("v2"), &[forged.layer().unwrap()]);
    let asking = settings(json!({"enforce": [{}], "observeNew": true}));
    let result = evaluated_to(&host, &asking, &[&at_tag("v2")]);
    assert_eq!(result, (vec!["invalid".to_owned()], Some(403)));
}

fn with_baseline(change: impl FnOnce(&mut Baseline)) -> FakeHost {
    let host = learned_host();
    let mut baseline = learned();
    change(&mut baseline);
    host.learn(&baseline);
    host
}

#[test]
fn what_is_allowed_is_so_for_one_digest_and_until_its_end() {
    let allowed = |tag: &str, seconds: i64| {
        with_baseline(|baseline| {
            baseline.allowed.push(Allowed {
                digest: digest(tag),
                until: now() + TimeDelta::seconds(seconds),
                by: "jane".to_owned(),
                reason: "T-1".to_owned(),
            });
        })
    };
    for image in [at_tag("v3"), at_digest("v3")] {
        let code = |host: FakeHost| evaluated_to(&host, &enforced(), &[&image]).1;
        assert_eq!(code(allowed("v3", 1)), None);
        assert_eq!(code(allowed("v3", 0)), Some(403), "its end is its end");
        assert_eq!(code(allowed("v3", -1)), Some(403));
        assert_eq!(code(allowed("v2", 1)), Some(403));
    }
}

#[test]
fn what_a_retired_signer_verified_is_listed_no_more() {
    let stranger = signer_of(&google("dev@acme.example"));
    let host = |retired: bool| {
        with_baseline(|baseline| {
            let mut record = crate::testing::record(&stranger);
            record.retired = retired.then(|| Retired {
                at: now(),
                by: "jane".to_owned(),
                reason: "leaked".to_owned(),
            });
            baseline.signers.push(record);
            let entry = Verified::new(digest("v3"), &stranger.id(), now());
            baseline.verified.push(entry);
        })
    };
    for image in [at_tag("v3"), at_digest("v3")] {
        let result = evaluated_to(&host(false), &enforced(), &[&image]);
        assert_eq!(result, (vec!["-".to_owned()], None));
        let result = evaluated_to(&host(true), &enforced(), &[&image]);
        assert_eq!(result.1, Some(403), "{:?}", result.0);
    }
}

#[test]
fn what_is_tolerated_satisfies_no_pin() {
    let host = with_baseline(|baseline| {
        baseline.tolerated.push(Tolerated {
            digest: digest("v2"),
            posture: Posture::Unsigned,
            at: now(),
        });
    });
    let pinned = settings(
        json!({"enforce": [{}], "pins": [{"repositories": ["ghcr.io/acme/*"], "anyOf": [
        {"issuer": "https://accounts.google.com", "subject": "boss@acme.example"}]}]}),
    );
    for image in [at_tag("v2"), at_digest("v2")] {
        assert_eq!(evaluated_to(&host, &enforced(), &[&image]).1, None);
        let result = evaluated_to(&host, &pinned, &[&image]);
        assert_eq!(result, (vec!["pin unsigned".to_owned()], Some(403)));
    }
}

/// What is only said of an image rejects no workload; whatever runs of it is rejected.
#[test]
fn no_forgery_comes_in_by_a_workload_nor_beside_an_own_signature() {
    let (releases, evil) = ([digest("one"), digest("two")], digest("evil"));
    let sigstore = crate::testing::sigstore();
    let names = [releases[0].as_str(), releases[1].as_str()];
    let begun = now() - TimeDelta::days(20);
    let victim = Victim::new(sigstore, REPOSITORY, &release("v1"), &names, begun).unwrap();
    let scene = Scene {
        sigstore,
        victim: &victim,
        digest: evil.as_str(),
        at: now(),
    };
    let own = keyless(&google("mallory@evil.example"), &evil);
    let settings = settings(json!({"enforce": [{}], "onUndetermined": "admit"}));
    let image = format!("{REPOSITORY}@{evil}");
    for forgery in Forgery::all() {
        let forged = forgery.layers(&scene).unwrap();
        let beside: Vec<SignatureLayer> = forged
            .iter()
            .cloned()
            .chain([own.layer().unwrap()])
            .collect();
        for layers in [forged, beside] {
            let host = learned_host();
            host.sign(REPOSITORY, &evil, &layers);
            let code = evaluated_to(&host, &settings, &[&image]).1;
            assert!(
                matches!(code, Some(403 | 500)),
                "{}: {code:?}",
                forgery.name()
            );
            let object = workload(&["spec", "template", "spec"], &[&image]);
            let request = request("Deployment", "CREATE", &object, &Value::Null);
            let evaluation = evaluate(&host, &settings, &request);
            let answer = answer(&evaluation);
            // Never in silence, and never for what may pass when it is tried again.
            let rejected = answer.rejection.map(|(code, _)| code);
            assert!(matches!(rejected, None | Some(403)), "{}", forgery.name());
            assert_eq!(answer.warnings.is_empty(), rejected.is_some());
        }
    }
}

#[test]
fn an_ephemeral_container_is_judged_when_it_is_added() {
    let host = learned_host();
    let with = |images: &[&str]| {
        let mut object = workload(&["spec"], &[&at_tag("v1")]);
        object["spec"]["ephemeralContainers"] = images
            .iter()
            .map(|image| json!({"name": "debug", "image": image}))
            .collect();
        object
    };
    let update = |object: &Value, old: &Value| {
        let mut request = request("Pod", "UPDATE", object, old);
        request.sub_resource = "ephemeralcontainers".to_owned();
        told(&evaluate(&host, &enforced(), &request))
    };
    let (bad, evil) = (at_tag("v2"), at_tag("v3"));
    let added = update(&with(&[&bad]), &with(&[]));
    assert_eq!(added, (vec!["unsigned".to_owned()], Some(403)));
    // One that is there already excuses no other.
    let added = update(&with(&[&bad, &evil]), &with(&[&bad]));
    assert_eq!(added, (vec![stranger()], Some(403)));
}

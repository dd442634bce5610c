//! Registries that fail, throttle and hang.

use std::time::Duration;

use continuity_registry::RequestLimits;
use continuity_testkit::PrivateSigstore;
use continuity_testkit::registry::{Absence, Fault, FaultRule, Registry};
use continuity_testkit::sigstore::{Bundle, SIGN_PREDICATE};
use rstest::rstest;
use signature_continuity::baseline::Lookup;
use signature_continuity::host_error::{HostError, Outage};
use signature_continuity::posture::{Cause, Posture};

use super::{Lab, NAME, limits, now, observer, signed_at, workflow};

const HOUR: Duration = Duration::from_secs(3600);

/// Each fault at each place: the image, its signatures, what refers to it.
#[rstest]
#[case::status(Fault::Status(500), Outage::Unavailable)]
#[case::unavailable(Fault::Status(503), Outage::Unavailable)]
#[case::rate_limit(Fault::RateLimited, Outage::RateLimit)]
#[case::later(Fault::RetryAfter(429, "86400".to_owned()), Outage::RateLimit)]
fn what_a_registry_does_not_answer_is_unknown(#[case] fault: Fault, #[case] outage: Outage) {
    for place in ["sha256-*.sig", "referrers/*", "sha256-*", "sha256:*"] {
        let lab = Lab::new();
        lab.registry
            .fault(FaultRule::new("*", place, fault.clone()));
        let seen = lab.see(&[]);
        assert_eq!(seen.observation.posture, Posture::Unknown, "{place}");
        assert_eq!(
            seen.observation.unknown,
            Some((Cause::Outage, Some(outage))),
            "{place}"
        );
    }
}

#[test]
fn no_fault_makes_a_signed_image_unsigned() {
    let faults = [
        Fault::Garbage,
        Fault::Status(200),
        Fault::Status(204),
        Fault::Absent(Absence::NoBody),
        Fault::Denied,
        Fault::Redirect("http://127.0.0.1:1/".to_owned()),
    ];
    for fault in faults {
        for place in ["sha256-*.sig", "referrers/*", "sha256:*", "*"] {
            // That the `.sig` is absent is the registry's word, and the whole image's absence too.
            let absent = matches!(fault, Fault::Absent(_));
            if absent && place == "sha256-*.sig" {
                continue;
            }
            let lab = Lab::new();
            let signature = lab
                .sigstore
                .sign(&workflow(), &lab.repository, &lab.digest, signed_at())
                .unwrap();
            lab.registry
                .push_signature(NAME, &lab.digest, &[signature.layer().unwrap()])
                .unwrap();
            lab.registry
                .fault(FaultRule::new("*", place, fault.clone()));
            let posture = lab.see(&[]).observation.posture;
            assert_ne!(posture, Posture::Unsigned, "{fault:?} at {place}");
        }
    }
}

#[test]
fn no_fault_makes_an_image_with_a_bundle_unsigned() {
    let faults = [
        Fault::Garbage,
        Fault::Status(200),
        Fault::Status(204),
        Fault::Denied,
        Fault::RateLimited,
        Fault::Redirect("http://127.0.0.1:1/".to_owned()),
    ];
    for (page, fault) in [None, Some(10)]
        .into_iter()
        .flat_map(|page| faults.iter().map(move |fault| (page, fault)))
    {
        for place in ["referrers/*", "sha256-*", "sha256:*", "*"] {
            let lab = Lab::new();
            lab.registry.serve_referrers(page);
            let leaf = lab.sigstore.issue(&workflow(), signed_at()).unwrap();
            let log = lab.sigstore.log();
            let bundle =
                Bundle::proven_by_leaf(&leaf, &lab.digest, SIGN_PREDICATE, log, signed_at());
            let bundles = [bundle.unwrap()];
            match page {
                None => lab.registry.push_bundles(NAME, &lab.digest, &bundles),
                Some(_) => lab.registry.push_referrers(NAME, &lab.digest, &bundles),
            }
            .unwrap();
            assert_eq!(lab.see(&[]).observation.posture, Posture::Signed);
            lab.registry
                .fault(FaultRule::new("*", place, fault.clone()));
            let posture = lab.see(&[]).observation.posture;
            assert_ne!(posture, Posture::Unsigned, "{fault:?} at {place}, {page:?}");
        }
    }
}

/// What is refused about a signature while the image itself is served is no outage: some registries say so of a tag that
/// is not there.
#[rstest]
#[case::unauthorized(Fault::Unauthorized, Outage::Unauthorized)]
#[case::denied(Fault::Denied, Outage::Denied)]
fn a_refusal_is_an_outage_only_where_the_image_is_refused_too(
    #[case] fault: Fault,
    #[case] outage: Outage,
) {
    let of_signature = Lab::new();
    let rule = FaultRule::new("*", "sha256-*.sig", fault.clone());
    of_signature.registry.fault(rule);
    let seen = of_signature.see(&[]);
    assert_eq!(seen.observation.unknown, Some((Cause::Answer, None)));
    let of_all = Lab::new();
    of_all.registry.fault(FaultRule::new("*", "*", fault));
    let seen = of_all.see(&[]);
    assert_eq!(
        seen.observation.unknown,
        Some((Cause::Outage, Some(outage)))
    );
}

#[rstest]
#[case::refused(403, "no such thing here", Posture::Unsigned)]
// Its words do not reach the policy.
#[case::unauthorized(401, "no such thing here", Posture::Unknown)]
#[case::other_words(403, "you may not", Posture::Unknown)]
#[case::failure(500, "no such thing here", Posture::Unknown)]
fn words_that_the_settings_know_for_an_absent_tag(
    #[case] status: u16,
    #[case] words: &str,
    #[case] posture: Posture,
) {
    let lab = Lab::new();
    let body = serde_json::json!({"errors": [{"code": "DENIED", "message": words}]});
    let refusal = Fault::Body {
        status,
        content_type: "application/json".to_owned(),
        body: body.to_string().into_bytes(),
    };
    for place in ["sha256-*.sig", "sha256-*"] {
        lab.registry
            .fault(FaultRule::new("*", place, refusal.clone()));
    }
    let mut settings = lab.settings(&[]);
    settings.absent_messages = vec!["no such thing".to_owned()];
    let seen = lab.see_image(&lab.image(), &settings);
    assert_eq!(seen.observation.posture, posture, "{seen:?}");
    // Without them nothing is known.
    assert_eq!(lab.see(&[]).observation.posture, Posture::Unknown);
}

#[test]
fn an_image_that_is_not_there_is_not_unsigned() {
    let lab = Lab::new();
    let gone = lab
        .registry
        .image(NAME, &format!("sha256:{}", "0".repeat(64)));
    let seen = lab.see_image(&gone, &lab.settings(&[]));
    assert_eq!(seen.observation.unknown, Some((Cause::Absent, None)));
    assert_eq!(lab.see(&[]).observation.posture, Posture::Unsigned);
}

#[test]
fn a_hanging_registry_costs_its_own_images_only() {
    let sigstore = PrivateSigstore::new().unwrap();
    let (hanging, healthy) = (Registry::start().unwrap(), Registry::start().unwrap());
    let digests = [&hanging, &healthy].map(|r| r.push_image(NAME, "v1", "seed").unwrap());
    hanging.fault_everywhere(Fault::Hang(HOUR));
    hanging.forget_requests();
    let observer = observer(
        &[&hanging, &healthy],
        &sigstore,
        RequestLimits {
            request: Duration::from_millis(200),
            ..limits()
        },
    );
    let settings = signature_continuity::settings::Settings::parse(b"{}").unwrap();
    let see = |registry: &Registry, digest: &str| {
        let reference = registry.image(NAME, digest).parse().unwrap();
        observer
            .observe(&reference, &settings, &Lookup::Absent, now())
            .unwrap()
    };
    // From many threads at once, and no more often than it takes to give up.
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                let seen = see(&hanging, &digests[0]);
                let unreachable = Some((Cause::Outage, Some(Outage::Unreachable)));
                assert_eq!(seen.observation.unknown, unreachable);
            });
        }
    });
    assert_eq!(observer.registry().given_up(), [hanging.host()]);
    // Four at once, and two more in the places of the first two of the three that it took to give up.
    assert!(hanging.requests().len() <= 6, "{:?}", hanging.requests());
    let asked = hanging.requests().len();
    see(&hanging, &digests[0]);
    assert_eq!(hanging.requests().len(), asked);
    let seen = see(&healthy, &digests[1]);
    assert_eq!(seen.observation.posture, Posture::Unsigned);
}

#[test]
fn a_registry_that_always_answers_at_the_last_moment_is_given_up_too() {
    let lab = Lab::with(RequestLimits {
        request: Duration::from_millis(1000),
        lost: Duration::from_millis(1800),
        unanswered: u32::MAX,
        ..limits()
    });
    lab.registry
        .fault_everywhere(Fault::Hang(Duration::from_millis(600)));
    lab.registry.forget_requests();
    let unreachable = Some((Cause::Outage, Some(Outage::Unreachable)));
    assert_eq!(lab.see(&[]).observation.unknown, unreachable);
    assert_eq!(lab.observer.registry().given_up(), [lab.registry.host()]);
    assert!(lab.registry.requests().len() <= 3);
}

#[test]
fn pauses_are_time_lost_as_well() {
    let lab = Lab::with(RequestLimits {
        lost: Duration::from_secs(2),
        ..limits()
    });
    lab.registry
        .fault_everywhere(Fault::RetryAfter(429, "1".to_owned()));
    lab.registry.forget_requests();
    let rate_limit = Some((Cause::Outage, Some(Outage::RateLimit)));
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| assert_eq!(lab.see(&[]).observation.unknown, rate_limit));
        }
    });
    assert_eq!(lab.observer.registry().given_up(), [lab.registry.host()]);
    // Four at once before the first pause, four after it.
    assert!(lab.registry.requests().len() <= 8);
}

#[test]
fn one_image_takes_no_longer_than_it_may() {
    let lab = Lab::with(RequestLimits {
        image: Duration::from_millis(250),
        ..limits()
    });
    let unreachable = Some((Cause::Outage, Some(Outage::Unreachable)));
    lab.registry
        .fault_everywhere(Fault::Hang(Duration::from_millis(200)));
    assert_eq!(lab.see(&[]).observation.unknown, unreachable);
    // Another image may be smaller: the registry is not given up for it.
    assert_eq!(lab.observer.registry().given_up(), [""; 0]);
    assert!(
        lab.registry
            .requests()
            .iter()
            .filter(|s| s.is_read())
            .count()
            <= 2
    );
}

#[test]
fn a_pause_that_a_registry_asks_for_is_kept_by_everybody() {
    let lab = Lab::new();
    lab.registry
        .fault(FaultRule::new("*", "*", Fault::RetryAfter(429, "1".to_owned())).times(1));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(lab.see(&[]).observation.posture, Posture::Unsigned));
        }
    });
    let throttled = lab.registry.count(|seen| seen.status == Some(429));
    assert_eq!(throttled, 1);
}

#[test]
fn a_pause_that_is_too_long_is_no_pause() {
    let lab = Lab::new();
    lab.registry
        .fault(FaultRule::new("*", "*", Fault::RetryAfter(503, "3600".to_owned())).times(1));
    let unavailable = Some((Cause::Outage, Some(Outage::Unavailable)));
    assert_eq!(lab.see(&[]).observation.unknown, unavailable);
    // Nor is the registry asked before that.
    assert_eq!(lab.see(&[]).observation.unknown, unavailable);
    assert_eq!(
        lab.registry
            .requests()
            .iter()
            .filter(|s| s.is_read())
            .count(),
        1
    );
}

#[test]
fn a_failure_in_between_is_asked_again() {
    let lab = Lab::new();
    lab.registry
        .fault(FaultRule::new("*", "*", Fault::Status(502)).times(2));
    assert_eq!(lab.see(&[]).observation.posture, Posture::Unsigned);
}

#[test]
fn lists_tags_page_by_page_up_to_a_bound() {
    let lab = Lab::new();
    for n in 0..5 {
        let tag = format!("v{n}");
        lab.registry.push_image(NAME, &tag, &tag).unwrap();
    }
    let reference = lab.image().parse().unwrap();
    let settings = lab.settings(&[]);
    let tags = |most| lab.observer.tags(&reference, &settings, most).unwrap();
    let all = ["v0", "v1", "v2", "v3", "v4"];
    assert_eq!(
        (tags(2).listed, tags(2).more),
        (vec!["v0".to_owned(), "v1".to_owned()], true)
    );
    assert_eq!(
        (tags(100).listed, tags(100).more),
        (all.map(str::to_owned).to_vec(), false)
    );
    // The registry's page ends where the bound is.
    assert!(!tags(5).more);
    let digest = lab.observer.digest(&reference, &settings, "v3").unwrap();
    assert_eq!(
        lab.registry.manifest(NAME, digest.as_str()).unwrap(),
        lab.registry.manifest(NAME, "v3").unwrap()
    );
    assert_eq!(
        lab.observer.digest(&reference, &settings, "../v3"),
        Err(HostError::BadReference)
    );
}

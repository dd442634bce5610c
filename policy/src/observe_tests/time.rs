//! What is left when the time is over.

use super::*;

/// However early the time is spent: what was not found out is `limit`.
#[test]
fn the_time_spent_at_each_call() {
    let layers = [
        keyless(&release("v1"), &digest("v1")).layer().unwrap(),
        keyless(&google("dev@acme.example"), &digest("v1"))
            .layer()
            .unwrap(),
    ];
    for reference in [by_tag(), by_digest()] {
        for spent in 0..6 {
            let host = signed_host();
            host.sign(REPOSITORY, &digest("v1"), &layers);
            host.before_call(spent, |host| host.set_clock(now() + TimeDelta::seconds(1)));
            let observation =
                observed(&host, &settings(json!({})), &usable(learned()), &reference).unwrap();
            let needed = if reference == by_tag() { 3 } else { 2 };
            let expected = if spent < needed {
                Posture::Unknown
            } else {
                Posture::Signed
            };
            assert_eq!(
                observation.posture, expected,
                "{reference} spent at {spent}"
            );
            let limit = (spent < needed).then_some((Cause::Limit, None));
            assert_eq!(observation.unknown, limit);
            assert!(host.calls().len() <= spent.max(needed) + 1);
        }
    }
}

#[test]
fn a_clock_that_runs_backwards_counts_as_spent() {
    let host = signed_host();
    host.before_call(0, |host| host.set_clock(now() - TimeDelta::seconds(1)));
    let observation = observed(&host, &settings(json!({})), &usable(learned()), &by_tag()).unwrap();
    assert_eq!(observation.unknown, Some((Cause::Limit, None)));
}

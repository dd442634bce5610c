#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::fingerprint::PinFound;
use crate::posture::Cause;
use crate::testing::{NAMESPACE, baseline, established, now, release, settings, signer_of};
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

/// What is known about a repository.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Past {
    Established,
    Cold,
    None,
    Unusable,
    Lost,
    Unread,
}

impl Past {
    const ALL: [Self; 6] = [
        Self::Established,
        Self::Cold,
        Self::None,
        Self::Unusable,
        Self::Lost,
        Self::Unread,
    ];

    fn lookup(self) -> Lookup {
        let signers = [signer_of(&release("v1"))];
        match self {
            Self::Established => Lookup::Usable(Box::new(established(&signers))),
            Self::Cold => Lookup::Usable(Box::new(baseline(&signers))),
            Self::None => Lookup::Absent,
            Self::Unusable => Lookup::Unusable("expected a label".to_owned()),
            Self::Lost => Lookup::Lost,
            Self::Unread => Lookup::Unread,
        }
    }
}

const YES: Decision = Decision::Admit;
const NO: Decision = Decision::Reject(Code::Forbidden);
const AGAIN: Decision = Decision::Reject(Code::TryAgain);

fn ruled_on(
    settings: &Settings,
    past: Past,
    pinned: bool,
    template: bool,
    drifts: &[Drift],
) -> Ruling {
    let entries = settings.enforce_entries(NAMESPACE, None).collect();
    let scope = Scope::new(settings, entries, false, template);
    let stakes = Stakes::new(&past.lookup(), pinned, now());
    decide(&scope, stakes, drifts)
}

fn decided(settings: &Settings, past: Past, pinned: bool, drift: Option<&Drift>) -> Decision {
    let drifts: Vec<Drift> = drift.cloned().into_iter().collect();
    let ruling = ruled_on(settings, past, pinned, false, &drifts);
    assert_eq!(ruling.drift.as_ref(), drift);
    ruling.decision
}

fn enforced() -> Settings {
    settings(json!({"enforce": [{}]}))
}

fn signer() -> Drift {
    Drift::Signer(signer_of(&release("v1")).id())
}

/// By established, cold, none, unusable, lost, unread.
#[rstest]
#[case::none(None, [YES; 6])]
#[case::new(Some(Drift::New), [YES; 6])]
#[case::pin(Some(Drift::Pin(PinFound::Unsigned)), [NO; 6])]
#[case::invalid(Some(Drift::Invalid), [NO; 6])]
#[case::unsigned(Some(Drift::Unsigned), [NO, YES, YES, YES, YES, YES])]
#[case::downgrade(Some(Drift::Downgrade(None)), [NO, YES, YES, YES, YES, YES])]
#[case::downgrade_key(Some(Drift::Downgrade(Some("a".repeat(64)))), [NO, YES, YES, YES, YES, YES])]
#[case::signer(Some(signer()), [NO, YES, YES, YES, YES, YES])]
fn what_was_found_out(#[case] drift: Option<Drift>, #[case] expected: [Decision; 6]) {
    let settings = enforced();
    for (past, expected) in Past::ALL.into_iter().zip(expected) {
        for pinned in [true, false] {
            let decision = decided(&settings, past, pinned, drift.as_ref());
            assert_eq!(decision, expected, "{past:?}, pinned {pinned}");
        }
    }
}

/// How `onUndetermined` is said: in the settings, and in the entry of `enforce`.
const SAID: [(Option<&str>, Option<&str>); 7] = [
    (None, None),
    (Some("admit"), None),
    (Some("deny"), None),
    (None, Some("admit")),
    (Some("deny"), Some("admit")),
    (None, Some("deny")),
    (Some("admit"), Some("deny")),
];

fn saying(everywhere: Option<&str>, here: Option<&str>) -> Settings {
    let mut fields = json!({"enforce": [{}]});
    if let Some(word) = everywhere {
        fields["onUndetermined"] = json!(word);
    }
    if let Some(word) = here {
        fields["enforce"][0]["onUndetermined"] = json!(word);
    }
    settings(fields)
}

const AT_STAKE: [Decision; 6] = [AGAIN, YES, YES, AGAIN, AGAIN, AGAIN];

/// By established, cold, none, unusable, lost, unread. What somebody who pushes can choose is never waived.
#[rstest]
fn what_could_not_be_found_out(
    #[values(
        Cause::Answer,
        Cause::Absent,
        Cause::Limit,
        Cause::TrustRoot,
        Cause::Format,
        Cause::Host
    )]
    cause: Cause,
) {
    for said in SAID {
        assert_eq!(over_pasts(cause, false, said), AT_STAKE, "{said:?}");
        assert_eq!(
            over_pasts(cause, true, said),
            [AGAIN; 6],
            "{said:?}, pinned"
        );
    }
}

#[test]
fn without_its_baseline_nothing_is_admitted_whatever_anybody_says() {
    for said in SAID {
        for pinned in [true, false] {
            assert_eq!(over_pasts(Cause::Baseline, pinned, said), [AGAIN; 6]);
        }
    }
}

#[rstest]
#[case::denied((Some("deny"), None), false)]
#[case::denied_here((Some("deny"), Some("deny")), false)]
#[case::denied_here_alone((Some("admit"), Some("deny")), false)]
#[case::admitted((Some("admit"), None), true)]
#[case::admitted_here((None, Some("admit")), true)]
#[case::admitted_here_alone((Some("deny"), Some("admit")), true)]
fn an_outage_is_waived_by_the_word_that_counts_here(
    #[case] said: (Option<&str>, Option<&str>),
    #[case] waived: bool,
) {
    let expected = if waived { [YES; 6] } else { AT_STAKE };
    assert_eq!(over_pasts(Cause::Outage, false, said), expected);
    // A pin is a word of its own.
    assert_eq!(over_pasts(Cause::Outage, true, said), [AGAIN; 6]);
}

fn over_pasts(cause: Cause, pinned: bool, said: (Option<&str>, Option<&str>)) -> [Decision; 6] {
    let drift = Drift::Undetermined(cause, None);
    let settings = saying(said.0, said.1);
    Past::ALL.map(|past| decided(&settings, past, pinned, Some(&drift)))
}

#[rstest]
#[case::both(json!([{"onUndetermined": "admit"}, {"onUndetermined": "admit"}]), YES)]
#[case::one(json!([{"onUndetermined": "admit"}, {"onUndetermined": "deny"}]), AGAIN)]
#[case::the_other(json!([{"onUndetermined": "deny"}, {"onUndetermined": "admit"}]), AGAIN)]
#[case::one_is_silent(json!([{"onUndetermined": "admit"}, {}]), AGAIN)]
fn every_entry_that_matches_has_to_waive(#[case] enforce: Value, #[case] expected: Decision) {
    let settings = settings(json!({"enforce": enforce, "onUndetermined": "deny"}));
    let drift = Drift::Undetermined(Cause::Outage, None);
    assert_eq!(
        decided(&settings, Past::Established, false, Some(&drift)),
        expected
    );
}

/// In a workload what is proven rejects as everywhere, and the rest is left to its pods.
#[rstest]
#[case::pin_stranger(Drift::Pin(PinFound::Signers(vec![signer_of(&release("v1")).id()])), true)]
#[case::pin_unsigned(Drift::Pin(PinFound::Unsigned), false)]
#[case::pin_unverifiable(Drift::Pin(PinFound::Unverifiable), false)]
#[case::invalid(Drift::Invalid, true)]
#[case::unsigned(Drift::Unsigned, false)]
#[case::downgrade_key(Drift::Downgrade(Some("a".repeat(64))), true)]
#[case::downgrade(Drift::Downgrade(None), false)]
#[case::signer(signer(), true)]
#[case::baseline(Drift::Undetermined(Cause::Baseline, None), false)]
#[case::format(Drift::Undetermined(Cause::Format, None), false)]
#[case::outage(Drift::Undetermined(Cause::Outage, None), false)]
fn templates(#[case] drift: Drift, #[case] rejects: bool) {
    let settings = saying(Some("deny"), None);
    let drifts = [drift];
    let pod = ruled_on(&settings, Past::Established, false, false, &drifts);
    let template = ruled_on(&settings, Past::Established, false, true, &drifts);
    assert!(pod.rejection().is_some());
    if rejects {
        assert_eq!(template, pod);
    } else {
        assert_eq!((template.decision, template.rejection()), (YES, None));
        assert_eq!(template.leniency, Some(Leniency::Template));
    }
}

#[test]
fn a_template_is_rejected_for_what_is_proven_behind_what_is_not() {
    let drifts = [Drift::Pin(PinFound::Unverifiable), Drift::Invalid];
    for (template, decides) in [(false, &drifts[0]), (true, &drifts[1])] {
        let ruling = ruled_on(&enforced(), Past::Cold, true, template, &drifts);
        assert_eq!(
            (ruling.decision, ruling.drift.as_ref()),
            (NO, Some(decides))
        );
    }
}

/// Whatever is known, said and found: a workload is never rejected for more than its pods are.
#[rstest]
fn a_template_is_never_stricter_than_its_pods(
    #[values(
        Drift::Pin(PinFound::Unsigned),
        Drift::Undetermined(Cause::Outage, None),
        Drift::Undetermined(Cause::Baseline, None),
        Drift::Unsigned,
        signer(),
        Drift::New
    )]
    drift: Drift,
    #[values(true, false)] pinned: bool,
) {
    let drifts = [drift];
    for (everywhere, here) in SAID {
        let settings = saying(everywhere, here);
        for past in Past::ALL {
            let of = |template| ruled_on(&settings, past, pinned, template, &drifts).decision;
            assert!(of(true) <= of(false), "{past:?}");
        }
    }
}

#[test]
fn says_why_it_is_lenient() {
    let of = |settings: &Settings, past, drift: Drift| {
        ruled_on(settings, past, false, false, &[drift]).leniency
    };
    let outage = || Drift::Undetermined(Cause::Outage, None);
    let waiving = saying(Some("admit"), None);
    assert_eq!(
        of(&waiving, Past::Established, outage()),
        Some(Leniency::Waived)
    );
    let cold = of(&enforced(), Past::Cold, Drift::Unsigned);
    assert_eq!(cold, Some(Leniency::NotEstablished));
    assert_eq!(of(&enforced(), Past::None, Drift::New), None);
    assert_eq!(of(&enforced(), Past::Established, Drift::Unsigned), None);
}

#[test]
fn a_cold_baseline_rejects_no_drift() {
    let settings = saying(Some("deny"), None);
    let drifts = [
        Drift::Unsigned,
        Drift::Downgrade(None),
        signer(),
        Drift::Undetermined(Cause::Outage, None),
        Drift::Undetermined(Cause::Limit, None),
        Drift::Undetermined(Cause::Format, None),
        Drift::Undetermined(Cause::TrustRoot, None),
    ];
    for drift in &drifts {
        for past in [Past::Cold, Past::None] {
            assert_eq!(
                decided(&settings, past, false, Some(drift)),
                YES,
                "{drift} {past:?}"
            );
        }
    }
}

#[rstest]
#[case::long_since(-1, NO)]
#[case::now(0, NO)]
#[case::to_come(1, YES)]
fn a_baseline_counts_from_the_second_it_is_established(
    #[case] seconds: i64,
    #[case] expected: Decision,
) {
    let mut baseline = baseline(&[signer_of(&release("v1"))]);
    baseline.established = Some(now() + TimeDelta::seconds(seconds));
    let lookup = Lookup::Usable(Box::new(baseline));
    let settings = enforced();
    let scope = Scope::new(&settings, Vec::new(), false, false);
    let stakes = Stakes::new(&lookup, false, now());
    assert_eq!(
        decide(&scope, stakes, &[Drift::Unsigned]).decision,
        expected
    );
}

/// Where a rejection reaches whoever asked.
#[rstest]
#[case::enforced(json!({"enforce": [{}]}), false, true, true)]
#[case::enforced_and_reported(json!({"enforce": [{}], "unenforced": "report"}), true, true, true)]
#[case::nothing_enforced(json!({}), false, false, false)]
#[case::break_glass(json!({"enforce": []}), false, false, false)]
#[case::scanner_without_report(json!({}), true, false, false)]
#[case::scanner(json!({"unenforced": "report"}), true, false, true)]
#[case::nobody_but_the_scanner(json!({"unenforced": "report"}), false, false, false)]
#[case::other_namespace(json!({"enforce": [{"namespaces": ["staging"]}]}), false, false, false)]
#[case::this_namespace(json!({"enforce": [{"namespaces": ["prod*"]}]}), false, true, true)]
fn scopes(
    #[case] fields: Value,
    #[case] audit: bool,
    #[case] is_enforced: bool,
    #[case] rejects: bool,
) {
    let settings = settings(fields);
    let entries = settings.enforce_entries(NAMESPACE, None).collect();
    let scope = Scope::new(&settings, entries, audit, false);
    assert_eq!(
        (scope.is_enforced(), scope.rejects()),
        (is_enforced, rejects)
    );
}

#[test]
fn what_is_certain_outweighs_what_may_pass_when_tried_again() {
    assert!(Code::Forbidden > Code::TryAgain);
    assert_eq!(
        (Code::Forbidden.number(), Code::TryAgain.number()),
        (403, 500)
    );
}

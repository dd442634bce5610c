#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::fingerprint::PinFound;
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
    Unread,
}

impl Past {
    const ALL: [Self; 5] = [
        Self::Established,
        Self::Cold,
        Self::None,
        Self::Unusable,
        Self::Unread,
    ];

    fn lookup(self) -> Lookup {
        let signers = [signer_of(&release("v1"))];
        match self {
            Self::Established => Lookup::Usable(Box::new(established(&signers))),
            Self::Cold => Lookup::Usable(Box::new(baseline(&signers))),
            Self::None => Lookup::Absent,
            Self::Unusable => Lookup::Unusable("expected a label".to_owned()),
            Self::Unread => Lookup::Unread,
        }
    }
}

const YES: Decision = Decision::Admit;
const NO: Decision = Decision::Reject(Code::Forbidden);
const AGAIN: Decision = Decision::Reject(Code::TryAgain);

fn decided(settings: &Settings, past: Past, pinned: bool, drift: Option<&Drift>) -> Decision {
    let entries = settings.enforce_entries(NAMESPACE, None).collect();
    let scope = Scope::new(settings, entries, false);
    decide(&scope, &past.lookup(), pinned, drift, now())
}

fn enforced() -> Settings {
    settings(json!({"enforce": [{}]}))
}

fn signer() -> Drift {
    Drift::Signer(signer_of(&release("v1")).id())
}

#[rstest]
#[case::none(None, [YES; 5])]
#[case::new(Some(Drift::New), [YES; 5])]
#[case::pin(Some(Drift::Pin(PinFound::Unsigned)), [NO; 5])]
#[case::invalid(Some(Drift::Invalid), [NO; 5])]
#[case::unsigned(Some(Drift::Unsigned), [NO, YES, YES, YES, YES])]
#[case::downgrade(Some(Drift::Downgrade(None)), [NO, YES, YES, YES, YES])]
#[case::downgrade_key(Some(Drift::Downgrade(Some("a".repeat(64)))), [NO, YES, YES, YES, YES])]
#[case::signer(Some(signer()), [NO, YES, YES, YES, YES])]
fn what_was_found_out(#[case] drift: Option<Drift>, #[case] expected: [Decision; 5]) {
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

/// By established, cold, none, unusable, unread.
#[rstest]
// Whatever anybody says.
#[case::baseline(Cause::Baseline, false, SAID.to_vec(), [AGAIN; 5])]
#[case::baseline_pinned(Cause::Baseline, true, SAID.to_vec(), [AGAIN; 5])]
#[case::limit(Cause::Limit, false, SAID.to_vec(), [AGAIN, YES, YES, AGAIN, AGAIN])]
#[case::limit_pinned(Cause::Limit, true, SAID.to_vec(), [AGAIN; 5])]
// Unless the entry itself admits.
#[case::trust_root(Cause::TrustRoot, false, not_waived(), [AGAIN, YES, YES, AGAIN, AGAIN])]
#[case::trust_root_pinned(Cause::TrustRoot, true, not_waived(), [AGAIN; 5])]
#[case::trust_root_waived(Cause::TrustRoot, false, waived(), [YES; 5])]
#[case::trust_root_waived_pinned(Cause::TrustRoot, true, waived(), [YES; 5])]
#[case::format(Cause::Format, false, not_waived(), [AGAIN, YES, YES, AGAIN, AGAIN])]
#[case::format_pinned(Cause::Format, true, not_waived(), [AGAIN; 5])]
#[case::format_waived(Cause::Format, false, waived(), [YES; 5])]
#[case::format_waived_pinned(Cause::Format, true, waived(), [YES; 5])]
// As onUndetermined says, and on pinned repositories always.
#[case::outage(Cause::Outage, false, vec![(Some("admit"), None)], [YES; 5])]
#[case::outage_denied(Cause::Outage, false, denied(), [AGAIN, YES, YES, YES, YES])]
#[case::outage_pinned(Cause::Outage, true, not_waived(), [AGAIN; 5])]
#[case::outage_waived(Cause::Outage, false, waived(), [YES; 5])]
#[case::outage_waived_pinned(Cause::Outage, true, waived(), [YES; 5])]
fn what_could_not_be_found_out(
    #[case] cause: Cause,
    #[case] pinned: bool,
    #[case] said: Vec<(Option<&str>, Option<&str>)>,
    #[case] expected: [Decision; 5],
) {
    let drift = Drift::Undetermined(cause, None);
    for (everywhere, here) in said {
        let settings = saying(everywhere, here);
        for (past, expected) in Past::ALL.into_iter().zip(expected) {
            let decision = decided(&settings, past, pinned, Some(&drift));
            assert_eq!(decision, expected, "{past:?}: {everywhere:?}, {here:?}");
        }
    }
}

fn waived() -> Vec<(Option<&'static str>, Option<&'static str>)> {
    SAID.into_iter()
        .filter(|(_, here)| *here == Some("admit"))
        .collect()
}

fn not_waived() -> Vec<(Option<&'static str>, Option<&'static str>)> {
    SAID.into_iter()
        .filter(|(_, here)| *here != Some("admit"))
        .collect()
}

fn denied() -> Vec<(Option<&'static str>, Option<&'static str>)> {
    vec![
        (None, None),
        (Some("deny"), None),
        (None, Some("deny")),
        (Some("admit"), Some("deny")),
    ]
}

#[test]
fn of_two_entries_that_disagree_the_stricter_counts() {
    let settings =
        settings(json!({"enforce": [{"onUndetermined": "admit"}, {"onUndetermined": "deny"}]}));
    for cause in [Cause::Outage, Cause::TrustRoot, Cause::Format] {
        let drift = Drift::Undetermined(cause, None);
        assert_eq!(
            decided(&settings, Past::Established, false, Some(&drift)),
            AGAIN,
            "{cause}"
        );
    }
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
    let scope = Scope::new(&settings, Vec::new(), false);
    let decision = decide(&scope, &lookup, false, Some(&Drift::Unsigned), now());
    assert_eq!(decision, expected);
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
    let scope = Scope::new(&settings, entries, audit);
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

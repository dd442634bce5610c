#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn election() -> Election {
    Election {
        me: "me".to_owned(),
        seen: None,
    }
}

fn lease(holder: &str, version: &str) -> Lease {
    Lease {
        metadata: ObjectMeta {
            resource_version: Some(version.to_owned()),
            ..ObjectMeta::default()
        },
        spec: Some(LeaseSpec {
            holder_identity: Some(holder.to_owned()),
            // Long ago by its holder's clock: that says nothing.
            renew_time: Some(MicroTime(Timestamp::UNIX_EPOCH)),
            lease_duration_seconds: Some(8),
            ..LeaseSpec::default()
        }),
    }
}

#[test]
fn a_lease_that_nobody_holds_is_taken() {
    let now = Instant::now();
    assert_eq!(election().step(None, now), Step::Create);
    assert_eq!(
        election().step(Some(&Lease::default()), now),
        Step::TakeOver
    );
    assert_eq!(election().step(Some(&lease("", "1")), now), Step::TakeOver);
    assert_eq!(election().step(Some(&lease("me", "1")), now), Step::Renew);
}

#[test]
fn another_ones_is_taken_over_once_it_was_seen_unchanged_for_its_time() {
    let (mut election, start) = (election(), Instant::now());
    let first = lease("other", "1");
    assert_eq!(election.step(Some(&first), start), Step::Wait);
    let almost = start + LEASE - Duration::from_millis(1);
    assert_eq!(election.step(Some(&first), almost), Step::Wait);
    assert_eq!(election.step(Some(&first), start + LEASE), Step::TakeOver);
}

#[test]
fn a_renewal_begins_the_time_anew() {
    let (mut election, start) = (election(), Instant::now());
    assert_eq!(election.step(Some(&lease("other", "1")), start), Step::Wait);
    let renewed = start + LEASE;
    assert_eq!(
        election.step(Some(&lease("other", "2")), renewed),
        Step::Wait
    );
    assert_eq!(
        election.step(Some(&lease("other", "2")), renewed + LEASE),
        Step::TakeOver
    );
}

#[test]
fn a_lease_that_claims_to_hold_for_ever_does_not() {
    let (mut election, start) = (election(), Instant::now());
    let mut claimed = lease("other", "1");
    claimed.spec.as_mut().unwrap().lease_duration_seconds = Some(i32::MAX);
    assert_eq!(election.step(Some(&claimed), start), Step::Wait);
    assert_eq!(
        election.step(Some(&claimed), start + LONGEST),
        Step::TakeOver
    );
}

#[test]
fn who_leads_stops_before_anybody_takes_over() {
    const { assert!(ACTS.as_millis() + ATTEMPT.as_millis() < LEASE.as_millis()) };
    // It is looked at, then waited for, then looked at again, each with one request.
    let worst = EVERY + ATTEMPT + LEASE + EVERY + ATTEMPT;
    assert!(worst < Duration::from_secs(15), "{worst:?}");
}

#[test]
fn a_lease_that_claims_to_hold_for_no_time_is_waited_for_all_the_same() {
    let (mut election, start) = (election(), Instant::now());
    let mut claimed = lease("other", "1");
    claimed.spec.as_mut().unwrap().lease_duration_seconds = Some(0);
    assert_eq!(election.step(Some(&claimed), start), Step::Wait);
    let almost = start + LEASE - Duration::from_millis(1);
    assert_eq!(election.step(Some(&claimed), almost), Step::Wait);
}

#[test]
fn a_leader_is_shown_without_control_characters() {
    let leader = leader_of(&lease("a\u{1b}[31mb", "1")).unwrap();
    assert!(!leader.name.contains('\u{1b}'));
}

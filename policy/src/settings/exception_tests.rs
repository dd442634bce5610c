#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use rstest::rstest;
use serde_json::{Value, json};

fn exception(json: Value) -> Result<Exception, String> {
    serde_json::from_value(json).map_err(|error| error.to_string())
}

fn until(expires: &str) -> Exception {
    exception(json!({"repository": "docker.io/acme/legacy", "accepts": "unsigned", "reason": "T-1", "expires": expires}))
        .unwrap()
}

fn at(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

#[rstest]
#[case::long_before("2027-03-16T23:59:59Z", false, false)]
#[case::two_weeks_before("2027-03-17T00:00:00Z", true, false)]
#[case::last_day("2027-03-31T00:00:00Z", true, false)]
#[case::last_second("2027-03-31T23:59:59.999Z", true, false)]
#[case::next_day("2027-04-01T00:00:00Z", false, true)]
#[case::years_later("2031-04-01T00:00:00Z", false, true)]
fn counts_through_the_end_of_its_last_day(
    #[case] now: &str,
    #[case] soon: bool,
    #[case] expired: bool,
) {
    let exception = until("2027-03-31");
    assert_eq!(exception.expires_soon(at(now)), soon);
    assert_eq!(exception.is_expired(at(now)), expired);
}

#[rstest]
#[case::time("2027-03-31T00:00:00Z")]
#[case::short("2027-3-31")]
#[case::space(" 2027-03-31")]
#[case::no_day("2027-03")]
#[case::no_such_day("2027-02-30")]
#[case::words("never")]
#[case::year_alone("2027")]
fn rejects_other_dates(#[case] expires: &str) {
    let error = exception(
        json!({"repository": "a.io/x", "accepts": "unsigned", "reason": "T-1", "expires": expires}),
    );
    assert_eq!(error.unwrap_err(), "expected a date such as 2027-03-31");
}

fn repository(text: &str) -> RepositoryNames {
    text.parse::<Repository>().unwrap().into()
}

#[test]
fn covers_every_image_of_its_repository() {
    let exception = until("2027-03-31");
    assert!(exception.covers_image(&repository("acme/legacy"), None));
    assert!(exception.covers_image(
        &repository("index.docker.io/acme/legacy"),
        Some(&Digest::of(b"x"))
    ));
    assert!(!exception.covers_image(&repository("acme/legacy-evil"), Some(&Digest::of(b"x"))));
}

#[test]
fn covers_one_image_only_by_its_digest() {
    let digest = Digest::of(b"x");
    let exception = exception(json!({
        "image": format!("acme/legacy:v1@{digest}"), "accepts": "invalid", "reason": "T-1", "expires": "2027-03-31",
    }))
    .unwrap();
    assert!(exception.covers_image(&repository("docker.io/acme/legacy"), Some(&digest)));
    assert!(!exception.covers_image(
        &repository("docker.io/acme/legacy"),
        Some(&Digest::of(b"y"))
    ));
    assert!(!exception.covers_image(&repository("docker.io/acme/legacy"), None));
    assert!(!exception.covers_image(&repository("docker.io/acme/other"), Some(&digest)));
}

//! What people see of a signer cannot be mistaken for another.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use rstest::rstest;
use signature_continuity::posture::Rank;
use signature_continuity::signer::Caller;

fn keyless(issuer: &str, subject: &str) -> Signer {
    Signer::Keyless(Keyless {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        caller: None,
    })
}

const GITHUB: &str = "https://token.actions.githubusercontent.com";

#[rstest]
#[case::tags(
    GITHUB,
    "https://github.com/acme/jobs/.github/workflows/release.yml@refs/tags/*",
    "gh acme/jobs release tags"
)]
#[case::branch(
    GITHUB,
    "https://github.com/acme/jobs/.github/workflows/ci.yaml@refs/heads/release/1.x",
    "gh acme/jobs ci release/1.x"
)]
#[case::enterprise(
    "https://token.actions.githubusercontent.com/hammer",
    "https://github.com/acme/jobs/.github/workflows/release.yml@refs/tags/*",
    "gh[hammer] acme/jobs release tags"
)]
#[case::residency(
    "https://token.actions.acme.ghe.com",
    "https://acme.ghe.com/acme/jobs/.github/workflows/release.yml@refs/tags/*",
    "gh[acme.ghe.com] acme.ghe.com/acme/jobs/.github/workflows/release.yml@refs/tags/*"
)]
#[case::gitlab(
    "https://gitlab.com",
    "https://gitlab.com/acme/group/jobs//.gitlab-ci.yml@refs/tags/*",
    "gitlab acme/group/jobs .gitlab-ci tags"
)]
#[case::google(
    "https://accounts.google.com",
    "dev@acme.example",
    "google dev@acme.example"
)]
#[case::login(
    "https://github.com/login/oauth",
    "dev@acme.example",
    "github-login dev@acme.example"
)]
#[case::unknown("https://google/", "dev@acme.example", "[google/] dev@acme.example")]
#[case::look_alike("gh", "acme/jobs release tags", "[gh] acme/jobs release tags")]
#[case::hostile(
    "https://evil.example\u{202e}",
    "\u{1b}[2Jme",
    "[evil.example?] ?[2Jme"
)]
fn names_signers(#[case] issuer: &str, #[case] subject: &str, #[case] expected: &str) {
    assert_eq!(signer(&keyless(issuer, subject)), expected);
}

#[test]
fn names_the_caller_of_a_reusable_workflow() {
    let Signer::Keyless(mut of) = keyless(
        GITHUB,
        "https://github.com/acme/build/.github/workflows/build.yml@refs/tags/*",
    ) else {
        panic!("keyless")
    };
    of.caller = Some(Caller {
        source_id: "1234".to_owned(),
        owner_id: "5".to_owned(),
    });
    assert_eq!(
        signer(&Signer::Keyless(of)),
        "gh acme/build build tags for repository 1234"
    );
}

#[rstest]
#[case::future(-5, "0m")]
#[case::minutes(59, "59m")]
#[case::hours(360, "6h")]
#[case::two_days_in_hours(47 * 60, "47h")]
#[case::days(263 * 1440, "263d")]
fn tells_ages(#[case] minutes: i64, #[case] expected: &str) {
    assert_eq!(age(TimeDelta::minutes(minutes)), expected);
}

#[test]
fn a_repository_that_nobody_signed_is_no_retired_one() {
    let now = Utc::now();
    let baseline = Baseline::new("docker.io/acme/web".parse().unwrap(), Rank::Unsigned, now);
    assert_eq!(
        super::baseline(&Lookup::Usable(Box::new(baseline)), now),
        "0m unsigned"
    );
}

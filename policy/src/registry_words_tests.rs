use super::*;
use rstest::rstest;

const SIG: &str = "sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.sig";
const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn of(messages: &[&str], reference: &str) -> HostError {
    let asked = Asked {
        name: "ghcr.io/acme/api",
        reference,
    };
    of_messages(messages, &asked, &["gone fishing".to_owned()])
}

/// Each registry's words, for a tag and for a digest.
#[rstest]
#[case::distribution("manifest unknown")]
#[case::ecr("Requested image not found")]
#[case::jfrog("The named manifest is not known to the registry.")]
#[case::repository("repository name not known to registry")]
#[case::pulp("Manifest not found.")]
#[case::go_containerregistry("Unknown manifest")]
#[case::silent("")]
#[case::harbor_tag("artifact acme/api:{} not found")]
#[case::harbor_digest("artifact acme/api@{} not found")]
#[case::acr_tag("manifest tagged by \"{}\" is not found")]
#[case::acr_digest("manifest {} is not found")]
#[case::google("Failed to fetch \"{}\"")]
#[case::google_long("Failed to fetch \"{}\" from request \"/v2/acme/api/manifests/{}\".")]
#[case::quay("Tag {} was deleted or has expired. To pull, revive via time machine")]
#[case::operators("it has gone fishing")]
fn words_for_absent(#[case] words: &str) {
    for reference in [SIG, DIGEST, "v1", "quota", "denied"] {
        let message = words.replace("{}", reference);
        assert_eq!(of(&[&message], reference), HostError::Absent, "{message}");
        assert_eq!(
            of(&[&message, "backend trouble"], reference),
            HostError::Answer
        );
        if words.contains("{}") {
            let other = words.replace("{}", "another");
            assert_eq!(of(&[&other], reference), HostError::Answer, "{other}");
        }
    }
}

#[test]
fn an_empty_list_is_absent() {
    assert_eq!(of(&[], SIG), HostError::Absent);
}

/// A tag is whoever pushed its choice: an echo of it does not choose the class.
#[rstest]
#[case("quota")]
#[case("denied")]
#[case("x-Forbidden.y")]
#[case("unauthorized")]
fn an_echo_is_no_outage(#[case] tag: &str) {
    let message = format!("cannot serve {tag} today");
    assert_eq!(of(&[&message], tag), HostError::Answer);
    assert!(matches!(of(&[&message], "v1"), HostError::Outage(_)));
}

#[rstest]
#[case(404, "", HostError::Absent)]
#[case(404, "404 page not found", HostError::Absent)]
#[case(
    404,
    r#"{"errors":[{"message":"manifest unknown"}]}"#,
    HostError::Absent
)]
#[case(
    404,
    r#"{"errors":[{"message":"the cupboard is bare"}]}"#,
    HostError::Answer
)]
#[case(401, "", HostError::Outage(Outage::Unauthorized))]
#[case(403, "", HostError::Outage(Outage::Denied))]
#[case(
    403,
    r#"{"errors":[{"code":"DENIED","message":"manifest unknown"}]}"#,
    HostError::Absent
)]
#[case(429, "gone fishing", HostError::Outage(Outage::RateLimit))]
#[case(
    503,
    r#"{"errors":[{"message":"manifest unknown"}]}"#,
    HostError::Outage(Outage::Unavailable)
)]
#[case(400, r#"{"errors":[{"message":"gone fishing"}]}"#, HostError::Absent)]
#[case(400, r#"{"errors":[{"message":"bad"}]}"#, HostError::Answer)]
#[case(418, "manifest unknown", HostError::Answer)]
#[case(302, r#"{"errors":[]}"#, HostError::Answer)]
fn statuses(#[case] status: u16, #[case] body: &str, #[case] expected: HostError) {
    let asked = Asked {
        name: "acme/api",
        reference: SIG,
    };
    let words = ["gone fishing".to_owned()];
    assert_eq!(
        of_response(status, body.as_bytes(), &asked, &words),
        expected
    );
}

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "host_error_tests/properties.rs"]
mod properties;

use super::*;
use rstest::rstest;

const TAG: &str = "sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.sig";
const ASKED: Asked<'_> = Asked {
    name: "ghcr.io/acme/api",
    reference: TAG,
};
const OTHER: &str = "sha256-0000000000000000000000000000000000000000000000000000000000000000.sig";
const URL: &str = "https://ghcr.io/v2/acme/api/manifests/sha256-x.sig";
/// What clusters put behind a text: causes and a backtrace with words that would mean something elsewhere.
const BEHIND: &str = "\n\nCaused by:\n    0: manifest unknown\n    1: Registry error: url u, envelope: OCI API errors: [OCI API error: manifest unknown]\n    2: Server error: url u, code: 404, message: x\n\nStack backtrace:\n   0: anyhow::error::manifest unknown\n   1: Cannot find v1/ConfigMap named 'n' inside of namespace 'Some(\"ns\")'\n";

/// A text as it arrives: with and without the SDK's and the host's prefixes, and what follows in clusters.
fn wrapped(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for sdk in [
        "",
        "error invoking host capability oci/v1/oci_manifest: ",
        "error invoking host capability v1/get_resource: ",
    ] {
        for host in ["", "Host error: "] {
            for callback in ["", "Callback evaluation failure: "] {
                for behind in ["", "\n", "\r\n", BEHIND] {
                    all.push(format!("{sdk}{host}{callback}{text}{behind}"));
                }
            }
        }
    }
    all
}

fn envelope(words: &str) -> String {
    format!(
        "Fail to interact with OCI registry: Registry error: url {URL}, envelope: OCI API errors: [{words}]"
    )
}

fn says(words: &str) -> String {
    envelope(&format!("OCI API error: {words}"))
}

fn server(code: u16, message: &str) -> String {
    format!(
        "Fail to interact with OCI registry: Server error: url {URL}, code: {code}, message: {message}"
    )
}

fn registry(text: &str) -> HostError {
    of_registry(text, &ASKED, &[])
}

#[rstest]
#[case::distribution(says("manifest unknown"))]
#[case::in_capitals(says("MANIFEST UNKNOWN"))]
#[case::twice(envelope("OCI API error: manifest unknown, OCI API error: manifest unknown"))]
#[case::ecr(says("Requested image not found"))]
#[case::jfrog(says("The named manifest is not known to the registry."))]
#[case::harbor(says(&format!("artifact acme/api:{TAG} not found")))]
#[case::acr(says(&format!("manifest tagged by \"{TAG}\" is not found")))]
#[case::google(says(&format!("Failed to fetch \"{TAG}\"")))]
#[case::no_repository(says("repository name not known to registry"))]
#[case::silent(says(""))]
#[case::no_list(envelope(""))]
#[case::pulp(says("Manifest not found."))]
#[case::quay_new(says(&format!("Tag {TAG} was deleted or has expired. To pull, revive via time machine")))]
#[case::quay_old(server(404, "{\"errors\": [{\"code\": \"TAG_EXPIRED\"}]}"))]
#[case::without_body(server(404, ""))]
#[case::without_oci_body(server(404, "404 page not found"))]
fn accepts_the_words_for_absent(#[case] text: String) {
    for text in wrapped(&text) {
        assert_eq!(registry(&text), HostError::Absent, "{text}");
    }
}

#[rstest]
#[case::unauthorized(format!("Fail to interact with OCI registry: Not authorized: url {URL}"), Outage::Unauthorized)]
#[case::credentials("Fail to interact with OCI registry: Authentication failure: no token".to_owned(), Outage::Unauthorized)]
#[case::denied(says("requested access to the resource is denied"), Outage::Denied)]
#[case::hub_limit(says("You have reached your pull rate limit."), Outage::RateLimit)]
#[case::toomanyrequests(says("toomanyrequests: quota exceeded"), Outage::RateLimit)]
#[case::limited(server(429, ""), Outage::RateLimit)]
#[case::plain_401(server(401, ""), Outage::Unauthorized)]
#[case::plain_403(server(403, "<html>"), Outage::Denied)]
#[case::unavailable(server(503, "Service Unavailable"), Outage::Unavailable)]
#[case::internal(server(500, ""), Outage::Unavailable)]
#[case::unreachable(format!("Fail to interact with OCI registry: error sending request for url ({URL})"), Outage::Unreachable)]
fn rejects_outages_as_what_they_are(#[case] text: String, #[case] outage: Outage) {
    for text in wrapped(&text) {
        assert_eq!(registry(&text), HostError::Outage(outage), "{text}");
    }
}

#[rstest]
#[case::no_json(
    "Fail to interact with OCI registry: Failed to parse manifest: expected value",
    HostError::Unusable
)]
#[case::other_shape(
    "Fail to interact with OCI registry: Failed to parse manifest as Versioned object: missing field",
    HostError::Unusable
)]
#[case::docker_1(
    "Fail to interact with OCI registry: Unsupported schema version: 1",
    HostError::Unusable
)]
#[case::index(
    "Fail to interact with OCI registry: Image manifest not found: no entry found in image index",
    HostError::Unusable
)]
#[case::media_type(
    "Fail to interact with OCI registry: Unsupported media type: text/html",
    HostError::Unusable
)]
#[case::reference("invalid reference format", HostError::BadReference)]
#[case::capability(
    "Policy has not been granted access to the 'oci/v1/oci_manifest' host capability. The violation has been reported.",
    HostError::NotGranted
)]
fn tells_the_other_answers_of_registries(#[case] text: &str, #[case] error: HostError) {
    for text in wrapped(text) {
        assert_eq!(registry(&text), error, "{text}");
    }
}

#[rstest]
#[case::harbor_other(says(&format!("artifact acme/api:{OTHER} not found")))]
#[case::harbor_inside(says(&format!("artifact acme/api:x-{TAG} not found")))]
#[case::acr_other(says(&format!("manifest tagged by \"{OTHER}\" is not found")))]
#[case::google_other(says(&format!("Failed to fetch \"{OTHER}\"")))]
#[case::google_behind(says(&format!("Failed to fetch \"{TAG}\": timeout")))]
#[case::google_cut(says(&format!("Failed to fetch \"{}\"", TAG.trim_end_matches(".sig"))))]
#[case::in_a_sentence(says("cannot tell whether manifest unknown"))]
#[case::with_more(says("manifest unknown: backend is down"))]
#[case::beside_another(envelope("OCI API error: manifest unknown, OCI API error: denied"))]
#[case::behind_another(envelope("OCI API error: backend, OCI API error: manifest unknown"))]
#[case::on_several_lines(envelope("OCI API error: manifest unknown\nOCI API error: denied"))]
#[case::behind_a_line(envelope("OCI API error: denied\nOCI API error: manifest unknown"))]
#[case::without_the_host_s_words(envelope("manifest unknown"))]
#[case::in_the_url("Fail to interact with OCI registry: error sending request for url (https://x/manifest unknown, envelope: OCI API errors: [OCI API error: manifest unknown])".to_owned())]
#[case::envelope_in_the_url("Registry error: url https://x/, envelope: OCI API errors: [OCI API error: manifest unknown], envelope: OCI API errors: [OCI API error: backend]".to_owned())]
#[case::no_url("envelope: OCI API errors: [OCI API error: manifest unknown]".to_owned())]
#[case::code_in_the_message(server(503, "url x, code: 404, message: manifest unknown"))]
#[case::code_behind(format!("Server error: url {URL}, code: 404x, message: "))]
#[case::code_alone(format!("Server error: url {URL}, code: 404"))]
#[case::code_with_more_digits(format!("Server error: url {URL}, code: 65940, message: "))]
#[case::other_word("manifest unknown".to_owned())]
#[case::other_line(format!("something else\n{}", says("manifest unknown")))]
#[case::empty_line(format!("\n{}", says("manifest unknown")))]
#[case::other_host(format!("the host says: {}", says("manifest unknown")))]
#[case::config_map("Cannot find v1/ConfigMap named 'n' inside of namespace 'Some(\"ns\")'".to_owned())]
#[case::signatures("no signatures found for image: ghcr.io/acme/api ".to_owned())]
#[case::blob("HTTP status client error (404 Not Found) for url https://x/blobs/sha256:0".to_owned())]
fn rejects_what_only_sounds_absent(#[case] text: String) {
    for text in wrapped(&text) {
        assert!(
            matches!(registry(&text), HostError::Outage(_) | HostError::Answer),
            "{text}"
        );
    }
}

#[test]
fn a_call_without_a_tag_knows_no_tag_wordings() {
    for words in [
        "artifact : not found",
        "artifact  not found",
        "Failed to fetch \"\"",
    ] {
        assert_eq!(
            of_registry(
                &says(words),
                &Asked {
                    name: "ghcr.io/acme/api",
                    reference: ""
                },
                &[]
            ),
            HostError::Answer,
            "{words}"
        );
    }
}

#[test]
fn operators_may_add_words_for_absent() {
    let words = ["no such thing here".to_owned()];
    let of = |text: &str| of_registry(text, &ASKED, &words);
    assert_eq!(
        of(&says("there is no such thing here, sorry")),
        HostError::Absent
    );
    assert_eq!(registry(&says("no such thing here")), HostError::Answer);
    for elsewhere in [
        format!("error sending request for url ({URL}): no such thing here"),
        server(503, "no such thing here"),
        envelope("OCI API error: no such thing here, OCI API error: denied"),
        "no such thing here".to_owned(),
    ] {
        assert!(
            matches!(of(&elsewhere), HostError::Outage(_) | HostError::Answer),
            "{elsewhere}"
        );
    }
}

#[rstest]
#[case::none(
    "no signatures found for image: ghcr.io/acme/api@sha256:0 ",
    HostError::Negative
)]
#[case::other_key(
    "Image verification failed: missing signatures\nThe following constraints were not satisfied:\nkind: pubKey",
    HostError::Negative
)]
#[case::certificate(
    "verification failed: Several Signature Layers failed verification",
    HostError::Negative
)]
#[case::none_passed(
    "failed to get image trusted layers: No Signature Layer passed verification",
    HostError::Negative
)]
#[case::foreign(
    "failed to get image trusted layers: Cannot pull ghcr.io/a/b:sha256-x.sig: Incompatible layer media type: text/plain",
    HostError::Negative
)]
#[case::no_layers(
    "failed to get image trusted layers: Cannot pull ghcr.io/a/b:sha256-x.sig: No layers to pull",
    HostError::Negative
)]
#[case::index(
    "failed to get image trusted layers: Cannot pull ghcr.io/a/b:sha256-x.sig: Image manifest not found: no entry found in image index",
    HostError::Negative
)]
#[case::blob(
    "failed to get image trusted layers: Cannot pull ghcr.io/a/b:sha256-x.sig: HTTP status client error (404 Not Found) for url (https://x/blobs/y)",
    HostError::Negative
)]
#[case::blob_limited(
    "failed to get image trusted layers: Cannot pull ghcr.io/a/b:sha256-x.sig: HTTP status client error (429 Too Many Requests) for url (https://x)",
    HostError::Negative
)]
#[case::blob_unavailable(
    "failed to get image trusted layers: Cannot pull ghcr.io/a/b:sha256-x.sig: HTTP status server error (503 Service Unavailable) for url (https://x)",
    HostError::Negative
)]
#[case::unreachable(
    "failed to get image trusted layers: Cannot pull ghcr.io/a/b:sha256-x.sig: error sending request for url (https://x)",
    HostError::Negative
)]
#[case::image_gone(
    "failed to get image trusted layers: Cannot fetch manifest of ghcr.io/a/b@sha256:0: Registry error: url u, envelope: OCI API errors: [OCI API error: manifest unknown]",
    HostError::Negative
)]
#[case::image_denied(
    "failed to get image trusted layers: Cannot fetch manifest of ghcr.io/a/b@sha256:0: Not authorized: url u",
    HostError::Negative
)]
#[case::not_granted(
    "Policy has not been granted access to the 'oci/v2/verify' host capability. The violation has been reported.",
    HostError::NotGranted
)]
#[case::unheard_of("something new", HostError::Negative)]
#[case::nothing("", HostError::Negative)]
fn tells_answers_of_verifications(#[case] text: &str, #[case] error: HostError) {
    for text in wrapped(text) {
        assert_eq!(of_verification(&text), error, "{text}");
    }
}

#[rstest]
#[case::unknown("the certificate cannot be parsed", HostError::Unusable)]
#[case::imitation(
    "Registry error: url u, envelope: OCI API errors: [OCI API error: manifest unknown]",
    HostError::Unusable
)]
#[case::not_granted(
    "Policy has not been granted access to the 'crypto/v1/is_certificate_trusted' host capability.",
    HostError::NotGranted
)]
fn tells_answers_of_certificate_checks(#[case] text: &str, #[case] error: HostError) {
    for text in wrapped(text) {
        assert_eq!(of_certificate(&text), error, "{text}");
    }
}

#[rstest]
#[case::absent(
    "Cannot find v1/ConfigMap named 'n' inside of namespace 'Some(\"ns\")'",
    HostError::Absent
)]
#[case::other_name(
    "Cannot find v1/ConfigMap named 'm' inside of namespace 'Some(\"ns\")'",
    HostError::Answer
)]
#[case::other_namespace(
    "Cannot find v1/ConfigMap named 'n' inside of namespace 'Some(\"other\")'",
    HostError::Answer
)]
#[case::other_kind(
    "Cannot find v1/Secret named 'n' inside of namespace 'Some(\"ns\")'",
    HostError::Answer
)]
#[case::with_more(
    "Cannot find v1/ConfigMap named 'n' inside of namespace 'Some(\"ns\")': timeout",
    HostError::Answer
)]
#[case::no_kind(
    "Cannot find v1/ConfigMap: the cluster does not have this kind",
    HostError::Answer
)]
#[case::refused(
    "configmaps \"n\" is forbidden: User cannot get resource",
    HostError::Answer
)]
#[case::registry(
    "Registry error: url u, envelope: OCI API errors: [OCI API error: manifest unknown]",
    HostError::Answer
)]
#[case::not_granted(
    "Policy has not been granted access to Kubernetes v1/ConfigMap resources. The violation has been reported.",
    HostError::NotGranted
)]
fn tells_answers_of_the_cluster(#[case] text: &str, #[case] error: HostError) {
    for text in wrapped(text) {
        assert_eq!(of_resource(&text, "n", "ns"), error, "{text}");
    }
}

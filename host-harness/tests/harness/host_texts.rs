//! What the host says where a registry does not answer as asked: one table for each call, for both generations.
//!
//! In a table's texts URL stands for the address that was asked, BODY for what the registry said, and REFERENCE for the
//! tag or digest. `Same` is said by both generations, `Differ` by 1.35 and by 1.36.

use continuity_testkit::registry::{Fault, FaultRule, Registry, Words};
use continuity_testkit::sigstore::digest_of;
use host_harness::capabilities::{
    Capabilities as _, HostGeneration, HostRequest, LiveCapabilities,
};
use rstest::rstest;
use serde_json::json;

use crate::hosts::{
    PREFIX, by_certificate, by_key, digest_of as digest_call, manifest_of, message, options_for,
};

const NAME: &str = "acme/api";
const NO_SUCH_DIGEST: &str =
    "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// What either generation says.
enum Texts {
    Same(&'static str),
    Differ(&'static str, &'static str),
}

use Texts::{Differ, Same};

impl Texts {
    fn of(&self, generation: HostGeneration) -> &'static str {
        match (self, generation) {
            (Same(text), _)
            | (Differ(text, _), HostGeneration::Kubewarden135)
            | (Differ(_, text), HostGeneration::Kubewarden136) => text,
        }
    }
}

/// What a registry said in an error of OCI's, as hosts repeat it.
macro_rules! said {
    ($words:literal) => {
        concat!(
            "Registry error: url URL, envelope: OCI API errors: [OCI API error: ",
            $words,
            "]"
        )
    };
}

fn host(generation: HostGeneration, registry: &Registry) -> LiveCapabilities {
    options_for(registry.host())
        .generation(generation)
        .start()
        .unwrap()
}

/// Asks for manifest and digest of `reference`, and for what a verification says without them.
fn fill(text: &str, registry: &Registry, words: Words, reference: &str) -> String {
    let url = format!("{}/v2/{NAME}/manifests/{reference}", registry.base_url());
    text.replace("URL", &url)
        .replace("BODY", &words.body(NAME, reference))
        .replace("REFERENCE", reference)
}

#[rstest]
#[case::distribution(Words::Distribution, Same(said!("manifest unknown")))]
#[case::docker_hub(Words::DockerHub, Same(said!("manifest unknown")))]
#[case::ghcr(Words::Ghcr, Same(said!("manifest unknown")))]
#[case::quay(Words::Quay, Same(said!("manifest unknown")))]
#[case::quay_expired(Words::QuayExpired, Differ(
    "Server error: url URL, code: 404, message: BODY",
    said!("Tag REFERENCE was deleted or has expired. To pull, revive via time machine"),
))]
#[case::zot(Words::Zot, Same(said!("manifest unknown")))]
#[case::ecr(Words::Ecr, Same(said!("Requested image not found")))]
#[case::jfrog(Words::Jfrog, Same(said!("The named manifest is not known to the registry.")))]
#[case::google(Words::Google, Same(said!("Failed to fetch \"REFERENCE\"")))]
#[case::pulp(Words::Pulp, Same(said!("Manifest not found.")))]
#[case::unknown_manifest(Words::UnknownManifest, Same(said!("Unknown manifest")))]
#[case::name_unknown(Words::NameUnknown, Same(said!("repository name not known to registry")))]
#[case::empty_list(
    Words::EmptyList,
    Same("Registry error: url URL, envelope: OCI API errors: []")
)]
#[case::empty_message(Words::EmptyMessage, Same(said!("")))]
#[case::no_message(Words::NoMessage, Same(said!("")))]
#[case::no_envelope(
    Words::NoEnvelope,
    Same("Server error: url URL, code: 404, message: BODY")
)]
#[case::unheard(Words::Unheard, Same(said!("the cupboard is bare")))]
#[case::unauthorized(Words::Unauthorized, Same("Not authorized: url URL"))]
#[case::bare_unauthorized(Words::BareUnauthorized, Same("Not authorized: url URL"))]
#[case::denied(Words::Denied, Same(said!("requested access to the resource is denied")))]
#[case::bare_forbidden(
    Words::BareForbidden,
    Same("Server error: url URL, code: 403, message: BODY")
)]
#[case::rate_limited(Words::RateLimited, Same(said!("You have reached your pull rate limit.")))]
#[case::bare_rate_limited(
    Words::BareRateLimited,
    Same("Server error: url URL, code: 429, message: BODY")
)]
#[case::unavailable(
    Words::Unavailable,
    Same("Server error: url URL, code: 503, message: BODY")
)]
#[case::unavailable_envelope(
    Words::UnavailableEnvelope,
    Same("Server error: url URL, code: 503, message: BODY")
)]
fn tells_why_there_is_no_manifest(#[case] words: Words, #[case] texts: Texts) {
    each_reference(
        words,
        ["x", NO_SUCH_DIGEST].map(|reference| (reference, &texts)),
    );
}

#[rstest]
#[case::harbor(
    Words::Harbor,
    Same(said!("artifact acme/api:x not found")),
    Same(said!("artifact acme/api@REFERENCE not found"))
)]
#[case::acr(
    Words::Acr,
    Same(said!("manifest tagged by \"x\" is not found")),
    Same(said!("manifest REFERENCE is not found"))
)]
fn repeats_words_that_differ_for_tags_and_digests(
    #[case] words: Words,
    #[case] by_tag: Texts,
    #[case] by_digest: Texts,
) {
    each_reference(words, [("x", &by_tag), (NO_SUCH_DIGEST, &by_digest)]);
}

/// Both calls of both generations, in these words.
fn each_reference(words: Words, expected: [(&str, &Texts); 2]) {
    let registry = Registry::start().unwrap();
    registry.fault_everywhere(Fault::Says(words));
    for generation in HostGeneration::ALL {
        let host = host(generation, &registry);
        for (reference, texts) in expected {
            let image = registry.image(NAME, reference);
            let text = fill(texts.of(generation), &registry, words, reference);
            for call in [manifest_of(&image), digest_call(&image)] {
                assert_eq!(
                    message(&host, &call),
                    format!("{PREFIX}{text}"),
                    "{generation}: {call:?}"
                );
            }
        }
    }
}

#[rstest]
#[case::page(
    Words::Page,
    Same("Failed to parse manifest: expected value at line 1 column 1")
)]
#[case::other_json(
    Words::OtherJson,
    Same("Failed to parse manifest: missing field `schemaVersion` at line 1 column 15")
)]
#[case::schema_1(Words::SchemaOne, Same("Unsupported schema version: 1"))]
fn tells_manifests_that_are_none(#[case] words: Words, #[case] texts: Texts) {
    let registry = Registry::start().unwrap();
    registry.fault_everywhere(Fault::Says(words));
    let image = registry.image(NAME, "x");
    for generation in HostGeneration::ALL {
        let host = host(generation, &registry);
        let text = fill(texts.of(generation), &registry, words, "x");
        let said = message(&host, &manifest_of(&image));
        assert_eq!(said, format!("{PREFIX}{text}"), "{generation}");
        // For the digest nobody looks into it.
        let answer = host.answer(&digest_call(&image)).unwrap();
        let expected = json!({"digest": digest_of(words.body(NAME, "x").as_bytes())});
        assert_eq!(
            answer,
            serde_json::to_vec(&expected).unwrap(),
            "{generation}"
        );
    }
}

#[test]
fn tells_registries_out_of_reach() {
    for generation in HostGeneration::ALL {
        // Nobody listens on port 1.
        let host = options_for("nobody:1")
            .generation(generation)
            .start()
            .unwrap();
        for reference in ["x", NO_SUCH_DIGEST] {
            let separator = if reference == "x" { ':' } else { '@' };
            let image = format!("127.0.0.1:1/{NAME}{separator}{reference}");
            let url = format!("https://127.0.0.1:1/v2/{NAME}/manifests/{reference}");
            let text = format!("error sending request for url ({url})");
            for call in [manifest_of(&image), digest_call(&image)] {
                assert_eq!(
                    message(&host, &call),
                    format!("{PREFIX}{text}"),
                    "{generation}"
                );
            }
            let expected = format!(
                "failed to get image trusted layers: Cannot fetch manifest of {image}: {text}"
            );
            for call in [by_key(&image, "key"), by_certificate(&image, "certificate")] {
                assert_eq!(message(&host, &call), expected, "{generation}");
            }
        }
    }
}

/// In verification both generations speak with older clients of the registry than in the calls above.
#[rstest]
#[case::absent(Words::Distribution, said!("manifest unknown"))]
#[case::quay_expired(Words::QuayExpired, "Server error: url URL, code: 404, message: BODY")]
#[case::empty_list(
    Words::EmptyList,
    "Registry error: url URL, envelope: OCI API errors: []"
)]
#[case::no_envelope(Words::NoEnvelope, "Server error: url URL, code: 404, message: BODY")]
#[case::unauthorized(Words::Unauthorized, "Not authorized: url URL")]
#[case::denied(Words::Denied, said!("requested access to the resource is denied"))]
#[case::rate_limited(Words::RateLimited, said!("You have reached your pull rate limit."))]
#[case::unavailable(Words::Unavailable, "Server error: url URL, code: 503, message: BODY")]
fn verification_tells_why_there_is_no_image(#[case] words: Words, #[case] text: &str) {
    let registry = Registry::start().unwrap();
    registry.fault_everywhere(Fault::Says(words));
    let image = registry.image(NAME, NO_SUCH_DIGEST);
    let text = fill(text, &registry, words, NO_SUCH_DIGEST);
    let expected =
        format!("failed to get image trusted layers: Cannot fetch manifest of {image}: {text}");
    for generation in HostGeneration::ALL {
        let host = host(generation, &registry);
        for call in [by_key(&image, "key"), by_certificate(&image, "certificate")] {
            assert_eq!(message(&host, &call), expected, "{generation}");
        }
    }
}

/// Whatever a registry says in place of a `.sig`: 1.35 calls it absent, and 1.36 does not tell it from a wrong one.
#[test]
fn verification_swallows_what_is_said_of_the_signature() {
    let registry = Registry::start().unwrap();
    let digest = registry.push_image(NAME, "v1", "seed").unwrap();
    let image = registry.image(NAME, &digest);
    let sigstore = continuity_testkit::sigstore::PrivateSigstore::new().unwrap();
    let identity = continuity_testkit::sigstore::Identity::google("dev@acme.example");
    let leaf = sigstore.issue(&identity, chrono::Utc::now()).unwrap();
    let asked = |request: &HostRequest, generation| message(&host(generation, &registry), request);
    for words in Words::ALL {
        registry.clear_faults();
        registry.fault(FaultRule::new(NAME, "sha256-*.sig", Fault::Says(words)));
        for request in [by_key(&image, "key"), by_certificate(&image, &leaf.pem())] {
            assert_eq!(
                asked(&request, HostGeneration::Kubewarden135),
                format!("no signatures found for image: {image} "),
                "{words:?}"
            );
        }
        assert_eq!(
            asked(
                &by_certificate(&image, &leaf.pem()),
                HostGeneration::Kubewarden136
            ),
            "verification failed: Several Signature Layers failed verification",
            "{words:?}"
        );
        assert_eq!(
            asked(&by_key(&image, "key"), HostGeneration::Kubewarden136),
            "Image verification failed: missing signatures\n\
             The following constraints were not satisfied:\n\
             kind: pubKey\nowner: null\nkey: key\nannotations: null\n",
            "{words:?}"
        );
    }
}

#[rstest]
#[case("UPPER CASE")]
#[case("acme/api@sha256:abc")]
#[case("ghcr.io/Acme/api")]
fn tells_references_that_do_not_parse(#[case] image: &str) {
    let expected = "invalid reference format";
    for generation in HostGeneration::ALL {
        let host = options_for("nobody:1")
            .generation(generation)
            .start()
            .unwrap();
        assert_eq!(message(&host, &manifest_of(image)), expected);
        assert_eq!(message(&host, &digest_call(image)), expected);
        assert_eq!(
            message(&host, &by_key(image, "key")),
            format!("Verification only works with OCI images: Not a valid oci image: {expected}")
        );
    }
}

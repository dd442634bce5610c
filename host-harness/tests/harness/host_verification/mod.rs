//! What `oci/v2/verify` answers, in both generations: one table by certificate, one by key.
//!
//! The kit's registry and Sigstore stand in for real ones. In texts IMAGE stands for the image that was asked about, SIG
//! for its `.sig` tag, MANIFEST and BLOB for the addresses of the image's manifest and of the layer's blob.

mod bundles;
mod lab;
mod pushed;

use continuity_testkit::registry::Words;
use continuity_testkit::sigstore::{Identity, SigningKey};
use host_harness::capabilities::{Capabilities as _, HostGeneration, HostRequest};
use rstest::rstest;
use serde_json::json;

use self::Answers::{Differ, Same};
use self::bundles::*;
use self::lab::{Lab, NAME, TRUSTED};
use self::pushed::*;
use crate::hosts::{by_certificate, by_key, options_for};
use crate::lab::signed_at;

const UNSIGNED: &str = "no signatures found for image: IMAGE ";
const NONE_PASSED: &str =
    "failed to get image trusted layers: No Signature Layer passed verification";
/// By certificate: one text of 1.36 for everything that is no proof.
const NOT_BY_LEAF: &str = "verification failed: Several Signature Layers failed verification";
/// By key.
const NOT_BY_KEY: &str = "Image verification failed: missing signatures\n\
                          The following constraints were not satisfied:\nkind: pubKey\nowner: null\nkey: ";

/// What either generation answers.
pub enum Answers {
    Same(&'static str),
    Differ(&'static str, &'static str),
}

impl Answers {
    fn of(&self, generation: HostGeneration) -> &'static str {
        match (self, generation) {
            (Same(text), _)
            | (Differ(text, _), HostGeneration::Kubewarden135)
            | (Differ(_, text), HostGeneration::Kubewarden136) => text,
        }
    }
}

#[rstest]
#[case::nothing(nothing, Differ(UNSIGNED, NOT_BY_LEAF))]
#[case::genuine(genuine, Same(TRUSTED))]
#[case::of_another_key(of_another_key, Same(NOT_BY_LEAF))]
#[case::logged_too_late(logged_too_late, Same(NOT_BY_LEAF))]
#[case::not_logged(not_logged, Same(NOT_BY_LEAF))]
#[case::logged_elsewhere(logged_elsewhere, Differ(NONE_PASSED, NOT_BY_LEAF))]
// Who issued the certificate is the other call's to say.
#[case::of_another_authority(of_another_authority, Same(TRUSTED))]
#[case::of_another_digest(of_another_digest, Differ(NONE_PASSED, NOT_BY_LEAF))]
#[case::blob_withheld(
    blob_withheld,
    Differ(
        "failed to get image trusted layers: Cannot pull SIG: HTTP status client error (404 Not Found) for url (BLOB)",
        NOT_BY_LEAF
    )
)]
#[case::blob_absent(|lab: &Lab| lab.blob(Words::NoEnvelope), Differ(
    "failed to get image trusted layers: Cannot pull SIG: HTTP status client error (404 Not Found) for url (BLOB)",
    NOT_BY_LEAF
))]
#[case::blob_limited(|lab: &Lab| lab.blob(Words::RateLimited), Differ(
    "failed to get image trusted layers: Cannot pull SIG: HTTP status client error (429 Too Many Requests) for url (BLOB)",
    NOT_BY_LEAF
))]
#[case::blob_unavailable(|lab: &Lab| lab.blob(Words::Unavailable), Differ(
    "failed to get image trusted layers: Cannot pull SIG: HTTP status server error (503 Service Unavailable) for url (BLOB)",
    NOT_BY_LEAF
))]
#[case::foreign_layer(
    foreign_layer,
    Differ(
        "failed to get image trusted layers: Cannot pull SIG: Incompatible layer media type: application/octet-stream",
        NOT_BY_LEAF
    )
)]
#[case::foreign_layer_beside(
    foreign_layer_beside,
    Differ(
        "failed to get image trusted layers: Cannot pull SIG: Incompatible layer media type: application/octet-stream",
        NOT_BY_LEAF
    )
)]
#[case::no_layers(
    no_layers,
    Differ(
        "failed to get image trusted layers: Cannot pull SIG: No layers to pull",
        NOT_BY_LEAF
    )
)]
#[case::index_in_place(
    index_in_place,
    Differ(
        "failed to get image trusted layers: Cannot pull SIG: Image manifest not found: no entry found in image index \
     manifest matching client's default platform",
        NOT_BY_LEAF
    )
)]
#[case::other_schema_in_place(other_schema_in_place, Differ(UNSIGNED, NOT_BY_LEAF))]
#[case::image_taken_away(
    image_taken_away,
    Same(
        "failed to get image trusted layers: Cannot fetch manifest of IMAGE: Registry error: url MANIFEST, \
     envelope: OCI API errors: [OCI API error: manifest unknown]"
    )
)]
#[case::artifact_signature(artifact_signature, Differ(UNSIGNED, NOT_BY_LEAF))]
#[case::bundle(bundle, Differ(UNSIGNED, TRUSTED))]
#[case::bundle_by_api(bundle_by_api, Differ(UNSIGNED, TRUSTED))]
#[case::bundle_beside_a_stranger(bundle_beside_a_stranger, Differ(NOT_BY_LEAF, TRUSTED))]
#[case::signature_beside_a_bundle(signature_beside_a_bundle, Same(TRUSTED))]
#[case::bundle_of_another_leaf(bundle_of_another_leaf, Differ(UNSIGNED, NOT_BY_LEAF))]
#[case::bundle_of_another_digest(bundle_of_another_digest, Differ(UNSIGNED, NOT_BY_LEAF))]
#[case::bundle_logged_elsewhere(bundle_logged_elsewhere, Differ(UNSIGNED, NOT_BY_LEAF))]
#[case::bundle_without_inclusion_proof(
    bundle_without_inclusion_proof,
    Differ(UNSIGNED, NOT_BY_LEAF)
)]
#[case::bundle_of_rekor_2(bundle_of_rekor_2, Differ(UNSIGNED, NOT_BY_LEAF))]
#[case::bundle_of_a_message(bundle_of_a_message, Differ(UNSIGNED, NOT_BY_LEAF))]
#[case::attestation(attestation, Differ(UNSIGNED, NOT_BY_LEAF))]
fn verifies_by_certificate(#[case] pushed: fn(&Lab) -> String, #[case] answers: Answers) {
    let lab = Lab::new();
    let pem = pushed(&lab);
    for generation in HostGeneration::ALL {
        let request = by_certificate(&lab.image(), &pem);
        let expected = lab.fill(answers.of(generation));
        assert_eq!(lab.ask(generation, &request), expected, "{generation}");
    }
}

#[rstest]
#[case::unsigned(unsigned, Differ(UNSIGNED, NOT_BY_KEY))]
#[case::signed(signed_by_key, Same(TRUSTED))]
#[case::by_another(signed_by_another_key, Same(NOT_BY_KEY))]
#[case::bundle(bundle_by_key, Differ(UNSIGNED, NOT_BY_KEY))]
fn verifies_by_key(#[case] pushed: fn(&Lab) -> SigningKey, #[case] answers: Answers) {
    let lab = Lab::new();
    let key = pushed(&lab).public_key_pem();
    for generation in HostGeneration::ALL {
        let answer = lab.ask(generation, &by_key(&lab.image(), &key));
        let expected = answers.of(generation);
        if expected == NOT_BY_KEY {
            let mut text = format!("{NOT_BY_KEY}|\n");
            for line in key.lines() {
                text.push_str(&format!("  {line}\n"));
            }
            text.push_str("annotations: null\n");
            assert_eq!(answer, text, "{generation}");
        } else {
            assert_eq!(answer, lab.fill(expected), "{generation}");
        }
    }
}

/// A key that does not parse is like a wrong one.
#[test]
fn does_not_tell_broken_keys_from_wrong_ones() {
    let lab = Lab::new();
    signed_by_key(&lab);
    for generation in HostGeneration::ALL {
        assert_eq!(
            lab.ask(generation, &by_key(&lab.image(), "no key")),
            format!("{NOT_BY_KEY}no key\nannotations: null\n"),
        );
    }
}

#[test]
fn refuses_to_verify_nothing() {
    for generation in HostGeneration::ALL {
        let host = options_for("nobody:1")
            .generation(generation)
            .start()
            .unwrap();
        let image = "r.example/a:b".to_owned();
        let nobody = HostRequest::SigstorePubKeyVerify {
            image: image.clone(),
            pub_keys: Vec::new(),
            annotations: None,
        };
        assert_eq!(
            host.answer(&nobody).unwrap_err().to_string(),
            "Callback evaluation failure: Must provide at least one pub key"
        );
        let prefix = HostRequest::SigstoreKeylessPrefixVerify {
            image,
            keyless_prefix: vec![
                serde_json::from_value(json!({"issuer": "i", "url_prefix": "no url"})).unwrap(),
            ],
            annotations: None,
        };
        assert_eq!(
            host.answer(&prefix).unwrap_err().to_string(),
            "Error obtaining response over callback channel"
        );
    }
}

/// Why the policy does not ask by identity: both generations take a certificate and a log entry that were copied beside
/// somebody else's signature.
#[test]
fn accepts_copied_identities() {
    let lab = Lab::new();
    let victim = Identity::google("dev@acme.example");
    let name = lab.registry.name(NAME);
    let older = format!("sha256:{}", "0".repeat(64));
    let genuine = lab
        .sigstore
        .sign(&victim, &name, &older, signed_at())
        .unwrap();
    let mut copied = genuine.clone();
    copied.payload = lab.payload();
    lab.push(&[copied.layer().unwrap()]);
    let request = HostRequest::SigstoreKeylessVerify {
        image: lab.image(),
        keyless: vec![
            serde_json::from_value(
                json!({"issuer": "https://accounts.google.com", "subject": "dev@acme.example"}),
            )
            .unwrap(),
        ],
        annotations: None,
    };
    for generation in HostGeneration::ALL {
        assert_eq!(lab.ask(generation, &request), TRUSTED, "{generation}");
        let by_leaf = by_certificate(&lab.image(), genuine.certificate.as_deref().unwrap());
        assert_eq!(lab.ask(generation, &by_leaf), NOT_BY_LEAF, "{generation}");
    }
}

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use rcgen::{
    CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SanType,
};
use rstest::rstest;
use serde_json::{Value, json};

const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE4Q5zMcpt8Fm8xEkiZJkZF6o1XMHf\nrgjUmLMjijdgnBW5wHq2ACM3FYtGAYLhpk2OX9nETbmd6jDlzVGlTlU/lg==\n-----END PUBLIC KEY-----\n";

fn leaf() -> String {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.subject_alt_names = vec![SanType::Rfc822Name("dev@acme.example".try_into().unwrap())];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    let issuer = CustomExtension::from_oid_content(
        &[1, 3, 6, 1, 4, 1, 57264, 1, 1],
        b"https://accounts.google.com".to_vec(),
    );
    params.custom_extensions = vec![issuer];
    let key = KeyPair::generate().unwrap();
    crate::pem::encode("CERTIFICATE", params.self_signed(&key).unwrap().der())
}

fn entry(hash: &str, signature: &[u8], verifier: &str) -> String {
    let body = json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": hash}},
            "signature": {
                "content": STANDARD.encode(signature),
                "publicKey": {"content": STANDARD.encode(verifier)},
            },
        },
    });
    let payload =
        json!({"body": STANDARD.encode(body.to_string()), "integratedTime": 1_700_000_000});
    json!({"SignedEntryTimestamp": "", "Payload": payload}).to_string()
}

fn digest() -> Digest {
    Digest::of(b"payload")
}

fn layer() -> Value {
    json!({
        "mediaType": SIMPLE_SIGNING,
        "digest": digest(),
        "size": 250,
        "annotations": {SIGNATURE: STANDARD.encode(b"signature")},
    })
}

fn with(annotation: &str, value: Value) -> Value {
    let mut layer = layer();
    layer["annotations"][annotation] = value;
    layer
}

fn manifest(layers: Vec<Value>) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(), "size": 233},
        "layers": layers,
    })
}

fn read(layers: Vec<Value>) -> Result<Claims, ClaimsError> {
    Claims::from_manifest(manifest(layers).to_string().as_bytes())
}

fn only(value: Value) -> Layer {
    let claims = read(vec![value]).unwrap();
    assert_eq!(claims.layers().len(), 1);
    claims.layers()[0].clone()
}

#[test]
fn accepts_a_signature_without_certificate_and_entry() {
    let layer = only(layer());
    assert_eq!(layer.digest, digest());
    assert_eq!(layer.signature, Ok(b"signature".to_vec()));
    assert_eq!((layer.certificate, layer.entry), (None, None));
}

#[test]
fn accepts_a_certificate_with_its_own_entry() {
    let pem = leaf();
    let mut value = with(CERTIFICATE, pem.clone().into());
    value["annotations"][BUNDLE] = entry(digest().hex(), b"signature", &pem).into();
    // Never used: an attacker chooses it.
    value["annotations"]["dev.sigstore.cosign/chain"] = "no chain".into();
    let layer = only(value);
    let leaf = layer.leaf().unwrap();
    assert_eq!(leaf.san(), "dev@acme.example");
    let (entry, verifier) = layer.own_entry().unwrap();
    assert_eq!(entry.integrated_time, 1_700_000_000);
    assert_eq!(verifier, &Verifier::Certificate(leaf.der().to_vec()));
}

#[rstest]
#[case::other_hash(entry(Digest::of(b"other").hex(), b"signature", KEY))]
#[case::hash_in_capitals(entry(&digest().hex().to_uppercase(), b"signature", KEY))]
#[case::hash_with_algorithm(entry(digest().as_str(), b"signature", KEY))]
#[case::other_signature(entry(digest().hex(), b"signaturf", KEY))]
#[case::longer_signature(entry(digest().hex(), b"signature ", KEY))]
#[case::no_signature(entry(digest().hex(), b"", KEY))]
#[case::unreadable("{}".to_owned())]
fn rejects_entries_of_another_layer(#[case] bundle: String) {
    let layer = only(with(BUNDLE, bundle.into()));
    assert!(
        layer.entry.is_some(),
        "an entry that contradicts is still there"
    );
    assert_eq!(layer.own_entry(), None);
}

#[test]
fn entries_belong_to_readable_signatures_only() {
    for signature in [json!("!"), json!("")] {
        let mut value = with(SIGNATURE, signature.clone());
        value["annotations"][BUNDLE] = entry(digest().hex(), b"signature", KEY).into();
        assert_eq!(only(value).own_entry(), None, "{signature}");
    }
}

#[rstest]
#[case::none(json!({}), Err("no signature annotation"))]
#[case::no_base64(json!({SIGNATURE: "a b"}), Err("a signature annotation that is not base64"))]
#[case::url_base64(json!({SIGNATURE: "_-8="}), Err("a signature annotation that is not base64"))]
#[case::empty(json!({SIGNATURE: ""}), Ok(Vec::new()))]
fn says_what_is_wrong_with_a_signature(
    #[case] annotations: Value,
    #[case] signature: Result<Vec<u8>, &'static str>,
) {
    let mut value = layer();
    value["annotations"] = annotations;
    assert_eq!(only(value).signature, signature);
}

#[rstest]
#[case::no_annotations(json!(null))]
#[case::no_such_annotations(json!({"a": "b"}))]
fn a_layer_may_claim_nothing(#[case] annotations: Value) {
    let mut value = layer();
    value["annotations"] = annotations;
    let layer = only(value);
    assert!(layer.signature.is_err());
    assert_eq!((layer.certificate, layer.entry), (None, None));
}

#[test]
fn a_bad_certificate_is_no_missing_one() {
    for text in ["", "no PEM", &format!("{}{}", leaf(), leaf()), KEY] {
        let layer = only(with(CERTIFICATE, text.into()));
        assert!(matches!(layer.certificate, Some(Err(_))), "{text}");
        assert_eq!(layer.leaf(), None);
    }
}

#[rstest]
#[case::most(64, None)]
#[case::none(0, Some(ClaimsError::NoLayers))]
#[case::more(65, Some(ClaimsError::TooManyLayers { most: 64, got: 65 }))]
#[case::thousand(1000, Some(ClaimsError::TooManyLayers { most: 64, got: 1000 }))]
fn layers_are_bounded(#[case] count: usize, #[case] error: Option<ClaimsError>) {
    assert_eq!(read(vec![layer(); count]).err(), error);
}

#[test]
fn the_learner_reads_more_layers() {
    let manifest = |count: usize| json!({"layers": vec![layer(); count]}).to_string();
    let read = |count| Claims::of_at_most(MOST_LAYERS_LEARNED, manifest(count).as_bytes());
    assert_eq!(read(1024).unwrap().layers().len(), 1024);
    assert_eq!(
        read(1025).err(),
        Some(ClaimsError::TooManyLayers {
            most: 1024,
            got: 1025
        })
    );
}

#[rstest]
#[case::empty(json!(0), None)]
#[case::largest(json!(65_536), None)]
#[case::larger(json!(65_537), Some(ClaimsError::LargeLayer(1)))]
#[case::negative(json!(-1), Some(ClaimsError::LargeLayer(1)))]
#[case::smallest(json!(i64::MIN), Some(ClaimsError::LargeLayer(1)))]
#[case::huge(json!(u64::MAX), Some(ClaimsError::NotAManifest))]
#[case::fraction(json!(1.5), Some(ClaimsError::NotAManifest))]
#[case::text(json!("12"), Some(ClaimsError::NotAManifest))]
fn sizes_are_bounded(#[case] size: Value, #[case] error: Option<ClaimsError>) {
    let mut second = layer();
    second["size"] = size;
    assert_eq!(read(vec![layer(), second]).err(), error);
}

#[rstest]
#[case::first(0)]
#[case::middle(1)]
#[case::last(2)]
fn one_foreign_layer_spoils_all(#[case] at: usize) {
    for foreign in [
        "application/vnd.dsse.envelope.v1+json",
        "",
        "Application/vnd.dev.cosign.simplesigning.v1+json",
    ] {
        let mut layers = vec![layer(); 3];
        layers[at]["mediaType"] = foreign.into();
        assert_eq!(read(layers), Err(ClaimsError::ForeignLayer(at)));
    }
}

#[test]
fn bounds_come_before_contents() {
    let mut broken = layer();
    broken["digest"] = "sha256:0".into();
    let mut large = layer();
    large["size"] = 65_537.into();
    assert_eq!(read(vec![broken.clone()]), Err(ClaimsError::LayerDigest(0)));
    assert_eq!(read(vec![broken, large]), Err(ClaimsError::LargeLayer(1)));
}

#[rstest]
#[case::empty("")]
#[case::null("null")]
#[case::array("[]")]
#[case::object("{}")]
#[case::layers_as_object(r#"{"layers":{}}"#)]
#[case::layers_null(r#"{"layers":null}"#)]
#[case::layer_as_text(r#"{"layers":["x"]}"#)]
#[case::index(r#"{"schemaVersion":2,"manifests":[{"mediaType":"m","digest":"d","size":1}]}"#)]
#[case::docker_1(r#"{"schemaVersion":1,"fsLayers":[]}"#)]
#[case::layers_twice(r#"{"layers":[],"layers":[]}"#)]
#[case::two(r#"{"layers":[]}{"layers":[]}"#)]
fn rejects_what_is_no_manifest(#[case] json: &str) {
    assert_eq!(
        Claims::from_manifest(json.as_bytes()),
        Err(ClaimsError::NotAManifest)
    );
}

#[rstest]
#[case::no_media_type("mediaType")]
#[case::no_digest("digest")]
#[case::no_size("size")]
fn rejects_layers_without(#[case] field: &str) {
    let mut value = layer();
    value.as_object_mut().unwrap().remove(field);
    assert_eq!(read(vec![layer(), value]), Err(ClaimsError::NotAManifest));
    for wrong in [json!(null), json!([]), json!({"a": 1}), json!(true)] {
        let mut value = layer();
        value[field] = wrong;
        assert_eq!(read(vec![layer(), value]), Err(ClaimsError::NotAManifest));
    }
}

#[test]
fn rejects_annotations_that_are_no_texts() {
    for wrong in [
        json!([]),
        json!("x"),
        json!({SIGNATURE: 1}),
        json!({"other": null}),
    ] {
        let mut value = layer();
        value["annotations"] = wrong;
        assert_eq!(read(vec![value]), Err(ClaimsError::NotAManifest));
    }
}

#[test]
fn rejects_fields_that_are_there_twice() {
    let text = manifest(vec![layer()]).to_string();
    let twice = text.replacen("\"size\":250", "\"size\":250,\"size\":1", 1);
    assert_ne!(text, twice);
    assert_eq!(
        Claims::from_manifest(twice.as_bytes()),
        Err(ClaimsError::NotAManifest)
    );
}

#[test]
fn manifests_are_bounded_in_size_and_depth() {
    let padding = " ".repeat(4 * 1024 * 1024);
    let large = format!("{}{padding}", manifest(vec![layer()]));
    assert_eq!(
        Claims::from_manifest(large.as_bytes()),
        Err(ClaimsError::TooLarge(large.len()))
    );
    for deep in [
        "[".repeat(1 << 20),
        format!(r#"{{"x":{}"#, "{\"a\":".repeat(1 << 18)),
    ] {
        assert_eq!(
            Claims::from_manifest(deep.as_bytes()),
            Err(ClaimsError::NotAManifest)
        );
    }
}

#[test]
fn huge_annotations_are_errors_of_their_layer() {
    let huge = "A".repeat(1 << 20);
    for annotation in [CERTIFICATE, BUNDLE] {
        let claims = read(vec![with(annotation, huge.clone().into()), layer()]).unwrap();
        let first = &claims.layers()[0];
        assert!(matches!(
            (&first.certificate, &first.entry),
            (Some(Err(_)), None) | (None, Some(Err(_)))
        ));
    }
}

proptest! {
    #[test]
    fn is_total(bytes in any::<Vec<u8>>()) {
        prop_assert!(Claims::from_manifest(&bytes).is_err());
    }

    #[test]
    fn keeps_every_layer_in_order(signatures in proptest::collection::vec(any::<Vec<u8>>(), 1..=32)) {
        let layers = signatures.iter().map(|s| with(SIGNATURE, STANDARD.encode(s).into())).collect();
        let read: Vec<Vec<u8>> = read(layers).unwrap().layers().iter().map(|l| l.signature.clone().unwrap()).collect();
        prop_assert_eq!(read, signatures);
    }

    #[test]
    fn only_equal_parts_make_an_entry_a_layer_s_own(
        signed in 0u8..3, logged in 0u8..3, signature in 0u8..3, logged_signature in 0u8..3,
    ) {
        let mut value = with(SIGNATURE, STANDARD.encode([signature]).into());
        value["digest"] = Digest::of(&[signed]).as_str().into();
        value["annotations"][BUNDLE] = entry(Digest::of(&[logged]).hex(), &[logged_signature], KEY).into();
        let own = only(value).own_entry().is_some();
        prop_assert_eq!(own, signed == logged && signature == logged_signature);
    }
}

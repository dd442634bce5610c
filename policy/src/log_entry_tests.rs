#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

const HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE4Q5zMcpt8Fm8xEkiZJkZF6o1XMHf\nrgjUmLMjijdgnBW5wHq2ACM3FYtGAYLhpk2OX9nETbmd6jDlzVGlTlU/lg==\n-----END PUBLIC KEY-----\n";

fn body() -> Value {
    json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": HASH}},
            "signature": {
                "content": STANDARD.encode(b"signature"),
                "publicKey": {"content": STANDARD.encode(KEY)},
            },
        },
    })
}

fn bundle(body: &Value) -> Value {
    json!({
        "SignedEntryTimestamp": "c2V0",
        "Payload": {
            "body": STANDARD.encode(body.to_string()),
            "integratedTime": 1_700_000_000,
            "logIndex": 1,
            "logID": "c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d",
        },
    })
}

fn read(bundle: &Value) -> Result<LogEntry, LogEntryError> {
    LogEntry::from_annotation(&bundle.to_string())
}

fn changed(change: impl FnOnce(&mut Value)) -> Result<LogEntry, LogEntryError> {
    let mut body = body();
    change(&mut body);
    read(&bundle(&body))
}

fn verifier(content: &[u8]) -> Verifier {
    let entry = changed(|body| {
        body["spec"]["signature"]["publicKey"]["content"] = STANDARD.encode(content).into();
    });
    match entry.unwrap().body {
        EntryBody::HashedRekord { verifier, .. } => verifier,
        EntryBody::Other(kind) => panic!("read as {kind}"),
    }
}

#[test]
fn accepts_an_entry_of_a_key() {
    let entry = read(&bundle(&body())).unwrap();
    assert_eq!(entry.integrated_time, 1_700_000_000);
    assert_eq!(
        entry.body,
        EntryBody::HashedRekord {
            hash: HASH.to_owned(),
            signature: b"signature".to_vec(),
            verifier: Verifier::Key(PublicKey::from_pem(KEY).unwrap()),
        }
    );
}

#[test]
fn accepts_what_later_logs_add() {
    let mut bundle = bundle(&changed_body(|body| {
        body["spec"]["more"] = json!({"a": [1]})
    }));
    bundle["more"] = json!(null);
    bundle["Payload"]["more"] = json!(1);
    assert!(read(&bundle).is_ok());
}

fn changed_body(change: impl FnOnce(&mut Value)) -> Value {
    let mut body = body();
    change(&mut body);
    body
}

#[test]
fn reads_certificates_as_they_are() {
    let pem = crate::pem::encode("CERTIFICATE", b"not looked at here");
    assert_eq!(
        verifier(pem.as_bytes()),
        Verifier::Certificate(b"not looked at here".to_vec())
    );
}

#[rstest]
#[case::no_text(b"\xff\xfe".to_vec())]
#[case::empty(Vec::new())]
#[case::two_blocks(format!("{KEY}{KEY}").into_bytes())]
#[case::certificate_and_key(format!("{}{KEY}", crate::pem::encode("CERTIFICATE", b"x")).into_bytes())]
#[case::other_tag(crate::pem::encode("X509 CERTIFICATE", b"x").into_bytes())]
#[case::no_key(crate::pem::encode("PUBLIC KEY", b"x").into_bytes())]
#[case::der(b"0\x00".to_vec())]
fn what_verified_it_may_be_unreadable(#[case] content: Vec<u8>) {
    assert!(matches!(verifier(&content), Verifier::Unreadable(why) if why.starts_with("expected")));
}

#[rstest]
#[case::intoto("intoto", "0.0.1", "intoto 0.0.1")]
#[case::dsse("dsse", "0.0.1", "dsse 0.0.1")]
#[case::next_version("hashedrekord", "0.0.2", "hashedrekord 0.0.2")]
#[case::capitals("HashedRekord", "0.0.1", "HashedRekord 0.0.1")]
#[case::nothing("", "", " ")]
fn other_kinds_say_nothing_about_a_layer(
    #[case] kind: &str,
    #[case] version: &str,
    #[case] other: &str,
) {
    let entry = changed(|body| {
        body["kind"] = kind.into();
        body["apiVersion"] = version.into();
        body["spec"] = json!("of any shape");
    });
    assert_eq!(entry.unwrap().body, EntryBody::Other(other.to_owned()));
}

#[rstest]
#[case("sha512")]
#[case("SHA256")]
#[case("")]
fn other_hashes_say_nothing_about_a_layer(#[case] algorithm: &str) {
    let entry = changed(|body| body["spec"]["data"]["hash"]["algorithm"] = algorithm.into());
    assert_eq!(
        entry.unwrap().body,
        EntryBody::Other(format!("hashedrekord with {algorithm}"))
    );
}

#[rstest]
#[case::no_set(|b: &mut Value| { b.as_object_mut().unwrap().remove("SignedEntryTimestamp"); })]
#[case::set_of_another_type(|b: &mut Value| b["SignedEntryTimestamp"] = json!(1))]
#[case::no_payload(|b: &mut Value| { b.as_object_mut().unwrap().remove("Payload"); })]
#[case::no_time(|b: &mut Value| { b["Payload"].as_object_mut().unwrap().remove("integratedTime"); })]
#[case::time_as_text(|b: &mut Value| b["Payload"]["integratedTime"] = json!("1700000000"))]
#[case::time_with_fraction(|b: &mut Value| b["Payload"]["integratedTime"] = json!(1.5))]
#[case::time_too_large(|b: &mut Value| b["Payload"]["integratedTime"] = json!(u64::MAX))]
#[case::no_time_at_all(|b: &mut Value| b["Payload"]["integratedTime"] = json!(null))]
#[case::body_as_object(|b: &mut Value| b["Payload"]["body"] = body())]
#[case::body_empty(|b: &mut Value| b["Payload"]["body"] = json!(""))]
#[case::body_no_base64(|b: &mut Value| b["Payload"]["body"] = json!("{}"))]
#[case::body_url_base64(|b: &mut Value| b["Payload"]["body"] = json!("_-8"))]
#[case::body_no_json(|b: &mut Value| b["Payload"]["body"] = STANDARD.encode("hello").into())]
#[case::body_two_jsons(|b: &mut Value| b["Payload"]["body"] = STANDARD.encode(format!("{}{}", body(), body())).into())]
fn rejects_other_bundles(#[case] change: fn(&mut Value)) {
    let mut bundle = bundle(&body());
    change(&mut bundle);
    assert!(read(&bundle).is_err());
}

#[rstest]
#[case::no_kind(|b: &mut Value| { b.as_object_mut().unwrap().remove("kind"); })]
#[case::no_spec(|b: &mut Value| { b.as_object_mut().unwrap().remove("spec"); })]
#[case::spec_empty(|b: &mut Value| b["spec"] = json!({}))]
#[case::hash_as_text(|b: &mut Value| b["spec"]["data"]["hash"] = json!(HASH))]
#[case::no_hash(|b: &mut Value| b["spec"]["data"] = json!({}))]
#[case::no_key(|b: &mut Value| b["spec"]["signature"]["publicKey"] = json!(null))]
#[case::key_no_base64(|b: &mut Value| b["spec"]["signature"]["publicKey"]["content"] = json!(KEY))]
#[case::signature_no_base64(|b: &mut Value| b["spec"]["signature"]["content"] = json!("!"))]
#[case::signature_as_list(|b: &mut Value| b["spec"]["signature"]["content"] = json!([1, 2]))]
fn rejects_other_bodies(#[case] change: fn(&mut Value)) {
    assert!(changed(change).is_err());
}

#[test]
fn rejects_keys_that_are_there_twice() {
    let text = bundle(&body()).to_string();
    for (key, again) in [
        ("Payload", r#"{"Payload":{},"#),
        ("SignedEntryTimestamp", r#"{"SignedEntryTimestamp":"","#),
    ] {
        let twice = text.replacen('{', again, 1);
        assert!(LogEntry::from_annotation(&twice).is_err(), "{key}");
    }
    let twice = body().to_string().replacen('{', r#"{"kind":"intoto","#, 1);
    let mut bundle = bundle(&body());
    bundle["Payload"]["body"] = STANDARD.encode(twice).into();
    assert!(read(&bundle).is_err());
}

#[rstest]
#[case::longest(64 * 1024, true)]
#[case::longer(64 * 1024 + 1, false)]
fn annotations_are_bounded(#[case] length: usize, #[case] fits: bool) {
    let text = bundle(&body()).to_string();
    let padded = format!("{text}{}", " ".repeat(length - text.len()));
    match LogEntry::from_annotation(&padded) {
        Ok(_) => assert!(fits),
        Err(error) => {
            assert!(!fits);
            assert_eq!(error, LogEntryError::TooLong(length));
        }
    }
}

#[test]
fn depth_is_bounded() {
    for deep in ["[".repeat(60_000), "{\"a\":".repeat(10_000)] {
        assert!(LogEntry::from_annotation(&deep).is_err());
        let mut bundle = bundle(&body());
        bundle["Payload"]["body"] = STANDARD.encode(&deep[..30_000]).into();
        assert!(read(&bundle).is_err());
    }
}

#[test]
fn errors_say_nothing_that_the_input_says() {
    let error = LogEntry::from_annotation(r#"{"Payload":"forged words"}"#).unwrap_err();
    assert!(!error.to_string().contains("forged"), "{error}");
    let error = changed(|body| body["spec"]["data"] = json!("forged words")).unwrap_err();
    assert!(!error.to_string().contains("forged"), "{error}");
}

proptest! {
    #[test]
    fn is_total(text in any::<String>(), body in any::<Vec<u8>>()) {
        prop_assert!(LogEntry::from_annotation(&text).is_err());
        let mut bundle = bundle(&json!({}));
        bundle["Payload"]["body"] = STANDARD.encode(&body).into();
        prop_assert!(read(&bundle).is_err());
    }

    #[test]
    fn what_was_logged_is_what_is_read(
        time in any::<i64>(),
        hash in "[ -~]{0,70}",
        signature in any::<Vec<u8>>(),
        content in any::<Vec<u8>>(),
    ) {
        let mut bundle = bundle(&changed_body(|body| {
            body["spec"]["data"]["hash"]["value"] = hash.as_str().into();
            body["spec"]["signature"]["content"] = STANDARD.encode(&signature).into();
            body["spec"]["signature"]["publicKey"]["content"] = STANDARD.encode(&content).into();
        }));
        bundle["Payload"]["integratedTime"] = time.into();
        let entry = read(&bundle).unwrap();
        prop_assert_eq!(entry.integrated_time, time);
        match entry.body {
            EntryBody::HashedRekord { hash: h, signature: s, verifier } => {
                prop_assert_eq!((h, s), (hash, signature));
                prop_assert!(matches!(verifier, Verifier::Unreadable(_)));
            }
            EntryBody::Other(kind) => prop_assert!(false, "read as {}", kind),
        }
    }
}

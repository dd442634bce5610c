#![allow(
    clippy::wildcard_enum_match_arm,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests"
)]

use super::tests::{everything, settings};
use super::*;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

fn error(json: &Value) -> String {
    Settings::parse(json.to_string().as_bytes())
        .unwrap_err()
        .to_string()
}

/// One field of [`everything`] replaced, and the whole error.
#[rstest]
#[case::namespace("/baseline/namespace", json!("Kube_1"), "baseline.namespace: expected the name of a namespace, such as signature-continuity")]
#[case::dash("/baseline/namespace", json!("-a"), "baseline.namespace: expected the name of a namespace, such as signature-continuity")]
#[case::long_namespace("/baseline/namespace", json!("a".repeat(64)), "baseline.namespace: expected the name of a namespace, such as signature-continuity")]
#[case::kubewarden("/baseline/namespace", json!("kubewarden"), "baseline.namespace: expected another namespace than kubewarden: policies never see requests there, so that nothing guards the baselines")]
#[case::establish_after("/baseline/establishAfter", json!("a day"), "baseline.establishAfter: expected a duration such as 800ms, 90s, 30m, 24h or 7d")]
#[case::establish_late("/baseline/establishAfter", json!("366d"), "baseline.establishAfter: expected a duration from 0s to 365d, got 366d")]
#[case::enforce_glob("/enforce/0/repositories/0", json!("nginx"), "enforce[0].repositories[0]: expected a normalised repository such as docker.io/library/nginx, without tag or digest, with * or ** for parts of it")]
#[case::namespaces_empty("/enforce/0/namespaces", json!([]), "enforce[0].namespaces: expected at least one entry: an empty list would never apply")]
#[case::namespaces_null(
    "/enforce/0/namespaces",
    Value::Null,
    "enforce[0].namespaces: invalid type: null, expected a list"
)]
#[case::repositories_empty("/enforce/1/repositories", json!([]), "enforce[1].repositories: expected at least one entry: an empty list would never apply")]
#[case::enforce_null(
    "/enforce",
    Value::Null,
    "enforce: invalid type: null, expected a list"
)]
#[case::enforce_entry_as_list("/enforce/2", json!([]), "enforce[2]: invalid type: sequence, expected an object")]
#[case::unenforced("/unenforced", json!("deny"), "unenforced: unknown variant `deny`, expected `warn` or `report`")]
#[case::pin_repositories("/pins/0/repositories", json!([]), "pins[0].repositories: expected at least one entry: an empty list would never apply")]
#[case::pin_nobody("/pins/0/anyOf", json!([]), "pins[0].anyOf: expected at least one entry: an empty list would never apply")]
#[case::pin_no_signers("/pins/0", json!({"repositories": ["ghcr.io/x/y"]}), "pins[0].anyOf: expected the signers, any of which is enough")]
#[case::pin_no_repositories("/pins/0", json!({"anyOf": [{"issuer": "a", "subject": "b"}]}), "pins[0].repositories: expected patterns of repositories")]
#[case::pin_empty_signer("/pins/0/anyOf/0", json!({}), "pins[0].anyOf[0]: expected either publicKey, or issuer and subject")]
#[case::pin_no_issuer("/pins/0/anyOf/0", json!({"subject": "x"}), "pins[0].anyOf[0].issuer: expected the OIDC issuer: subjects mean nothing without it")]
#[case::pin_no_subject("/pins/0/anyOf/0", json!({"issuer": "x"}), "pins[0].anyOf[0].subject: expected a pattern of subjects")]
#[case::pin_issuer_glob("/pins/0/anyOf/0/issuer", json!("https://*"), "pins[0].anyOf[0].issuer: expected the issuer in full and without wildcards, such as https://token.actions.githubusercontent.com")]
#[case::pin_key("/pins/0/anyOf/0", json!({"publicKey": "x"}), "pins[0].anyOf[0].publicKey: expected exactly one PEM block PUBLIC KEY with only white space around it")]
#[case::pin_number("/pins/0/anyOf/1/sourceId", json!(12), "pins[0].anyOf[1].sourceId: invalid type: integer `12`, expected a string")]
#[case::exception_neither(
    "/exceptions/0/repository",
    Value::Null,
    "exceptions[0]: expected one of repository or image, got neither"
)]
#[case::exception_both("/exceptions/1/repository", json!("a.io/x"), "exceptions[1]: expected one of repository or image, got both")]
#[case::exception_tag("/exceptions/1/image", json!("a.io/x:v1"), "exceptions[1].image: expected a digest, as in docker.io/library/nginx@sha256:…: tags move")]
#[case::exception_repository_tag("/exceptions/0/repository", json!("a.io/x:v1"), "exceptions[0].repository: expected a repository without tag or digest")]
#[case::exception_accepts("/exceptions/0/accepts", json!("signer:7c1f09ab42de"), "exceptions[0].accepts: expected a whole signer id of 64 hex digits, got its first 12: `continuity explain IMAGE` shows all of it")]
#[case::exception_accepts_nothing(
    "/exceptions/0/accepts",
    Value::Null,
    "exceptions[0].accepts: expected the drift that is accepted, such as unsigned"
)]
#[case::exception_too_wide("/exceptions/0/accepts", json!("invalid"), "exceptions[0].accepts: expected image: repository@digest for this drift: for a repository it would accept whatever anyone pushes")]
#[case::exception_too_wide_key("/exceptions/0/accepts", json!("downgrade:unverifiable"), "exceptions[0].accepts: expected image: repository@digest for this drift: for a repository it would accept whatever anyone pushes")]
#[case::exception_too_wide_pin("/exceptions/0/accepts", json!("pin:unverifiable"), "exceptions[0].accepts: expected image: repository@digest for this drift: for a repository it would accept whatever anyone pushes")]
#[case::exception_blank("/exceptions/0/reason", json!("  "), "exceptions[0].reason: expected 1 to 500 characters on one line, not blank")]
#[case::exception_no_reason(
    "/exceptions/0/reason",
    Value::Null,
    "exceptions[0].reason: expected why this is accepted"
)]
#[case::exception_forever(
    "/exceptions/0/expires",
    Value::Null,
    "exceptions[0].expires: expected a date such as 2027-03-31"
)]
#[case::exception_date("/exceptions/0/expires", json!("31.3.2027"), "exceptions[0].expires: expected a date such as 2027-03-31")]
#[case::alias_wildcards("/aliases/0/to", json!("ghcr.io/*/x"), "aliases[0]: expected the same wildcards in the same order on both sides, as in mirror.example/hub/** and docker.io/**")]
#[case::alias_half("/aliases/0", json!({"from": "a.io/**"}), "aliases[0].to: expected a pattern of repositories")]
#[case::mirror_half("/mirrors/0", json!({"for": "a.io/**"}), "mirrors[0].fetchFrom: expected a pattern of repositories")]
#[case::fold("/refPatterns/0/fold", json!("release-*"), "refPatterns[0].fold: expected commit, or a pattern of refs with a wildcard, such as refs/heads/release-*")]
#[case::fold_nothing("/refPatterns/0/fold", json!("refs/heads/main"), "refPatterns[0].fold: expected commit, or a pattern of refs with a wildcard, such as refs/heads/release-*")]
#[case::fold_upper_case("/refPatterns/0/fold", json!("Commit"), "refPatterns[0].fold: expected commit, or a pattern of refs with a wildcard, such as refs/heads/release-*")]
#[case::authority("/certificateAuthorities/0", json!("x"), "certificateAuthorities[0]: certificate 1 of the chain: expected exactly one PEM block CERTIFICATE with only white space around it")]
#[case::control_tag("/trustControl/image", json!("a.io/x:v1"), "trustControl.image: expected a signed image with its digest, as in ghcr.io/acme/control@sha256:…")]
#[case::control_issuer("/trustControl/issuer", json!(""), "trustControl.issuer: expected 1 to 512 characters on one line, not blank")]
#[case::control_subject(
    "/trustControl/subject",
    Value::Null,
    "trustControl.subject: expected the subject of its signer"
)]
#[case::control_null(
    "/trustControl",
    Value::Null,
    "trustControl: invalid type: null, expected an object"
)]
#[case::absent_blank("/absentMessages/0", json!(" "), "absentMessages[0]: expected 1 to 200 characters on one line, not blank")]
#[case::absent_long("/absentMessages/0", json!("x".repeat(201)), "absentMessages[0]: expected 1 to 200 characters on one line, not blank")]
#[case::absent_many("/absentMessages", json!(vec!["x"; 33]), "absentMessages: expected at most 32 messages, got 33")]
#[case::no_images("/maxImages", json!(0), "maxImages: expected a whole number from 1 to 1024, got 0")]
#[case::many_images("/maxImages", json!(1025), "maxImages: expected a whole number from 1 to 1024, got 1025")]
#[case::negative("/maxImages", json!(-1), "maxImages: expected a whole number from 1 to 1024, got -1")]
#[case::fraction("/maxImages", json!(1.5), "maxImages: expected a whole number from 1 to 1024, got 1.5")]
#[case::text_for_a_number("/maxImages", json!("64"), "maxImages: invalid type: string \"64\", expected a JSON number")]
#[case::short_budget("/budget", json!("49ms"), "budget: expected a duration from 50ms to 30s, got 49ms")]
#[case::long_budget("/budget", json!("31s"), "budget: expected a duration from 50ms to 30s, got 31s")]
#[case::budget_number("/budget", json!(800), "budget: invalid type: integer `800`, expected a string")]
#[case::flag("/observeNew", json!("yes"), "observeNew: invalid type: string \"yes\", expected a boolean")]
#[case::provenance("/provenance", json!("deny"), "provenance: expected off or warn, got deny: this version rejects nothing for its provenance")]
#[case::mutation("/modifyImagesWithDigest", json!(true), "modifyImagesWithDigest: expected false, got true: this version modifies no images")]
#[case::guard("/guard", json!({}), "guard: expected no guard: this version does not watch who writes baselines, RBAC has to")]
#[case::guard_in_full("/guard", json!({"approvers": {"users": ["alice"]}}), "guard: expected no guard: this version does not watch who writes baselines, RBAC has to")]
#[case::everybody("/guard", json!({"approvers": {"groups": ["system:authenticated"]}}), "guard.approvers.groups[0]: expected a group of your own, got one that everybody is in")]
#[case::nobody("/guard", json!({"learners": {"users": [""]}}), "guard.learners.users[0]: expected 1 to 253 characters on one line, not blank")]
#[case::guard_null(
    "/guard",
    json!({"learners": null}),
    "guard.learners: invalid type: null, expected an object"
)]
fn rejects_with_path_and_expectation(
    #[case] pointer: &str,
    #[case] value: Value,
    #[case] expected: &str,
) {
    let mut json = everything();
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    match json.pointer_mut(parent).unwrap() {
        Value::Object(fields) => {
            fields.insert(field.to_owned(), value);
        }
        Value::Array(entries) => entries[field.parse::<usize>().unwrap()] = value,
        other => panic!("{other} has no fields"),
    }
    assert_eq!(error(&json), expected);
}

#[rstest]
#[case::root("")]
#[case::baseline("/baseline")]
#[case::enforce("/enforce/0")]
#[case::pin("/pins/0")]
#[case::signer("/pins/0/anyOf/0")]
#[case::exception("/exceptions/0")]
#[case::alias("/aliases/0")]
#[case::mirror("/mirrors/0")]
#[case::ref_pattern("/refPatterns/0")]
#[case::trust_control("/trustControl")]
fn rejects_unknown_fields_everywhere(#[case] pointer: &str) {
    let mut json = everything();
    json.pointer_mut(pointer).unwrap()["enforced"] = json!([]);
    let path = pointer.replace("/0", "[0]").replace('/', ".");
    let error = error(&json);
    let expected = format!("{path}.enforced: unknown field `enforced`, expected ");
    assert!(
        error.starts_with(expected.trim_start_matches('.')),
        "{error}"
    );
}

#[rstest]
#[case::guard(json!({"guard": {"enforced": []}}), "guard.enforced")]
#[case::principals(json!({"guard": {"learners": {"enforced": []}}}), "guard.learners.enforced")]
fn rejects_unknown_fields_of_what_has_no_effect_yet(#[case] json: Value, #[case] path: &str) {
    let error = error(&json);
    let expected = format!("{path}: unknown field `enforced`, expected ");
    assert!(error.starts_with(&expected), "{error}");
}

#[rstest]
#[case::list("[]", "settings: invalid type: sequence, expected an object")]
#[case::text("\"\"", "settings: invalid type: string \"\", expected an object")]
#[case::half(
    "{",
    "settings: expected JSON: EOF while parsing an object at line 1 column 1"
)]
#[case::more("{} {}", "settings: expected one JSON object and nothing after it")]
#[case::twice(
    r#"{"budget": "1s", "budget": "2s"}"#,
    "settings: duplicate field `budget`"
)]
fn rejects_what_is_no_settings_object(#[case] json: &str, #[case] expected: &str) {
    assert_eq!(
        Settings::parse(json.as_bytes()).unwrap_err().to_string(),
        expected
    );
}

#[test]
fn rejects_two_kinds_of_signer_in_one_entry() {
    let mut json = everything();
    json["pins"][0]["anyOf"][0]["publicKey"] = json!(
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
    );
    assert_eq!(
        error(&json),
        "pins[0].anyOf[0]: expected either publicKey, or issuer and subject"
    );
}

#[test]
fn bounds_lists_and_sizes() {
    let entries = |count| json!({"enforce": vec![json!({}); count]});
    assert_eq!(settings(&entries(1000)).enforce.len(), 1000);
    assert_eq!(
        error(&entries(1001)),
        "enforce: expected at most 1000 entries"
    );
    let large = format!("{{\"unenforced\": \"{}\"}}", "x".repeat(LARGEST));
    assert!(
        Settings::parse(large.as_bytes())
            .unwrap_err()
            .to_string()
            .starts_with("settings: expected at most")
    );
    let long = error(&json!({"unenforced": "x\n".repeat(5000)}));
    assert!(long.chars().count() < 700 && !long.contains('\n'), "{long}");
}

proptest! {
    #[test]
    fn is_total(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Settings::parse(&bytes);
    }

    /// Any one value of good settings replaced by any other: read or refused with a path, without a panic.
    #[test]
    fn a_replaced_value_is_read_or_refused(at in 0usize..200, value in prop_oneof![
        Just(Value::Null), Just(json!([])), Just(json!({})), Just(json!([[]])), Just(json!(true)),
        any::<i64>().prop_map(Value::from), ".{0,20}".prop_map(Value::from),
    ]) {
        let mut json = everything();
        let mut pointers = Vec::new();
        collect_pointers(&json, String::new(), &mut pointers);
        let pointer = &pointers[at % pointers.len()];
        *json.pointer_mut(pointer).unwrap() = value;
        if let Err(error) = Settings::parse(json.to_string().as_bytes()) {
            prop_assert!(!error.path().is_empty());
            prop_assert!(error.to_string().starts_with(error.path()));
        }
    }
}

fn collect_pointers(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    if let Value::Object(fields) = value {
        for (name, field) in fields {
            collect_pointers(field, format!("{pointer}/{name}"), pointers);
        }
    }
    if let Value::Array(entries) = value {
        for (at, entry) in entries.iter().enumerate() {
            collect_pointers(entry, format!("{pointer}/{at}"), pointers);
        }
    }
    pointers.push(pointer);
}

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use proptest::prelude::*;
use rstest::rstest;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn id(text: &str) -> SignerId {
    text.parse().unwrap()
}

#[rstest]
#[case::unsigned("unsigned", Fingerprint::Unsigned)]
#[case::invalid("invalid", Fingerprint::Invalid)]
#[case::signer(&format!("signer:{A}"), Fingerprint::Signer(id(A)))]
#[case::key(&format!("downgrade:key:{A}"), Fingerprint::DowngradeKey(A.to_owned()))]
#[case::unverifiable("downgrade:unverifiable", Fingerprint::DowngradeUnverifiable)]
#[case::provenance(
    "provenance:source=https://github.com/acme/api?a=b:c",
    Fingerprint::Provenance { field: "source".to_owned(), value: "https://github.com/acme/api?a=b:c".to_owned() }
)]
#[case::pin_unsigned("pin:unsigned", Fingerprint::Pin(PinFound::Unsigned))]
#[case::pin_unverifiable("pin:unverifiable", Fingerprint::Pin(PinFound::Unverifiable))]
#[case::pin_signer(&format!("pin:signer:{A}"), Fingerprint::Pin(PinFound::Signers(vec![id(A)])))]
#[case::pin_signers(&format!("pin:signer:{A}+{B}"), Fingerprint::Pin(PinFound::Signers(vec![id(A), id(B)])))]
fn accepts_what_a_drift_prints(#[case] text: &str, #[case] fingerprint: Fingerprint) {
    assert_eq!(text.parse(), Ok(fingerprint.clone()));
    assert_eq!(fingerprint.to_string(), text);
}

#[rstest]
#[case::other_order(&format!("pin:signer:{B}+{A}"))]
#[case::twice(&format!("pin:signer:{A}+{B}+{A}"))]
fn puts_pinned_signers_in_order(#[case] text: &str) {
    let fingerprint: Fingerprint = text.parse().unwrap();
    assert_eq!(fingerprint.to_string(), format!("pin:signer:{A}+{B}"));
}

#[rstest]
#[case::empty("", FingerprintError::Unknown)]
#[case::word("new", FingerprintError::Unknown)]
#[case::space("unsigned ", FingerprintError::Unknown)]
#[case::upper_case("Unsigned", FingerprintError::Unknown)]
#[case::more("unsigned:x", FingerprintError::Unknown)]
#[case::undetermined("undetermined", FingerprintError::Undetermined)]
#[case::undetermined_by_cause("undetermined (outage)", FingerprintError::Undetermined)]
#[case::undetermined_with_colon("undetermined:outage", FingerprintError::Undetermined)]
#[case::short_id("signer:7c1f09ab42de", FingerprintError::ShortId)]
#[case::short_id_of_a_pin("pin:signer:7c1f09ab42de", FingerprintError::ShortId)]
#[case::other_length("signer:7c1f09ab42", FingerprintError::Id)]
#[case::upper_case_id(&format!("signer:{}", A.to_uppercase()), FingerprintError::Id)]
#[case::no_id("signer:", FingerprintError::Id)]
#[case::no_pin_id("pin:signer:", FingerprintError::Id)]
#[case::trailing_plus(&format!("pin:signer:{A}+"), FingerprintError::Id)]
#[case::pin("pin:", FingerprintError::Unknown)]
#[case::pin_invalid("pin:invalid", FingerprintError::Unknown)]
#[case::many(&format!("pin:signer:{}", vec![A; 65].join("+")), FingerprintError::Signers(65))]
#[case::downgrade("downgrade:signer", FingerprintError::Unknown)]
#[case::short_key("downgrade:key:7c1f", FingerprintError::Key)]
#[case::field("provenance:trigger=push", FingerprintError::Field)]
#[case::no_value("provenance:owner", FingerprintError::Field)]
#[case::empty_value("provenance:owner=", FingerprintError::Value)]
#[case::control("provenance:owner=a\nb", FingerprintError::Value)]
#[case::long_value(&format!("provenance:owner={}", "a".repeat(2049)), FingerprintError::Value)]
fn rejects_what_no_drift_prints(#[case] text: &str, #[case] error: FingerprintError) {
    assert_eq!(text.parse::<Fingerprint>(), Err(error));
}

#[test]
fn the_short_ids_error_shows_the_way_out() {
    assert!(
        FingerprintError::ShortId
            .to_string()
            .contains("continuity explain IMAGE")
    );
}

#[rstest]
#[case("invalid", true)]
#[case("downgrade:unverifiable", true)]
#[case("pin:unverifiable", true)]
#[case("unsigned", false)]
#[case("pin:unsigned", false)]
#[case(&format!("signer:{A}"), false)]
#[case(&format!("pin:signer:{A}"), false)]
#[case(&format!("downgrade:key:{A}"), false)]
#[case("provenance:runner=self-hosted", false)]
fn says_what_is_for_one_digest_only(#[case] text: &str, #[case] one: bool) {
    assert_eq!(text.parse::<Fingerprint>().unwrap().one_digest_only(), one);
}

#[test]
fn nobody_is_no_signer() {
    assert_eq!(PinFound::signers([]), None);
}

fn any_id() -> impl Strategy<Value = SignerId> {
    "[0-9a-f]{64}".prop_map(|hex| id(&hex))
}

fn any_fingerprint() -> impl Strategy<Value = Fingerprint> {
    prop_oneof![
        Just(Fingerprint::Invalid),
        Just(Fingerprint::Unsigned),
        Just(Fingerprint::DowngradeUnverifiable),
        Just(Fingerprint::Pin(PinFound::Unsigned)),
        Just(Fingerprint::Pin(PinFound::Unverifiable)),
        "[0-9a-f]{64}".prop_map(Fingerprint::DowngradeKey),
        any_id().prop_map(Fingerprint::Signer),
        proptest::collection::vec(any_id(), 1..5)
            .prop_map(|ids| Fingerprint::Pin(PinFound::signers(ids).unwrap())),
        (proptest::sample::select(&FIELDS[..]), "[!-~]{1,30}").prop_map(|(field, value)| {
            Fingerprint::Provenance {
                field: field.to_owned(),
                value,
            }
        }),
    ]
}

proptest! {
    #[test]
    fn round_trips(fingerprint in any_fingerprint()) {
        let json = serde_json::to_string(&fingerprint).unwrap();
        prop_assert_eq!(serde_json::from_str::<Fingerprint>(&json).unwrap(), fingerprint.clone());
        prop_assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
    }

    #[test]
    fn the_order_of_signers_does_not_matter(mut ids in proptest::collection::vec(any_id(), 1..6)) {
        let one = PinFound::signers(ids.clone());
        ids.reverse();
        prop_assert_eq!(one, PinFound::signers(ids));
    }

    #[test]
    fn is_total(text in "(pin|signer|downgrade|provenance|invalid)?:?.{0,80}") {
        let _ = text.parse::<Fingerprint>();
    }
}

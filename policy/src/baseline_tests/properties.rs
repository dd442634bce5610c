//! What was written is what is read; what is there and cannot be read is never absent.

use super::*;
use proptest::prelude::*;

fn record() -> impl Strategy<Value = SignerRecord> {
    let caller = proptest::option::of(("[0-9]{0,4}", "[0-9]{0,4}"));
    let signer = prop_oneof![
        3 => (any::<String>(), any::<String>(), caller).prop_map(|(issuer, subject, caller)| {
            let caller = caller.map(|(source_id, owner_id)| Caller { source_id, owner_id });
            Signer::Keyless(Keyless { issuer, subject, caller })
        }),
        1 => Just(Signer::Key(key())),
    ];
    let origin = prop_oneof![
        Just(Origin::Observed),
        Just(Origin::History),
        any::<u8>().prop_map(|n| Origin::Introduced(Introduction {
            by: keyless(&n.to_string()).id()
        })),
        any::<(String, String)>().prop_map(|(by, reason)| Origin::Approved { by, reason }),
    ];
    let retired = proptest::option::of(any::<(String, String)>());
    (
        signer,
        origin,
        any::<bool>(),
        0i64..4_000_000_000,
        any::<u64>(),
        retired,
    )
        .prop_map(|(signer, origin, alone, seen, digests, retired)| {
            let seen = DateTime::from_timestamp(seen, 0).unwrap();
            let retired = retired.map(|(by, reason)| Retired {
                at: seen,
                by,
                reason,
            });
            SignerRecord {
                signer,
                origin,
                alone,
                first_seen: seen,
                last_seen: seen,
                digests,
                retired,
            }
        })
}

proptest! {
    #[test]
    fn round_trips(signers in proptest::collection::vec(record(), 1..6), generation in any::<u64>(), cold in any::<bool>()) {
        let mut baseline = read(&example()).unwrap();
        baseline.signers = signers;
        baseline.generation = generation;
        if cold {
            baseline.established = None;
        }
        let map = config_map(&serde_json::to_value(&baseline).unwrap());
        prop_assert_eq!(Lookup::of_config_map(&map, &repository()), Lookup::Usable(Box::new(baseline)));
    }

    #[test]
    fn what_is_there_is_never_absent(text in any::<String>(), labelled in any::<bool>(), named in any::<bool>()) {
        let mut map = config_map(&json!(null));
        map.data.insert("baseline.json".to_owned(), text);
        if !labelled {
            map.labels.clear();
        }
        if !named {
            map.data.remove("repository");
        }
        prop_assert!(matches!(Lookup::of_config_map(&map, &repository()), Lookup::Unusable(_)));
    }

    #[test]
    fn any_one_field_may_be_anything(
        at in proptest::sample::select(example().as_object().unwrap().keys().cloned().collect::<Vec<_>>()),
        value in prop_oneof![
            Just(json!(null)), Just(json!([])), Just(json!({})), Just(json!(-1)), Just(json!([null])),
            Just(json!([{}])), any::<String>().prop_map(Value::from), any::<u64>().prop_map(Value::from),
        ],
    ) {
        let mut json = example();
        json[at.as_str()] = value;
        match Lookup::of_config_map(&config_map(&json), &repository()) {
            Lookup::Usable(baseline) => prop_assert_eq!(&baseline.repository, &repository()),
            lookup => prop_assert!(matches!(lookup, Lookup::Unusable(_))),
        }
    }
}

//! Only the listed words, where hosts put them, ever mean "absent".

use super::*;
use proptest::prelude::*;

/// Texts made of the pieces that mean something, so that a property meets them.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("Host error: ".to_owned()),
        Just("Callback evaluation failure: ".to_owned()),
        Just("Fail to interact with OCI registry: ".to_owned()),
        Just("Registry error: url ".to_owned()),
        Just("u, envelope: OCI API errors: [".to_owned()),
        Just("OCI API error: ".to_owned()),
        Just("failed to get image trusted layers: ".to_owned()),
        Just("Cannot pull x: ".to_owned()),
        Just("Cannot fetch manifest of x: ".to_owned()),
        Just("denied".to_owned()),
        Just(", ".to_owned()),
        Just("]".to_owned()),
        Just("\n".to_owned()),
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn arbitrary_text_is_never_absent(text in prop_oneof![any::<String>(), pieces()]) {
        prop_assert_ne!(registry(&text), HostError::Absent);
        prop_assert_ne!(of_resource(&text, "n", "ns"), HostError::Absent);
        prop_assert_ne!(of_certificate(&text), HostError::Absent);
    }

    #[test]
    fn no_verification_is_ever_absent(text in pieces(), absent in prop_oneof![
        Just(says("manifest unknown")), Just(server(404, "")), Just("manifest unknown".to_owned()),
    ]) {
        prop_assert_ne!(of_verification(&format!("{text}{absent}")), HostError::Absent);
    }

    #[test]
    fn words_with_anything_behind_are_not_absent(
        words in prop_oneof![
            Just("manifest unknown".to_owned()),
            Just("Requested image not found".to_owned()),
            Just("repository name not known to registry".to_owned()),
            Just("The named manifest is not known to the registry.".to_owned()),
            Just(format!("artifact acme/api:{TAG} not found")),
            Just(format!("Failed to fetch \"{TAG}\"")),
        ],
        more in "[^\\n\\r, ]\\PC{0,30}",
    ) {
        prop_assume!(!more.ends_with(char::is_whitespace));
        prop_assert_ne!(registry(&says(&format!("{words}{more}"))), HostError::Absent);
        prop_assert_ne!(registry(&format!("{}{more}", says(&words))), HostError::Absent);
        prop_assert_ne!(registry(&format!("{more}{}", says(&words))), HostError::Absent);
    }

    #[test]
    fn what_stands_behind_the_first_line_never_matters(line in pieces(), behind in pieces()) {
        let line = line.replace(['\n', '\r'], " ");
        let whole = format!("{line}\n{behind}");
        prop_assert_eq!(registry(&whole), registry(&line));
        prop_assert_eq!(of_verification(&whole), of_verification(&line));
        prop_assert_eq!(of_resource(&whole, "n", "ns"), of_resource(&line, "n", "ns"));
    }
}

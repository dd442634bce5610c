//! What machines read, and that it is what the documentation says.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "tests"
)]

use super::*;
use crate::inventory::sample;
use proptest::prelude::*;
use serde_json::Value;

const DOCUMENTATION: &str = include_str!("../../../docs/inventory-json.md");

#[test]
fn has_every_fact() {
    insta::assert_snapshot!("json", pretty(&sample::inventory()).unwrap());
}

#[test]
fn the_documented_example_is_a_real_one() {
    let mut inventory = sample::inventory();
    inventory
        .entries
        .retain(|entry| entry.image.spelled.starts_with("ghcr.io/acme/api"));
    let example = DOCUMENTATION
        .split_once("```json\n")
        .and_then(|(_, rest)| rest.split_once("```"))
        .map(|(example, _)| example);
    let real = pretty(&inventory).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/inventory-json.md");
        std::fs::write(path, DOCUMENTATION.replace(example.unwrap(), &real)).unwrap();
        return;
    }
    assert_eq!(example, Some(real.as_str()), "UPDATE_DOCS=1 writes it");
}

/// The policy's word comes first, the learner's stands beside it.
#[test]
fn what_the_learner_sees_stands_beside() {
    let value: Value = serde_json::from_str(&compact(&sample::bundled()).unwrap()).unwrap();
    let image = &value["images"][0];
    assert_eq!(
        (&image["posture"], &image["drift"], &image["ifEnforced"]),
        (&"unsigned".into(), &"unsigned".into(), &"reject".into())
    );
    assert_eq!(image["postureName"], "unsigned");
    assert_eq!(image.get("signedBy"), None);
    let learner = &image["learner"];
    assert_eq!(
        (&learner["posture"], &learner["drift"], &learner["signedBy"]),
        (
            &"signed".into(),
            &"none".into(),
            &"gh acme/api release tags".into()
        )
    );
    assert_eq!(image["signatures"][0]["known"], true);
    assert!(
        image["notes"][0]
            .as_str()
            .unwrap()
            .contains("the tag that stands in for it")
    );
    assert_eq!(value["counts"]["posture"]["unsigned"], 1);
    let same: Value = serde_json::from_str(&compact(&sample::inventory()).unwrap()).unwrap();
    let images = same["images"].as_array().unwrap();
    assert!(images.iter().all(|image| image.get("learner").is_none()));
}

/// Every name in the output is explained.
#[test]
fn every_field_is_documented() {
    fn names(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    into.push(name.clone());
                    names(value, into);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| names(value, into)),
            _ => {}
        }
    }
    let mut all = Vec::new();
    for inventory in [sample::inventory(), sample::hostile(), sample::bundled()] {
        let value: Value = serde_json::from_str(&compact(&inventory).unwrap()).unwrap();
        names(&value, &mut all);
    }
    all.sort();
    all.dedup();
    let missing: Vec<&String> = all
        .iter()
        .filter(|name| !DOCUMENTATION.contains(&format!("`{name}`")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn hostile_texts_are_exact_and_cannot_end_a_script() {
    let inventory = sample::hostile();
    let text = compact(&inventory).unwrap();
    assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{202e}', '\u{1b}']));
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["notes"][0], sample::HOSTILE[0]);
    assert_eq!(value["notes"][2], sample::HOSTILE[2]);
}

proptest! {
    #[test]
    fn escaping_changes_nothing_but_the_spelling(text in any::<String>()) {
        let json = serde_json::to_string(&text).unwrap();
        let escaped = plain(&json);
        prop_assert!(escaped.chars().all(|c| shows_plainly(c) && !"<>&".contains(c)));
        prop_assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
    }
}

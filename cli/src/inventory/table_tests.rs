//! What people see, at the widths that terminals have.

use super::*;
use crate::inventory::{Place, sample};
use proptest::prelude::*;
use rstest::rstest;

fn plain(width: usize) -> Terminal {
    Terminal {
        columns: Some(width),
        colours: false,
    }
}

#[rstest]
#[case(80)]
#[case(120)]
#[case(200)]
fn looks_well(#[case] width: usize) {
    insta::assert_snapshot!(
        format!("table_{width}"),
        table(&sample::inventory(), plain(width))
    );
}

/// What the policy sees is in the row, and what the learner sees below.
#[test]
fn what_the_learner_sees_stands_beside() {
    insta::assert_snapshot!("bundled", table(&sample::bundled(), plain(120)));
}

#[test]
fn many_that_the_learner_sees_otherwise_are_counted() {
    let mut inventory = sample::bundled();
    let entry = inventory.entries.remove(0);
    inventory.entries = vec![entry; 30];
    let text = table(&inventory, plain(120));
    assert_eq!(text.matches("the learner sees:").count(), 20, "{text}");
    assert!(
        text.contains("and 10 more that the learner sees otherwise"),
        "{text}"
    );
    // One registry is told of once.
    assert_eq!(
        text.matches("note: ghcr.io: the registry has no API")
            .count(),
        1,
        "{text}"
    );
}

#[test]
fn what_cannot_be_read_is_not_rejected_where_nothing_is_enforced() {
    let mut inventory = sample::inventory();
    inventory.entries.retain(|entry| entry.found.is_err());
    for entry in &mut inventory.entries {
        entry.enforced = false;
    }
    let text = table(&inventory, plain(200));
    assert!(text.contains("unreadable  would reject"), "{text}");
    assert!(text.contains("1 would be rejected if enforced."), "{text}");
}

#[rstest]
#[case(1)]
#[case(80)]
#[case(120)]
fn hostile_names_stay_in_their_row(#[case] width: usize) {
    let inventory = sample::hostile();
    let text = table(&inventory, plain(width));
    let height = if width < WIDE { 2 } else { 1 };
    let rows = rows(&inventory, plain(width));
    assert_eq!(
        rows.lines().count(),
        1 + height * inventory.entries.len(),
        "{rows}"
    );
    let limit = width.max(NARROWEST);
    assert!(
        rows.lines().all(|line| line.chars().count() <= limit),
        "{rows}"
    );
    assert!(
        text.chars()
            .all(|c| c == '\n' || signature_continuity::clean::shows_plainly(c)),
        "{text:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_a_name_is_it_stays_in_its_row(
        names in proptest::collection::vec(any::<String>(), 1..4),
        wide in "[\u{4e00}-\u{4fff}\u{0300}-\u{036f}\u{1f300}-\u{1f5ff}a ]{0,80}",
        width in 1_usize..240,
    ) {
        let mut inventory = sample::hostile();
        inventory.entries.truncate(2);
        for (entry, name) in inventory.entries.iter_mut().zip(names.iter().chain([&wide])) {
            entry.image.spelled = name.clone();
            entry.image.places = [Place { namespace: wide.clone(), kind: String::new(), name: name.clone() }].into();
        }
        let rows = rows(&inventory, plain(width));
        let height = if width < WIDE { 2 } else { 1 };
        prop_assert_eq!(rows.lines().count(), 1 + height * inventory.entries.len(), "{}", rows);
    }
}

#[test]
fn colours_are_added_and_change_nothing_else() {
    let inventory = sample::inventory();
    let coloured = table(
        &inventory,
        Terminal {
            columns: Some(120),
            colours: true,
        },
    );
    assert!(
        coloured.contains("\u{1b}[1;31msigner\u{1b}[0m "),
        "{coloured}"
    );
    let mut bare = coloured;
    for code in ["0", "31", "1;31", "33", "36", "32"] {
        bare = bare.replace(&format!("\u{1b}[{code}m"), "");
    }
    assert_eq!(bare, table(&inventory, plain(120)));
}

#[test]
fn what_is_piped_is_not_cut() {
    let mut inventory = sample::inventory();
    let long =
        "a-namespace-with-a-long-name/an-object-whose-name-is-as-long-as-names-can-be".to_owned();
    for entry in &mut inventory.entries {
        entry.image.places = std::iter::once(Place {
            namespace: long.clone(),
            kind: "Deployment".to_owned(),
            name: "x".repeat(150),
        })
        .collect();
    }
    let piped = Terminal {
        columns: None,
        colours: false,
    };
    let text = rows(&inventory, piped);
    // Those are the ends of keys' fingerprints.
    assert_eq!(
        text.matches('…').count(),
        text.matches("key d1550c8f…").count(),
        "{text}"
    );
    assert!(text.contains(&"x".repeat(150)), "{text}");
    assert_eq!(text.lines().count(), 1 + inventory.entries.len());
}

#[test]
fn nothing_looked_at_is_said() {
    let mut inventory = sample::inventory();
    inventory.entries.clear();
    let text = table(&inventory, plain(120));
    assert!(text.contains("Nothing was looked at."), "{text}");
}

#[test]
fn the_end_of_an_image_is_kept() {
    let shown = shortened("registry.example/a/very/long/path:v1@0123abcd", 24);
    assert_eq!(shown.chars().count(), 24);
    assert!(shown.ends_with(":v1@0123abcd"), "{shown}");
}

#[rstest]
#[case::fits("prod/api +2", 11, "prod/api +2")]
#[case::count_is_kept("production/api +12", 12, "product… +12")]
#[case::no_count("production/api +x", 12, "production/…")]
#[case::too_narrow("production/api +12", 5, "prod…")]
#[case::wide("漢字漢字", 5, "漢字…")]
#[case::twice("a +1 +2 more text", 8, "a +1 +2…")]
fn cuts(#[case] text: &str, #[case] width: usize, #[case] expected: &str) {
    assert_eq!(cut(text, width), expected);
}

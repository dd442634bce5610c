use super::*;
use crate::clean::shows_plainly;
use proptest::prelude::*;

#[test]
fn distinct_warnings_are_kept_and_the_rest_is_counted() {
    let many = |count: usize| bounded((0..count).map(|n| format!("warning {n}")).collect());
    assert_eq!(many(10).len(), 10);
    assert_eq!(many(10).last().map(String::as_str), Some("warning 9"));
    let eleven = many(11);
    assert_eq!(eleven.len(), 10);
    assert_eq!(
        eleven.last().map(String::as_str),
        Some("signature-continuity: and 2 more warnings; see the audit log")
    );
    assert_eq!(bounded(vec!["same".to_owned(); 30]), ["same"]);
}

#[test]
fn warnings_that_differ_only_behind_the_cut_are_one() {
    let long = |end: &str| format!("{}{end}", "x".repeat(300));
    assert_eq!(bounded(vec![long("a"), long("b")]).len(), 1);
}

proptest! {
    #[test]
    fn warnings_are_bounded(warnings in proptest::collection::vec("\\PC{0,400}", 0..40)) {
        let bounded = bounded(warnings);
        prop_assert!(bounded.len() <= MOST_WARNINGS);
        prop_assert!(bounded.iter().all(|w| w.len() <= LONGEST_WARNING));
    }

    #[test]
    fn what_is_shown_is_plain_and_short(text in any::<String>(), limit in 4usize..200) {
        let shown = words::shown(&text, limit);
        prop_assert!(shown.len() <= limit && shown.chars().all(shows_plainly));
    }
}

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use proptest::prelude::*;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

/// `k/` has a baseline, `n/` is another of a known registry, `s/` a stranger's.
fn work(names: &[&str]) -> Vec<Work> {
    let work = names.iter().map(|name| {
        let repository: Repository = name.parse().unwrap();
        let familiarity = match repository.as_str().split('/').nth(1) {
            Some("k") => Familiarity::Repository,
            Some("n") => Familiarity::Registry,
            _ => Familiarity::Nothing,
        };
        let image = Image {
            spelled: (*name).to_owned(),
            reference: name.parse(),
            running: None,
            hidden: false,
            places: std::collections::BTreeSet::new(),
        };
        Work::new(
            repository,
            vec![(image, name.parse().unwrap())],
            familiarity,
        )
    });
    work.collect()
}

fn turns(names: &[&str], cursor: &Cursor) -> Turns {
    Turns::new(work(names).into_iter(), cursor, now())
}

/// One run, in which of the first `most` turns those answer that `answers`.
fn run(
    names: &[&str],
    cursor: &Cursor,
    most: usize,
    answers: impl Fn(&str) -> bool,
) -> (Vec<String>, Ended) {
    let mut turns = turns(names, cursor);
    let mut order = Vec::new();
    while order.len() < most
        && let Some(work) = turns.take()
    {
        turns.looked_at(&work, answers(work.repository.as_str()), 0);
        order.push(work.repository.to_string());
    }
    while turns.leave().is_some() {}
    (order, turns.end())
}

const ALL: usize = usize::MAX;

#[test]
fn known_ones_come_first_strangers_last_and_registries_take_turns() {
    let names = [
        "z.example/s/1",
        "a.example/n/1",
        "b.example/n/1",
        "a.example/k/1",
        "a.example/k/2",
        "b.example/k/1",
    ];
    let (order, ended) = run(&names, &Cursor::default(), ALL, |_| true);
    assert_eq!(
        order,
        [
            "a.example/k/1",
            "b.example/k/1",
            "a.example/k/2",
            "a.example/n/1",
            "b.example/n/1",
            "z.example/s/1",
        ]
    );
    assert_eq!(ended, Ended::default());
}

#[test]
fn a_registry_that_was_given_up_is_begun_with_where_it_ended() {
    let names = [
        "a.example/k/1",
        "a.example/k/2",
        "a.example/k/3",
        "a.example/k/4",
    ];
    let given_up_after =
        |answered: &'static [&'static str]| move |name: &str| answered.contains(&name);
    let first = given_up_after(&["a.example/k/1", "a.example/k/2"]);
    let (_, ended) = run(&names, &Cursor::default(), ALL, first);
    assert!(!ended.cursor.is_empty());
    let (order, ended) = run(&names, &ended.cursor, ALL, given_up_after(&[]));
    assert_eq!(order.first().unwrap(), "a.example/k/3");
    // Nobody answered: it moves on all the same.
    let (order, ended) = run(&names, &ended.cursor, ALL, |_| true);
    assert_eq!(order.first().unwrap(), "a.example/k/4");
    assert!(ended.cursor.is_empty());
}

#[test]
fn neither_known_nor_new_ones_starve_where_the_time_is_never_enough() {
    let names: Vec<String> = (0..30)
        .map(|n| format!("a.example/k/{n:02}"))
        .chain((0..10).map(|n| format!("a.example/n/{n:02}")))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut cursor = Cursor::default();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..9 {
        let (order, ended) = run(&names, &cursor, 8, |_| true);
        seen.extend(order);
        cursor = ended.cursor;
    }
    assert_eq!(seen.len(), names.len(), "{seen:?}");
}

#[test]
fn strangers_have_their_own_time_and_go_on_where_it_ended() {
    let names: Vec<String> = (0..20).map(|n| format!("r{n:02}.example/s/1")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push("a.example/k/1");
    let mut cursor = Cursor::default();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..5 {
        let time = TimeLimits {
            end: None,
            strangers: Some(Duration::from_secs(20)),
        };
        let mut turns = turns(&names, &cursor).within(time, 2);
        let mut order = Vec::new();
        while let Some(work) = turns.take() {
            if work.is_strange() {
                // What answers at once costs nothing.
                turns.spend(Duration::from_secs(1), false);
                turns.spend(Duration::from_secs(10), true);
            }
            turns.looked_at(&work, !work.is_strange(), 0);
            order.push(work.repository.to_string());
        }
        assert_eq!(order.first().unwrap(), "a.example/k/1");
        assert_eq!(order.len(), 5);
        while turns.leave().is_some() {}
        let ended = turns.end();
        assert_eq!((ended.unreached, ended.unreached_strangers), (0, 16));
        seen.extend(order);
        cursor = ended.cursor;
    }
    assert_eq!(seen.len(), 21);
}

#[test]
fn what_was_not_reached_is_counted() {
    let names = ["a.example/k/1", "a.example/k/2", "x.example/s/1"];
    let (order, ended) = run(&names, &Cursor::default(), 1, |_| true);
    assert_eq!(order.len(), 1);
    assert_eq!((ended.unreached, ended.unreached_strangers), (1, 1));
    assert_eq!(ended.first_unreached.unwrap().as_str(), "a.example/k/2");
    assert_eq!(ended.cursor.stranger(), Some("x.example"));
}

proptest! {
    #[test]
    fn everybody_has_one_turn_whatever_the_cursor_says(
        places in prop::collection::btree_set((0..4_u8, prop::sample::select(vec!["k", "n", "s"]), 0..9_u8), 0..40),
        begins in prop::collection::vec((0..5_u8, any::<bool>(), 0..10_u8), 0..8),
        stranger in prop::option::of(0..5_u8),
    ) {
        let names: Vec<String> = places.iter().map(|(r, kind, n)| format!("r{r}.example/{kind}/{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut cursor = Cursor::default();
        for (r, known, n) in begins {
            let registry = format!("r{r}.example");
            let repository = format!("{registry}/{}/{n}", if known { "k" } else { "n" });
            cursor.begin_with(&registry, known, repository.parse().unwrap());
        }
        if let Some(r) = stranger {
            cursor.begin_with_stranger(&format!("r{r}.example"));
        }
        let (mut order, ended) = run(&names, &cursor, ALL, |_| true);
        order.sort_unstable();
        let mut expected = names.clone();
        expected.sort_unstable();
        prop_assert_eq!(order, expected);
        prop_assert_eq!(ended, Ended::default());
    }
}

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::inventory::sample;

fn push(queue: &mut Queue, spelled: &str, namespace: &str, familiarity: Familiarity) -> bool {
    let image = sample::declared(spelled, &[&format!("{namespace}/api")]);
    let repository = image.reference.clone().unwrap().repository().clone();
    queue.push(repository, image, familiarity)
}

/// What is taken next, and given back at once.
fn next(queue: &mut Queue) -> Option<String> {
    let job = queue.take()?;
    queue.done(&job);
    let spelled: Vec<&str> = job
        .images
        .iter()
        .map(|image| image.spelled.as_str())
        .collect();
    Some(spelled.join(" "))
}

#[test]
fn a_namespace_that_names_many_images_delays_its_own() {
    let mut queue = Queue::new(8);
    for n in 0..1000 {
        let spelled = format!("ghcr.io/evil/r{n}:v1");
        push(&mut queue, &spelled, "hostile", Familiarity::Repository);
    }
    push(
        &mut queue,
        "ghcr.io/acme/api:v2",
        "prod",
        Familiarity::Repository,
    );
    let first: Vec<String> = (0..2).map(|_| next(&mut queue).unwrap()).collect();
    assert!(
        first.contains(&"ghcr.io/acme/api:v2".to_owned()),
        "{first:?}"
    );
}

#[test]
fn a_namespace_with_many_hosts_of_its_own_delays_its_own() {
    let mut queue = Queue::new(8);
    for n in 0..500 {
        let spelled = format!("h{n}.evil.example/x/y:v1");
        push(&mut queue, &spelled, "hostile", Familiarity::Repository);
    }
    push(
        &mut queue,
        "ghcr.io/acme/api:v2",
        "prod",
        Familiarity::Repository,
    );
    let first: Vec<String> = (0..2).map(|_| next(&mut queue).unwrap()).collect();
    assert!(
        first.contains(&"ghcr.io/acme/api:v2".to_owned()),
        "{first:?}"
    );
    // However slow they are, it holds a half of the places.
    let taken: Vec<Job> = std::iter::from_fn(|| queue.take()).collect();
    assert_eq!(taken.len(), 4);
    push(
        &mut queue,
        "ghcr.io/acme/api:v3",
        "prod",
        Familiarity::Repository,
    );
    assert!(queue.take().is_some());
}

#[test]
fn nobodys_image_waits_behind_those_of_others_who_name_the_same() {
    let mut queue = Queue::new(8);
    for n in 0..1000 {
        let spelled = format!("ghcr.io/evil/r{n}:v1");
        push(&mut queue, &spelled, "hostile", Familiarity::Repository);
    }
    for namespace in ["hostile", "prod"] {
        push(
            &mut queue,
            "ghcr.io/acme/api:v2",
            namespace,
            Familiarity::Repository,
        );
    }
    let first: Vec<String> = (0..2).map(|_| next(&mut queue).unwrap()).collect();
    assert!(
        first.contains(&"ghcr.io/acme/api:v2".to_owned()),
        "{first:?}"
    );
}

#[test]
fn registries_take_turns() {
    let mut queue = Queue::new(8);
    for n in 0..3 {
        push(
            &mut queue,
            &format!("a.example/x/r{n}:v1"),
            "prod",
            Familiarity::Repository,
        );
    }
    push(
        &mut queue,
        "b.example/x/y:v1",
        "prod",
        Familiarity::Repository,
    );
    assert_eq!(next(&mut queue).unwrap(), "a.example/x/r0:v1");
    assert_eq!(next(&mut queue).unwrap(), "b.example/x/y:v1");
    assert_eq!(next(&mut queue).unwrap(), "a.example/x/r1:v1");
}

#[test]
fn who_has_something_to_lose_comes_first_and_not_all_the_time() {
    let mut queue = Queue::new(8);
    for n in 0..20 {
        push(
            &mut queue,
            &format!("a.example/x/known{n}:v1"),
            "prod",
            Familiarity::Repository,
        );
        push(
            &mut queue,
            &format!("a.example/x/new{n}:v1"),
            "prod",
            Familiarity::Registry,
        );
        push(
            &mut queue,
            &format!("z.example/x/strange{n}:v1"),
            "prod",
            Familiarity::Nothing,
        );
    }
    let taken: Vec<String> = (0..16).map(|_| next(&mut queue).unwrap()).collect();
    let of = |what: &str| taken.iter().filter(|one| one.contains(what)).count();
    assert_eq!(
        (of("known"), of("new"), of("strange")),
        (12, 2, 2),
        "{taken:?}"
    );
    assert!(taken.iter().take(3).all(|one| one.contains("known")));
}

#[test]
fn one_registry_and_strangers_hold_a_part_of_the_places() {
    let mut queue = Queue::new(8);
    for n in 0..8 {
        push(
            &mut queue,
            &format!("slow.example/x/r{n}:v1"),
            &format!("team-{n}"),
            Familiarity::Repository,
        );
        push(
            &mut queue,
            &format!("s{n}.example/x/y:v1"),
            "hostile",
            Familiarity::Nothing,
        );
    }
    let taken: Vec<Job> = std::iter::from_fn(|| queue.take()).collect();
    let of = |familiarity| {
        taken
            .iter()
            .filter(|job| job.familiarity == familiarity)
            .count()
    };
    assert_eq!(of(Familiarity::Repository), 4);
    assert_eq!(of(Familiarity::Nothing), 2);
    assert!(queue.take().is_none());
    queue.done(taken.first().unwrap());
    assert!(queue.take().is_some());
}

#[test]
fn an_image_waits_once_and_images_of_one_repository_go_together() {
    let mut queue = Queue::new(8);
    for tag in ["v1", "v2", "v1"] {
        let spelled = format!("ghcr.io/acme/api:{tag}");
        assert!(push(&mut queue, &spelled, "prod", Familiarity::Repository));
    }
    assert_eq!(queue.len(), 2);
    assert_eq!(
        next(&mut queue).unwrap(),
        "ghcr.io/acme/api:v1 ghcr.io/acme/api:v2"
    );
    assert_eq!(queue.len(), 0);
    assert_eq!(next(&mut queue), None);
}

#[test]
fn what_does_not_fit_is_dropped_and_counted_and_others_fit_still() {
    let mut queue = Queue::new(8);
    for n in 0..=MOST_OF_NAMESPACE {
        push(
            &mut queue,
            &format!("a.example/x/r{n}:v1"),
            "hostile",
            Familiarity::Nothing,
        );
    }
    assert_eq!((queue.len(), queue.dropped()), (MOST_OF_NAMESPACE, 1));
    assert!(push(
        &mut queue,
        "a.example/x/y:v1",
        "prod",
        Familiarity::Nothing
    ));
    assert!(next(&mut queue).is_some());
    assert!(push(
        &mut queue,
        "a.example/x/r9999:v1",
        "hostile",
        Familiarity::Nothing
    ));
}

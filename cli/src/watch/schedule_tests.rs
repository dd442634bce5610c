#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::inventory::sample;

const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

fn image(spelled: &str) -> Image {
    sample::declared(spelled, &[])
}

fn name(schedule: &Schedule, image: &Image, now: Instant) {
    let repository = image.reference.clone().unwrap().repository().clone();
    schedule.name(repository, image.clone(), Familiarity::Repository, now);
}

fn look(schedule: &Schedule, image: &Image, look: Look, now: Instant) {
    let job = schedule.take_at(now).unwrap();
    let looks = vec![(image.clone(), look)];
    schedule.done(&job, looks, Familiarity::Repository, now);
}

#[test]
fn what_was_found_out_about_a_digest_holds_and_of_a_tag_for_a_while() {
    let (schedule, start) = (Schedule::new(2), Instant::now());
    let digest = image(&format!("ghcr.io/acme/api@{DIGEST}"));
    let tag = image("ghcr.io/acme/api:v1");
    for image in [&digest, &tag] {
        name(&schedule, image, start);
        look(&schedule, image, Look::Settled, start);
    }
    let soon = start + TAG_HOLDS / 2;
    for image in [&digest, &tag] {
        name(&schedule, image, soon);
    }
    // The tag is looked at once that is over, though nobody names it again.
    assert_eq!((schedule.take_at(soon), schedule.length().0), (None, 1));
    let later = schedule.take_at(start + TAG_HOLDS).unwrap();
    assert_eq!(later.images, [tag]);
    assert_eq!(schedule.take_at(start + TAG_HOLDS * 9), None);
}

#[test]
fn what_was_not_found_out_is_tried_again_more_and_more_seldom_and_then_no_more() {
    let (schedule, start) = (Schedule::new(2), Instant::now());
    let image = image(&format!("ghcr.io/acme/api@{DIGEST}"));
    name(&schedule, &image, start);
    let mut now = start;
    look(&schedule, &image, Look::Open, now);
    for pause in AGAIN {
        assert_eq!(
            schedule.take_at(now + pause - Duration::from_millis(1)),
            None
        );
        now += pause;
        look(&schedule, &image, Look::Open, now);
    }
    assert_eq!(schedule.take_at(now + Duration::from_secs(86_400)), None);
    assert_eq!(schedule.length(), (0, 0));
    // Whoever names it anew begins anew.
    name(&schedule, &image, now + TAG_HOLDS);
    assert!(schedule.take_at(now + TAG_HOLDS).is_some());
}

#[test]
fn an_answer_ends_the_tries() {
    let (schedule, start) = (Schedule::new(2), Instant::now());
    let image = image("ghcr.io/acme/api:v1");
    name(&schedule, &image, start);
    look(&schedule, &image, Look::Open, start);
    assert_eq!(schedule.tries(&image), 1);
    look(&schedule, &image, Look::Settled, start + TAG_HOLDS);
    assert_eq!((schedule.tries(&image), schedule.length().0), (0, 0));
}

#[test]
fn an_image_that_waits_for_another_try_does_not_wait_twice() {
    let (schedule, start) = (Schedule::new(2), Instant::now());
    let image = image("ghcr.io/acme/api:v1");
    name(&schedule, &image, start);
    look(&schedule, &image, Look::Open, start);
    name(&schedule, &image, start);
    assert_eq!((schedule.length().0, schedule.take_at(start)), (1, None));
    name(&schedule, &image, start + TAG_HOLDS);
    assert_eq!(schedule.length().0, 1);
    assert!(schedule.take_at(start + TAG_HOLDS).is_some());
}

#[test]
fn an_image_that_two_namespaces_name_is_looked_at_once() {
    let (schedule, start) = (Schedule::new(2), Instant::now());
    let spelled = format!("ghcr.io/acme/api@{DIGEST}");
    let of = |place: &str| sample::declared(&spelled, &[place]);
    for place in ["prod/api", "shop/api"] {
        name(&schedule, &of(place), start);
    }
    look(&schedule, &of("prod/api"), Look::Settled, start);
    assert_eq!((schedule.take_at(start), schedule.length().0), (None, 0));
}

#[test]
fn whoever_waits_is_woken() {
    let schedule = Schedule::new(2);
    let image = image("ghcr.io/acme/api:v1");
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| schedule.take(Duration::from_secs(60)));
        std::thread::sleep(Duration::from_millis(20));
        name(&schedule, &image, Instant::now());
        let taken = waits.join().unwrap().unwrap();
        assert_eq!(taken.images.first(), Some(&image));
    });
}

#[test]
fn what_nobody_names_any_more_is_forgotten() {
    let (schedule, start) = (Schedule::new(2), Instant::now());
    let image = image(&format!("ghcr.io/acme/api@{DIGEST}"));
    name(&schedule, &image, start);
    look(&schedule, &image, Look::Settled, start);
    schedule.keep(&BTreeSet::new());
    name(&schedule, &image, start);
    assert!(schedule.take_at(start).is_some());
}

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const NOW: Duration = Duration::ZERO;
const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

fn image(spelled: &str) -> Image {
    Image {
        spelled: spelled.to_owned(),
        reference: spelled.parse(),
        running: None,
        hidden: false,
        places: BTreeSet::new(),
    }
}

fn name(schedule: &Schedule, image: &Image, now: Instant) {
    let repository = image.reference.clone().unwrap().repository().clone();
    schedule.name(repository, image.clone(), Familiarity::Repository, now);
}

fn look(schedule: &Schedule, image: &Image, look: Look, now: Instant) {
    let job = schedule.take(NOW).unwrap();
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
    for image in [&digest, &tag] {
        name(&schedule, image, start + TAG_HOLDS / 2);
    }
    assert_eq!(schedule.take(NOW), None);
    for image in [&digest, &tag] {
        name(&schedule, image, start + TAG_HOLDS);
    }
    assert_eq!(schedule.take(NOW).unwrap().images, [tag]);
    assert_eq!(schedule.take(NOW), None);
}

#[test]
fn what_was_not_found_out_is_tried_again_more_and_more_seldom_and_then_no_more() {
    let schedule = Schedule::new(2);
    let image = image(&format!("ghcr.io/acme/api@{DIGEST}"));
    // In the past, so that each is due at once.
    let start = Instant::now()
        .checked_sub(Duration::from_secs(3600))
        .unwrap();
    name(&schedule, &image, start);
    for _ in 0..=AGAIN.len() {
        look(&schedule, &image, Look::Open, start);
    }
    assert_eq!(schedule.take(NOW), None);
    assert_eq!(schedule.length(), (0, 0));
    let pauses: Vec<_> = AGAIN
        .windows(2)
        .map(|two| two.first() < two.last())
        .collect();
    assert!(pauses.iter().all(|longer| *longer));
}

#[test]
fn an_answer_ends_the_tries_and_begins_them_anew() {
    let schedule = Schedule::new(2);
    let image = image("ghcr.io/acme/api:v1");
    let start = Instant::now()
        .checked_sub(Duration::from_secs(3600))
        .unwrap();
    name(&schedule, &image, start);
    look(&schedule, &image, Look::Open, start);
    look(&schedule, &image, Look::Settled, start);
    assert_eq!(schedule.take(NOW), None);
    name(&schedule, &image, start + TAG_HOLDS);
    look(&schedule, &image, Look::Open, start);
    assert_eq!(schedule.length().0, 1);
}

#[test]
fn an_image_that_waits_for_another_try_does_not_wait_twice() {
    let (schedule, start) = (Schedule::new(2), Instant::now());
    let image = image("ghcr.io/acme/api:v1");
    name(&schedule, &image, start);
    look(&schedule, &image, Look::Open, start);
    name(&schedule, &image, start);
    assert_eq!((schedule.length().0, schedule.take(NOW)), (1, None));
    name(&schedule, &image, start + TAG_HOLDS);
    assert_eq!(schedule.length().0, 1);
    assert!(schedule.take(NOW).is_some());
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
    assert!(schedule.take(NOW).is_some());
}

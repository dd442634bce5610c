//! The lists of digests.

use super::*;
use signature_continuity::baseline::{Format, Lookup, Tolerated};
use signature_continuity::settings::Settings;

fn settings() -> Settings {
    Settings::default()
}

#[test]
fn what_ran_without_a_known_signer_is_tolerated_once() {
    let images = [
        image("v2", &[by(release())]),
        unproven("old", Posture::Unsigned),
        unproven("lost", Posture::Unknown),
    ];
    let (after, _) = learned(learn(Some(&first()), &images, now() + DAY));
    assert_eq!(after.tolerated.len(), 2);
    let of = |seed| after.tolerated(&digest(seed)).map(|entry| entry.posture);
    assert_eq!(of("old"), Some(Posture::Unsigned));
    assert_eq!(of("lost"), Some(Posture::Unknown));
    assert_eq!(of("v2"), None);
    // Later ones are not.
    let later = [unproven("late", Posture::Unsigned)];
    assert_eq!(
        learn(Some(&after), &later, now() + DAY),
        UpdateResult::Unchanged
    );
}

#[test]
fn nothing_is_tolerated_before_it_is_established() {
    let images = [unproven("old", Posture::Unsigned)];
    assert_eq!(
        learn(Some(&first()), &images, now()),
        UpdateResult::Unchanged
    );
}

#[test]
fn a_tolerated_digest_is_forgotten_a_month_after_it_ran() {
    let old = [unproven("old", Posture::Unsigned)];
    let (mut baseline, _) = learned(learn(Some(&first()), &old, now() + DAY));
    (baseline, _) = learned(learn(Some(&baseline), &old, now() + DAY * 20));
    assert_eq!(
        learn(Some(&baseline), &[], now() + DAY * 49),
        UpdateResult::Unchanged
    );
    let (after, news) = learned(learn(Some(&baseline), &[], now() + DAY * 50));
    assert_eq!(after.tolerated, []);
    assert_eq!(news, [BaselineEvent::Forgotten(digest("old"))]);
}

#[test]
fn the_platforms_of_a_verified_index_are_verified_with_it() {
    let (baseline, _) = learned(learn(
        None,
        &[index("v1", &[by(release())], &["amd64", "arm64"])],
        now(),
    ));
    assert!(baseline.verified(&digest("arm64")).is_some());
    let text = serde_json::to_string(&baseline).unwrap();
    let again = Baseline::from_json(&text, &repository()).unwrap();
    assert_eq!(again, baseline);
}

#[test]
fn what_runs_stays_and_of_the_others_the_newest_32() {
    let mut baseline = first();
    for n in 0..50 {
        let at = now() + TimeDelta::days(n);
        let release = [
            image("v1", &[by(release())]),
            index(&format!("r{n}"), &[by(release())], &[&format!("p{n}")]),
        ];
        baseline = learned(learn(Some(&baseline), &release, at)).0;
    }
    let is_listed = |seed: &str| baseline.verified(&digest(seed)).is_some();
    assert!(is_listed("v1"));
    assert!(is_listed("r49") && is_listed("p49"));
    // Those before the last one do not run any more.
    assert!(is_listed("r17") && is_listed("p17"));
    assert!(!is_listed("r16") && !is_listed("p16"));
    // A platform's digest that runs keeps its index.
    let platform = [unproven("p17", Posture::Unsigned)];
    let next = [image("r50", &[by(release())]), platform[0].clone()];
    let (after, _) = learned(learn(Some(&baseline), &next, now() + DAY * 60));
    assert!(after.verified(&digest("p17")).is_some());
}

#[test]
fn a_release_to_come_is_verified_and_nothing_else() {
    let before = first();
    let seen = [
        image("v2", &[by(release()), by(stranger())]),
        image("v3", &[by(stranger())]),
        unproven("v4", Posture::Unsigned),
    ];
    let sights: Vec<_> = seen.iter().filter_map(running).collect();
    let (after, news) = learned(ahead(Some(&before), &sights, &settings(), now() + DAY * 9));
    assert_eq!(news, [BaselineEvent::Verified(digest("v2"))]);
    // It is counted once, now.
    let mut signers = before.signers.clone();
    signers[0].digests = 2;
    assert_eq!(after.signers, signers);
    assert_eq!(after.candidates, []);
    assert_eq!(after.established, None);
    assert!(matches!(
        ahead(None, &sights, &settings(), now()),
        UpdateResult::Nothing(_)
    ));
}

#[test]
fn a_release_to_come_in_a_bundle_says_that_there_are_bundles() {
    let seen = [image("v2", &[by(release()).bundled()])];
    let sights: Vec<_> = seen.iter().filter_map(running).collect();
    let (after, _) = learned(ahead(Some(&first()), &sights, &settings(), now()));
    assert!(after.formats.contains(&Format::Bundle));
}

#[test]
fn of_many_releases_to_come_the_newest_are_listed_and_counted_once() {
    let seen: Vec<_> = (0..100)
        .map(|n| {
            let at = now() + TimeDelta::minutes(n);
            index(
                &format!("r{n}"),
                &[by(release()).at(at)],
                &[&format!("p{n}")],
            )
        })
        .collect();
    let sights: Vec<_> = seen.iter().filter_map(declared).collect();
    let mut baseline = first();
    for _ in 0..2 {
        if let UpdateResult::Learned {
            baseline: after, ..
        } = ahead(Some(&baseline), &sights, &settings(), now())
        {
            baseline = *after;
        }
        let is_listed = |seed: &str| baseline.verified(&digest(seed)).is_some();
        assert!(is_listed("v1") && is_listed("r99") && is_listed("p68"));
        assert!(!is_listed("r67") && !is_listed("p67"));
        assert_eq!(baseline.signers[0].digests, 33);
    }
    // What runs of them later is counted already.
    let (after, _) = learned(learn(Some(&baseline), &[seen[99].clone()], now() + DAY));
    assert_eq!(after.signers[0].digests, 33);
}

#[test]
fn what_is_listed_ahead_run_after_run_stays_within_bounds() {
    let mut baseline = first();
    for n in 0..300 {
        let seen = index(&format!("r{n}"), &[by(release())], &[&format!("p{n}")]);
        let sights: Vec<_> = declared(&seen).into_iter().collect();
        baseline = learned(ahead(Some(&baseline), &sights, &settings(), now())).0;
    }
    assert!(
        baseline.verified.len() <= 2 * 256,
        "{}",
        baseline.verified.len()
    );
    assert!(is_to_be_trimmed(&baseline));
    // A run that sees all that runs keeps that and the newest others.
    let (after, _) = learned(learn(Some(&baseline), &[], now() + DAY));
    assert_eq!(after.verified.len(), 2 * 32);
    assert!(!is_to_be_trimmed(&after));
}

#[test]
fn the_work_grows_with_the_digests_and_not_with_their_square() {
    let images = |count: usize| -> Vec<_> {
        let of = |n: usize| {
            let platforms: Vec<String> = (0..5).map(|p| format!("r{n}-{p}")).collect();
            let platforms: Vec<&str> = platforms.iter().map(String::as_str).collect();
            index(&format!("r{n}"), &[by(release())], &platforms)
        };
        (0..count).map(of).collect()
    };
    let visits = |count: usize| {
        let (seen, mut visits) = (images(count), 0);
        let (before, _) = learned(learn(None, &seen, now()));
        for at in [now() + DAY, now() + DAY * 2] {
            visits += super::super::digests::visits::during(|| {
                let _ = learn(Some(&before), &seen, at);
            });
        }
        visits
    };
    let (few, many) = (visits(33), visits(132));
    assert!(few > 33 * 6, "{few}");
    assert!(many <= few * 4, "{few} for 33, {many} for 132");
}

#[test]
fn what_is_learned_can_be_read() {
    let baseline = established();
    let text = serde_json::to_string_pretty(&baseline).unwrap();
    let again = Baseline::from_json(&text, &repository()).unwrap();
    assert_eq!(
        Lookup::Usable(Box::new(again)),
        Lookup::Usable(Box::new(baseline))
    );
}

#[test]
fn who_saw_a_part_of_what_runs_forgets_nothing() {
    let mut before = established();
    before.tolerated = vec![Tolerated {
        digest: digest("old"),
        posture: Posture::Unsigned,
        at: now(),
    }];
    let terms = Terms {
        establish_after: DAY,
        now: now() + DAY * 40,
        past: None,
        may_establish: false,
        settings: &Settings::default(),
        also_running: None,
    };
    let kept = match fold(Some(&before), &repository(), &[], &terms) {
        UpdateResult::Learned { baseline, .. } => *baseline,
        UpdateResult::Unchanged | UpdateResult::Nothing(_) => before.clone(),
    };
    assert_eq!(kept.tolerated, before.tolerated);
    let whole = Terms {
        may_establish: true,
        ..terms
    };
    let (after, _) = learned(fold(Some(&before), &repository(), &[], &whole));
    assert_eq!(after.tolerated, []);
}

//! What an established baseline takes in, and what it does not.

use super::*;
use signature_continuity::baseline::{Origin, Retired};

fn retired(mut baseline: Baseline, who: &signature_continuity::signer::SignerId) -> Baseline {
    for record in &mut baseline.signers {
        if &record.id() == who {
            record.retired = Some(Retired {
                at: now() + DAY,
                by: "ada".to_owned(),
                reason: "leaked".to_owned(),
            });
        }
    }
    baseline
}

#[test]
fn takes_in_no_stranger() {
    let before = established();
    let alone = image("v3", &[by(stranger())]);
    assert_eq!(
        learn(Some(&before), &[alone], now() + DAY),
        UpdateResult::Unchanged
    );
}

#[test]
fn a_stranger_beside_a_known_signer_is_noted_and_stays_one() {
    let before = established();
    let both = [image(
        "v3",
        &[by(release()), by(stranger()).at(now() - DAY)],
    )];
    let (after, _) = learned(learn(Some(&before), &both, now() + DAY));
    assert_eq!((after.signers.len(), after.candidates.len()), (1, 1));
    assert_eq!(
        learn(Some(&after), &both, now() + DAY),
        UpdateResult::Unchanged
    );
    // Nor does it come in by being seen alone afterwards.
    let alone = [image("v4", &[by(stranger())])];
    assert_eq!(
        learn(Some(&after), &alone, now() + DAY),
        UpdateResult::Unchanged
    );
}

#[test]
fn only_so_many_candidates_are_kept_and_the_oldest() {
    let mut before = established();
    for n in 0..20 {
        let other = continuity_testkit::Identity::google(&format!("{n}@evil.example"));
        let both = image(&format!("n{n}"), &[by(release()), by(other)]);
        before = learned(learn(Some(&before), &[both], now() + DAY)).0;
    }
    assert_eq!(before.candidates.len(), 16);
    let zero = continuity_testkit::Identity::google("0@evil.example");
    assert_eq!(before.candidates[0].id, id(&zero));
}

#[test]
fn beside_a_retired_signer_nobody_is_noted() {
    let (two, _) = learned(learn(
        None,
        &[image("v1", &[by(release())]), image("v2", &[by(third())])],
        now(),
    ));
    let before = retired(two, &id(&third()));
    let three = image("v3", &[by(release()), by(third()), by(stranger())]);
    let (after, _) = learned(learn(Some(&before), &[three], now() + DAY));
    assert_eq!(after.candidates, []);
    let two = image("v4", &[by(release()), by(stranger())]);
    let (after, _) = learned(learn(Some(&before), &[two], now() + DAY));
    assert_eq!(after.candidates.len(), 1);
}

#[test]
fn a_retired_signer_does_not_come_back_by_being_seen() {
    let before = retired(first(), &id(&release()));
    let again = image("v9", &[by(release())]);
    assert_eq!(
        learn(Some(&before), &[again], now()),
        UpdateResult::Unchanged
    );
    // Not even one that is the first on a cold baseline's digest, and nobody comes in beside it.
    let both = image("v9", &[by(release()), by(stranger()).at(now() + DAY)]);
    assert_eq!(
        learn(Some(&before), &[both], now()),
        UpdateResult::Unchanged
    );
}

#[test]
fn a_known_signer_introduces_another() {
    let before = established();
    let both = image(
        "v3",
        &[by(release()).introducing(id(&stranger())), by(stranger())],
    );
    let (after, news) = learned(learn(Some(&before), &[both], now() + DAY));
    let record = after.record(&id(&stranger())).unwrap();
    assert!(
        matches!(&record.origin, Origin::Introduced(i) if i.by == id(&release())),
        "{:?}",
        record.origin
    );
    assert!(!record.alone && after.candidates.is_empty());
    assert!(
        news.iter()
            .any(|n| matches!(n, BaselineEvent::Introduced { .. }))
    );
}

#[test]
fn an_introduction_on_one_image_counts_for_another() {
    let before = established();
    let images = [
        image("v3", &[by(release()).introducing(id(&stranger()))]),
        image("v4", &[by(stranger())]),
    ];
    let (after, _) = learned(learn(Some(&before), &images, now() + DAY));
    assert!(after.record(&id(&stranger())).is_some());
    assert!(after.verified(&digest("v4")).is_some());
}

#[test]
fn a_stranger_introduces_nobody_and_neither_does_a_signature_from_elsewhere() {
    let before = established();
    for word in [
        by(third()).introducing(id(&stranger())),
        by(release()).elsewhere().introducing(id(&stranger())),
        by(release()).bundled().introducing(id(&stranger())),
    ] {
        let both = image("v3", &[word, by(stranger())]);
        if let UpdateResult::Learned { baseline, .. } = learn(Some(&before), &[both], now() + DAY) {
            assert!(baseline.record(&id(&stranger())).is_none());
        }
    }
}

#[rstest::rstest]
#[case::before(TimeDelta::hours(-1), true)]
#[case::after(TimeDelta::hours(1), false)]
fn a_retired_signer_introduced_whom_it_introduced_before(
    #[case] when: TimeDelta,
    #[case] counts: bool,
) {
    let before = retired(established(), &id(&release()));
    let word = by(release())
        .introducing(id(&stranger()))
        .at(now() + DAY + when);
    let images = [image("v3", &[word, by(stranger())])];
    let taken = match learn(Some(&before), &images, now() + DAY * 2) {
        UpdateResult::Learned { baseline, .. } => baseline.record(&id(&stranger())).is_some(),
        UpdateResult::Unchanged | UpdateResult::Nothing(_) => false,
    };
    assert_eq!(taken, counts);
}

#[test]
fn a_retired_signer_without_log_time_introduces_nobody() {
    let before = retired(established(), &id(&release()));
    let word = by(release()).introducing(id(&stranger())).unlogged();
    let images = [image("v3", &[word, by(stranger())])];
    assert_eq!(
        learn(Some(&before), &images, now() + DAY),
        UpdateResult::Unchanged
    );
}

#[test]
fn a_known_signers_bundle_enters_the_formats() {
    let before = established();
    let moved_on = [image("v3", &[by(release()).bundled()])];
    let (after, _) = learned(learn(Some(&before), &moved_on, now() + DAY));
    assert_eq!(after.formats, [Format::Cosign2, Format::Bundle]);
    assert!(after.verified(&digest("v3")).is_some());
    let strange = [image("v3", &[by(stranger()).bundled()])];
    assert_eq!(
        learn(Some(&before), &strange, now() + DAY),
        UpdateResult::Unchanged
    );
}

#[test]
fn standing_alone_counts_no_more_once_established() {
    let both = image("v1", &[by(release()), by_key().at(now() + DAY)]);
    let key = image("v0", &[by_key().at(now() - DAY), by(release())]);
    let (cold, _) = learned(learn(None, &[both, key], now()));
    let (before, _) = learned(learn(Some(&cold), &[], now() + DAY));
    let alone = image("v5", &[by_key()]);
    let (after, _) = learned(learn(Some(&before), &[alone], now() + DAY));
    assert!(!after.record(&key_id()).unwrap().alone);
}

#[test]
fn where_somebody_was_not_seen_nobody_new_is_learned() {
    let mut unseen = image("v1", &[by(stranger())]);
    unseen.observation.incomplete = true;
    let nothing = UpdateResult::Nothing("not everybody who may have signed could be seen");
    assert_eq!(learn(None, std::slice::from_ref(&unseen), now()), nothing);
    assert_eq!(
        learn(Some(&first()), &[unseen], now()),
        UpdateResult::Unchanged
    );
    // Who is known is known all the same.
    let mut known = image("v2", &[by(release())]);
    known.observation.incomplete = true;
    let (after, _) = learned(learn(Some(&first()), &[known], now()));
    assert!(after.verified(&digest("v2")).is_some());
}

#[test]
fn signers_are_compared_as_admission_compares_them() {
    let settings = folding_branches();
    let (before, _) = learned(learn(None, &[image("v1", &[by(branch(1))])], now()));
    let next = [image("v2", &[by(branch(2)).bundled()])];
    let sights: Vec<_> = next.iter().filter_map(running).collect();
    let (after, _) = learned(ahead(Some(&before), &sights, &settings, now()));
    assert!(after.verified(&digest("v2")).is_some());
    assert_eq!(after.signers.len(), 1);
    let unfolded = signature_continuity::settings::Settings::default();
    assert_eq!(
        ahead(Some(&before), &sights, &unfolded, now()),
        UpdateResult::Unchanged
    );
}

#[test]
fn whoever_is_first_seen_after_its_time_is_a_stranger_however_late_the_run() {
    let late = [
        image("v2", &[by(release())]),
        image("swapped", &[by(stranger())]),
    ];
    for days in [1, 20] {
        let (after, _) = learned(learn(Some(&first()), &late, now() + DAY * days));
        assert_eq!(signers(&after), [id(&release())], "{days} days");
        assert_eq!(after.established, Some(now() + DAY));
        assert!(after.tolerated(&digest("swapped")).is_some());
    }
}

#[test]
fn where_releases_are_built_is_learned_while_cold_and_with_the_first_digest_of_a_new_signer() {
    // Runner environment (Fulcio's 1.3.6.1.4.1.57264.1.11).
    let elsewhere = |mut identity: continuity_testkit::Identity| {
        identity.extensions.retain(|(n, _)| *n != 11);
        identity.extensions.push((11, "self-hosted".to_owned()));
        identity
    };
    let before = established();
    let runners = before.provenance.runners.clone();
    assert!(!runners.is_empty());
    assert!(!runners.contains(&"self-hosted".to_owned()));
    let moved = image("v3", &[by(elsewhere(release()))]);
    let (after, _) = learned(learn(Some(&before), &[moved], now() + DAY));
    assert!(after.verified(&digest("v3")).is_some());
    assert_eq!(after.provenance.runners, runners);

    let new = elsewhere(third());
    let known = image("v4", &[by(release()).introducing(id(&new)), by(new)]);
    let (after, _) = learned(learn(Some(&after), &[known], now() + DAY));
    assert!(after.provenance.runners.contains(&"self-hosted".to_owned()));
}

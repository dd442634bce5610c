//! The order of observations makes no difference, and what was learned is never lost.

use super::*;
use crate::observation::ObservedImage;
use proptest::prelude::*;

fn some_image(seed: u8, signers: &[u8], hour: i64) -> ObservedImage {
    let who = [release(), stranger(), third()];
    let signatures: Vec<By> = signers
        .iter()
        .enumerate()
        .map(|(n, signer)| {
            let identity = who[usize::from(*signer) % 3].clone();
            let signature = by(identity).at(now() + TimeDelta::hours(hour + n as i64));
            match signer / 3 {
                0 => signature,
                1 => signature.elsewhere(),
                _ => signature.bundled(),
            }
        })
        .collect();
    let mut distinct: Vec<By> = Vec::new();
    let mut ids = Vec::new();
    for (signature, signer) in signatures.into_iter().zip(signers) {
        if !ids.contains(&(signer % 3)) {
            ids.push(signer % 3);
            distinct.push(signature);
        }
    }
    image(&format!("s{seed}"), &distinct)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn makes_no_difference(
        images in proptest::collection::vec((0u8..6, proptest::collection::vec(0u8..9, 0..3), 0i64..50), 1..6),
        seed in any::<u64>(),
    ) {
        let seen: Vec<ObservedImage> = images.iter().map(|(s, who, hour)| some_image(*s, who, *hour)).collect();
        // One look at each digest: two looks may differ.
        let mut once: Vec<ObservedImage> = Vec::new();
        for image in seen {
            if !once.iter().any(|present| present.observation.digest == image.observation.digest) {
                once.push(image);
            }
        }
        let mut shuffled = once.clone();
        let length = shuffled.len();
        for at in 0..length {
            let other = (seed as usize).wrapping_mul(at + 7) % length;
            shuffled.swap(at, other);
        }
        prop_assert_eq!(learn(None, &once, now()), learn(None, &shuffled, now()));
    }

    #[test]
    fn nothing_learned_is_lost(
        images in proptest::collection::vec((0u8..6, proptest::collection::vec(0u8..9, 0..3), 0i64..50), 1..6),
        days in 0i32..40,
    ) {
        let mut baseline: Option<Baseline> = None;
        for (n, (seed, who, hour)) in images.iter().enumerate() {
            let at = now() + DAY * days * n as i32;
            let lesson = learn(baseline.as_ref(), &[some_image(*seed, who, *hour)], at);
            let UpdateResult::Learned { baseline: after, .. } = lesson else { continue };
            if let Some(before) = &baseline {
                prop_assert_eq!(after.generation, before.generation + 1);
                prop_assert!(before.established.is_none() || after.established == before.established);
                for record in &before.signers {
                    prop_assert!(after.record(&record.id()).is_some());
                }
                if before.is_established(at) {
                    prop_assert_eq!(after.signers.len(), before.signers.len());
                }
                prop_assert!(after.rank >= before.rank);
                prop_assert!(after.candidates.len() <= 16);
            }
            let text = serde_json::to_string(&after).unwrap();
            prop_assert_eq!(&Baseline::from_json(&text, &repository()).unwrap(), &*after);
            baseline = Some(*after);
        }
    }
}

//! Baselines for the tests of stores.

#![allow(clippy::unwrap_used, reason = "tests")]

use chrono::DateTime;
use signature_continuity::baseline::{Baseline, Format, Origin, SignerRecord};
use signature_continuity::posture::Rank;
use signature_continuity::signer::{Keyless, Signer};

/// A usable one, of generation 1.
pub(crate) fn baseline(repository: &str) -> Baseline {
    let then = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    let mut baseline = Baseline::new(repository.parse().unwrap(), Rank::Keyless, then);
    baseline.generation = 1;
    baseline.formats = vec![Format::Cosign2];
    baseline.signers = vec![SignerRecord {
        signer: Signer::Keyless(Keyless {
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            subject: "https://github.com/acme/api/.github/workflows/release.yml@refs/tags/*"
                .to_owned(),
            caller: None,
        }),
        origin: Origin::Observed,
        alone: true,
        first_seen: then,
        last_seen: then,
        digests: 1,
        retired: None,
    }];
    baseline
}

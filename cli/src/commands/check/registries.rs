//! Registries, mirrors, the trust root and `trustControl`: whether they answer, and whether what was proven once still is.
//!
//! Invariant: that an image is gone or unsigned is no failure of its registry; that one which was verified is not proven
//! any more is told.

use std::collections::BTreeMap;

use chrono::Utc;
use signature_continuity::baseline::{Baseline, Lookup};
use signature_continuity::host_error::Outage;
use signature_continuity::posture::{Cause, Posture};
use signature_continuity::reference::ImageReference;
use signature_continuity::settings::Settings;

use super::trials::Trials;
use crate::commands::registry_args::RegistryArgs;
use crate::inventory::{Image, control_fails};
use crate::observation::Observe as _;
use crate::observation::{ImageObserver, ObservedImage, spelled};

/// How many images of one registry are tried, where the first ones are gone.
const MOST_TRIED: usize = 3;

pub(super) fn try_trust_root(observer: &ImageObserver, trials: &mut Trials) {
    let root = observer.trust_root();
    let now = Utc::now();
    let day = root.expires.map(|end| end.format("%Y-%m-%d").to_string());
    match day {
        Some(day) if root.has_ended(now) => {
            trials.wrong("trust root", &format!("{} ended {day}", root.name));
        }
        Some(day) if root.ends_soon(now) => {
            trials.doubtful("trust root", &format!("{} ends {day}", root.name));
        }
        Some(_) => trials.right("trust root", &root.name),
        // What was never read, for want of an image to look at or of an answer, is not called fine.
        None => trials.doubtful(
            "trust root",
            &format!("{}: when it ends is not known", root.name),
        ),
    }
}

pub(super) fn try_control(observer: &ImageObserver, settings: &Settings, trials: &mut Trials) {
    let Some(control) = &settings.trust_control else {
        trials.doubtful(
            "trustControl",
            "is not set: a missing trust root cannot be told from an attack",
        );
        return;
    };
    let name = control.image.spelled();
    match observer.observe(&control.image, &Lookup::Absent) {
        Err(why) => trials.wrong("trustControl", &format!("{name}: {why}")),
        Ok(seen) if seen.observation.unknown.is_some() => {
            trials.wrong("trustControl", &format!("{name}: {}", answer(&seen)));
        }
        Ok(_) if control_fails(observer, control) => trials.wrong(
            "trustControl",
            &format!("{name} is not proven to be signed by {}", control.subject),
        ),
        Ok(_) => trials.right("trustControl", name),
    }
}

/// An image to ask a registry about.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    reference: ImageReference,
    /// The baseline that it was verified by; nothing is expected of any other image.
    verified_by: Option<&'a Baseline>,
}

impl<'a> Candidate<'a> {
    /// What baselines say was verified, the newest first.
    pub(super) fn verified(
        settings: &'a Settings,
        baselines: &'a [Baseline],
    ) -> impl Iterator<Item = Self> {
        baselines.iter().flat_map(|baseline| {
            let name = spelled(settings, &baseline.repository);
            let newest = baseline.verified.iter().rev().take(MOST_TRIED);
            newest.filter_map(move |entry| {
                Some(Self {
                    reference: format!("{name}@{}", entry.digest).parse().ok()?,
                    verified_by: Some(baseline),
                })
            })
        })
    }

    /// What runs, or is listed.
    pub(super) fn of_image(image: &Image) -> Option<Self> {
        Some(Self {
            reference: image.reference.clone().ok()?,
            verified_by: None,
        })
    }
}

/// Some images of each registry, and of each mirror.
pub(super) fn try_registries<'a>(
    observer: &ImageObserver,
    looking: &RegistryArgs,
    settings: &Settings,
    candidates: impl Iterator<Item = Candidate<'a>>,
    trials: &mut Trials,
) {
    let mut by_registry: BTreeMap<String, Vec<Candidate<'_>>> = BTreeMap::new();
    for candidate in candidates {
        let name = settings.call_name(&candidate.reference);
        let registry = name.split('/').next().unwrap_or_default().to_owned();
        let of_registry = by_registry.entry(registry).or_default();
        if of_registry.len() < MOST_TRIED {
            of_registry.push(candidate);
        }
    }
    if by_registry.is_empty() {
        trials.doubtful(
            "registries",
            "no baseline names one yet, and nothing was tried; name images with --images, or a cluster with --kubernetes",
        );
    }
    for (registry, candidates) in by_registry {
        try_registry(observer, looking, settings, &registry, &candidates, trials);
    }
}

fn try_registry(
    observer: &ImageObserver,
    looking: &RegistryArgs,
    settings: &Settings,
    registry: &str,
    candidates: &[Candidate<'_>],
    trials: &mut Trials,
) {
    let mut gone = None;
    for candidate in candidates {
        let reference = &candidate.reference;
        let name = reference.spelled();
        // A key that no log knows is proven by being known.
        let lookup = candidate.verified_by.map_or(Lookup::Absent, |baseline| {
            Lookup::Usable(Box::new(baseline.clone()))
        });
        let seen = match observer.observe(reference, &lookup) {
            Ok(seen) => seen,
            Err(why) => {
                trials.wrong("registry", &format!("{registry}: {why}"));
                return;
            }
        };
        if is_gone(&seen) {
            gone = Some(name);
            continue;
        }
        let is_mirror = settings.call_name(reference) != reference.name();
        let (posture, was_verified) = (seen.observation.posture, candidate.verified_by.is_some());
        if seen.observation.unknown.is_some() {
            let why = looking.why_unreachable(registry).filter(|_| {
                matches!(
                    seen.observation.unknown,
                    Some((_, Some(Outage::Unreachable)))
                )
            });
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            trials.wrong(
                "registry",
                &format!("{registry}: {}{why} ({name})", answer(&seen)),
            );
        } else if posture == Posture::Unsigned && was_verified {
            let (what, way_out) = if is_mirror {
                (
                    "mirror",
                    "copy them too, or leave the mirror out of the settings",
                )
            } else {
                (
                    "registry",
                    "they were removed, or this is a cache that does not fetch them",
                )
            };
            trials.wrong(
                what,
                &format!("{registry} serves {name} without its signatures, which were verified once: {way_out}"),
            );
        } else if posture == Posture::Unverifiable && was_verified {
            trials.wrong(
                "registry",
                &format!("{registry} answers, and {name} was verified once and is unverifiable now: does the trust root fit?"),
            );
        } else if posture == Posture::Unverifiable {
            trials.doubtful(
                "registry",
                &format!("{registry} answers; the signatures of {name} are by a Sigstore or in a form that is not known here"),
            );
        } else {
            trials.right("registry", &format!("{registry} answers"));
        }
        return;
    }
    if let Some(gone) = gone {
        trials.doubtful(
            "registry",
            &format!("{registry} answers, and what was tried is not there any more ({gone})"),
        );
    }
}

/// Whether the registry answered that there is no such image.
fn is_gone(seen: &ObservedImage) -> bool {
    matches!(seen.observation.unknown, Some((Cause::Absent, _)))
}

fn answer(seen: &ObservedImage) -> String {
    match &seen.observation.unknown {
        Some((_, Some(outage))) => outage.as_str().to_owned(),
        Some((cause, None)) => cause.to_string(),
        None => seen.observation.posture.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::by_its_alias("ghcr.io/acme/api", "mirror.example/ghcr/acme/api")]
    #[case::without_one("quay.io/acme/api", "quay.io/acme/api")]
    fn a_repository_is_tried_by_the_name_that_pods_have(
        #[case] repository: &str,
        #[case] expected: &str,
    ) {
        let settings = serde_json::json!({
            "aliases": [{"from": "mirror.example/ghcr/**", "to": "ghcr.io/**"}],
        });
        let settings = Settings::parse(settings.to_string().as_bytes()).unwrap();
        assert_eq!(spelled(&settings, &repository.parse().unwrap()), expected);
    }
}

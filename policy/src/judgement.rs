//! One judgement, of one image in one place: what admission decides, and whoever asks natively is told.
//!
//! Invariant: a pure function of settings, baseline, observation, place and time. Exceptions, pins, known signers, the
//! trust control and the scope are put together here and nowhere else.

use crate::baseline::Lookup;
use crate::decision::{Ruling, Scope, Stakes, decide};
use crate::digest::Digest;
use crate::drift::{Assessment, Case, Drift, assess};
use crate::known::Known;
use crate::observe::Observation;
use crate::posture::Cause;
use crate::reference::Repository;
use crate::remedy::{Remedy, Situation};
use crate::settings::{Exception, RepositoryNames, Settings};
use chrono::{DateTime, Utc};

/// Where an image is to run, and who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surroundings<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// Whether the object only holds a pod template, so that its pods are judged anew.
    pub template: bool,
    /// Whether the audit scanner asks.
    pub audit: bool,
}

/// What is known of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its repository, as the image itself names it and as its baseline is kept.
    pub names: RepositoryNames,
    /// The baseline.
    pub lookup: Lookup,
    /// What it carries.
    pub observation: Observation,
}

/// How an image stands to its repository's baseline, and what becomes of it.
#[derive(Debug, Clone)]
pub struct Judgement<'a> {
    settings: &'a Settings,
    now: DateTime<Utc>,
    in_force: Vec<&'a Exception>,
    names: RepositoryNames,
    /// What its baseline belongs to.
    pub repository: Repository,
    /// The baseline.
    pub lookup: Lookup,
    /// What it carries. Where a broken trust root explains it, that is `unknown`.
    pub observation: Observation,
    /// How that differs.
    pub assessment: Assessment,
    /// What becomes of it in the place that it was judged for.
    pub ruling: Ruling,
    /// What can be done about the drift that decided, the best first.
    pub remedies: Vec<Remedy>,
    /// Exceptions for it that expire soon, or have.
    pub ageing: Vec<&'a Exception>,
}

impl<'a> Judgement<'a> {
    /// Judges. `control_fails` is asked at most once, and only where a broken trust root would look the same: whether the
    /// known-good image cannot be proven either.
    #[must_use]
    pub fn new(
        settings: &'a Settings,
        facts: Facts,
        place: &Surroundings<'_>,
        now: DateTime<Utc>,
        control_fails: impl FnOnce() -> bool,
    ) -> Self {
        let Facts {
            names,
            lookup,
            mut observation,
        } = facts;
        if observation.could_be_the_trust_root() && control_fails() {
            observation = Observation::unknown(observation.digest, Cause::TrustRoot, None);
        }
        let digest = observation.digest.as_ref();
        let covers = |exception: &&Exception| exception.covers_image(&names, digest);
        let (expired, in_force): (Vec<&Exception>, Vec<&Exception>) = settings
            .exceptions
            .iter()
            .filter(covers)
            .partition(|exception| exception.is_expired(now));
        let soon = in_force
            .iter()
            .filter(|exception| exception.expires_soon(now));
        let ageing = expired.iter().chain(soon).copied().collect();
        let known = Known::new(settings, &names, lookup.baseline(), &in_force);
        let case = Case {
            lookup: &lookup,
            known: &known,
            observation: &observation,
            now,
        };
        let assessment = assess(&case, &in_force);
        let stakes = Stakes::new(&lookup, known.is_pinned(), now);
        let scope = scope(settings, place, Some(&names));
        let ruling = decide(&scope, stakes, &assessment.drifts);
        let situation = Situation {
            case: &case,
            spelled: names.own(),
            repository: names.aliased(),
            drifts: &assessment.drifts,
            expired,
        };
        let remedies = match &ruling.drift {
            Some(drift) => situation.remedies(drift),
            None => Vec::new(),
        };
        Self {
            settings,
            now,
            in_force,
            repository: names.aliased().clone(),
            names,
            lookup,
            observation,
            assessment,
            ruling,
            remedies,
            ageing,
        }
    }

    /// What becomes of it in another place.
    #[must_use]
    pub fn ruling_in(&self, place: &Surroundings<'_>) -> Ruling {
        let scope = scope(self.settings, place, Some(&self.names));
        let stakes = Stakes::new(&self.lookup, self.known().is_pinned(), self.now);
        decide(&scope, stakes, &self.assessment.drifts)
    }

    /// The drift that decides.
    #[must_use]
    pub(crate) fn drift(&self) -> Option<&Drift> {
        self.ruling.drift.as_ref()
    }

    /// Whom the image may be signed by.
    #[must_use]
    pub fn known(&self) -> Known<'_> {
        let baseline = self.lookup.baseline();
        Known::new(self.settings, &self.names, baseline, &self.in_force)
    }

    /// Whether its baseline is still to be established.
    #[must_use]
    pub(crate) fn is_cold(&self) -> bool {
        let baseline = self.lookup.baseline();
        baseline.is_some_and(|baseline| baseline.is_signed() && !baseline.is_established(self.now))
    }
}

/// The scope of an image; without a repository, of one that could be any.
#[must_use]
pub fn scope<'a>(
    settings: &'a Settings,
    place: &Surroundings<'_>,
    names: Option<&RepositoryNames>,
) -> Scope<'a> {
    let entries = settings.enforce_entries(place.namespace, names);
    Scope::new(settings, entries.collect(), place.audit, place.template)
}

/// The exceptions that may count for an image of a repository with these names: before a tag is resolved (`digest` is absent) all that
/// are in force for any of its images.
#[must_use]
pub(crate) fn exceptions_in_force<'a>(
    settings: &'a Settings,
    names: &RepositoryNames,
    digest: Option<&Digest>,
    now: DateTime<Utc>,
) -> Vec<&'a Exception> {
    let may_count = |exception: &&Exception| {
        let covers = match digest {
            Some(digest) => exception.covers_image(names, Some(digest)),
            None => names.contains(exception.scope.repository()),
        };
        covers && !exception.is_expired(now)
    };
    settings.exceptions.iter().filter(may_count).collect()
}

#[cfg(test)]
#[path = "judgement_tests.rs"]
mod tests;

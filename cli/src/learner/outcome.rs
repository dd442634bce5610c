//! What came of a run.
//!
//! Invariant: drift that is told here is that of what the learner sees, against the baseline as it was: what a policy's host
//! cannot prove and the learner learned is no news for anybody.

use super::StoreSnapshot;
use crate::baseline::BaselineEvent;
use crate::inventory::{Ended, Entry, LeftOut};
use crate::output::cause;
use crate::store::{DriftReport, StoreError};
use signature_continuity::baseline::Baseline;
use signature_continuity::drift::Drift;
use signature_continuity::posture::Posture;
use signature_continuity::reference::Repository;
use std::collections::BTreeSet;

/// How many images are kept whole, to be shown; the rest is counted.
pub(super) const MOST_SHOWN: usize = 20_000;
/// How many releases to come are told of that drift.
const MOST_AHEAD: usize = 20;
/// After how many objects in a row about which the store did not answer it counts as broken.
const MOST_REFUSED: usize = 10;
/// From how many images on a share of unverifiable ones says something about the trust root.
const ENOUGH: usize = 4;

/// One baseline that is different now, or would be.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Of which repository.
    pub repository: Repository,
    /// As it was.
    pub before: Option<Baseline>,
    /// As it is.
    pub after: Baseline,
    /// What is new.
    pub news: Vec<BaselineEvent>,
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What is different in the store, without lists of digests; in a dry run, what would be, whole.
    pub changes: Vec<Change>,
    /// The images, without the lists of digests in their baselines, as far as there is room.
    pub entries: Vec<Entry>,
    /// How many with drift there were beyond those.
    pub drifted_besides: usize,
    /// How many images were looked at.
    pub images: usize,
    /// How many of them are unverifiable.
    pub unverifiable: usize,
    /// How many of them could not be judged for lack of an answer.
    pub undetermined: usize,
    /// How many baselines were begun.
    pub begun: usize,
    /// How many more could have begun, but for the bound of one run.
    pub surplus: usize,
    /// Repositories that may be lost ones, and so begin nothing.
    pub held_back: BTreeSet<Repository>,
    /// How often somebody else was faster.
    pub conflicts: usize,
    /// Whether the run was ended early.
    pub interrupted: bool,
    /// How many baselines the store lost.
    pub lost: u64,
    /// Sentences for people.
    pub notes: Vec<String>,
    /// Sentences about what failed.
    pub failures: Vec<String>,
    /// What was not reached in time, and where the next run begins.
    pub ended: Ended,
    /// Those whose baseline is signed, and not named yet.
    pub(crate) unnamed: BTreeSet<Repository>,
    refused_in_a_row: usize,
    pub(super) surveyed: BTreeSet<Repository>,
    pub(super) examined: BTreeSet<Repository>,
}

impl Outcome {
    pub(super) fn begin(memory: &StoreSnapshot) -> Self {
        let notes = memory
            .unusable()
            .iter()
            .map(|(name, why)| format!("{name} is left as it is: {why}"));
        let doubt = memory.doubt().map(|why| {
            format!("{why}: how many baselines there were is not known, so this run begins none, unless --accept-lost says that none is missed; compare with a backup (continuity restore)")
        });
        Self {
            notes: notes.chain(doubt).collect(),
            lost: memory.lost(),
            ..Self::default()
        }
    }

    pub(super) fn changed(&mut self, change: Change) {
        self.refused_in_a_row = 0;
        if change.before.is_none() {
            self.begun += 1;
        }
        self.changes.push(change);
    }

    /// The same, of something that was written: it is there to be read.
    pub(super) fn changed_in_store(&mut self, change: Change) {
        self.changed(Change {
            before: change.before.map(without_digests),
            after: without_digests(change.after),
            ..change
        });
    }

    /// A baseline was written: where it is signed, its repository is to be named.
    pub(super) fn written(&mut self, repository: &Repository, baseline: &Baseline) {
        if baseline.is_signed() {
            self.unnamed.insert(repository.clone());
        }
    }

    /// A baseline is on record and not there: nothing begins it again.
    pub(super) fn missing(&mut self, repository: &Repository) {
        self.fail(format!(
            "{repository}: its baseline is lost: it is on record and not there; bring it back with continuity restore, or accept the loss with continuity learn --accept-lost {repository}"
        ));
    }

    pub(super) fn note(&mut self, text: String) {
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    /// The store answered: whatever it refused before were single objects.
    pub(super) fn answered(&mut self) {
        self.refused_in_a_row = 0;
    }

    /// One object could not be read or written. What the store refuses about that object is no reason to leave the
    /// others; only when it does not answer many times in a row is it the store.
    pub(super) fn refused(&mut self, text: String, error: StoreError) -> Result<(), StoreError> {
        let cause = match &error {
            StoreError::Failed { source, .. } => source
                .as_ref()
                .map(|source| cause::cause(source.as_ref()).unwrap_or_else(|| source.to_string())),
            StoreError::Conflict(_)
            | StoreError::TooLarge { .. }
            | StoreError::LeftAlone { .. }
            | StoreError::DamagedState(_)
            | StoreError::OtherWriter(_) => None,
        };
        let answered = cause.is_none();
        self.fail(match cause {
            Some(cause) if !text.contains(&cause) => format!("{text}: {cause}"),
            Some(_) | None => text,
        });
        if answered {
            return Ok(());
        }
        self.refused_in_a_row += 1;
        if self.refused_in_a_row >= MOST_REFUSED {
            return Err(error);
        }
        Ok(())
    }

    pub(super) fn fail(&mut self, text: String) {
        self.failures.push(text);
    }

    pub(super) fn take(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            self.images += 1;
            if let Ok(found) = &entry.found
                && found.seen.observation.posture == Posture::Unverifiable
            {
                self.unverifiable += 1;
            }
            if let Ok(found) = &entry.found
                && found.seen.observation.posture == Posture::Unknown
            {
                self.undetermined += 1;
            }
            if self.entries.len() < MOST_SHOWN {
                self.entries.push(entry);
            } else if is_drift(&entry) {
                self.drifted_besides += 1;
            }
        }
    }

    /// What the images that are kept lack.
    #[must_use]
    pub(crate) fn left_out(&self) -> LeftOut {
        LeftOut {
            unreached: self
                .ended
                .unreached
                .saturating_add(self.ended.unreached_strangers),
            unlisted: self.images.saturating_sub(self.entries.len()),
            unlisted_drifting: self.drifted_besides,
        }
    }

    /// The images that somebody has to look into.
    pub fn drifted(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| is_drift(entry))
    }

    /// Adds what releases to come taught. They do not run yet: that one drifts is a remark.
    pub(crate) fn add_ahead(&mut self, ahead: Self, notes: Vec<String>) {
        let drifting = ahead.entries.iter().filter(|entry| is_drift(entry));
        let told = drifting.take(MOST_AHEAD).map(|entry| {
            let drift = entry
                .learner_drift()
                .map_or_else(|| "cannot be read".to_owned(), Drift::to_string);
            format!(
                "not deployed yet, and drifts: {} ({drift})",
                entry.image.spelled
            )
        });
        self.notes
            .extend(notes.into_iter().take(MOST_AHEAD).chain(told));
        self.changes.extend(ahead.changes);
        self.failures.extend(ahead.failures);
        self.conflicts += ahead.conflicts;
        self.interrupted |= ahead.interrupted;
    }

    /// What is kept of it for whoever asks later.
    pub(super) fn report(&self) -> DriftReport {
        let drifted = self.drifted().map(|entry| {
            let drift = entry
                .learner_drift()
                .map_or_else(|| "cannot be read".to_owned(), Drift::to_string);
            (entry.image.spelled.clone(), drift)
        });
        let mut report = DriftReport::new(drifted, self.undetermined);
        report.add_unnamed(self.drifted_besides);
        report
    }

    /// The same, of a run that looked at a part only.
    pub(super) fn report_over(&self, earlier: &DriftReport) -> DriftReport {
        let looked_at: BTreeSet<&str> = self
            .entries
            .iter()
            .map(|entry| entry.image.spelled.as_str())
            .collect();
        self.report()
            .over(earlier, |image| looked_at.contains(image))
    }

    /// Whether so many images are unverifiable that it is the trust root rather than an attack on each.
    #[must_use]
    pub(crate) fn trust_root_looks_broken(&self) -> bool {
        looks_broken(self.images, self.unverifiable)
    }

    /// Whether drift was found that somebody has to look into. That a registry did not answer is none.
    #[must_use]
    pub(crate) fn has_drift(&self) -> bool {
        self.drifted_besides > 0 || self.drifted().next().is_some()
    }

    /// Whether nothing at all could be found out.
    #[must_use]
    pub(crate) fn is_blind(&self) -> bool {
        let unreached = self.ended.unreached + self.ended.unreached_strangers;
        self.images + unreached > 0 && self.undetermined == self.images
    }
}

/// What is shown of a baseline that changed are its signers: the digests would fill the memory of a large run.
fn without_digests(mut baseline: Baseline) -> Baseline {
    baseline.verified = Vec::new();
    baseline.tolerated = Vec::new();
    baseline
}

/// Whether an image's drift, as the learner sees it, is more than a missing answer.
#[must_use]
pub fn is_drift(entry: &Entry) -> bool {
    entry.drifts_for_the_learner()
}

/// Whether so many of `images` are unverifiable that the trust root is the likelier cause.
#[must_use]
pub fn looks_broken(images: usize, unverifiable: usize) -> bool {
    images >= ENOUGH && unverifiable.saturating_mul(2) >= images
}

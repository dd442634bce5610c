//! A baseline while it learns.

use super::digest_observation::{DigestObservation, signer};
use super::digests::{self, Positions};
use super::history::Qualified;
use super::provenance::note_provenance;
use super::result::{BaselineEvent, UpdateResult};
use crate::observation::Signature;
use chrono::{DateTime, TimeDelta, Utc};
use signature_continuity::baseline::{Baseline, Format, Introduction, Log, Origin, SignerRecord};
use signature_continuity::digest::Digest;
use signature_continuity::proof::rank_of;
use signature_continuity::settings::Settings;
use signature_continuity::signer::Signer;
use std::collections::BTreeSet;

/// How many signers a cold baseline takes in by itself: whoever needs more approves them.
const MOST_SIGNERS: usize = 32;

pub(super) struct BaselineUpdate<'a> {
    pub(super) baseline: Baseline,
    /// Of the baseline's verified digests.
    positions: Positions,
    settings: &'a Settings,
    pub(super) news: Vec<BaselineEvent>,
    pub(super) now: DateTime<Utc>,
    /// Whether it takes in strangers by itself.
    pub(super) is_open: bool,
}

impl<'a> BaselineUpdate<'a> {
    /// One that takes in nobody by itself.
    pub(super) fn of(baseline: Baseline, settings: &'a Settings, now: DateTime<Utc>) -> Self {
        Self {
            positions: Positions::of(&baseline),
            baseline,
            settings,
            news: Vec::new(),
            now,
            is_open: false,
        }
    }

    /// One that is cold. Once its time is over it takes in nobody any more, however late the run comes that establishes
    /// it: what is seen then is seen after its time.
    pub(super) fn cold_until(self, due: DateTime<Utc>) -> Self {
        Self {
            is_open: self.baseline.established.is_none() && self.now < due,
            ..self
        }
    }

    /// A new one, in its first run.
    pub(super) fn begun(self) -> Self {
        Self {
            is_open: true,
            ..self
        }
    }

    /// The record of a signer, compared as admission compares: with the operator's `refPatterns` folded.
    pub(super) fn record(&self, signer: &Signer) -> Option<&SignerRecord> {
        let compared = self.compared(signer);
        let mut records = self.baseline.signers.iter();
        // The signer itself before one that only compares equal, a known one before a retired one.
        let itself = self.baseline.record(&signer.id());
        itself.or_else(|| records.find(|record| self.compared(&record.signer) == compared))
    }

    fn compared(&self, signer: &Signer) -> Signer {
        self.settings.compared(&self.baseline.repository, signer)
    }

    fn is_known(&self, signer: &Signer) -> bool {
        self.record(signer)
            .is_some_and(|record| record.retired.is_none())
    }

    pub(super) fn is_retired(&self, signer: &Signer) -> bool {
        self.record(signer)
            .is_some_and(|record| record.retired.is_some())
    }

    pub(super) fn is_recorded(&self, signer: &Signer) -> bool {
        self.record(signer).is_some()
    }

    /// Whether a known signer signed it for this repository.
    pub(super) fn is_by_known(&self, sight: &DigestObservation<'_>) -> bool {
        let mut signatures = sight.teaching().into_iter();
        signatures.any(|signature| self.is_known(signer(signature)))
    }

    /// What one digest teaches.
    pub(super) fn learn(&mut self, sight: &DigestObservation<'_>) {
        let signatures = sight.teaching();
        // Whoever stands beside a retired signer may be its thief.
        let beside_retired = signatures.iter().any(|s| self.is_retired(signer(s)));
        if self.is_open
            && !beside_retired
            && let Ok(first) = sight.newcomer()
            && !self.is_recorded(signer(first))
        {
            self.take_in(first, Origin::Observed);
        }
        let (known, others): (Vec<&Signature>, Vec<&Signature>) = signatures
            .iter()
            .partition(|signature| self.is_known(signer(signature)));
        let Some(beside) = known.iter().map(|s| signer(s).id()).min() else {
            return;
        };
        for signature in &known {
            self.note_known(signature, sight);
        }
        if !beside_retired {
            for stranger in others {
                self.note_candidate(signer(stranger), &beside);
            }
        }
        self.note_verified(sight, &known);
    }

    /// What a digest teaches that does not run: a release to come, or what is only declared somewhere.
    pub(super) fn foresee(&mut self, sight: &DigestObservation<'_>) {
        let signatures = sight.teaching();
        let known: Vec<&Signature> = signatures
            .into_iter()
            .filter(|signature| self.is_known(signer(signature)))
            .collect();
        let is_new = !self.positions.contains(sight.digest);
        for signature in &known {
            self.note_format(signature.format());
            // Whoever never ran begins to count with the first digest that does: that one teaches where it was built.
            if is_new
                && let Some(record) = self.known_record(signature)
                && record.digests > 0
            {
                record.digests = record.digests.saturating_add(1);
            }
        }
        self.note_verified(sight, &known);
    }

    fn known_record(&mut self, signature: &Signature) -> Option<&mut SignerRecord> {
        let id = self.record(signer(signature)).map(SignerRecord::id)?;
        let mut records = self.baseline.signers.iter_mut();
        records.find(|record| record.id() == id)
    }

    pub(super) fn take_in(&mut self, signature: &Signature, origin: Origin) {
        if self.baseline.signers.len() >= MOST_SIGNERS {
            return;
        }
        let signer = signer(signature).clone();
        self.baseline.rank = self.baseline.rank.max(rank_of(&signer));
        let id = signer.id();
        self.baseline
            .candidates
            .retain(|candidate| candidate.id != id);
        self.news.push(match &origin {
            Origin::Introduced(Introduction { by }) => BaselineEvent::Introduced {
                signer: signer.clone(),
                by: by.clone(),
            },
            Origin::History => BaselineEvent::History(signer.clone()),
            Origin::Observed | Origin::Approved { .. } => BaselineEvent::Signer(signer.clone()),
        });
        self.baseline.signers.push(SignerRecord {
            signer,
            origin,
            alone: false,
            first_seen: self.now,
            last_seen: self.now,
            digests: 0,
            retired: None,
        });
    }

    /// Takes in whom the repository's own past establishes; from then on nobody else is taken in.
    pub(super) fn take_in_by_history(&mut self, qualified: &Qualified<'_>) {
        self.is_open = true;
        match self.known_record(qualified.first) {
            Some(record) => {
                // Who approved, and why, stays on the record.
                if record.origin == Origin::Observed {
                    record.origin = Origin::History;
                }
                let signer = record.signer.clone();
                self.news.push(BaselineEvent::History(signer));
            }
            None => self.take_in(qualified.first, Origin::History),
        }
        for sight in &qualified.sights {
            self.learn(sight);
        }
        self.is_open = false;
    }

    fn note_known(&mut self, signature: &Signature, sight: &DigestObservation<'_>) {
        let rank = signature.proven.rank();
        // Standing alone counts while the baseline is cold; later it takes an approval.
        let proven = &sight.seen.observation.proven;
        let alone =
            self.is_open && sight.is_complete() && !proven.iter().any(|other| other.rank() > rank);
        let is_new = !self.positions.contains(sight.digest);
        let (now, is_open) = (self.now, self.is_open);
        let mut teaches_provenance = is_open;
        if let Some(record) = self.known_record(signature) {
            record.alone |= alone;
            // What an established baseline has not seen of a signer is news to be looked into, and not learned: except
            // with the first digest of one who was approved or introduced.
            teaches_provenance |= record.digests == 0;
            if is_new || record.digests == 0 {
                record.digests = record.digests.saturating_add(1);
            }
            if now.date_naive() > record.last_seen.date_naive() {
                record.last_seen = now;
            }
        }
        if teaches_provenance {
            note_provenance(&mut self.baseline.provenance, signature.proven.provenance());
        }
        if now.date_naive() > self.baseline.last_seen.date_naive() {
            self.baseline.last_seen = now;
        }
        self.note_format(signature.format());
        if let Some(at) = signature.logged_at {
            let earliest = self
                .baseline
                .log
                .as_ref()
                .map_or(at, |log| log.earliest.min(at));
            self.baseline.log = Some(Log { earliest });
        }
    }

    /// By the strongest of the known signers who signed it.
    fn note_verified(&mut self, sight: &DigestObservation<'_>, known: &[&Signature]) {
        let strongest = known
            .iter()
            .max_by_key(|s| (s.proven.rank(), std::cmp::Reverse(signer(s).id())));
        let recorded = strongest.and_then(|strongest| self.record(signer(strongest)));
        let Some(id) = recorded.map(SignerRecord::id) else {
            return;
        };
        if self
            .positions
            .verify(&mut self.baseline, sight, &id, self.now)
        {
            self.news
                .push(BaselineEvent::Verified(sight.digest.clone()));
        }
    }

    fn note_format(&mut self, format: Format) {
        if !self.baseline.formats.contains(&format) {
            self.baseline.formats.push(format);
            self.baseline.formats.sort();
        }
    }

    /// Where somebody was taken in by a repository that was never signed before, its time begins now.
    pub(super) fn begin_the_clock(&mut self) {
        if !self.baseline.signers.is_empty() {
            self.baseline.first_seen = self.now;
            self.baseline.unsigned_until = Some(self.now);
            self.news.insert(0, BaselineEvent::Repository);
        }
    }

    /// Sets `established`, once, and writes down with it what runs without a known signer.
    pub(super) fn establish(
        &mut self,
        sights: &[DigestObservation<'_>],
        after: TimeDelta,
        by_history: bool,
    ) {
        if self.baseline.established.is_some() || self.baseline.known().next().is_none() {
            return;
        }
        let due = self.baseline.first_seen + after;
        if by_history {
            self.baseline.established = Some(self.now);
        } else if due <= self.now {
            self.baseline.established = Some(due);
        } else {
            return;
        }
        self.news.push(BaselineEvent::Established);
        for digest in digests::tolerate(&mut self.baseline, sights, self.now) {
            self.news.push(BaselineEvent::Tolerated(digest));
        }
    }

    /// Keeps the lists of digests within bounds: what runs stays. The last thing that is done.
    pub(super) fn keep_up(
        &mut self,
        sights: &[DigestObservation<'_>],
        also_running: Option<&BTreeSet<Digest>>,
        all: bool,
    ) {
        let baseline = &mut self.baseline;
        for digest in digests::keep_up(baseline, sights, also_running, self.now, all) {
            self.news.push(BaselineEvent::Forgotten(digest));
        }
    }

    /// A lesson only where something is different from before.
    pub(super) fn lesson(mut self, before: Option<&Baseline>) -> UpdateResult {
        if before == Some(&self.baseline) {
            return UpdateResult::Unchanged;
        }
        self.baseline.generation = before.map_or(0, |b| b.generation).saturating_add(1);
        UpdateResult::Learned {
            baseline: Box::new(self.baseline),
            news: self.news,
        }
    }
}

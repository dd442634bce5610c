//! How a run ends: what time alone changes, what was not reached, and what is kept for the next one.
//!
//! Invariant: what was not reached is told, and is no repository of which nothing runs. A run that found nothing out does
//! not count as one: only the place where it ended is kept then, so that the next one does not begin with the same.

use super::{Learner, Outcome, StoreSnapshot};
use crate::baseline::{Terms, fold};
use crate::inventory::Ended;
use crate::output::words::counted;
use crate::store::{LearnerState, StoreError};
use signature_continuity::baseline::{Baseline, State};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

impl Learner<'_> {
    /// Whether nothing further is to be begun.
    pub(super) fn is_to_end(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.options.time.is_over()
    }

    /// Baselines of which nothing runs just now become established in their time, too, and forget what does not run.
    pub(super) fn establish_the_rest(
        &self,
        memory: &StoreSnapshot,
        outcome: &mut Outcome,
    ) -> Result<(), StoreError> {
        for repository in memory.unfinished() {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            if outcome.surveyed.contains(repository) {
                continue;
            }
            let terms = Terms {
                establish_after: self.settings.baseline.establish_after,
                now: self.now,
                past: None,
                may_establish: true,
                settings: self.settings,
                also_running: None,
            };
            let teach = |before: Option<&Baseline>| fold(before, repository, &[], &terms);
            match self.read(repository, memory) {
                Ok(stored) => self.write(repository, stored, &teach, memory, outcome)?,
                Err(error) => outcome.refused(format!("{repository}: {error}"), error)?,
            }
        }
        Ok(())
    }

    /// Writes the learner's last words.
    pub(super) fn remember(
        &self,
        memory: &StoreSnapshot,
        outcome: &Outcome,
    ) -> Result<(), StoreError> {
        let is_part = self.options.share.is_partial();
        // It says nothing about where a look at the whole ended.
        let cursor = if is_part {
            memory.cursor().clone()
        } else {
            outcome.ended.cursor.clone()
        };
        if outcome.is_blind() {
            // Nobody is to take it for a run that learned.
            return match memory.state() {
                Some(before) if cursor != *memory.cursor() => {
                    self.store.write_state(&LearnerState {
                        state: before.clone(),
                        examined: memory.examined(&outcome.examined, self.now.date_naive()),
                        found: memory.found().cloned(),
                        cursor,
                    })
                }
                Some(_) | None => Ok(()),
            };
        }
        // What is lost stays missed until somebody says otherwise.
        let accepted = u64::try_from(self.options.accept_lost.len()).unwrap_or(u64::MAX);
        let lost = memory.lost().saturating_sub(accepted);
        // Counted anew: others may have written, and a write that was not acknowledged may have been done. One of a
        // repository that was never signed is no loss.
        let mut signed = BTreeSet::new();
        self.store.each(&mut |listed| {
            if listed.is_signed() {
                signed.insert(listed.name);
            }
        })?;
        let signed = u64::try_from(signed.len()).unwrap_or(u64::MAX);
        self.store.write_state(&LearnerState {
            state: State {
                version: 1,
                last_run: self.now,
                baselines: signed.saturating_add(lost),
            },
            examined: memory.examined(&outcome.examined, self.now.date_naive()),
            found: Some(match memory.found() {
                Some(earlier) if is_part || outcome.ended.is_incomplete() => {
                    outcome.report_over(earlier)
                }
                Some(_) | None => outcome.report(),
            }),
            cursor,
        })
    }
}

impl Ended {
    /// Whether some images were not reached.
    #[must_use]
    pub(crate) fn is_incomplete(&self) -> bool {
        self.unreached > 0 || self.unreached_strangers > 0
    }
}

impl Outcome {
    /// The survey ended so; what it did not reach is told.
    pub(super) fn end(&mut self, ended: Ended) {
        if ended.unreached > 0 {
            let first = ended.first_unreached.as_ref();
            let first = first.map_or_else(String::new, |first| format!(" ({first} first)"));
            self.fail(format!(
                "the time of the run was over before {} were looked at{first}: the next run begins with them, and --run-timeout gives it more",
                counted(ended.unreached, "image", "images")
            ));
        }
        if ended.unreached_strangers > 0 {
            self.note(format!(
                "{} on registries of which no repository has a baseline were not looked at: such registries took the part of the run's time that is theirs; the next run goes on with them",
                counted(ended.unreached_strangers, "image", "images")
            ));
        }
        self.ended = ended;
    }
}

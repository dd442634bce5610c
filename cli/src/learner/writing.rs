//! Writing what was learned: over what was read, and no more than may begin; then the names of what is signed.
//!
//! Invariant: a baseline is written over the very version that was read, and folded anew where somebody else was faster;
//! what is lost, or may be, begins nothing; names follow their baselines.

use super::{Change, Learner, Outcome, StoreSnapshot};
use crate::baseline::UpdateResult;
use crate::output::cause::with_cause;
use crate::store::{StoreError, Stored, names};
use signature_continuity::baseline::{Baseline, Lookup};
use signature_continuity::reference::Repository;

/// How many repositories that were never signed have a baseline: each is one object.
const MOST_NEVER_SIGNED: usize = 20_000;
/// How many new repositories are named at once, so that few go unnamed where a run is killed.
const NAMED_AT_ONCE: usize = 64;
/// How often a baseline is folded anew because somebody else wrote in between.
const MOST_CONFLICTS: usize = 8;

impl Learner<'_> {
    /// Takes what somebody gave up out of the names: it may begin again.
    pub(super) fn give_up_lost(&self) -> Result<(), StoreError> {
        if !self.options.dry_run {
            for repository in &self.options.accept_lost {
                names::forget(self.store, repository)?;
            }
        }
        Ok(())
    }

    /// Names every signed baseline that is there: those of earlier versions, and of runs that ended before they could.
    pub(super) fn name_all(&self, memory: &StoreSnapshot, outcome: &mut Outcome) {
        for (shard, why) in memory.names().unreadable() {
            outcome.fail(format!(
                "{} cannot be read ({why}): none of its repositories that has no baseline is begun; remove that object yourself, and the next run names what is there",
                shard.config_map_name()
            ));
        }
        if self.options.dry_run {
            return;
        }
        let named = names::record(self.store, memory.repositories());
        // One that is there is read from the host's cache; one that is not, never.
        if let Err(error) = named.and_then(|_| names::prepare(self.store)) {
            outcome.fail(with_cause(&error));
        }
    }

    /// Names the repositories whose first signed baseline was written, once there are more than `most` of them.
    pub(super) fn name_new(&self, outcome: &mut Outcome, most: usize) {
        if self.options.dry_run || outcome.unnamed.len() <= most {
            return;
        }
        let unnamed = std::mem::take(&mut outcome.unnamed);
        if let Err(error) = names::record(self.store, unnamed.iter()) {
            outcome.fail(with_cause(&error));
            outcome.unnamed = unnamed;
        }
    }

    /// Whether there is room for one more repository that was never signed.
    fn has_room(&self, memory: &StoreSnapshot, outcome: &mut Outcome) -> bool {
        let begun = outcome
            .changes
            .iter()
            .filter(|change| change.before.is_none() && !change.after.is_signed());
        if memory.never_signed().saturating_add(begun.count()) < MOST_NEVER_SIGNED {
            return true;
        }
        outcome.note(format!(
            "more than {MOST_NEVER_SIGNED} repositories were never signed: those beyond are not written down, and stay new"
        ));
        false
    }

    /// Writes what is taught, over what was read. What one object refuses is no reason to leave the others.
    pub(crate) fn write(
        &self,
        repository: &Repository,
        mut stored: Stored,
        teach: &dyn Fn(Option<&Baseline>) -> UpdateResult,
        memory: &StoreSnapshot,
        outcome: &mut Outcome,
    ) -> Result<(), StoreError> {
        for _ in 0..MOST_CONFLICTS {
            let before = match &stored.lookup {
                Lookup::Usable(before) => Some(before.as_ref()),
                Lookup::Absent => None,
                Lookup::Unusable(why) => {
                    outcome.note(format!("{repository}: left as it is: {why}"));
                    return Ok(());
                }
                Lookup::Lost => {
                    outcome.missing(repository);
                    return Ok(());
                }
                Lookup::Unread => return Ok(()),
            };
            let UpdateResult::Learned { baseline, news } = teach(before) else {
                outcome.answered();
                return Ok(());
            };
            let begins = before.is_none();
            if begins && !self.may_begin(repository, memory, outcome) {
                return Ok(());
            }
            if begins && !baseline.is_signed() && !self.has_room(memory, outcome) {
                return Ok(());
            }
            let written = if self.options.dry_run {
                Ok(())
            } else {
                self.store.write(&baseline, &stored.revision).map(|_| ())
            };
            match written {
                Ok(()) => {
                    outcome.written(repository, &baseline);
                    self.name_new(outcome, NAMED_AT_ONCE);
                    let change = Change {
                        repository: repository.clone(),
                        before: before.cloned(),
                        after: *baseline,
                        news,
                    };
                    if self.options.dry_run {
                        outcome.changed(change);
                    } else {
                        outcome.changed_in_store(change);
                    }
                    return Ok(());
                }
                Err(StoreError::Conflict(_)) => {
                    outcome.conflicts += 1;
                    stored = match self.read(repository, memory) {
                        Ok(stored) => stored,
                        Err(error) => {
                            return outcome.refused(format!("{repository}: {error}"), error);
                        }
                    };
                }
                Err(error) => return outcome.refused(format!("{repository}: {error}"), error),
            }
        }
        outcome.fail(format!(
            "{repository}: somebody else writes it all the time; it is learned next time"
        ));
        Ok(())
    }

    fn may_begin(
        &self,
        repository: &Repository,
        memory: &StoreSnapshot,
        outcome: &mut Outcome,
    ) -> bool {
        if memory.knows(repository) {
            outcome.fail(format!(
                "{repository}: its baseline was there when this run began, and is gone; it is not begun again: see continuity restore"
            ));
            return false;
        }
        let accepted = self.options.accept_lost.contains(repository);
        if (memory.lost_without_a_name() > 0 || memory.is_unsure()) && !accepted {
            outcome.held_back.insert(repository.clone());
            return false;
        }
        if outcome.begun >= self.options.most_new {
            outcome.surplus += 1;
            return false;
        }
        true
    }
}

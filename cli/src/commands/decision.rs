//! What `approve` and `retire` have in common: show the whole difference, ask, write, and nothing lost in between.
//!
//! Invariant: what is written is what was shown, over the very version that it was shown against; a baseline that cannot
//! be used is never written over.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::bail;
use signature_continuity::baseline::{Baseline, Lookup, SignerRecord};
use signature_continuity::clean::clean;
use signature_continuity::reference::Repository;

use crate::learner::difference;
use crate::output;
use crate::output::cause::with_cause;
use crate::output::words::counted;
use crate::program::UsageError;
use crate::store::names;
use crate::store::{Store, StoreError, Stored};

/// How many differences are shown whole.
const SHOWN_WHOLE: usize = 3;

/// What a decision makes of a baseline; `None`: nothing changes.
pub(super) type Change<'a> = dyn Fn(Option<&Baseline>, &Repository) -> Option<Baseline> + 'a;

/// A decision about some repositories.
pub(super) struct Decision<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) change: &'a Change<'a>,
    /// Whether somebody who was ended may be brought back by it.
    pub(super) revive: bool,
    /// What is decided, in a sentence, with the identity in full.
    pub(super) what: String,
    /// Whether it was confirmed on the command line.
    pub(super) yes: bool,
}

impl Decision<'_> {
    /// Whom it would bring back of those that were ended.
    fn undone<'b>(&self, before: &'b Baseline, repository: &Repository) -> Vec<&'b SignerRecord> {
        (self.change)(Some(before), repository)
            .map_or_else(Vec::new, |after| brought_back(before, &after))
    }

    /// Shows what would change in `repositories`, asks, and writes.
    pub(super) fn carry_out(&self, repositories: &[Repository]) -> anyhow::Result<usize> {
        let mut planned = Vec::new();
        for repository in repositories {
            let stored = names::find(self.store, repository)?;
            let before = usable(repository, &stored)?;
            if before.is_none() {
                refuse_if_lost(self.store, repository)?;
            }
            let retired = before.map_or_else(Vec::new, |before| self.undone(before, repository));
            if let (false, Some(record)) = (self.revive, retired.first()) {
                return Err(UsageError(format!(
                    "{repository}: {} was retired {}; add --revive if that is to be undone (it stays on the record)",
                    clean(&record.signer.to_string(), 500),
                    ended(record)
                ))
                .into());
            }
            if let Some(after) = (self.change)(before, repository) {
                planned.push((repository, before.cloned(), after, stored.revision.clone()));
            }
        }
        if planned.is_empty() {
            output::note("nothing changes: it is on the record already");
            return Ok(0);
        }
        let mut shown = format!("{}\n\n", self.what);
        for (at, (repository, before, after, _)) in planned.iter().enumerate() {
            let revives = before.as_ref().is_some_and(|before| revives(before, after));
            if at < SHOWN_WHOLE || revives {
                shown.push_str(&difference(repository, before.as_ref(), Some(after)));
                shown.push('\n');
            } else {
                let generation = before.as_ref().map_or(0, |before| before.generation);
                shown.push_str(&format!(
                    "{repository}  generation {generation} -> {}: the same\n",
                    after.generation
                ));
            }
        }
        output::print(&shown)?;
        let repositories = format!(
            "{} in {}",
            counted(planned.len(), "baseline", "baselines"),
            self.store.name()
        );
        if !self.yes && !confirmed(&format!("Write {repositories}?"))? {
            bail!("nothing was written");
        }
        let mut changed = Vec::new();
        let mut written = 0_usize;
        for (repository, _, after, over) in &planned {
            // What is written is what was shown: over the very version that it was shown against.
            match self.store.write(after, over) {
                Ok(_) => written += 1,
                Err(StoreError::Conflict(_)) => changed.push(repository.to_string()),
                Err(error) => bail!(
                    "{written} of {repositories} written, then {repository} failed: {}; the same command goes on with the rest",
                    with_cause(&error)
                ),
            }
        }
        if !changed.is_empty() {
            bail!(
                "{written} of {repositories} written; somebody else changed these in the meantime, and they are as he left them: {}; look again",
                changed.join(", ")
            );
        }
        output::note(&format!("written: {repositories}"));
        Ok(written)
    }
}

/// A baseline that was lost is put back, and not begun again: that would forget everybody in it.
pub(super) fn refuse_if_lost(store: &dyn Store, repository: &Repository) -> anyhow::Result<()> {
    if let Some(why) = names::why_any_may_be_lost(store)? {
        bail!(
            "{repository} has no baseline here, and that may be because it was lost ({why}): it is not begun again; see continuity restore"
        );
    }
    Ok(())
}

/// Whether somebody who was ended is not any more: nobody agrees to that unseen.
fn revives(before: &Baseline, after: &Baseline) -> bool {
    !brought_back(before, after).is_empty()
}

/// Those who were ended before, and are not any more.
fn brought_back<'a>(before: &'a Baseline, after: &Baseline) -> Vec<&'a SignerRecord> {
    let known: Vec<_> = after.known().map(SignerRecord::id).collect();
    let ended = before.signers.iter().filter(|it| it.retired.is_some());
    ended.filter(|it| known.contains(&it.id())).collect()
}

/// `on 2026-11-02 by ada (leaked)`.
fn ended(record: &SignerRecord) -> String {
    record.retired.as_ref().map_or_else(String::new, |retired| {
        format!(
            "on {} by {} ({})",
            retired.at.format("%Y-%m-%d"),
            clean(&retired.by, 200),
            clean(&retired.reason, 300)
        )
    })
}

fn usable<'a>(repository: &Repository, stored: &'a Stored) -> anyhow::Result<Option<&'a Baseline>> {
    match &stored.lookup {
        Lookup::Usable(baseline) => Ok(Some(baseline)),
        Lookup::Absent => Ok(None),
        Lookup::Unusable(why) => bail!(
            "the baseline of {repository} is left as it is: {why}; see continuity check, and continuity restore"
        ),
        Lookup::Lost => bail!(
            "the baseline of {repository} is lost: it is on record and not there; bring it back with continuity restore"
        ),
        Lookup::Unread => bail!("the baseline of {repository} was not read"),
    }
}

/// Asks on the terminal. Whoever cannot be asked has to say `--yes`.
fn confirmed(question: &str) -> anyhow::Result<bool> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(UsageError(
            "nobody can be asked: standard input is no terminal; add --yes (with the signer's whole id, or the signer in full)"
                .to_owned(),
        )
        .into());
    }
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "{question} [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

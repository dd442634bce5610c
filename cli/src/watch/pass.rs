//! Going through everything now and then: what a nightly `continuity learn` does, in the process that stays.
//!
//! Invariant: only here does something become established, is a repository written down as never signed, and are last
//! words written; from a list of its own, not from what the watch brought.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::Utc;
use signature_continuity::reference::Repository;
use tracing::{info, warn};

use super::board::PassSummary;
use super::shared::Shared;
use super::term::Term;
use crate::inventory::{TimeLimits, cluster_images};
use crate::learner::{History, Learner, Options, Outcome, Share};
use crate::output::cause::with_cause;

/// How often it is looked whether it is time.
const TICK: Duration = Duration::from_millis(200);
/// After how long one that found nothing out is tried again: twice as long each time, and no longer than any other.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// How a full pass ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passed {
    /// Everything was gone through.
    Whole,
    /// Nothing was found out.
    Not,
    /// This replica does not lead any more.
    Over,
}

impl Shared {
    /// The thread that goes through everything.
    pub(super) fn pass_on(&self, stop: &AtomicBool) {
        let mut next = Instant::now();
        let mut pause = AFTER_FAILURE;
        let mut led = Term::default();
        while !stop.load(Ordering::Relaxed) {
            std::thread::sleep(TICK);
            let term = self.term();
            let Some(over) = term.over().filter(|_| term.is_on()) else {
                continue;
            };
            // Whoever begins to lead knows nothing of what there is.
            let is_new = !term.is(&led);
            if !is_new && Instant::now() < next {
                continue;
            }
            if is_new {
                pause = AFTER_FAILURE;
            }
            led = term.clone();
            match self.pass(over) {
                Passed::Over => {}
                Passed::Whole => {
                    pause = AFTER_FAILURE;
                    next = Instant::now() + self.options.every;
                }
                Passed::Not => {
                    next = Instant::now() + pause.min(self.options.every);
                    pause = pause.saturating_mul(2);
                }
            }
        }
    }

    fn pass(&self, over: &AtomicBool) -> Passed {
        let began = Instant::now();
        let passed = self.go_through(over);
        if over.load(Ordering::Relaxed) {
            return Passed::Over;
        }
        let (outcome, trust_root, notes) = match passed {
            Ok(passed) => passed,
            Err(error) => {
                let error = with_cause(error.as_ref());
                warn!(%error, "a full pass failed");
                self.metrics.pass_failed();
                self.board
                    .pass_failed(&format!("the last full pass failed: {error}"));
                return Passed::Not;
            }
        };
        let is_blind = outcome.is_blind();
        let ended_well = !is_blind && outcome.failures.is_empty();
        let summary = PassSummary {
            ended: Utc::now(),
            seconds: began.elapsed().as_secs_f64(),
            notes: outcome.notes.iter().cloned().chain(notes).collect(),
            lost: outcome.lost,
            failures: outcome.failures.clone(),
        };
        let changes = outcome.changes.iter();
        let changed: BTreeSet<Repository> = changes.map(|it| it.repository.clone()).collect();
        info!(
            images = outcome.images,
            changed = changed.len(),
            seconds = summary.seconds,
            "a full pass ended"
        );
        self.metrics.passed(&summary, ended_well);
        self.board.passed(summary, trust_root);
        self.tell(&outcome);
        // What was begun is among what is read anew, with whatever others began.
        if let Err(error) = self.recall() {
            warn!(error = %with_cause(error.as_ref()), "what the store remembers is that of the pass before");
            self.remember(&outcome);
        }
        self.begun_since.store(0, Ordering::Relaxed);
        self.show(outcome.entries, true);
        self.tidy();
        // What was learned changed what the policy sees of these.
        self.look_again(&changed);
        // What one repository refuses is told, and will be the same in a minute: only nothing at all is tried again soon.
        if is_blind { Passed::Not } else { Passed::Whole }
    }

    fn go_through(
        &self,
        over: &AtomicBool,
    ) -> anyhow::Result<(Outcome, continuity_registry::TrustRoot, Vec<String>)> {
        let (images, mut notes) = cluster_images(&self.cluster, None)?;
        let run = self.options.run_timeout;
        let observer = self.observers.for_run(run)?;
        let learner = Learner {
            store: &self.store,
            settings: &self.settings,
            observer: &observer,
            options: Options {
                concurrency: self.options.concurrency,
                history: match self.options.history {
                    Some(_) => History::Daily,
                    None => History::Not,
                },
                history_limit: self.options.history.unwrap_or_default(),
                share: Share::Whole,
                time: TimeLimits::of_run(run),
                ..Options::default()
            },
            now: Utc::now(),
            stop: over,
        };
        let mut outcome = learner.run(images, &|_| ())?;
        if let Some(most) = self.options.ahead {
            learner.look_ahead(most, &mut outcome, &|_| (), &|_| ());
        }
        notes.extend(observer.given_up());
        notes.extend(observer.lacks_authorities(&self.settings));
        Ok((outcome, observer.trust_root(), notes))
    }
}

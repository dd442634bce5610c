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
use super::watcher::Shared;
use crate::inventory::{TimeLimits, cluster_images};
use crate::learner::{History, Learner, Options, Outcome, Share};
use crate::output::cause::with_cause;

/// How often it is looked whether it is time.
const TICK: Duration = Duration::from_millis(200);
/// After how long one that failed is tried again.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

impl Shared {
    /// The thread that goes through everything.
    pub(super) fn pass_on(&self, stop: &AtomicBool) {
        let mut next = Instant::now();
        let mut led = false;
        while !stop.load(Ordering::Relaxed) {
            std::thread::sleep(TICK);
            let leads = !self.halt.load(Ordering::Relaxed);
            // Whoever begins to lead knows nothing of what there is.
            if leads && (!led || Instant::now() >= next) {
                let ended_well = self.pass();
                let pause = if ended_well {
                    self.options.every
                } else {
                    self.options.every.min(AFTER_FAILURE)
                };
                next = Instant::now() + pause;
            }
            led = leads;
        }
    }

    fn pass(&self) -> bool {
        let began = Instant::now();
        let passed = self.go_through();
        if self.halt.load(Ordering::Relaxed) {
            return false;
        }
        let (outcome, trust_root, notes) = match passed {
            Ok(passed) => passed,
            Err(error) => {
                let error = with_cause(error.as_ref());
                warn!(%error, "a full pass failed");
                self.metrics.pass_failed();
                self.board
                    .pass_failed(&format!("the last full pass failed: {error}"));
                return false;
            }
        };
        self.tell(&outcome);
        let changed: BTreeSet<Repository> = outcome
            .changes
            .iter()
            .map(|change| change.repository.clone())
            .collect();
        let left_out = outcome.left_out();
        let ended_well = outcome.failures.is_empty() && !outcome.is_blind();
        let summary = PassSummary {
            ended: Utc::now(),
            seconds: began.elapsed().as_secs_f64(),
            notes: outcome.notes.iter().cloned().chain(notes).collect(),
            unreached: left_out.unreached,
            lost: outcome.lost,
            failures: outcome.failures.clone(),
        };
        info!(
            images = outcome.images,
            changed = changed.len(),
            seconds = summary.seconds,
            "a full pass ended"
        );
        self.metrics.passed(&summary, ended_well);
        let again = outcome.entries.iter().filter(|entry| {
            let repository = entry.found.as_ref().ok().map(|found| &found.repository);
            repository.is_some_and(|repository| changed.contains(repository))
        });
        let again: Vec<_> = again.map(|entry| entry.image.clone()).collect();
        self.board.passed(summary, trust_root);
        self.show(outcome.entries);
        self.tidy();
        if let Err(error) = self.recall() {
            warn!(error = %with_cause(error.as_ref()), "what the store remembers is that of the pass before");
        }
        // What was learned changed what the policy sees of these.
        for image in again {
            self.name(image);
        }
        ended_well
    }

    fn go_through(&self) -> anyhow::Result<(Outcome, continuity_registry::TrustRoot, Vec<String>)> {
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
            stop: &self.halt,
        };
        let mut outcome = learner.run(images, &|_| ())?;
        if let Some(most) = self.options.ahead {
            learner.look_ahead(most, &mut outcome, &|_| (), &|_| ());
        }
        notes.extend(observer.given_up());
        Ok((outcome, observer.trust_root(), notes))
    }
}

//! `continuity learn`: what is seen, folded into baselines.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::Utc;
use clap::Args;
use signature_continuity::drift::Drift;
use signature_continuity::reference::Repository;

use super::baseline_args::BaselineArgs;
use super::images::{Images, listed};
use super::inventory::Output;
use super::learned::{changes, changes_json, gone, inventory_of};
use super::log::LogArguments;
use super::registry_args::RegistryArgs;
use super::stop::stop_when_interrupted;
use crate::inventory::sources::Gathered;
use crate::inventory::summary::NothingLookedAt;
use crate::inventory::{Entry, Image, Inventory, TimeLimits, json, metrics, page, table};
use crate::learner::{History, Learner, Options, Outcome, Share};
use crate::output;
use crate::output::progress::Progress;
use crate::output::terminal::Terminal;
use crate::program::{Status, UsageError};

const ONLY_A_PART: &str = "only a part of what runs was looked at, so nothing becomes established; learn from the whole cluster for that, without --namespace, --manifests and --reviews";

/// Look at images and learn who signs them; tells drift on every run until it is dealt with.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  What runs in the cluster, every night:
    continuity learn --history --ahead

  What would be learned, as it reads in a pull request:
    continuity learn --dry-run --store dir:baselines

  Before a rollout, in the pipeline that releases:
    continuity learn --images ghcr.io/acme/api@sha256:9f3a…

Exit status:
  0 fine, 1 failed, 2 usage, 3 drift found")]
pub(super) struct Learn {
    #[command(flatten)]
    images: Images,

    /// Verify releases that are about to be deployed: references, files with one on each line, or `-`. Adds no signers.
    #[arg(long = "images", value_name = "REFERENCE|FILE|-", num_args = 1.., conflicts_with_all = ["kubernetes", "manifests", "reviews", "namespaces", "ahead", "history"], help_heading = "Which images")]
    listed: Vec<String>,

    /// After that, verify the newest tags of all repositories that have a baseline. Adds no signers.
    #[arg(long)]
    ahead: bool,

    /// How many tags of each repository that is.
    #[arg(long, value_name = "N", default_value_t = 5, requires = "ahead", value_parser = clap::value_parser!(u16).range(1..=100))]
    ahead_tags: u16,

    /// Examine the past of repositories that are not established yet, once a day each.
    #[arg(long)]
    history: bool,

    /// Examine it again, whenever that was done last.
    #[arg(long, requires = "history")]
    history_again: bool,

    /// How many tags of one repository are examined.
    #[arg(long, value_name = "N", default_value_t = 50, requires = "history", value_parser = clap::value_parser!(u16).range(3..=1000))]
    history_limit: u16,

    /// Show what would change, object by object, and write nothing.
    #[arg(long)]
    dry_run: bool,

    /// How many baselines one run begins.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    max_new: usize,

    /// The baseline of this repository is lost, and will not come back: let it begin again. May be given several times.
    #[arg(long, value_name = "REPOSITORY")]
    accept_lost: Vec<Repository>,

    /// After how many seconds a run looks at nothing further: what it found out is saved, and the next one goes on. Registries of which no repository has a baseline get a quarter of it.
    #[arg(long, value_name = "SECONDS", env = "CONTINUITY_RUN_TIMEOUT", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    run_timeout: u64,

    #[command(flatten)]
    knowledge: BaselineArgs,

    #[command(flatten)]
    looking: RegistryArgs,

    #[command(flatten)]
    log: LogArguments,

    /// How it is shown.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,

    /// Write figures for Prometheus to this file.
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,

    /// End with 0 although there is drift.
    #[arg(long)]
    exit_zero: bool,
}

impl Learn {
    pub(super) fn execute(self) -> anyhow::Result<Status> {
        static STOP: AtomicBool = AtomicBool::new(false);
        let started = Instant::now();
        let settings = self.knowledge.settings()?;
        let before_a_rollout = !self.listed.is_empty();
        let mut listed = if before_a_rollout {
            listed(&self.listed)?
        } else {
            self.images.list()?
        };
        let may_be_empty = before_a_rollout || self.images.are_of_a_cluster();
        something_was_read(&listed, may_be_empty)?;
        let complete = listed.unread.is_empty();
        let store = if self.dry_run {
            self.knowledge.store(&settings, Some(&self.images))?
        } else {
            self.knowledge.new_store(&settings, Some(&self.images))?
        };
        let remark = self
            .knowledge
            .remark(&self.images, &settings.baseline.namespace);
        // Before anything is written.
        if let Some(remark) = &remark {
            output::note(&format!("note: {remark}"));
        }
        let run = Duration::from_secs(self.run_timeout);
        let time = TimeLimits::of_run(run);
        let eyes = self.looking.observer_for(&settings, Some(run))?;
        stop_when_interrupted(&STOP)?;
        let now = Utc::now();
        let learner = Learner {
            store: store.as_ref(),
            settings: &settings,
            observer: &*eyes,
            options: self.options(complete, time),
            now,
            stop: &STOP,
        };
        let progress = Progress::new();
        progress.start(listed.images.len());
        let step = |image: &Image| progress.step(&image.spelled);
        let mut outcome = if before_a_rollout {
            learner.ahead_of(listed.images, &step)?
        } else {
            learner.run(listed.images, &step)?
        };
        if self.ahead {
            let begin = |images| progress.start(images);
            learner.look_ahead(usize::from(self.ahead_tags), &mut outcome, &begin, &step);
        }
        progress.finish();
        if self.output != Output::Table {
            outcome.notes.extend(remark);
        }
        outcome.notes.append(&mut listed.notes);
        outcome.failures.append(&mut listed.unread);
        if before_a_rollout {
            outcome.failures.extend(unanswered(&outcome.entries));
        }
        if !before_a_rollout && self.share() == Share::Part {
            outcome.notes.push(ONLY_A_PART.to_owned());
        }
        let divergences = self.log.divergences(&settings, &outcome.entries);
        outcome.notes.extend(divergences);
        outcome.notes.extend(eyes.given_up());
        outcome.notes.extend(eyes.borrowed_authorities());
        let has_drift = outcome.has_drift();
        let inventory = inventory_of(&mut outcome, &eyes, now, started);
        if let Some(path) = &self.metrics {
            metrics::save(&inventory, path)
                .with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        self.show(&outcome, inventory)?;
        self.status(&outcome, before_a_rollout, has_drift)
    }

    fn share(&self) -> Share {
        let location = self.knowledge.location(Some(&self.images));
        self.images.share(&location)
    }

    fn options(&self, complete: bool, time: TimeLimits) -> Options {
        Options {
            concurrency: usize::from(self.looking.concurrency),
            dry_run: self.dry_run,
            history: match (self.history, self.history_again) {
                (false, _) => History::Not,
                (true, false) => History::Daily,
                (true, true) => History::Again,
            },
            history_limit: usize::from(self.history_limit),
            most_new: self.max_new,
            accept_lost: self.accept_lost.iter().cloned().collect(),
            share: if complete {
                self.share()
            } else {
                self.share().cut()
            },
            time,
            also_running: None,
        }
    }

    fn show(&self, outcome: &Outcome, mut inventory: Inventory) -> anyhow::Result<()> {
        for failure in &outcome.failures {
            output::note(&format!("error: {failure}"));
        }
        match self.output {
            Output::Json => {
                let more = [
                    ("changes", changes_json(outcome)),
                    ("dryRun", self.dry_run.into()),
                ];
                let value = json::with_more(&inventory, more)?;
                output::print(&json::shown_plainly(&value)?)?;
            }
            Output::Html => output::print(&page::page(&inventory)?)?,
            Output::Table => {
                output::print(&changes(outcome, self.dry_run))?;
                inventory.entries.retain(|entry| {
                    !matches!(entry.learner_drift(), None | Some(Drift::New))
                        || entry.found.is_err()
                });
                if inventory.entries.is_empty() {
                    for note in &inventory.notes {
                        output::note(&format!("note: {note}"));
                    }
                } else {
                    output::print(&format!(
                        "\n{}",
                        table::table(&inventory, Terminal::of_stdout())
                    ))?;
                }
            }
        }
        Ok(())
    }

    fn status(
        &self,
        outcome: &Outcome,
        before_a_rollout: bool,
        has_drift: bool,
    ) -> anyhow::Result<Status> {
        if outcome.interrupted {
            anyhow::bail!("interrupted: what was finished is saved, and the next run goes on");
        }
        if outcome.lost > 0 {
            anyhow::bail!(
                "{}; they are not begun again until they are back (continuity restore), or --accept-lost REPOSITORY gives one up",
                gone(outcome.lost)
            );
        }
        if !outcome.failures.is_empty() {
            anyhow::bail!(match outcome.failures.len() {
                1 => "the error above held up what it names; everything else is saved".to_owned(),
                many => format!(
                    "the {many} errors above held up what they name; everything else is saved"
                ),
            });
        }
        if outcome.images == 0 && before_a_rollout {
            return Err(
                UsageError("nothing was looked at: the list has no images".to_owned()).into(),
            );
        }
        if outcome.is_blind() {
            anyhow::bail!("nothing could be found out about any image; see continuity check");
        }
        Ok(if has_drift && !self.exit_zero {
            Status::Drift
        } else {
            Status::Fine
        })
    }
}

/// Files that were named, and have no images or cannot be read, are no empty cluster.
fn something_was_read(listed: &Gathered, may_be_empty: bool) -> anyhow::Result<()> {
    if listed.images.is_empty() && listed.unread.is_empty() && !may_be_empty {
        let notes = listed.notes.iter().map(|note| format!("\n{note}"));
        anyhow::bail!(
            "{NothingLookedAt}, and nothing was learned{}",
            notes.collect::<String>()
        );
    }
    if listed.images.is_empty() && !listed.unread.is_empty() {
        anyhow::bail!(
            "nothing was looked at, and nothing was learned:\n{}",
            listed.unread.join("\n")
        );
    }
    Ok(())
}

/// Releases that a pipeline wants learned, and about which nothing was found out: it must not go on as if they were.
fn unanswered(entries: &[Entry]) -> Vec<String> {
    entries
        .iter()
        .filter_map(|entry| {
            let why = match (&entry.found, entry.learner_drift()) {
                (Err(why), _) => why.clone(),
                (Ok(_), Some(drift @ Drift::Undetermined(..))) => drift.to_string(),
                (Ok(_), _) => return None,
            };
            Some(format!("{} was not learned: {why}", entry.image.spelled))
        })
        .collect()
}

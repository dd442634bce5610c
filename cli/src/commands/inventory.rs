//! `continuity inventory`: every image, how it is signed, and what would become of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::Context as _;
use chrono::Utc;
use clap::{Args, ValueEnum};
use signature_continuity::baseline::Lookup;
use signature_continuity::reference::Repository;
use signature_continuity::settings::Settings;

use super::baseline_args::BaselineArgs;
use super::images::{Images, listed};
use super::log::LogArguments;
use super::registry_args::RegistryArgs;
use crate::inventory::{
    Cursor, Familiarity, Image, Inventory, LeftOut, Survey, TimeLimits, json, metrics, order, page,
    summary, table,
};
use crate::learner::looks_broken;
use crate::output;
use crate::output::progress::Progress;
use crate::output::terminal::Terminal;
use crate::program::Status;
use crate::store::{Store, lookup_of, names};

/// Show every image: drift, what enforcement would do, posture, signers, baseline, and where it runs.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  What runs in the cluster, and what would be rejected if it were enforced?
    continuity inventory
    continuity inventory --policy policies.yaml --policy-name enforce

  A page to look at and to pass on:
    continuity inventory --output html > inventory.html

  Images of a list or of manifests, without any cluster:
    continuity inventory --images ghcr.io/acme/api:v1.9.0
    kubectl get pods -A -o jsonpath='{..image}' | tr ' ' '\\n' | continuity inventory --images -
    continuity inventory --manifests deploy/ --store dir:baselines

Exit status:
  0 fine, 1 failed, 2 usage, 3 drift found, 4 some are rejected by the settings given")]
pub(super) struct TakeInventory {
    #[command(flatten)]
    images: Images,

    /// Those of a list: references, files with one on each line, or `-` for standard input.
    #[arg(long = "images", value_name = "REFERENCE|FILE|-", num_args = 1.., conflicts_with_all = ["kubernetes", "manifests", "reviews", "namespaces"], help_heading = "Which images")]
    listed: Vec<String>,

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

    /// End with 0 whatever was found.
    #[arg(long)]
    exit_zero: bool,
}

/// How something is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people at a terminal.
    #[default]
    Table,
    /// For machines; versioned.
    Json,
    /// One page, for people with a browser.
    Html,
}

impl TakeInventory {
    pub(super) fn execute(self) -> anyhow::Result<Status> {
        let started = Instant::now();
        let policy = self.knowledge.policy()?;
        let settings = policy.in_effect();
        let mut listed = if self.listed.is_empty() {
            self.images.list()?
        } else {
            listed(&self.listed)?
        };
        let store = self.store(&settings, &listed.images)?;
        let eyes = self.looking.observer(&settings)?;
        let progress = Progress::new();
        progress.start(listed.images.len());
        let now = Utc::now();
        let mut entries = Vec::new();
        let survey = Survey {
            settings: &settings,
            observer: &*eyes,
            concurrency: usize::from(self.looking.concurrency),
            now,
            stop: &AtomicBool::new(false),
            further: None,
            familiarity: &|_| Familiarity::Registry,
            time: TimeLimits::default(),
            cursor: &Cursor::default(),
        };
        let lookup = |repository: &Repository| match &store {
            None => Lookup::Absent,
            Some(store) => lookup_of(names::find(store.as_ref(), repository)),
        };
        survey.run(
            std::mem::take(&mut listed.images),
            &lookup,
            &|image| progress.step(&image.spelled),
            |group| {
                entries.extend(group.entries);
                Ok::<(), std::convert::Infallible>(())
            },
        )?;
        progress.finish();
        let mut notes = listed.remarks();
        if store.is_none() {
            notes.push(
                "no baselines were looked up, since no cluster is configured here: name a store with --store to see drift".to_owned(),
            );
        }
        notes.extend(self.remark(&settings));
        notes.extend(policy.contradiction());
        notes.extend(eyes.borrowed_authorities());
        notes.extend(self.log.divergences(&settings, &entries));
        notes.extend(broken_trust_root(&entries));
        notes.extend(eyes.given_up());
        order::sort(&mut entries);
        let inventory = Inventory {
            taken: now,
            entries,
            trust_root: eyes.trust_root(),
            notes,
            seconds: started.elapsed().as_secs_f64(),
            left_out: LeftOut::default(),
        };
        if let Err(nothing) = summary::something(&inventory) {
            // What was not read is why.
            return Err(match inventory.notes.as_slice() {
                [] => nothing.into(),
                notes => anyhow::anyhow!("{}", notes.join("\n")).context(nothing),
            });
        }
        self.show(&inventory)?;
        Ok(self.status(&inventory))
    }

    /// The store: as named, or that of the cluster whose images are looked at; of images from elsewhere, that of the
    /// current context, where there is any.
    fn store(
        &self,
        settings: &Settings,
        images: &[Image],
    ) -> anyhow::Result<Option<Arc<dyn Store>>> {
        let of_a_cluster = self.listed.is_empty() && self.images.are_of_a_cluster();
        let store = self.knowledge.store(settings, Some(&self.images));
        if of_a_cluster || self.knowledge.is_named() {
            return store.map(Some);
        }
        let Ok(store) = store else {
            return Ok(None);
        };
        // One question that fails says as much as one for each image would.
        let first = images
            .iter()
            .find_map(|image| image.reference.as_ref().ok());
        if let Some(reference) = first {
            let repository = settings.aliased(reference.repository());
            store.read(&repository).with_context(|| {
                format!(
                    "the baselines in {} cannot be read; name another store with --store",
                    store.name()
                )
            })?;
        }
        Ok(Some(store))
    }

    fn remark(&self, settings: &Settings) -> Option<String> {
        let namespace = &settings.baseline.namespace;
        if self.listed.is_empty() {
            self.knowledge.remark(&self.images, namespace)
        } else {
            None
        }
    }

    fn show(&self, inventory: &Inventory) -> anyhow::Result<()> {
        if let Some(path) = &self.metrics {
            metrics::save(inventory, path)
                .with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        let text = match self.output {
            Output::Table => table::table(inventory, Terminal::of_stdout()),
            Output::Json => json::pretty(inventory)?,
            Output::Html => page::page(inventory)?,
        };
        output::print(&text)?;
        if self.output != Output::Table {
            for note in &inventory.notes {
                output::note(&format!("note: {note}"));
            }
        }
        Ok(())
    }

    fn status(&self, inventory: &Inventory) -> Status {
        let entries = &inventory.entries;
        if self.exit_zero {
            Status::Fine
        } else if entries.iter().any(|entry| entry.is_rejected()) {
            Status::Rejected
        } else if entries.iter().any(|entry| entry.drifts_at_admission()) {
            Status::Drift
        } else {
            Status::Fine
        }
    }
}

/// Says so when it is the trust root rather than each image.
pub(super) fn broken_trust_root(entries: &[crate::inventory::Entry]) -> Option<String> {
    use signature_continuity::posture::Posture;
    let mut postures: BTreeMap<&str, usize> = BTreeMap::new();
    for found in entries.iter().filter_map(|entry| entry.found.as_ref().ok()) {
        *postures
            .entry(found.seen.observation.posture.as_str())
            .or_default() += 1;
    }
    let unverifiable = postures
        .get(Posture::Unverifiable.as_str())
        .copied()
        .unwrap_or_default();
    looks_broken(entries.len(), unverifiable)
        .then(|| broken_trust_root_text(unverifiable, entries.len()))
}

pub(super) fn broken_trust_root_text(unverifiable: usize, images: usize) -> String {
    format!(
        "{unverifiable} of {images} images are unverifiable: that is a trust root that does not fit rather than an attack on each; continuity check says more, and --sigstore-trust-config gives another one"
    )
}

//! `continuity list`: baselines by repository.
//!
//! Invariant: everything in the store is listed, usable or not; nothing is asked of any registry.

use anyhow::bail;
use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::{Value, json};
use signature_continuity::baseline::{Baseline, SignerRecord};
use signature_continuity::clean::clean;
use signature_continuity::glob::Glob;
use signature_continuity::reference::ImageReference;
use signature_continuity::settings::Settings;

use super::baseline_args::BaselineArgs;
use super::check::Shown;
use crate::inventory::counts::BaselineState;
use crate::inventory::{json as inventory_json, shown};
use crate::output;
use crate::output::terminal::Terminal;
use crate::output::words::counted;
use crate::program::{Status, UsageError};
use crate::store::{Listed, Store};

const HEADER: [&str; 5] = ["REPOSITORY", "STATE", "AGE", "SIGNED BY", "ID"];

/// Show baselines by repository: who signs, whether drift is enforced yet, and for how long it is known.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  continuity list
  continuity list 'ghcr.io/acme/**'
  continuity list ghcr.io/acme/api --output json --store dir:baselines

Exit status:
  0 fine, 1 failed, or some baselines cannot be used, 2 usage")]
pub(super) struct List {
    /// Only these: a repository, or a pattern (`*` is one path segment or part of it, `**` any number).
    #[arg(value_name = "REPOSITORY|GLOB")]
    filter: Option<String>,

    /// How it is shown.
    #[arg(short, long, value_enum, default_value_t)]
    output: Shown,

    #[command(flatten)]
    knowledge: BaselineArgs,
}

enum Filter {
    All,
    Glob(Glob),
    Repository(String),
}

impl Filter {
    fn parse(text: Option<&str>, settings: &Settings) -> Result<Self, UsageError> {
        let Some(text) = text else {
            return Ok(Self::All);
        };
        let wrong =
            |error: &dyn std::fmt::Display| UsageError(format!("{}: {error}", clean(text, 300)));
        if text.contains('*') {
            return text.parse().map(Self::Glob).map_err(|error| wrong(&error));
        }
        let reference: ImageReference = text.parse().map_err(|error| wrong(&error))?;
        let repository = settings.aliased(reference.repository());
        Ok(Self::Repository(repository.to_string()))
    }

    fn matches(&self, repository: &str) -> bool {
        match self {
            Self::All => true,
            Self::Glob(glob) => glob.matches(repository),
            Self::Repository(wanted) => wanted == repository,
        }
    }
}

impl List {
    pub(super) fn execute(self) -> anyhow::Result<Status> {
        let settings = self.knowledge.settings()?;
        let filter = Filter::parse(self.filter.as_deref(), &settings)?;
        let store = self.knowledge.store(&settings, None)?;
        let all = store.list()?;
        let mut baselines = Vec::new();
        let mut unusable = Vec::new();
        for Listed { name, baseline } in all {
            match baseline {
                Ok(baseline) if filter.matches(baseline.repository.as_str()) => {
                    baselines.push(*baseline);
                }
                Ok(_) => {}
                // Whose it is cannot be told: it may be one of those that were asked for.
                Err(why) => unusable.push((name, clean(&why, 300))),
            }
        }
        baselines.sort_by(|one, other| one.repository.cmp(&other.repository));
        let now = Utc::now();
        match self.output {
            Shown::Table => {
                let terminal = Terminal::of_stdout();
                output::print(&table(&baselines, store.as_ref(), terminal, now))?;
            }
            Shown::Json => output::print(&as_json(&baselines, &unusable, now)?)?,
        }
        for (name, why) in &unusable {
            output::note(&format!(
                "{name} cannot be used: {why}; see continuity check"
            ));
        }
        if let (Some(filter), true, true) =
            (&self.filter, baselines.is_empty(), unusable.is_empty())
        {
            bail!(
                "no baseline in {} is of {}",
                store.name(),
                clean(filter, 300)
            );
        }
        Ok(if unusable.is_empty() {
            Status::Fine
        } else {
            Status::Failed
        })
    }
}

fn table(
    baselines: &[Baseline],
    store: &dyn Store,
    terminal: Terminal,
    now: DateTime<Utc>,
) -> String {
    let mut rows = vec![HEADER.map(str::to_owned)];
    let mut established = 0_usize;
    for baseline in baselines {
        if baseline.is_established(now) {
            established += 1;
        }
        // Those who sign, and where nobody does any more those who did.
        let known: Vec<&SignerRecord> = baseline.known().collect();
        let shown: Vec<&SignerRecord> = if known.is_empty() {
            baseline.signers.iter().collect()
        } else {
            known
        };
        let mut signers = shown
            .into_iter()
            .map(|record| (signer(record), record.id().short().to_owned()));
        let nobody = || ("-".to_owned(), "-".to_owned());
        let (first, id) = signers.next().unwrap_or_else(nobody);
        let age = shown::age(now - shown::since(baseline));
        let repository = baseline.repository.to_string();
        rows.push([
            repository,
            BaselineState::of_baseline(baseline, now)
                .in_words()
                .to_owned(),
            age,
            first,
            id,
        ]);
        rows.extend(signers.map(|(signer, id)| {
            let empty = String::new;
            [empty(), empty(), empty(), signer, id]
        }));
    }
    let mut text = if baselines.is_empty() {
        String::new()
    } else {
        output::columns::aligned(&rows, terminal.columns)
    };
    text.push_str(&format!(
        "{} in {}: {established} established.\n",
        counted(baselines.len(), "baseline", "baselines"),
        store.name()
    ));
    text
}

fn signer(record: &SignerRecord) -> String {
    let name = shown::signer(&record.signer);
    match &record.retired {
        Some(retired) => format!("{name} (retired {})", retired.at.format("%Y-%m-%d")),
        None => name,
    }
}

/// The fields are those of `baseline` in the inventory's JSON, and `repository`.
fn as_json(
    baselines: &[Baseline],
    unusable: &[(String, String)],
    now: DateTime<Utc>,
) -> Result<String, serde_json::Error> {
    let baselines: Vec<Value> = baselines
        .iter()
        .map(|baseline| {
            let mut value = inventory_json::baseline(baseline, now)?;
            if let Some(fields) = value.as_object_mut() {
                fields.insert("repository".to_owned(), baseline.repository.as_str().into());
            }
            Ok(value)
        })
        .collect::<Result<_, serde_json::Error>>()?;
    let unusable: Vec<Value> = unusable
        .iter()
        .map(|(name, why)| json!({"name": name, "why": why}))
        .collect();
    inventory_json::shown_plainly(
        &json!({"version": 1, "baselines": baselines, "unusable": unusable}),
    )
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;

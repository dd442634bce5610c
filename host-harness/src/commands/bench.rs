//! `continuity-harness bench`: how long evaluations take, by path.
//!
//! Times are only comparable within one run, so what is shown beside them are ratios.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use super::module_path::module_path;
use crate::capabilities::{Dispatcher, Grants, HostGeneration};
use crate::cases::{Case, find};
use crate::commands::host::engine;
use crate::engine::{Limits, SystemClock};
use crate::module::PolicyModule;
use crate::session::Replayer;
use continuity_cli::output;
use continuity_cli::program::Status;

/// Measure the module on recorded cases: size, instantiation, one validation on each path, host calls.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Host calls are answered from the recording, so registries and the network cost nothing here. RATIO is to the fastest case.

Examples:
  continuity-harness bench tests/cases/none-tag tests/cases/signer-enforced
  continuity-harness bench tests/cases --iterations 500 --output json

Exit status:
  0 measured, 1 failed, 2 usage")]
pub(super) struct Bench {
    /// Folders of cases, or cases.
    #[arg(required = true)]
    directories: Vec<PathBuf>,

    /// The module [default: $POLICY_WASM, or policy.wasm].
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,

    /// How often each is measured.
    #[arg(short = 'n', long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    iterations: u32,

    /// Only cases with this in their name.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    /// How to show it.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    output: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Measurements {
    module_bytes: usize,
    iterations: u32,
    instantiation: Times,
    cases: Vec<CaseMeasurement>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CaseMeasurement {
    name: String,
    validation: Times,
    ratio: f64,
    host_calls: BTreeMap<&'static str, u64>,
}

/// In microseconds.
#[derive(Clone, Copy, Serialize)]
struct Times {
    median: f64,
    min: f64,
}

impl Times {
    fn of(mut samples: Vec<Duration>) -> Self {
        samples.sort_unstable();
        let micros = |sample: Option<&Duration>| sample.map_or(0.0, |it| it.as_secs_f64() * 1e6);
        Self {
            median: micros(samples.get(samples.len() / 2)),
            min: micros(samples.first()),
        }
    }
}

impl Bench {
    pub(super) fn execute(self) -> anyhow::Result<Status> {
        let path = module_path(self.module.as_deref())?;
        let policy = PolicyModule::read(&engine()?, &path)
            .with_context(|| format!("`{}` cannot be used", path.display()))?;
        let folders = find(&self.directories, self.filter.as_deref())?;
        let instantiation = self.instantiation(&policy)?;
        let mut cases = Vec::new();
        for folder in &folders {
            let case = Case::load(folder, HostGeneration::default())
                .with_context(|| format!("`{}`", folder.display()))?;
            output::progress(&case.name);
            cases.push(self.measure(&policy, &case)?);
        }
        let fastest = cases
            .iter()
            .map(|case| case.validation.median)
            .fold(f64::INFINITY, f64::min);
        for case in &mut cases {
            case.ratio = case.validation.median / fastest;
        }
        let measurements = Measurements {
            module_bytes: policy.module.size(),
            iterations: self.iterations,
            instantiation,
            cases,
        };
        output::print(&match self.output {
            Format::Table => table(&measurements),
            Format::Json => serde_json::to_string_pretty(&measurements)?,
        })?;
        Ok(Status::Fine)
    }

    fn instantiation(&self, policy: &PolicyModule) -> anyhow::Result<Times> {
        let clock = Arc::new(SystemClock);
        let nobody = Arc::new(Dispatcher::new(
            Grants::default(),
            Arc::new(Replayer::new(Vec::new())),
            Arc::clone(&clock) as _,
        ));
        let mut samples = Vec::new();
        for _ in 0..self.iterations {
            let started = Instant::now();
            let instance = policy.module.instantiate(
                Limits::default(),
                Arc::clone(&clock) as _,
                Arc::clone(&nobody) as _,
            )?;
            samples.push(started.elapsed());
            drop(instance);
        }
        Ok(Times::of(samples))
    }

    fn measure(&self, policy: &PolicyModule, case: &Case) -> anyhow::Result<CaseMeasurement> {
        // The first one shows that the recording fits, and warms up.
        case.run(policy)
            .with_context(|| format!("case {}", case.name))?;
        let mut samples = Vec::new();
        let mut host_calls = BTreeMap::new();
        for _ in 0..self.iterations {
            let outcome = case.validate(policy).with_context(|| {
                format!(
                    "case {} gives no answer, so it cannot be measured",
                    case.name
                )
            })?;
            samples.push(outcome.elapsed);
            host_calls = outcome.host_calls;
        }
        Ok(CaseMeasurement {
            name: case.name.clone(),
            validation: Times::of(samples),
            ratio: 1.0,
            host_calls,
        })
    }
}

fn table(measurements: &Measurements) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header([
        "CASE",
        "MEDIAN µs",
        "MIN µs",
        "RATIO",
        "CALLS",
        "HOST CALLS",
    ]);
    for case in &measurements.cases {
        let kinds: Vec<String> = case
            .host_calls
            .iter()
            .map(|(capability, count)| format!("{count} {capability}"))
            .collect();
        table.add_row([
            case.name.clone(),
            format!("{:.0}", case.validation.median),
            format!("{:.0}", case.validation.min),
            format!("{:.1}", case.ratio),
            case.host_calls.values().sum::<u64>().to_string(),
            kinds.join(", "),
        ]);
    }
    for number in 1..5 {
        if let Some(column) = table.column_mut(number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!(
        "module: {} bytes; instantiation: median {:.0} µs, min {:.0} µs; {} iterations each\n\n{table}\n",
        measurements.module_bytes,
        measurements.instantiation.median,
        measurements.instantiation.min,
        measurements.iterations,
    )
}

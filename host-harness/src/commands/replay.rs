//! `continuity-harness replay`: recorded cases through the module.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::module_path::module_path;
use crate::capabilities::HostGeneration;
use crate::cases::{self, Verdict, side_by_side};
use crate::commands::host::engine;
use crate::module::PolicyModule;
use continuity_cli::output;
use continuity_cli::program::Status;

/// Replay recorded cases through the module, and compare the answers.
#[derive(Debug, Args)]
#[command(after_long_help = "\
A case is a folder with review.json, settings.yaml, session.yml and expected.json. A new one is recorded like this:

  continuity-harness run policy.wasm --request-path review.json --settings-path settings.yaml --store dir:store \\
    --allow-context-aware --record-host-capabilities-interactions session.yml
  continuity-harness replay . --bless

Each case runs once for each generation of hosts. An older one may have a session-1.35.yml and an expected-1.35.json of
its own; otherwise the newest generation's are also its.

Examples:
  continuity-harness replay tests/cases
  continuity-harness replay tests/cases --filter signer- --module policy.wasm
  continuity-harness replay tests/cases --bless && git diff tests/cases

Exit status:
  0 all passed, 1 some did not, or there were none, 2 usage")]
pub(super) struct Replay {
    /// Folders of cases, or cases.
    #[arg(required = true)]
    directories: Vec<PathBuf>,

    /// The module [default: $POLICY_WASM, or policy.wasm].
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,

    /// Write what came as what is expected.
    #[arg(long)]
    bless: bool,

    /// Only cases with this in their name.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    /// Width of differences [default: the terminal's].
    #[arg(long, value_name = "COLUMNS")]
    width: Option<usize>,
}

impl Replay {
    pub(super) fn execute(self) -> anyhow::Result<Status> {
        let path = module_path(self.module.as_deref())?;
        let policy = PolicyModule::read(&engine()?, &path)
            .with_context(|| format!("`{}` cannot be used", path.display()))?;
        let results = cases::replay(
            &policy,
            &self.directories,
            self.filter.as_deref(),
            self.bless,
        )?;
        let width = self.width.unwrap_or_else(terminal_width);
        let mut totals: BTreeMap<HostGeneration, Total> = BTreeMap::new();
        let mut text = String::new();
        // Results of one case stand together; what is the same with every generation is shown once.
        for case in results.chunk_by(|one, next| one.name == next.name) {
            let mut shown: Vec<(String, Vec<HostGeneration>)> = Vec::new();
            for result in case {
                let total = totals.entry(result.generation).or_default();
                total.cases += 1;
                if matches!(result.verdict, Verdict::Passed | Verdict::Blessed) {
                    total.passed += 1;
                }
                let Some(words) = told(&result.verdict, width) else {
                    continue;
                };
                match shown.iter_mut().find(|(same, _)| *same == words) {
                    Some((_, generations)) => generations.push(result.generation),
                    None => shown.push((words, vec![result.generation])),
                }
            }
            let name = case.first().map(|it| it.name.as_str()).unwrap_or_default();
            for (words, generations) in shown {
                let blessed = words.starts_with(BLESSED);
                let label = if blessed && generations == [HostGeneration::default()]
                    || generations.len() == case.len()
                {
                    name.to_owned()
                } else {
                    format!("{name} on {}", hosts(&generations))
                };
                text.push_str(&words.replacen(NAME, &label, 1));
            }
        }
        let failed = totals.values().any(|total| total.passed < total.cases);
        let totals: Vec<String> = totals
            .iter()
            .map(|(generation, Total { passed, cases })| {
                let noun = if *cases == 1 { "case" } else { "cases" };
                format!("{passed} of {cases} {noun} passed on host {generation}")
            })
            .collect();
        text.push_str(&format!("{}\n", totals.join(", ")));
        output::print(&text)?;
        Ok(if failed { Status::Failed } else { Status::Fine })
    }
}

#[derive(Default)]
struct Total {
    cases: usize,
    passed: usize,
}

const BLESSED: &str = "blessed";

/// Where the name of the case comes in.
const NAME: &str = "\0";

/// What there is to say; nothing about what passed.
fn told(verdict: &Verdict, width: usize) -> Option<String> {
    Some(match verdict {
        Verdict::Passed => return None,
        Verdict::Blessed => format!("{BLESSED} {NAME}\n"),
        Verdict::Failed(difference) if difference.expected.is_empty() => format!(
            "FAILED {NAME}: nothing is expected yet; write it down with --bless\n{}\n",
            difference.actual
        ),
        Verdict::Failed(difference) => {
            let difference = side_by_side(&difference.expected, &difference.actual, width);
            format!("FAILED {NAME}\n{difference}\n")
        }
        Verdict::Broken(error) => {
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            format!("FAILED {NAME}: {}\n", causes.join(": "))
        }
    })
}

fn hosts(generations: &[HostGeneration]) -> String {
    let hosts: Vec<String> = generations
        .iter()
        .map(|generation| format!("host {generation}"))
        .collect();
    hosts.join(" and ")
}

fn terminal_width() -> usize {
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok());
    columns.unwrap_or(160)
}

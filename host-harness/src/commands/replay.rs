//! `continuity-harness replay`: recorded cases through the module.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::module_path::module_path;
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
        let (mut passed, mut failed) = (0_usize, 0_usize);
        let mut text = String::new();
        for result in results {
            let name = result.name;
            match result.verdict {
                Verdict::Passed => passed += 1,
                Verdict::Blessed => {
                    passed += 1;
                    text.push_str(&format!("blessed {name}\n"));
                }
                Verdict::Failed(difference) if difference.expected.is_empty() => {
                    failed += 1;
                    text.push_str(&format!(
                        "FAILED {name}: nothing is expected yet; write it down with --bless\n{}\n",
                        difference.actual
                    ));
                }
                Verdict::Failed(difference) => {
                    failed += 1;
                    let difference = side_by_side(&difference.expected, &difference.actual, width);
                    text.push_str(&format!("FAILED {name}\n{difference}\n"));
                }
                Verdict::Broken(error) => {
                    failed += 1;
                    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
                    text.push_str(&format!("FAILED {name}: {}\n", causes.join(": ")));
                }
            }
        }
        text.push_str(&format!("{passed} passed, {failed} failed\n"));
        output::print(&text)?;
        Ok(if failed == 0 {
            Status::Fine
        } else {
            Status::Failed
        })
    }
}

fn terminal_width() -> usize {
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok());
    columns.unwrap_or(160)
}

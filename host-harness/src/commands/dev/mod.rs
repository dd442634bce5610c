//! `continuity dev`: for those who work on the policy.

mod annotate;
mod bench;
mod inspect;
mod replay;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::Status;

/// For those who work on the policy: recorded cases, benchmarks, metadata.
#[derive(Debug, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub struct Dev {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Replay(replay::Replay),
    Bench(bench::Bench),
    Annotate(annotate::Annotate),
    Inspect(inspect::Inspect),
}

impl Dev {
    pub(crate) fn execute(self) -> anyhow::Result<Status> {
        match self.command {
            Command::Replay(command) => command.execute(),
            Command::Bench(command) => command.execute(),
            Command::Annotate(command) => command.execute(),
            Command::Inspect(command) => command.execute(),
        }
    }
}

/// Where `make` puts the module, and how it says so.
const MODULE_VARIABLE: &str = "POLICY_WASM";
const MODULE_DEFAULT: &str = "policy.wasm";

/// The module that was named, or the one that was built here.
fn module_path(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    let path = std::env::var_os(MODULE_VARIABLE)
        .map_or_else(|| PathBuf::from(MODULE_DEFAULT), PathBuf::from);
    if !path.exists() {
        anyhow::bail!(
            "there is no module at `{}`; build it (`make policy.wasm`) or name one with --module",
            path.display()
        );
    }
    Ok(path)
}

//! The subcommands of `continuity`, one file each.

mod approve;
mod baseline_args;
mod check;
mod completions;
mod contexts;
mod decision;
mod explain;
mod identity;
mod images;
mod inventory;
mod learn;
mod learned;
mod list;
mod log;
mod man;
mod read_again;
mod registry_args;
mod restore;
mod retire;
mod status;
mod stop;
mod watch;
mod who;

pub use registry_args::SourceArgs;

use clap::{Parser, Subcommand};

use crate::program::{EXIT_STATUSES, Program, Status};

/// Tells when an image's signer changes.
#[derive(Debug, Parser)]
#[command(
    name = "continuity",
    version,
    about,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = EXIT_STATUSES
)]
pub struct Arguments {
    /// Say more on standard error: what is done; twice, more of it; thrice, everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Inventory(Box<inventory::TakeInventory>),
    Learn(Box<learn::Learn>),
    Watch(Box<watch::WatchCluster>),
    Explain(Box<explain::Explain>),
    List(Box<list::List>),
    Approve(Box<approve::Approve>),
    Retire(Box<retire::Retire>),
    Status(Box<status::Status>),
    Check(Box<check::Check>),
    Restore(Box<restore::Restore>),
    Completions(completions::Completions),
    Man(man::Manual),
}

impl Program for Arguments {
    fn verbose(&self) -> u8 {
        self.verbose
    }

    fn execute(self) -> anyhow::Result<Status> {
        match self.command {
            Command::Inventory(command) => command.execute(),
            Command::Learn(command) => command.execute(),
            Command::Watch(command) => command.execute(),
            Command::Explain(command) => command.execute(),
            Command::List(command) => command.execute(),
            Command::Approve(command) => command.execute(),
            Command::Retire(command) => command.execute(),
            Command::Status(command) => command.execute(),
            Command::Check(command) => command.execute(),
            Command::Restore(command) => command.execute(),
            Command::Completions(command) => command.execute(),
            Command::Man(command) => command.execute(),
        }
    }
}

#[cfg(test)]
mod documents_tests;
#[cfg(test)]
mod reference_tests;
#[cfg(test)]
#[path = "help_tests.rs"]
mod tests;

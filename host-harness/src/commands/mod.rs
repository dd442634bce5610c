//! The subcommands, one file each.

mod approve;
mod check;
pub mod completions;
mod decision;
pub mod demo;
pub mod dev;
mod explain;
mod host;
mod identity;
mod images;
mod inventory;
mod knowledge;
mod learn;
mod log;
mod looking;
pub mod man;
mod read_again;
mod restore;
mod retire;
pub mod run;
mod status;
mod stop;

use clap::{Parser, Subcommand};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Fine.
    Fine,
    /// Failed.
    Failed,
    /// Drift was found.
    Drift,
    /// A request would be rejected.
    Rejected,
}

impl Status {
    /// The process's exit status.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Failed => 1,
            Self::Drift => 3,
            Self::Rejected => 4,
        }
    }
}

/// Arguments that contradict each other in a way that only shows once files are read. Exit status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// Tells when an image's signer changes.
#[derive(Debug, Parser)]
#[command(
    name = "continuity",
    version,
    about,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit status: 0 fine, 1 failed, 2 usage, 3 drift found, 4 would be rejected."
)]
pub struct Arguments {
    /// Say more on standard error: the policy's log lines; twice, what the host does; thrice, everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Run(Box<run::Run>),
    Inventory(Box<inventory::TakeInventory>),
    Learn(Box<learn::Learn>),
    Explain(Box<explain::Explain>),
    Approve(Box<approve::Approve>),
    Retire(Box<retire::Retire>),
    Status(Box<status::Status>),
    Check(Box<check::Check>),
    Restore(Box<restore::Restore>),
    Dev(dev::Dev),
    Completions(completions::Completions),
    Man(man::Manual),
}

impl Arguments {
    /// Does what was asked for.
    ///
    /// # Errors
    /// With what is to be shown to whoever asked.
    pub fn execute(self) -> anyhow::Result<Status> {
        match self.command {
            Command::Demo(command) => command.execute(),
            Command::Run(command) => command.execute(),
            Command::Inventory(command) => command.execute(),
            Command::Learn(command) => command.execute(),
            Command::Explain(command) => command.execute(),
            Command::Approve(command) => command.execute(),
            Command::Retire(command) => command.execute(),
            Command::Status(command) => command.execute(),
            Command::Check(command) => command.execute(),
            Command::Restore(command) => command.execute(),
            Command::Dev(command) => command.execute(),
            Command::Completions(command) => command.execute(),
            Command::Man(command) => command.execute(),
        }
    }
}

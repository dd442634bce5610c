//! The subcommands of `continuity-harness`, one file each.

mod annotate;
mod bench;
mod demo;
mod host;
mod inspect;
mod module_path;
mod replay;
mod run;
mod serve;

use clap::{Parser, Subcommand};
use continuity_cli::program::{EXIT_STATUSES, Program, Status};

/// Hosts the signature-continuity policy outside of a cluster, as Kubewarden does.
#[derive(Debug, Parser)]
#[command(
    name = "continuity-harness",
    version,
    about,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = EXIT_STATUSES
)]
pub struct Arguments {
    /// Say more on standard error: the policy's log lines; twice, what the host does; thrice, everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Run(Box<run::Run>),
    Serve(Box<serve::Serve>),
    Replay(replay::Replay),
    Bench(bench::Bench),
    Annotate(annotate::Annotate),
    Inspect(inspect::Inspect),
}

impl Program for Arguments {
    fn verbose(&self) -> u8 {
        // A server's log is where its answers are looked up.
        let least = u8::from(matches!(self.command, Command::Serve(_)));
        self.verbose.saturating_add(least)
    }

    fn execute(self) -> anyhow::Result<Status> {
        match self.command {
            Command::Demo(command) => command.execute(),
            Command::Run(command) => command.execute(),
            Command::Serve(command) => command.execute(),
            Command::Replay(command) => command.execute(),
            Command::Bench(command) => command.execute(),
            Command::Annotate(command) => command.execute(),
            Command::Inspect(command) => command.execute(),
        }
    }
}

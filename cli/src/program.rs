//! From a process's arguments to its exit status: the same for every program of this project.
//!
//! Invariant: what a command found shows in the exit status, by one table; help and usage errors are clap's.

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::output;

/// The table, for the end of `--help`.
pub const EXIT_STATUSES: &str =
    "Exit status: 0 fine, 1 failed, 2 usage, 3 drift found, 4 would be rejected.";

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

/// The arguments of a program.
pub trait Program: Parser {
    /// How much is said on standard error: 0 to 3.
    fn verbose(&self) -> u8;

    /// Does what was asked for.
    ///
    /// # Errors
    /// With what is to be shown to whoever asked.
    fn execute(self) -> anyhow::Result<Status>;
}

/// Runs a program.
#[must_use]
pub fn main<P: Program>() -> ExitCode {
    let arguments = match P::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help is printed this way too. A closed pipe is nothing to complain about.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    start_logging(arguments.verbose());
    match arguments.execute() {
        Ok(status) => ExitCode::from(status.code()),
        Err(error) => {
            output::report(&error);
            ExitCode::from(if error.is::<UsageError>() { 2 } else { 1 })
        }
    }
}

fn start_logging(verbose: u8) {
    let ours = |level: &str| {
        ["host_harness", "continuity_cli", "continuity_registry"]
            .map(|name| format!("{name}={level}"))
            .join(",")
    };
    let default = match verbose {
        0 => format!("off,{}", ours("warn")),
        1 => format!("off,{},policy=trace", ours("info")),
        2 => format!("warn,{},policy=trace,guest=debug", ours("debug")),
        _ => "debug".to_owned(),
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .without_time()
        .compact()
        .init();
}

//! From the process's arguments to its exit status.

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::commands::{Arguments, UsageError};
use crate::output;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help is printed this way too. A closed pipe is nothing to complain about.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    start_logging(arguments.verbose);
    match arguments.execute() {
        Ok(status) => ExitCode::from(status.code()),
        Err(error) => {
            output::report(&error);
            ExitCode::from(if error.is::<UsageError>() { 2 } else { 1 })
        }
    }
}

fn start_logging(verbose: u8) {
    let default = match verbose {
        0 => "off,host_harness=warn",
        1 => "off,host_harness=info,policy=trace",
        2 => "warn,host_harness=debug,policy=trace,guest=debug",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .without_time()
        .compact()
        .init();
}

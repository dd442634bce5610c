//! The program `continuity-harness`.

use std::process::ExitCode;

fn main() -> ExitCode {
    continuity_cli::program::main::<host_harness::commands::Arguments>()
}

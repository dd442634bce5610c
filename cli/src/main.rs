//! The program `continuity`.

use std::process::ExitCode;

fn main() -> ExitCode {
    continuity_cli::program::main::<continuity_cli::commands::Arguments>()
}

//! The program `continuity`.

use std::process::ExitCode;

fn main() -> ExitCode {
    host_harness::cli::main()
}

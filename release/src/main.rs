//! What a release is made of, besides what cargo builds: the operators' image as an OCI layout, without a daemon, and how
//! image and module get into a registry.
//!
//! Nobody but `scripts/image.sh` and `scripts/publish.sh` calls it; the programs that people install have none of it.
//! Invariant: what is written depends on the arguments, the lock file and the programs alone, so that anybody who has
//! those gets the same bytes. What cannot be shipped as it should be fails, and is not shipped in part.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        reason = "tests"
    )
)]

mod authorities;
mod bill;
mod image;
mod layer;
mod layout;
mod licenses;
mod module;
mod oci;
mod packages;
mod platform;
mod push;
mod registry;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "continuity-release", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the image of the programs as an OCI layout, with a bill of materials for each, and print its digest.
    Image(image::Image),
    /// Push an OCI layout to a registry, and print the reference by digest.
    Push(push::Push),
    /// Push an annotated module to a registry as `kwctl push` does, and print the reference by digest.
    PushModule(module::PushModule),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Image(image) => image.execute(),
        Command::Push(push) => push.execute(),
        Command::PushModule(push) => push.execute(),
    };
    let (written, status) = match done {
        Ok(line) => (writeln!(std::io::stdout(), "{line}"), ExitCode::SUCCESS),
        Err(error) => (
            writeln!(std::io::stderr(), "error: {error:#}"),
            ExitCode::FAILURE,
        ),
    };
    if written.is_err() {
        return ExitCode::FAILURE;
    }
    status
}

//! `continuity-harness demo`: the whole story on this machine.

use std::path::PathBuf;

use clap::Args;

use super::host;
use crate::demo::{Stage, tell};
use continuity_cli::program::Status;

/// Show what the policy does: an embedded registry, a private Sigstore, releases, attacks, enforcement, an approval.
#[derive(Debug, Args)]
#[command(
    after_help = "Nothing leaves this machine, and nothing is left behind.\n\nExamples:\n  continuity-harness demo\n  continuity-harness demo --module policy.wasm | less -R\n\nExit status: 0 fine, 1 the story did not go as told."
)]
pub(super) struct Demo {
    /// The policy's module, as `make policy.wasm` builds it.
    #[arg(long, value_name = "FILE", default_value = "policy.wasm")]
    module: PathBuf,
}

impl Demo {
    pub(super) fn execute(self) -> anyhow::Result<Status> {
        let mut stage = Stage::set_up(&host::engine()?, &self.module)?;
        tell(&mut stage)?;
        Ok(Status::Fine)
    }
}

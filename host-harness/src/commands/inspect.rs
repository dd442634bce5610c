//! `continuity-harness inspect`: what a module says about itself.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::module::{METADATA_SECTION, host_capabilities_in, read_section};
use continuity_cli::output;
use continuity_cli::program::Status;

/// Show a module's metadata, and the host calls that stand in it.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  continuity-harness inspect annotated-policy.wasm
  continuity-harness inspect annotated-policy.wasm | jq .metadata.rules

Exit status:
  0 shown, 1 failed, 2 usage")]
pub(super) struct Inspect {
    /// The module.
    module: PathBuf,
}

impl Inspect {
    pub(super) fn execute(self) -> anyhow::Result<Status> {
        let bytes = std::fs::read(&self.module)
            .with_context(|| format!("cannot read the module `{}`", self.module.display()))?;
        let metadata: serde_json::Value = match read_section(&bytes, METADATA_SECTION)? {
            Some(section) => {
                serde_json::from_slice(&section).context("the metadata is not JSON")?
            }
            None => serde_json::Value::Null,
        };
        let shown = serde_json::json!({
            "bytes": bytes.len(),
            "hostCapabilities": host_capabilities_in(&bytes)?,
            "metadata": metadata,
        });
        output::print(&serde_json::to_string_pretty(&shown)?)?;
        Ok(Status::Fine)
    }
}

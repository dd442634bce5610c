//! `continuity-harness annotate`: writes metadata into a module, as kwctl does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use kubewarden_policy_sdk::metadata::ProtocolVersion;

use crate::capabilities::HostCapabilities;
use crate::commands::host::engine;
use crate::engine::{HostCallbacks, Limits, SystemClock};
use crate::module::{
    ExecutionMode, METADATA_SECTION, Metadata, PolicyModule, host_capabilities_in, replace_section,
};
use continuity_cli::output;
use continuity_cli::program::Status;

const USAGE: &str = "io.kubewarden.policy.usage";

/// Write metadata into a module, as `kwctl annotate` does, but for the annotation with kwctl's own version.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  continuity-harness annotate policy.wasm --metadata-path metadata.yml --usage-path README.md \\
    --output-path annotated-policy.wasm

Exit status:
  0 written, 1 failed, 2 usage")]
pub(super) struct Annotate {
    /// The module.
    module: PathBuf,

    /// The metadata, as YAML.
    #[arg(short, long, value_name = "FILE")]
    metadata_path: PathBuf,

    /// Markdown that explains the policy.
    #[arg(short, long, value_name = "FILE")]
    usage_path: Option<PathBuf>,

    /// Where to write the module.
    #[arg(short, long, value_name = "FILE")]
    output_path: PathBuf,
}

impl Annotate {
    pub(super) fn execute(self) -> anyhow::Result<Status> {
        let bytes = std::fs::read(&self.module)
            .with_context(|| format!("cannot read the module `{}`", self.module.display()))?;
        let metadata = self.metadata(&bytes)?;
        let used = host_capabilities_in(&bytes)?;
        warn_about_capabilities(&metadata, &used)?;
        let section = serde_json::to_vec(&metadata)?;
        let annotated = replace_section(&bytes, METADATA_SECTION, &section)?;
        std::fs::write(&self.output_path, annotated)
            .with_context(|| format!("cannot write `{}`", self.output_path.display()))?;
        Ok(Status::Fine)
    }

    fn metadata(&self, bytes: &[u8]) -> anyhow::Result<Metadata> {
        let text = read(&self.metadata_path)?;
        let mut metadata: Metadata = yaml_serde::from_str(&text)
            .with_context(|| format!("`{}` is no metadata", self.metadata_path.display()))?;
        if metadata.execution_mode != ExecutionMode::KubewardenWapc {
            bail!("executionMode: expected kubewarden-wapc, which is all that is run here");
        }
        metadata.protocol_version = Some(protocol_version(bytes)?);
        if let Some(path) = &self.usage_path {
            let annotations = metadata.annotations.get_or_insert_default();
            annotations.insert(USAGE.to_owned(), read(path)?);
        }
        let defects = metadata.defects();
        if !defects.is_empty() {
            bail!(
                "`{}` would be refused by Kubewarden: {}",
                self.metadata_path.display(),
                defects.join("; ")
            );
        }
        Ok(metadata)
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// Which protocol the module itself says that it speaks.
fn protocol_version(bytes: &[u8]) -> anyhow::Result<ProtocolVersion> {
    // Its old metadata, if it has any, is about to be replaced and need not parse.
    let bare = replace_section(bytes, METADATA_SECTION, b"null")?;
    let policy = PolicyModule {
        module: engine()?.compile(&bare)?,
        metadata: None,
    };
    let answer = policy
        .module
        .instantiate(Limits::default(), Arc::new(SystemClock), Arc::new(Nobody))?
        .call("protocol_version", Vec::new())
        .context("the module does not say which protocol it speaks")?;
    serde_json::from_slice(&answer).context("the module speaks a protocol that is not known here")
}

/// No host is needed to say which protocol one speaks.
struct Nobody;

impl HostCallbacks for Nobody {
    fn call(&self, _: &str, _: &str, operation: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        Err(format!("unknown operation: {operation}"))
    }
}

fn warn_about_capabilities(metadata: &Metadata, used: &BTreeSet<String>) -> anyhow::Result<()> {
    let listed = HostCapabilities::parse(metadata.host_capabilities.iter().flatten())
        .context("hostCapabilities in the metadata")?;
    let missing: Vec<&str> = used
        .iter()
        .map(String::as_str)
        .filter(|capability| !listed.allows(capability))
        .collect();
    if !missing.is_empty() {
        output::note(&format!(
            "warning: the module calls its host for what hostCapabilities does not list: {}",
            missing.join(", ")
        ));
    }
    let unused = listed.unused(used);
    if !unused.is_empty() {
        output::note(&format!(
            "warning: hostCapabilities lists what the module does not call: {}",
            unused.join(", ")
        ));
    }
    if listed == HostCapabilities::All {
        output::note(
            "warning: hostCapabilities lists everything (`*`); list what the module calls",
        );
    }
    Ok(())
}

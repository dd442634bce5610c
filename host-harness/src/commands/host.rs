//! Arguments that set a host up, shared by commands.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::capabilities::{Credentials, HostOptions, Sources, TrustSource};
use crate::engine::{Engine, EngineOptions, Limits};
use crate::store::Location;

/// Registries, credentials, trust root, store. The names are kwctl's, but for the store.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Host")]
pub(crate) struct HostArguments {
    /// Where baselines are: dir:PATH, with a file NAME.yaml for each ConfigMap, kubernetes, or kubernetes:CONTEXT.
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<Location>,

    /// YAML file with `insecure_sources` and `source_authorities`, as for kwctl.
    #[arg(long, value_name = "FILE")]
    pub(crate) sources_path: Option<PathBuf>,

    /// JSON file with a ClientTrustConfig; without it, Sigstore's public-good root is fetched when it is needed.
    #[arg(long, value_name = "FILE")]
    pub(crate) sigstore_trust_config: Option<PathBuf>,

    /// Docker's config.json, or its directory, with registry credentials.
    #[arg(long, value_name = "PATH")]
    pub(crate) docker_config_json_path: Option<PathBuf>,
}

impl HostArguments {
    pub(crate) fn options(&self) -> anyhow::Result<HostOptions> {
        let mut options = HostOptions::new();
        if let Some(path) = &self.sources_path {
            options = options.sources(Sources::read(path)?);
        }
        if let Some(path) = &self.sigstore_trust_config {
            options = options.trust(TrustSource::read(path)?);
        }
        if let Some(path) = &self.docker_config_json_path {
            if !path.exists() {
                bail!("there is no docker configuration at `{}`", path.display());
            }
            options = options.credentials(Credentials::from_file(path));
        }
        Ok(match &self.store {
            None => options,
            Some(store) => options.store(store.config_maps()?),
        })
    }
}

/// What a policy may use.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArguments {
    /// Interrupt the policy after so many seconds; a host call is not cut short [default: 2, or the definition's].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout_eval_seconds: Option<u64>,

    /// Memory that the policy may have, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(crate) memory_limit: u16,
}

impl LimitArguments {
    pub(crate) fn limits(self, of_definition: Option<u64>) -> Limits {
        Limits {
            memory: usize::from(self.memory_limit) << 20,
            time: self
                .timeout_eval_seconds
                .or(of_definition)
                .map_or(Limits::DEFAULT_TIME, Duration::from_secs),
        }
    }
}

/// The engine that commands use.
pub(crate) fn engine() -> anyhow::Result<Engine> {
    Ok(Engine::new(&EngineOptions::cached())?)
}

/// Reads a file, or standard input for `-`.
pub(crate) fn read_text(path: &Path, what: &str) -> anyhow::Result<String> {
    if path == Path::new("-") {
        return std::io::read_to_string(std::io::stdin())
            .with_context(|| format!("cannot read {what} from standard input"));
    }
    std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {what} from `{}`", path.display()))
}

//! Arguments that set a host up, shared by commands.

use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use continuity_cli::commands::SourceArgs;
use continuity_cli::store::Location;

use crate::capabilities::{HostGeneration, HostOptions};
use crate::engine::{Engine, EngineOptions, Limits};

/// Registries, credentials, trust root, store. The names are kwctl's, but for the store.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Host")]
pub(crate) struct HostArguments {
    /// Where baselines are: dir:PATH, with a file NAME.yaml for each ConfigMap, kubernetes, or kubernetes:CONTEXT.
    #[arg(long, value_name = "STORE", env = "CONTINUITY_STORE")]
    pub(crate) store: Option<Location>,

    #[command(flatten)]
    sources: SourceArgs,
}

impl HostArguments {
    pub(crate) fn options(&self) -> anyhow::Result<HostOptions> {
        let options = HostOptions::new()
            .sources(self.sources.sources()?)
            .credentials(self.sources.credentials()?)
            .trust(self.sources.trust()?);
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

/// Hosts, by name.
pub(super) fn generations() -> impl TypedValueParser<Value = HostGeneration> {
    PossibleValuesParser::new(HostGeneration::ALL.map(HostGeneration::as_str))
        .try_map(|typed| typed.parse())
}

/// The engine that commands use.
pub(crate) fn engine() -> anyhow::Result<Engine> {
    Ok(Engine::new(&EngineOptions::cached())?)
}

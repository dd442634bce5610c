//! Arguments that say how registries and images are looked at: sources, credentials, trust root, limits.
//!
//! Invariant: one set of flags for both programs; names that kwctl has are kwctl's, and each has an environment variable.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use continuity_registry::{Credentials, RequestLimits, Sources, TrustSource};
use signature_continuity::settings::Settings;

use crate::observation::{ImageObserver, NativeObserver};

/// Registries, credentials and trust root. The names are kwctl's.
#[derive(Debug, Clone, Args)]
pub struct SourceArgs {
    /// YAML file with `insecure_sources` and `source_authorities`, as for kwctl.
    #[arg(long, value_name = "FILE", env = "CONTINUITY_SOURCES_PATH")]
    sources_path: Option<PathBuf>,

    /// JSON file with a ClientTrustConfig; without it, Sigstore's public-good root is fetched when it is needed.
    #[arg(long, value_name = "FILE", env = "CONTINUITY_SIGSTORE_TRUST_CONFIG")]
    sigstore_trust_config: Option<PathBuf>,

    /// Docker's config.json, or its directory, with registry credentials.
    #[arg(long, value_name = "PATH", env = "CONTINUITY_DOCKER_CONFIG_JSON_PATH")]
    docker_config_json_path: Option<PathBuf>,
}

impl SourceArgs {
    /// How registries are reached.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn sources(&self) -> anyhow::Result<Sources> {
        Ok(match &self.sources_path {
            Some(path) => Sources::read(path)?,
            None => Sources::default(),
        })
    }

    /// With which credentials.
    ///
    /// # Errors
    /// When the file is not there.
    pub fn credentials(&self) -> anyhow::Result<Credentials> {
        match &self.docker_config_json_path {
            Some(path) if !path.exists() => {
                bail!("there is no docker configuration at `{}`", path.display())
            }
            Some(path) => Ok(Credentials::from_file(path)),
            None => Ok(Credentials::of_user()),
        }
    }

    /// What signatures are held against.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn trust(&self) -> anyhow::Result<TrustSource> {
        Ok(match &self.sigstore_trust_config {
            Some(path) => TrustSource::read(path)?,
            None => TrustSource::PublicGood,
        })
    }
}

/// How images are looked at. Names that kwctl has are kwctl's.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "How images are looked at")]
pub(crate) struct RegistryArgs {
    #[command(flatten)]
    sources: SourceArgs,

    /// How many images are looked at at once.
    #[arg(long, value_name = "N", env = "CONTINUITY_CONCURRENCY", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) concurrency: u8,

    /// How many requests one registry gets at once.
    #[arg(long, value_name = "N", env = "CONTINUITY_REGISTRY_CONCURRENCY", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    registry_concurrency: u8,

    /// How long one request may take, in seconds.
    #[arg(long, value_name = "SECONDS", env = "CONTINUITY_REQUEST_TIMEOUT", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300))]
    request_timeout: u64,

    /// After how many seconds lost to it in all (slow requests, pauses it asked for) a registry is given up for the rest of the run.
    #[arg(long, value_name = "SECONDS", env = "CONTINUITY_REGISTRY_TIMEOUT", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    registry_timeout: u64,
}

impl RegistryArgs {
    pub(crate) fn observer(&self, settings: &Settings) -> anyhow::Result<ImageObserver> {
        let limits = RequestLimits {
            at_once: usize::from(self.registry_concurrency),
            request: Duration::from_secs(self.request_timeout),
            lost: Duration::from_secs(self.registry_timeout),
            ..RequestLimits::default()
        };
        let observer = NativeObserver::start(
            self.sources.sources()?,
            self.sources.credentials()?,
            &self.sources.trust()?,
            limits,
        )?;
        Ok(ImageObserver::new(observer, settings.clone()))
    }
}

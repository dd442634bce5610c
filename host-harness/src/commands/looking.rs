//! Arguments that say how images are looked at: registries, credentials, trust root, limits.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use signature_continuity::settings::Settings;

use crate::capabilities::{Credentials, Sources, TrustSource};
use crate::observation::registry::Limits;
use crate::observation::{Eyes, Observer};

/// How images are looked at. Names that kwctl has are kwctl's.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "How images are looked at")]
pub(crate) struct Looking {
    /// YAML file with `insecure_sources` and `source_authorities`, as for kwctl.
    #[arg(long, value_name = "FILE")]
    sources_path: Option<PathBuf>,

    /// JSON file with a ClientTrustConfig; without it, Sigstore's public-good root is fetched.
    #[arg(long, value_name = "FILE")]
    sigstore_trust_config: Option<PathBuf>,

    /// Docker's config.json, or its directory, with registry credentials.
    #[arg(long, value_name = "PATH")]
    docker_config_json_path: Option<PathBuf>,

    /// How many images are looked at at once.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) concurrency: u8,

    /// How many requests one registry gets at once.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    registry_concurrency: u8,

    /// How long one request may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300))]
    request_timeout: u64,

    /// After how many seconds lost to it in all (slow requests, pauses it asked for) a registry is given up for the rest of the run.
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    registry_timeout: u64,
}

impl Looking {
    pub(crate) fn observer(&self, settings: &Settings) -> anyhow::Result<Eyes> {
        let sources = match &self.sources_path {
            Some(path) => Sources::read(path)?,
            None => Sources::default(),
        };
        let credentials = match &self.docker_config_json_path {
            Some(path) if !path.exists() => {
                bail!("there is no docker configuration at `{}`", path.display())
            }
            Some(path) => Credentials::from_file(path),
            None => Credentials::of_user(),
        };
        let trust = match &self.sigstore_trust_config {
            Some(path) => TrustSource::read(path)?,
            None => TrustSource::PublicGood,
        };
        let limits = Limits {
            at_once: usize::from(self.registry_concurrency),
            request: Duration::from_secs(self.request_timeout),
            lost: Duration::from_secs(self.registry_timeout),
            ..Limits::default()
        };
        let observer = Observer::start(sources, credentials, &trust, limits)?;
        Ok(Eyes::new(observer, settings.clone()))
    }
}

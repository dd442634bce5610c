//! Arguments that say how registries and images are looked at: sources, credentials, trust root, limits.
//!
//! Invariant: one set of flags for both programs; names that kwctl has are kwctl's, and each has an environment variable.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use continuity_registry::{Credentials, RequestLimits, Sources, TrustSource, runtime};
use signature_continuity::settings::{CertificateChain, Settings};

use crate::observation::{ImageObserver, NativeObserver};
use crate::output::cause::cause;

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

    /// Whether a trust root was given.
    fn trust_is_given(&self) -> bool {
        self.sigstore_trust_config.is_some()
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

/// An observer as a command's arguments make it.
pub(crate) struct CommandObserver {
    observer: ImageObserver,
    borrowed: bool,
}

impl CommandObserver {
    /// The observer alone.
    pub(super) fn into_observer(self) -> ImageObserver {
        self.observer
    }

    /// Says so where the settings name no certificate authorities, and those of the trust root serve instead.
    pub(crate) fn borrowed_authorities(&self) -> Option<String> {
        self.borrowed.then(|| {
            "the settings name no certificateAuthorities, so those of the given trust root were used; the policy needs them in its settings: continuity check prints them".to_owned()
        })
    }
}

impl std::ops::Deref for CommandObserver {
    type Target = ImageObserver;

    fn deref(&self) -> &ImageObserver {
        &self.observer
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
    /// The files that were given for sources, trust root and credentials.
    pub(super) fn source_paths(&self) -> [Option<String>; 3] {
        let sources = &self.sources;
        [
            &sources.sources_path,
            &sources.sigstore_trust_config,
            &sources.docker_config_json_path,
        ]
        .map(|path| path.as_ref().map(|path| path.display().to_string()))
    }

    /// Why a registry cannot be reached, in one clause: asked anew, without credentials.
    pub(super) fn why_unreachable(&self, registry: &str) -> Option<String> {
        let sources = self.sources.sources().ok()?;
        let address = match registry {
            "docker.io" => "registry-1.docker.io",
            other => other,
        };
        let limit = Duration::from_secs(self.request_timeout);
        let client = sources.http_client(registry, true).ok()?;
        let url = format!("https://{address}/v2/");
        let answer = runtime::wait(async move { client.get(url).timeout(limit).send().await });
        match answer {
            Ok(Ok(_)) | Err(_) => None,
            Ok(Err(error)) if error.is_timeout() => Some("no answer in time".to_owned()),
            Ok(Err(error)) => cause(&error),
        }
    }

    /// Looks with these settings. Where they name no certificate authorities and a trust root was given, that root's own
    /// serve: whoever gives a private Sigstore means its signatures.
    pub(crate) fn observer(&self, settings: &Settings) -> anyhow::Result<CommandObserver> {
        self.observer_for(settings, None)
    }

    /// The same, for so long.
    pub(crate) fn observer_for(
        &self,
        settings: &Settings,
        run: Option<Duration>,
    ) -> anyhow::Result<CommandObserver> {
        let limits = RequestLimits {
            at_once: usize::from(self.registry_concurrency),
            request: Duration::from_secs(self.request_timeout),
            lost: Duration::from_secs(self.registry_timeout),
            run,
            ..RequestLimits::default()
        };
        let observer = NativeObserver::start(
            self.sources.sources()?,
            self.sources.credentials()?,
            &self.sources.trust()?,
            limits,
        )?;
        let authorities = observer.authorities(None);
        let public = CertificateChain::public_good();
        let is_private = self.sources.trust_is_given()
            && authorities.iter().any(|chain| !public.contains(chain));
        let mut settings = settings.clone();
        let borrowed = is_private && settings.certificate_authorities.is_empty();
        if borrowed {
            settings.certificate_authorities = authorities;
        }
        Ok(CommandObserver {
            observer: ImageObserver::new(observer, settings),
            borrowed,
        })
    }
}

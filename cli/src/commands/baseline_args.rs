//! Arguments that say what is known: the policy's settings, and where baselines are.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;
use signature_continuity::settings::Settings;

use crate::definition::Definition;
use crate::output::read_text;
use crate::store::{Location, Store};

/// Settings and store.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What is known")]
pub(crate) struct BaselineArgs {
    /// The policy's settings: a file with them, or with a ClusterAdmissionPolicy.
    #[arg(long, value_name = "FILE", env = "CONTINUITY_POLICY")]
    policy: Option<PathBuf>,

    /// Which ClusterAdmissionPolicy, where the file has several.
    #[arg(
        long,
        value_name = "NAME",
        requires = "policy",
        env = "CONTINUITY_POLICY_NAME"
    )]
    policy_name: Option<String>,

    /// Where baselines are: dir:PATH, kubernetes, or kubernetes:CONTEXT [default: kubernetes].
    #[arg(long, value_name = "STORE", env = "CONTINUITY_STORE")]
    store: Option<Location>,
}

impl BaselineArgs {
    /// The settings; without a policy, the defaults.
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        let Some(path) = &self.policy else {
            return Ok(Settings::default());
        };
        let text = read_text(path, "the policy")?;
        // Several documents are definitions; settings are one.
        let one: Result<Value, _> = yaml_serde::from_str(&text);
        let settings = match one {
            Ok(value) if value.get("kind").is_none() => value,
            Ok(_) | Err(_) => Definition::read(path, self.policy_name.as_deref())?.settings,
        };
        Settings::parse(settings.to_string().as_bytes())
            .with_context(|| format!("the settings in `{}` cannot be used", path.display()))
    }

    /// Where baselines are, if that was said.
    pub(crate) fn location(&self) -> Option<&Location> {
        self.store.as_ref()
    }

    /// The store as it is.
    pub(crate) fn store(&self, settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
        self.open(settings, false)
    }

    /// The store to begin writing in: a directory is made where there is none.
    pub(crate) fn new_store(&self, settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
        self.open(settings, true)
    }

    fn open(&self, settings: &Settings, create: bool) -> anyhow::Result<Arc<dyn Store>> {
        let location = self.store.clone().unwrap_or(Location::Kubernetes(None));
        Ok(location.open(&settings.baseline.namespace, create)?)
    }
}

//! Arguments that say what is known: the policy's settings, and where baselines are.
//!
//! Invariant: baselines belong to the cluster whose images are looked at. Where nobody named a store it is that cluster's,
//! and where the two differ, that is said.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;
use signature_continuity::settings::Settings;

use super::contexts::{is_another_cluster, name};
use super::images::Images;
use crate::definition::{Definition, Mode};
use crate::kubernetes::current_context;
use crate::output::read_text;
use crate::store::{Location, Store};

/// Settings and store.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What is known")]
pub(crate) struct BaselineArgs {
    /// The policy's settings: a file with them, or with a ClusterAdmissionPolicy.
    #[arg(long, value_name = "FILE", env = "CONTINUITY_POLICY")]
    pub(super) policy: Option<PathBuf>,

    /// Which ClusterAdmissionPolicy, where the file has several.
    #[arg(
        long,
        value_name = "NAME",
        requires = "policy",
        env = "CONTINUITY_POLICY_NAME"
    )]
    pub(super) policy_name: Option<String>,

    /// Where baselines are: dir:PATH, kubernetes, or kubernetes:CONTEXT [default: the cluster whose images are looked at].
    #[arg(long, value_name = "STORE", env = "CONTINUITY_STORE")]
    pub(super) store: Option<Location>,
}

/// A policy, as it was given.
#[derive(Debug, Clone, Default)]
pub(super) struct Policy {
    /// As they stand in the file; without one, the defaults.
    pub(super) settings: Settings,
    /// The definition that they stand in, where it was one.
    pub(super) definition: Option<Definition>,
}

impl Policy {
    /// The settings by what they do: a policy that only monitors enforces nothing, whatever its settings say.
    pub(super) fn in_effect(&self) -> Settings {
        let mut settings = self.settings.clone();
        if self.only_monitors() {
            settings.enforce.clear();
        }
        settings
    }

    fn only_monitors(&self) -> bool {
        self.definition
            .as_ref()
            .is_some_and(|definition| definition.mode == Mode::Monitor)
    }

    /// Says so where the settings enforce what the definition does not.
    pub(super) fn contradiction(&self) -> Option<String> {
        let definition = self.definition.as_ref()?;
        (self.only_monitors() && !self.settings.enforce.is_empty()).then(|| {
            format!(
                "the policy {} has mode: monitor, so its `enforce` denies nothing, and what it would deny is admitted without a warning; put `enforce` into a policy of its own with mode: protect",
                signature_continuity::clean::clean(&definition.name, 253)
            )
        })
    }
}

impl BaselineArgs {
    /// The policy; without one, the default settings.
    pub(super) fn policy(&self) -> anyhow::Result<Policy> {
        let Some(path) = &self.policy else {
            return Ok(Policy::default());
        };
        let text = read_text(path, "the policy")?;
        // Several documents are definitions; settings are one.
        let one: Result<Value, _> = yaml_serde::from_str(&text);
        let (settings, definition) = match one {
            Ok(value) if value.get("kind").is_none() => (value, None),
            Ok(_) | Err(_) => {
                let definition = Definition::read(path, self.policy_name.as_deref())?;
                (definition.settings.clone(), Some(definition))
            }
        };
        let settings = Settings::parse(settings.to_string().as_bytes())
            .with_context(|| format!("the settings in `{}` cannot be used", path.display()))?;
        Ok(Policy {
            settings,
            definition,
        })
    }

    /// The settings by what they do; without a policy, the defaults.
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        Ok(self.policy()?.in_effect())
    }

    /// Whether somebody named a store.
    pub(super) fn is_named(&self) -> bool {
        self.store.is_some()
    }

    /// Where baselines are: as somebody said, or in the cluster whose images are looked at.
    pub(super) fn location(&self, images: Option<&Images>) -> Location {
        self.store.clone().unwrap_or_else(|| {
            let context = images.and_then(Images::context);
            Location::Kubernetes(context.map(str::to_owned))
        })
    }

    /// What people should know of where baselines are: that it is another cluster than the images', or than the current one.
    pub(super) fn remark(&self, images: &Images, namespace: &str) -> Option<String> {
        let of_images = images.context();
        match (&self.store, of_images) {
            (None, Some(context)) => {
                let current = current_context();
                (current.as_deref() != Some(context)).then(|| {
                    format!(
                        "the baselines are those of the cluster that is looked at, kubernetes:{context} (namespace {namespace}), and not of the current context{}",
                        current.map(|current| format!(" {current}")).unwrap_or_default()
                    )
                })
            }
            (Some(Location::Kubernetes(context)), _) if images.are_of_a_cluster() => {
                is_another_cluster(context.as_deref(), of_images).then(|| {
                    format!(
                        "the images are of another cluster ({}) than the baselines ({}): nothing becomes established by them",
                        name(of_images),
                        name(context.as_deref())
                    )
                })
            }
            (None | Some(_), _) => None,
        }
    }

    /// The store as it is.
    pub(super) fn store(
        &self,
        settings: &Settings,
        images: Option<&Images>,
    ) -> anyhow::Result<Arc<dyn Store>> {
        self.open(settings, images, false)
    }

    /// The store to begin writing in: a directory is made where there is none.
    pub(super) fn new_store(
        &self,
        settings: &Settings,
        images: Option<&Images>,
    ) -> anyhow::Result<Arc<dyn Store>> {
        self.open(settings, images, true)
    }

    fn open(
        &self,
        settings: &Settings,
        images: Option<&Images>,
        create: bool,
    ) -> anyhow::Result<Arc<dyn Store>> {
        let location = self.location(images);
        Ok(location.open(&settings.baseline.namespace, create)?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use rstest::rstest;

    fn policy(mode: &str, settings: &str) -> Policy {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = format!(
            "apiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nmetadata: {{name: p}}\n\
             spec: {{module: m, mode: {mode}, settings: {settings}}}\n"
        );
        std::fs::write(file.path(), text).unwrap();
        let arguments = BaselineArgs {
            policy: Some(file.path().to_owned()),
            policy_name: None,
            store: None,
        };
        arguments.policy().unwrap()
    }

    #[rstest]
    #[case::enforces("protect", "{enforce: [{}]}", 1, false)]
    #[case::only_says_so("monitor", "{enforce: [{}]}", 0, true)]
    #[case::audits("monitor", "{unenforced: report}", 0, false)]
    fn what_only_monitors_enforces_nothing(
        #[case] mode: &str,
        #[case] settings: &str,
        #[case] enforced: usize,
        #[case] contradicts: bool,
    ) {
        let policy = policy(mode, settings);
        assert_eq!(policy.in_effect().enforce.len(), enforced);
        assert_eq!(policy.contradiction().is_some(), contradicts);
    }

    #[test]
    fn the_store_is_that_of_the_images_unless_somebody_names_one() {
        let images = Images::of_context("prod");
        let mut arguments = BaselineArgs {
            policy: None,
            policy_name: None,
            store: None,
        };
        let prod = Location::Kubernetes(Some("prod".to_owned()));
        assert_eq!(arguments.location(Some(&images)), prod);
        assert_eq!(arguments.location(None), Location::Kubernetes(None));
        arguments.store = Some(Location::Directory("baselines".into()));
        assert_eq!(
            arguments.location(Some(&images)),
            Location::Directory("baselines".into())
        );
    }
}

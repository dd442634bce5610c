//! `continuity check`: what would not work, before it matters.
//!
//! Invariant: each line says what was tried and what came of it; what could not be tried is not called fine.

mod policy;
mod registries;
mod store;
mod trials;

use chrono::Utc;
use clap::{Args, ValueEnum};
use signature_continuity::baseline::Baseline;
use signature_continuity::settings::Settings;

use super::baseline_args::{BaselineArgs, Policy};
use super::images::{Images, listed};
use super::registry_args::{CommandObserver, RegistryArgs};
use crate::inventory::sources::Gathered;
use crate::output;
use crate::output::words::{counted, plain};
use crate::program::Status;
use crate::store::Location;
use registries::Candidate;
use store::ServiceAccount;
use trials::Trials;

/// Try what the policy and the learner need: settings, mode, permissions, store, registries and credentials, trust root, trustControl, mirrors.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  continuity check --policy policies.yaml --policy-name enforce --policy-server kubewarden/policy-server

  Before there is any baseline: the registries of what runs, or of a list
    continuity check --kubernetes
    continuity check --images images.txt

Exit status:
  0 all works, 1 something does not, 2 usage")]
pub(super) struct Check {
    /// The service account that the policy server runs as: whether it may read baselines.
    #[arg(long, value_name = "NAMESPACE/SERVICEACCOUNT")]
    policy_server: Option<ServiceAccount>,

    #[command(flatten)]
    images: Images,

    /// Those of a list: references, files with one on each line, or `-` for standard input.
    #[arg(long = "images", value_name = "REFERENCE|FILE|-", num_args = 1.., conflicts_with_all = ["kubernetes", "manifests", "reviews", "namespaces"], help_heading = "Which images")]
    listed: Vec<String>,

    /// How it is shown.
    #[arg(short, long, value_enum, default_value_t)]
    output: Shown,

    #[command(flatten)]
    knowledge: BaselineArgs,

    #[command(flatten)]
    looking: RegistryArgs,
}

/// How something without a page is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Shown {
    /// For people at a terminal.
    #[default]
    Table,
    /// For machines; versioned.
    Json,
}

impl Check {
    pub(super) fn execute(self) -> anyhow::Result<Status> {
        // Arguments that cannot be used are no trial.
        let images = if self.listed.is_empty() {
            None
        } else {
            Some(listed(&self.listed)?)
        };
        let mut trials = Trials::default();
        self.try_all(images, &mut trials);
        match self.output {
            Shown::Table => output::print(&trials.text())?,
            Shown::Json => output::print(&format!("{:#}", trials.json()))?,
        }
        match trials.failures() {
            0 => Ok(Status::Fine),
            failures => {
                output::note(&format!(
                    "{} not work",
                    counted(failures, "of these does", "of these do")
                ));
                Ok(Status::Failed)
            }
        }
    }

    fn try_all(&self, images: Option<Gathered>, trials: &mut Trials) {
        let given = self.knowledge.policy.is_some();
        let policy = match self.knowledge.policy() {
            Ok(policy) => policy,
            Err(error) => {
                trials.wrong("settings", &plain(&format!("{error:#}")));
                return;
            }
        };
        policy::try_policy(&policy, given, trials);
        let settings = &policy.settings;
        let location = self.knowledge.location(Some(&self.images));
        store::try_permissions(&location, self.policy_server.as_ref(), settings, trials);
        let baselines = match self.knowledge.store(settings, Some(&self.images)) {
            Ok(store) => store::try_store(store.as_ref(), Utc::now(), trials),
            Err(error) => {
                trials.wrong("store", &format!("{error:#}"));
                Vec::new()
            }
        };
        policy::try_environment(&self.knowledge, &self.looking, trials);
        match self.looking.observer(settings) {
            Ok(observer) => {
                let images = images.unwrap_or_else(|| self.running(&location, trials));
                self.try_outside(&observer, &policy, &baselines, &images, trials);
            }
            Err(error) => trials.wrong("trust root", &format!("{error:#}")),
        }
    }

    fn try_outside(
        &self,
        observer: &CommandObserver,
        policy: &Policy,
        baselines: &[Baseline],
        images: &Gathered,
        trials: &mut Trials,
    ) {
        let settings: &Settings = &policy.settings;
        registries::try_trust_root(observer, trials);
        policy::try_authorities(observer, policy, self.knowledge.policy.is_some(), trials);
        registries::try_control(observer, settings, trials);
        let of_images = images.images.iter().filter_map(Candidate::of_image);
        // What was named is tried first.
        let (first, then): (Vec<_>, Vec<_>) = if self.listed.is_empty() {
            (
                Candidate::verified(settings, baselines).collect(),
                of_images.collect(),
            )
        } else {
            (of_images.collect(), Vec::new())
        };
        let candidates = first.into_iter().chain(then);
        registries::try_registries(observer, &self.looking, settings, candidates, trials);
    }

    /// What runs, where there is a cluster to ask: its registries are asked though no baseline names them yet.
    fn running(&self, location: &Location, trials: &mut Trials) -> Gathered {
        let a_cluster_is_meant = matches!(location, Location::Kubernetes(_));
        if self.images.are_of_a_cluster() && !a_cluster_is_meant && !self.images.name_a_cluster() {
            return Gathered::default();
        }
        match self.images.list() {
            Ok(mut gathered) => {
                for unread in gathered.unread.drain(..) {
                    trials.wrong("images", &unread);
                }
                gathered
            }
            Err(error) => {
                trials.wrong("images", &format!("{error:#}"));
                Gathered::default()
            }
        }
    }
}

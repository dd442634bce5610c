//! `continuity watch`: the learner that stays in the cluster.

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::Args;
use sha2::{Digest as _, Sha256};
use signature_continuity::duration;

use super::baseline_args::BaselineArgs;
use super::contexts::is_another_cluster;
use super::registry_args::RegistryArgs;
use super::stop::stop_when_interrupted;
use crate::kubernetes::Cluster;
use crate::output;
use crate::program::{Status, UsageError};
use crate::store::Location;
use crate::watch::{MakeObserver, Watch, WatchOptions};

/// Stay in the cluster: look at each image as soon as an object names it, and learn from what runs.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  In a pod, with the account's own permissions, everything gone through every six hours:
    continuity watch --policy /etc/continuity/policy.yaml --every 6h --history --ahead --listen 0.0.0.0:8080

  From a machine beside the cluster, by the kubeconfig's context:
    continuity watch --kubernetes=prod --policy policy.yaml

Exit status:
  0 ended by a signal, 1 failed, 2 usage")]
pub(super) struct WatchCluster {
    /// Which cluster: a context of the kubeconfig; without one its current context, or in a pod the pod's own cluster.
    #[arg(long, value_name = "CONTEXT", num_args = 0..=1, require_equals = true, default_missing_value = "", help_heading = "Which images")]
    kubernetes: Option<String>,

    /// How often everything is gone through, as `continuity learn` does: what becomes established does so then.
    #[arg(long, value_name = "DURATION", env = "CONTINUITY_EVERY", default_value = "6h", value_parser = every)]
    every: Duration,

    /// After how many seconds a full pass looks at nothing further: what it found out is saved, and the next one goes on.
    #[arg(long, value_name = "SECONDS", env = "CONTINUITY_RUN_TIMEOUT", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    run_timeout: u64,

    /// In full passes, examine the past of repositories that are not established yet, once a day each.
    #[arg(long)]
    history: bool,

    /// How many tags of one repository are examined.
    #[arg(long, value_name = "N", default_value_t = 50, requires = "history", value_parser = clap::value_parser!(u16).range(3..=1000))]
    history_limit: u16,

    /// After full passes, verify the newest tags of all repositories that have a baseline.
    #[arg(long)]
    ahead: bool,

    /// How many tags of each repository that is.
    #[arg(long, value_name = "N", default_value_t = 5, requires = "ahead", value_parser = clap::value_parser!(u16).range(1..=100))]
    ahead_tags: u16,

    /// Where /metrics, /healthz, /readyz and the inventory's page are served.
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        env = "CONTINUITY_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    listen: SocketAddr,

    /// By which IP address other replicas reach this one, to show what the one that leads knows; in a pod its status.podIP.
    #[arg(long, value_name = "IP", env = "POD_IP")]
    address: Option<std::net::IpAddr>,

    /// By which name this replica stands in the Lease [default: the host's name].
    #[arg(long, value_name = "NAME", env = "POD_NAME")]
    identity: Option<String>,

    /// Write entries into the cluster's policy reports: openreports.io, or wgpolicyk8s.io where only that is there.
    #[arg(long)]
    reports: bool,

    #[command(flatten)]
    knowledge: BaselineArgs,

    #[command(flatten)]
    looking: RegistryArgs,
}

impl WatchCluster {
    pub(super) fn execute(self) -> anyhow::Result<Status> {
        static STOP: AtomicBool = AtomicBool::new(false);
        let context = self.kubernetes.as_deref().filter(|it| !it.is_empty());
        let policy = self.knowledge.policy()?;
        if let Some(contradiction) = policy.contradiction() {
            output::note(&format!("note: {contradiction}"));
        }
        let settings = policy.in_effect();
        let location = self.knowledge.store.clone();
        let location = location.unwrap_or(Location::Kubernetes(context.map(str::to_owned)));
        match &location {
            Location::Directory(_) => {
                return Err(UsageError(
                    "watch writes to the cluster that it watches, and a directory is kept by whoever commits it: leave --store out, or run continuity learn with it".to_owned(),
                )
                .into());
            }
            Location::Kubernetes(store) if is_another_cluster(store.as_deref(), context) => {
                return Err(UsageError(
                    "watch writes to the cluster that it watches, and --store names another one: leave --store out".to_owned(),
                )
                .into());
            }
            Location::Kubernetes(_) => {}
        }
        let store = location.open(&settings.baseline.namespace, false)?;
        store.claim()?;
        let looking = self.looking.clone();
        let of_policy = settings.clone();
        // What cannot be made at the start is said at the start.
        let first = looking.observer(&settings)?;
        if let Some(borrowed) = first.borrowed_authorities() {
            output::note(&format!("note: {borrowed}"));
        }
        let make_observer: Box<MakeObserver> =
            Box::new(move |run| Ok(looking.observer_for(&of_policy, run)?.into_observer()));
        let options = WatchOptions {
            concurrency: usize::from(self.looking.concurrency),
            every: self.every,
            run_timeout: Duration::from_secs(self.run_timeout),
            history: self.history.then(|| usize::from(self.history_limit)),
            ahead: self.ahead.then(|| usize::from(self.ahead_tags)),
            listen: self.listen,
            address: self
                .address
                .map(|ip| SocketAddr::new(ip, self.listen.port()).to_string()),
            reports: self.reports,
        };
        let identity = identity(self.identity.as_deref());
        stop_when_interrupted(&STOP)?;
        let watch = Watch {
            cluster: Cluster::connect(context)?,
            store,
            settings,
            options,
            observer: first.into_observer(),
            make_observer,
        };
        watch.run(identity, &STOP)?;
        Ok(Status::Fine)
    }
}

/// At least as long as a pass may take to be worth it, and often enough that what the policy reads does not grow old.
fn every(text: &str) -> Result<Duration, String> {
    let every = duration::parse(text).map_err(|error| error.to_string())?;
    let every = every.to_std().map_err(|error| error.to_string())?;
    let (least, most) = (Duration::from_secs(60), Duration::from_secs(72 * 3600));
    if (least..=most).contains(&every) {
        Ok(every)
    } else {
        Err(
            "expected between 1m and 72h: the policy warns when nothing was learned for 7 days"
                .to_owned(),
        )
    }
}

/// The replica's name, and what no other process has: one that is started anew under the same name has to wait like any other.
fn identity(name: Option<&str>) -> String {
    let host = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.map(str::to_owned).or_else(host);
    let name = name.as_deref().map_or("continuity", str::trim);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let mut hash = Sha256::new();
    hash.update(std::process::id().to_le_bytes());
    hash.update(now.unwrap_or_default().as_nanos().to_le_bytes());
    let own = hex::encode(hash.finalize());
    format!("{name}_{}", own.get(..8).unwrap_or_default())
}

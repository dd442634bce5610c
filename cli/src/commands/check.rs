//! `continuity check`: what would not work, before it matters.
//!
//! Invariant: each line says what was tried and what came of it; what could not be tried is not called fine.

use std::collections::BTreeMap;

use chrono::{TimeDelta, Utc};
use clap::Args;
use signature_continuity::baseline::{Baseline, Lookup};
use signature_continuity::clean::clean;
use signature_continuity::posture::Posture;
use signature_continuity::reference::ImageReference;
use signature_continuity::settings::Settings;

use super::baseline_args::BaselineArgs;
use super::registry_args::RegistryArgs;
use crate::inventory::control_fails;
use crate::kubernetes::{Cluster, Permission};
use crate::observation::Observe as _;
use crate::observation::{ImageObserver, ObservedImage};
use crate::output;
use crate::program::Status;
use crate::store::{Listed, Location, Store};

/// After how long without a run the learner counts as gone: as the policy has it.
const GONE: TimeDelta = TimeDelta::days(7);
/// How long ahead the end of the trust root is told.
const SOON: TimeDelta = TimeDelta::days(14);

/// Try what the policy and the learner need: settings, permissions, store, registries and credentials, trust root, trustControl, mirrors.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  continuity check --policy policies.yaml --policy-name enforce

Exit status:
  0 all works, 1 something does not, 2 usage")]
pub(super) struct Check {
    #[command(flatten)]
    knowledge: BaselineArgs,

    #[command(flatten)]
    looking: RegistryArgs,
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CheckStatus {
    Right,
    /// It works, and somebody should know.
    Doubtful,
    Wrong,
}

/// What was tried.
#[derive(Default)]
struct Trials {
    lines: Vec<String>,
    wrong: usize,
}

impl Trials {
    fn note(&mut self, came: CheckStatus, what: &str, text: &str) {
        let word = match came {
            CheckStatus::Right => "ok",
            CheckStatus::Doubtful => "note",
            CheckStatus::Wrong => {
                self.wrong += 1;
                "FAILS"
            }
        };
        self.lines
            .push(format!("{word:<6} {what:<14} {}", clean(text, 500)));
    }
}

impl Check {
    pub(super) fn execute(self) -> anyhow::Result<Status> {
        let mut trials = Trials::default();
        self.try_all(&mut trials);
        output::print(&(trials.lines.join("\n") + "\n"))?;
        if trials.wrong > 0 {
            output::note(&format!("{} of these do not work", trials.wrong));
            return Ok(Status::Failed);
        }
        Ok(Status::Fine)
    }

    fn try_all(&self, trials: &mut Trials) {
        let settings = match self.knowledge.settings() {
            Ok(settings) => {
                trials.note(CheckStatus::Right, "settings", "can be read");
                settings
            }
            Err(error) => {
                trials.note(CheckStatus::Wrong, "settings", &format!("{error:#}"));
                return;
            }
        };
        try_permissions(self.knowledge.location(), &settings, trials);
        let baselines = match self.knowledge.store(&settings) {
            Ok(store) => try_store(store.as_ref(), trials),
            Err(error) => {
                trials.note(CheckStatus::Wrong, "store", &format!("{error:#}"));
                Vec::new()
            }
        };
        let eyes = match self.looking.observer(&settings) {
            Ok(eyes) => eyes,
            Err(error) => {
                trials.note(CheckStatus::Wrong, "trust root", &format!("{error:#}"));
                return;
            }
        };
        try_trust_root(&eyes, trials);
        try_control(&eyes, &settings, trials);
        try_registries(&eyes, &settings, &baselines, trials);
    }
}

/// What `learn` and `inventory` need of the cluster that the baselines are in, as this user.
fn try_permissions(location: Option<&Location>, settings: &Settings, trials: &mut Trials) {
    let context = match location {
        Some(Location::Kubernetes(context)) => context.as_deref(),
        None => None,
        // Files have no permissions of a cluster.
        Some(Location::Directory(_)) => return,
    };
    // The store says why it cannot be opened.
    let Ok(cluster) = Cluster::connect(context) else {
        return;
    };
    let namespace = &settings.baseline.namespace;
    let without_it = [
        (
            Permission::for_baselines("create", namespace),
            CheckStatus::Wrong,
            "nothing can be learned",
        ),
        (
            Permission::for_baselines("update", namespace),
            CheckStatus::Wrong,
            "nothing can be learned or approved",
        ),
        (
            Permission::for_inventory("", "pods"),
            CheckStatus::Wrong,
            "nobody knows what runs",
        ),
        (
            Permission::for_inventory("apps", "deployments"),
            CheckStatus::Doubtful,
            "those scaled to zero are not seen",
        ),
        (
            Permission::for_inventory("batch", "cronjobs"),
            CheckStatus::Doubtful,
            "those that do not run just now are not seen",
        ),
    ];
    for (permission, came, loss) in without_it {
        match cluster.may(&permission) {
            Ok(Ok(())) => trials.note(CheckStatus::Right, "permission", &permission.to_string()),
            Ok(Err(grant)) => trials.note(
                came,
                "permission",
                &format!("this user may not {permission}: {loss}; {grant}"),
            ),
            Err(error) => trials.note(CheckStatus::Wrong, "permission", &error.to_string()),
        }
    }
}

fn try_store(store: &dyn Store, trials: &mut Trials) -> Vec<Baseline> {
    let listed: Vec<Listed> = match store.list() {
        Ok(listed) => listed,
        Err(error) => {
            trials.note(
                CheckStatus::Wrong,
                "store",
                &format!("{}: {error}", store.name()),
            );
            return Vec::new();
        }
    };
    trials.note(
        CheckStatus::Right,
        "store",
        &format!("{}: {} baselines", store.name(), listed.len()),
    );
    let mut usable = Vec::new();
    for object in listed {
        match object.baseline {
            Ok(baseline) => usable.push(*baseline),
            Err(why) => trials.note(
                CheckStatus::Wrong,
                "baseline",
                &format!("{}: {why}", object.name),
            ),
        }
    }
    match store.state() {
        Ok(None) => trials.note(
            CheckStatus::Doubtful,
            "learner",
            "never came to its end here; run continuity learn",
        ),
        Ok(Some(state)) if Utc::now() - state.state.last_run > GONE => trials.note(
            CheckStatus::Wrong,
            "learner",
            &format!("ended last on {}", state.state.last_run.format("%Y-%m-%d")),
        ),
        Ok(Some(state)) => trials.note(
            CheckStatus::Right,
            "learner",
            &format!("ended last on {}", state.state.last_run.format("%Y-%m-%d")),
        ),
        Err(error) => trials.note(CheckStatus::Wrong, "learner", &error.to_string()),
    }
    usable
}

fn try_trust_root(eyes: &ImageObserver, trials: &mut Trials) {
    let root = eyes.trust_root();
    let now = Utc::now();
    match root.expires {
        Some(expires) if expires <= now => trials.note(
            CheckStatus::Wrong,
            "trust root",
            &format!("{} ended {}", root.name, expires.format("%Y-%m-%d")),
        ),
        Some(expires) if expires - now <= SOON => trials.note(
            CheckStatus::Doubtful,
            "trust root",
            &format!("{} ends {}", root.name, expires.format("%Y-%m-%d")),
        ),
        Some(_) => trials.note(CheckStatus::Right, "trust root", &root.name),
        // What was never read, for want of an image to look at or of an answer, is not called fine.
        None => trials.note(
            CheckStatus::Doubtful,
            "trust root",
            &format!("{}: when it ends is not known", root.name),
        ),
    }
}

fn try_control(eyes: &ImageObserver, settings: &Settings, trials: &mut Trials) {
    let Some(control) = &settings.trust_control else {
        trials.note(
            CheckStatus::Doubtful,
            "trustControl",
            "is not set: a missing trust root cannot be told from an attack",
        );
        return;
    };
    let name = control.image.spelled();
    match eyes.observe(&control.image, &Lookup::Absent) {
        Err(why) => trials.note(
            CheckStatus::Wrong,
            "trustControl",
            &format!("{name}: {why}"),
        ),
        Ok(seen) if seen.observation.unknown.is_some() => trials.note(
            CheckStatus::Wrong,
            "trustControl",
            &format!("{name}: {}", answer(&seen)),
        ),
        Ok(_) if control_fails(eyes, control) => trials.note(
            CheckStatus::Wrong,
            "trustControl",
            &format!("{name} is not proven to be signed by {}", control.subject),
        ),
        Ok(_) => trials.note(CheckStatus::Right, "trustControl", name),
    }
}

/// One image of each registry, and of each mirror, that was verified before.
fn try_registries(
    eyes: &ImageObserver,
    settings: &Settings,
    baselines: &[Baseline],
    trials: &mut Trials,
) {
    let mut by_registry: BTreeMap<String, (ImageReference, &Baseline, bool)> = BTreeMap::new();
    for baseline in baselines {
        let Some(entry) = baseline.verified.last() else {
            continue;
        };
        let Ok(reference) =
            format!("{}@{}", baseline.repository, entry.digest).parse::<ImageReference>()
        else {
            continue;
        };
        let name = settings.call_name(&reference);
        let is_mirror = name != reference.name();
        let registry = name.split('/').next().unwrap_or_default().to_owned();
        by_registry
            .entry(registry)
            .or_insert((reference, baseline, is_mirror));
    }
    if by_registry.is_empty() {
        trials.note(
            CheckStatus::Doubtful,
            "registries",
            "no baseline names one yet; nothing was tried",
        );
    }
    for (registry, (reference, baseline, is_mirror)) in by_registry {
        // A key that no log knows is proven by being known.
        let lookup = Lookup::Usable(Box::new(baseline.clone()));
        match eyes.observe(&reference, &lookup) {
            Err(why) => trials.note(CheckStatus::Wrong, "registry", &format!("{registry}: {why}")),
            Ok(seen) if seen.observation.unknown.is_some() => trials.note(
                CheckStatus::Wrong,
                "registry",
                &format!("{registry}: {} ({})", answer(&seen), reference.spelled()),
            ),
            Ok(seen) if is_mirror && seen.observation.posture == Posture::Unsigned => trials.note(
                CheckStatus::Wrong,
                "mirror",
                &format!(
                    "{registry} serves {} without its signatures: copy them too, or leave the mirror out of the settings",
                    reference.spelled()
                ),
            ),
            Ok(seen) if seen.observation.posture == Posture::Unverifiable => trials.note(
                CheckStatus::Wrong,
                "registry",
                &format!(
                    "{registry} answers, and {} was verified once and is unverifiable now: does the trust root fit?",
                    reference.spelled()
                ),
            ),
            Ok(_) => trials.note(CheckStatus::Right, "registry", &format!("{registry} answers")),
        }
    }
}

fn answer(seen: &ObservedImage) -> String {
    match &seen.observation.unknown {
        Some((_, Some(outage))) => outage.as_str().to_owned(),
        Some((cause, None)) => cause.to_string(),
        None => seen.observation.posture.to_string(),
    }
}

//! `continuity status`: whether learning goes on, and what will need somebody.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, ValueEnum};
use serde_json::json;
use signature_continuity::baseline::Baseline;
use signature_continuity::clean::clean;
use signature_continuity::fingerprint::Fingerprint;
use signature_continuity::settings::{Exception, ExceptionScope, Settings};

use super::baseline_args::BaselineArgs;
use super::registry_args::RegistryArgs;
use crate::output;
use crate::program::Status as Ended;
use crate::store::{LearnerState, Listed, Store};
use continuity_registry::TrustRoot;

/// After how long without a run the learner counts as gone: as the policy has it.
const GONE: TimeDelta = TimeDelta::days(7);
/// How long ahead the end of something is told.
const SOON: TimeDelta = TimeDelta::days(14);

/// Show when learning ended last, baselines by state, exceptions that are unused or end soon, and the trust root's age.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Exit status:
  0 fine, 1 failed, 2 usage, 3 something needs somebody")]
pub(super) struct Status {
    /// How it is shown.
    #[arg(short, long, value_enum, default_value_t)]
    output: Shown,

    /// End with 0 whatever was found.
    #[arg(long)]
    exit_zero: bool,

    #[command(flatten)]
    knowledge: BaselineArgs,

    #[command(flatten)]
    looking: RegistryArgs,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Shown {
    #[default]
    Table,
    Json,
}

/// What there is to say.
struct Report {
    store: String,
    state: Option<LearnerState>,
    by_state: BTreeMap<&'static str, usize>,
    trust_root: TrustRoot,
    /// What needs somebody.
    remarks: Vec<String>,
}

impl Status {
    pub(super) fn execute(self) -> anyhow::Result<Ended> {
        let settings = self.knowledge.settings()?;
        let store = self.knowledge.store(&settings)?;
        let trust_root = self.looking.observer(&settings)?.trust_root();
        let report = Report::of(store.as_ref(), &settings, trust_root, Utc::now())?;
        match self.output {
            Shown::Table => output::print(&report.text(Utc::now()))?,
            Shown::Json => output::print(&report.json())?,
        }
        Ok(if report.remarks.is_empty() || self.exit_zero {
            Ended::Fine
        } else {
            Ended::Drift
        })
    }
}

impl Report {
    fn of(
        store: &dyn Store,
        settings: &Settings,
        trust_root: TrustRoot,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Self> {
        let listed = store.list()?;
        let state = store.state()?;
        let mut by_state: BTreeMap<&'static str, usize> =
            BTreeMap::from([("established", 0), ("cold", 0), ("unusable", 0)]);
        let mut remarks = Vec::new();
        let mut usable = Vec::new();
        for object in &listed {
            let name = match &object.baseline {
                Ok(baseline) => {
                    usable.push(baseline.as_ref());
                    if baseline.is_established(now) {
                        "established"
                    } else {
                        "cold"
                    }
                }
                Err(why) => {
                    remarks.push(format!(
                        "{} cannot be used: {}",
                        object.name,
                        clean(why, 300)
                    ));
                    "unusable"
                }
            };
            *by_state.entry(name).or_default() += 1;
        }
        remarks.extend(learning(state.as_ref(), &listed, now));
        remarks.extend(permissions(&usable, now));
        for exception in &settings.exceptions {
            remarks.extend(exception_remark(exception, &usable, now));
        }
        remarks.extend(trust_root_remark(&trust_root, now));
        Ok(Self {
            store: store.name(),
            state,
            by_state,
            trust_root,
            remarks,
        })
    }

    fn text(&self, now: DateTime<Utc>) -> String {
        let counts: Vec<String> = self
            .by_state
            .iter()
            .map(|(state, count)| format!("{count} {state}"))
            .collect();
        let ran = match &self.state {
            None => "never".to_owned(),
            Some(state) => format!(
                "{} ({} ago)",
                state.state.last_run.format("%Y-%m-%dT%H:%M:%SZ"),
                age(now - state.state.last_run)
            ),
        };
        let mut text = format!(
            "store       {}\nlearned     {ran}\nbaselines   {}\ntrust root  {}{}\n",
            self.store,
            counts.join(", "),
            clean(&self.trust_root.name, 200),
            self.trust_root
                .as_of
                .map_or(String::new(), |as_of| format!(", {} old", age(now - as_of)))
        );
        if self.remarks.is_empty() {
            text.push_str("Nothing needs anybody.\n");
        }
        for remark in &self.remarks {
            text.push_str(&format!("- {remark}\n"));
        }
        text
    }

    fn json(&self) -> String {
        json!({
            "version": 1,
            "store": self.store,
            "lastRun": self.state.as_ref().map(|state| state.state.last_run),
            "baselines": self.by_state,
            "trustRoot": {
                "name": self.trust_root.name,
                "asOf": self.trust_root.as_of,
                "expires": self.trust_root.expires,
            },
            "remarks": self.remarks,
        })
        .to_string()
    }
}

fn learning(state: Option<&LearnerState>, listed: &[Listed], now: DateTime<Utc>) -> Vec<String> {
    let Some(state) = state else {
        return vec!["nothing was ever learned here to the end; run continuity learn".to_owned()];
    };
    let mut remarks = Vec::new();
    if now - state.state.last_run > GONE {
        remarks.push(format!(
            "the learner ended last {} ago: new repositories are not being learned",
            age(now - state.state.last_run)
        ));
    }
    let present = u64::try_from(listed.len()).unwrap_or(u64::MAX);
    let lost = state.state.baselines.saturating_sub(present);
    if lost > 0 {
        remarks.push(format!(
            "{lost} baselines that were there are gone; see continuity restore"
        ));
    }
    remarks
}

/// Digests that are allowed for a while, and not for long any more.
fn permissions(baselines: &[&Baseline], now: DateTime<Utc>) -> Vec<String> {
    let mut remarks = Vec::new();
    for baseline in baselines {
        for entry in baseline.allowed.iter().filter(|entry| entry.until > now) {
            remarks.push(format!(
                "{}@{} is allowed for {} more (by {}: {})",
                baseline.repository,
                entry.digest,
                age(entry.until - now),
                clean(&entry.by, 100),
                clean(&entry.reason, 200)
            ));
        }
    }
    remarks
}

fn exception_remark(
    exception: &Exception,
    baselines: &[&Baseline],
    now: DateTime<Utc>,
) -> Option<String> {
    let (repository, name) = match &exception.scope {
        ExceptionScope::Repository(repository) => (repository, repository.to_string()),
        ExceptionScope::Image(repository, digest) => (repository, format!("{repository}@{digest}")),
    };
    let what = format!(
        "the exception for {name} (accepts {}, {})",
        exception.accepts,
        clean(&exception.reason, 200)
    );
    if exception.is_expired(now) {
        return Some(format!("{what} has expired: it is void; remove it"));
    }
    if exception.expires_soon(now) {
        return Some(format!("{what} ends within {} days", SOON.num_days()));
    }
    let baseline = baselines
        .iter()
        .find(|baseline| &baseline.repository == repository);
    match (baseline, &exception.accepts) {
        (None, _) => Some(format!("{what} is unused: the repository has no baseline")),
        (Some(baseline), Fingerprint::Signer(id))
            if baseline.known().any(|record| &record.id() == id) =>
        {
            Some(format!("{what} is unused: the signer is known by now"))
        }
        (Some(_), _) => None,
    }
}

fn trust_root_remark(trust_root: &TrustRoot, now: DateTime<Utc>) -> Option<String> {
    let expires = trust_root.expires?;
    if expires <= now {
        Some(format!(
            "the trust root ended {}: nothing keyless verifies",
            expires.format("%Y-%m-%d")
        ))
    } else if expires - now <= SOON {
        Some(format!(
            "the trust root ends {}",
            expires.format("%Y-%m-%d")
        ))
    } else {
        None
    }
}

fn age(delta: TimeDelta) -> String {
    crate::inventory::shown::age(delta)
}

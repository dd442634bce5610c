//! `continuity status`: whether learning goes on, what it found last, and what will need somebody.
//!
//! Invariant: "nothing needs anybody" is only said where all of it could be read, and nothing of it does.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use serde_json::json;
use signature_continuity::baseline::Baseline;
use signature_continuity::clean::clean;
use signature_continuity::fingerprint::Fingerprint;
use signature_continuity::settings::{EXPIRES_SOON, Exception, ExceptionScope, Settings};

use super::baseline_args::BaselineArgs;
use super::check::Shown;
use super::learned::gone;
use super::registry_args::{CommandObserver, RegistryArgs};
use crate::inventory::counts::BaselineState;
use crate::output;
use crate::output::words::counted;
use crate::program::Status as Ended;
use crate::store::{LearnerState, Listed, Store, StoreError, lost};
use continuity_registry::TrustRoot;

/// How many images that drift are named.
const MOST_NAMED: usize = 20;

/// Show when learning ended last and what drifts, baselines by state, exceptions that are unused or end soon, and the trust root's age.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  continuity status
  continuity status --policy policies.yaml --policy-name enforce --output json

Exit status:
  0 fine, 1 failed, 2 usage, 3 drift, or something else that needs somebody")]
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
        let policy = self.knowledge.policy()?;
        let store = self.knowledge.store(&policy.settings, None)?;
        let observer = self.looking.observer(&policy.settings)?;
        let now = Utc::now();
        let mut report = Report::of(store.as_ref(), &policy.settings, observer.trust_root(), now)?;
        report.remarks.extend(policy.contradiction());
        // Without a policy there is nothing to say about a Sigstore of one's own.
        if self.knowledge.policy.is_some() || observer.borrowed_authorities().is_none() {
            report
                .remarks
                .extend(authorities(&observer, &policy.settings));
        }
        match self.output {
            Shown::Table => output::print(&report.text(now))?,
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
        let mut remarks = Vec::new();
        let state = match store.state() {
            Err(StoreError::DamagedState(why)) => {
                remarks.push(clean(&why, 500));
                None
            }
            state => {
                let state = state?;
                remarks.extend(learning(state.as_ref(), &listed, now));
                state
            }
        };
        let mut by_state: BTreeMap<&'static str, usize> = [
            BaselineState::Established,
            BaselineState::NotEstablished,
            BaselineState::Unusable,
        ]
        .map(|state| (state.in_words(), 0))
        .into();
        let mut usable = Vec::new();
        for object in &listed {
            let state = match &object.baseline {
                Ok(baseline) => {
                    usable.push(baseline.as_ref());
                    BaselineState::of_baseline(baseline, now)
                }
                Err(why) => {
                    remarks.push(format!(
                        "{} cannot be used: {}",
                        object.name,
                        clean(why, 300)
                    ));
                    BaselineState::Unusable
                }
            };
            *by_state.entry(state.in_words()).or_default() += 1;
        }
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
            None => "never to the end".to_owned(),
            Some(state) => format!(
                "{} ({} ago)",
                state.state.last_run.format("%Y-%m-%dT%H:%M:%SZ"),
                age(now - state.state.last_run)
            ),
        };
        let drift = self.state.as_ref().and_then(|state| state.found.as_ref());
        let drift = drift.map_or("not known".to_owned(), |found| {
            format!(
                "{} drifting, {} undetermined in that run",
                found.drifting, found.undetermined
            )
        });
        let mut text = format!(
            "store       {}\nlearned     {ran}\ndrift       {drift}\nbaselines   {}\ntrust root  {}{}\n",
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
            "drift": self.state.as_ref().and_then(|state| state.found.as_ref()),
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

/// What there is to say of the last run.
pub(super) fn learning(
    state: Option<&LearnerState>,
    listed: &[Listed],
    now: DateTime<Utc>,
) -> Vec<String> {
    let Some(state) = state else {
        return vec!["nothing was ever learned here to the end; run continuity learn".to_owned()];
    };
    let mut remarks = Vec::new();
    if state.state.is_gone(now) {
        remarks.push(format!(
            "the learner ended last {} ago: new repositories are not being learned",
            age(now - state.state.last_run)
        ));
    }
    let lost = lost(state, listed);
    if lost > 0 {
        remarks.push(format!("{}; see continuity restore", gone(lost)));
    }
    let Some(found) = &state.found else {
        remarks.push(
            "what the last run found is not on record; the next continuity learn writes it"
                .to_owned(),
        );
        return remarks;
    };
    for told in found.images.iter().take(MOST_NAMED) {
        remarks.push(format!(
            "{} drifts: {}; see continuity explain",
            clean(&told.image, 500),
            clean(&told.drift, 300)
        ));
    }
    let named = u64::try_from(found.images.len().min(MOST_NAMED)).unwrap_or(u64::MAX);
    let more = found.drifting.saturating_sub(named);
    if more > 0 {
        remarks.push(format!(
            "{}; see continuity inventory",
            counted(more, "more image drifts", "more images drift")
        ));
    }
    remarks
}

/// A new authority whose signatures nobody could prove.
fn authorities(observer: &CommandObserver, settings: &Settings) -> Option<String> {
    observer.lacks_authorities(settings)
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
        return Some(format!(
            "{what} ends within {} days",
            EXPIRES_SOON.num_days()
        ));
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
    let day = trust_root.expires?.format("%Y-%m-%d");
    if trust_root.has_ended(now) {
        Some(format!(
            "the trust root ended {day}: nothing keyless verifies"
        ))
    } else {
        trust_root
            .ends_soon(now)
            .then(|| format!("the trust root ends {day}"))
    }
}

fn age(delta: TimeDelta) -> String {
    crate::inventory::shown::age(delta)
}

//! Whether anybody learns: new repositories are admitted because somebody will.

use super::report::ImageReport;
use crate::baseline::{STATE_NAME, State};
use crate::calls::{CallError, Calls};
use crate::drift::Drift;
use crate::host_error::HostError;
use crate::settings::Settings;

/// New repositories are admitted because somebody will learn them: it is said when nobody does.
pub(super) fn note(
    calls: &Calls<'_>,
    settings: &Settings,
    reports: &[ImageReport<'_>],
) -> Option<String> {
    let is_new = |report: &ImageReport<'_>| {
        report
            .finding
            .as_ref()
            .is_ok_and(|finding| finding.drift() == Some(&Drift::New))
    };
    if !reports.iter().any(is_new) {
        return None;
    }
    let namespace = &settings.baseline.namespace;
    let state = match calls.config_map(namespace, STATE_NAME) {
        Ok(map) => map
            .data
            .get("state.json")
            .and_then(|json| serde_json::from_str::<State>(json).ok()),
        Err(CallError::Host(HostError::Absent)) => {
            return Some(format!(
                "no baselines are being learned: {namespace}/{STATE_NAME} does not exist; run continuity learn"
            ));
        }
        Err(_) => return None,
    };
    match state {
        Some(state) if !state.is_gone(calls.started()) => None,
        Some(state) => Some(format!(
            "the learner ran last on {}: new repositories are not being learned; see continuity status",
            state.last_run.format("%Y-%m-%d")
        )),
        None => Some(format!(
            "{namespace}/{STATE_NAME} cannot be read; run continuity learn"
        )),
    }
}

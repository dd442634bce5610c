//! What an evaluation is compared by.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::capabilities::LogEntry;
use crate::evaluation::{EvaluationError, Outcome};

/// Everything that users and clusters get to see of an evaluation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Actual {
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<bool>,
    /// As an HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<Value>,
    /// For whoever asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// For the audit log.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub audit_annotations: BTreeMap<String, String>,
    /// What the policy logged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogEntry>,
}

impl Actual {
    /// As YAML, where texts of several lines are readable.
    pub(super) fn text(&self) -> String {
        yaml_serde::to_string(self).unwrap_or_else(|_| format!("{self:#?}"))
    }
}

impl From<Result<Outcome, EvaluationError>> for Actual {
    fn from(result: Result<Outcome, EvaluationError>) -> Self {
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(error) => {
                return Self {
                    error: Some(error.to_string()),
                    ..Self::default()
                };
            }
        };
        let response = outcome.response;
        let status = response.status.unwrap_or_default();
        Self {
            error: None,
            allowed: Some(response.allowed),
            code: status.code,
            message: status.message,
            patch: response.patch.map(|patch| {
                let json = STANDARD.decode(&patch).ok();
                json.and_then(|json| serde_json::from_slice(&json).ok())
                    .unwrap_or(Value::String(patch))
            }),
            warnings: response.warnings.unwrap_or_default(),
            audit_annotations: response.audit_annotations.unwrap_or_default(),
            log: outcome.log.into_iter().map(without_source).collect(),
        }
    }
}

/// Where in the policy's source a line was logged changes with every edit.
fn without_source(mut entry: LogEntry) -> LogEntry {
    for place in ["file", "line", "column"] {
        entry.fields.remove(place);
    }
    entry
}

//! One policy that is served: its answers are what policy-server makes of the module's.
//!
//! Invariant: settings were accepted by the module before anything is judged by them. An evaluation without an answer of the
//! policy is a rejection with 500; `monitor` admits it like any other, as policy-server does.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use signature_continuity::clean::clean;

use super::entries::Entry;
use crate::admission::Response;
use crate::capabilities::{Capabilities, Grants};
use crate::engine::{EngineError, Limits};
use crate::evaluation::{Evaluation, EvaluationError};
use crate::module::PolicyModule;
use continuity_cli::admission::Review;
use continuity_cli::definition::{Definition, Mode};

/// policy-server's words where the time limit was reached.
pub(crate) const INTERRUPTED: &str =
    "Policy execution interrupted because it exceeded the allowed execution time";
/// How much of an error an answer shows.
const SHOWN: usize = 1000;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An API server: the definition has its say.
    Validate,
    /// The audit scanner: it gets the policy's own answer.
    Audit,
}

/// A policy that accepted its settings.
#[derive(Debug)]
pub(crate) struct ServedPolicy {
    id: String,
    definition: Definition,
    evaluation: Evaluation,
    time: Duration,
}

impl ServedPolicy {
    /// Has the module check the settings.
    pub(crate) fn start(
        entry: Entry,
        module: PolicyModule,
        limits: Limits,
        host: Arc<dyn Capabilities>,
    ) -> anyhow::Result<Self> {
        let Entry {
            id,
            definition,
            capabilities,
            ..
        } = entry;
        let time = definition
            .timeout_eval_seconds
            .map_or(limits.time, Duration::from_secs);
        let evaluation = Evaluation::new(module)
            .grants(Grants {
                resources: definition.resources.clone(),
                all_resources: false,
                capabilities,
            })
            .limits(Limits { time, ..limits });
        evaluation
            .validate_settings(&definition.settings, host)
            .with_context(|| format!("policy `{}` cannot be served", definition.name))?;
        Ok(Self {
            id,
            definition,
            evaluation,
            time,
        })
    }

    /// The last part of its route.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// What it is, for whoever starts it.
    pub(crate) fn description(&self) -> String {
        let mode = match self.definition.mode {
            Mode::Protect => "protect",
            Mode::Monitor => "monitor",
        };
        format!("{mode}, interrupted after {} s", self.time.as_secs())
    }

    /// The answer to a request. Blocks.
    pub(crate) fn answer(
        &self,
        review: &Review,
        origin: Origin,
        host: Arc<dyn Capabilities>,
    ) -> Response {
        let response = match self
            .evaluation
            .validate(review, &self.definition.settings, host)
        {
            Ok(outcome) => outcome.response,
            Err(EvaluationError::Engine(EngineError::Timeout { limit })) => {
                tracing::error!(?limit, "policy execution time exceeded");
                Response::rejected(review.uid(), INTERRUPTED, Some(500))
            }
            Err(error) => {
                let error = clean(&error.to_string(), SHOWN);
                tracing::error!(error, "the policy gave no answer");
                let message = format!("internal server error: {error}");
                Response::rejected(review.uid(), &message, Some(500))
            }
        };
        match origin {
            Origin::Validate => self.decide(response),
            Origin::Audit => response,
        }
    }

    /// What the definition makes of the policy's answer.
    fn decide(&self, response: Response) -> Response {
        if self.definition.mode == Mode::Monitor {
            if !response.allowed {
                let response = serde_json::to_string(&response).unwrap_or_default();
                tracing::info!(response, "rejected by the policy; admitted in monitor mode");
            }
            return response.monitored();
        }
        let response = if self.definition.mutating {
            response
        } else {
            response.without_mutation(&self.id)
        };
        match &self.definition.message {
            Some(message) => response.with_message(message),
            None => response,
        }
    }
}

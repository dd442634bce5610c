//! One request through one policy.
//!
//! Invariant: settings are validated before anything is judged by them, each step runs in a fresh instance, and an
//! evaluation either gives the policy's own answer or fails; nothing is made up in between.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kubewarden_policy_sdk::response::ValidationResponse;
use kubewarden_policy_sdk::settings::SettingsValidationResponse;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thiserror::Error;

use crate::admission::Response;
use crate::capabilities::{Capabilities, Dispatcher, Grants, LogEntry};
use crate::engine::{EngineError, HostCallbacks, Limits, SystemClock, WallClock};
use crate::module::PolicyModule;
use continuity_cli::admission::Review;

/// A policy with everything that it needs to judge requests, but for the host's answers.
#[derive(Clone)]
pub struct Evaluation {
    policy: PolicyModule,
    grants: Grants,
    limits: Limits,
    clock: Arc<dyn WallClock>,
}

/// What came of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The answer.
    pub response: Response,
    /// What the policy logged, in order.
    pub log: Vec<LogEntry>,
    /// How many host calls of each kind it made.
    pub host_calls: BTreeMap<&'static str, u64>,
    /// How long `validate` took, with its instantiation and its host calls.
    pub elapsed: Duration,
}

/// Why an evaluation gave no answer.
#[derive(Debug, Error)]
pub enum EvaluationError {
    /// The policy could not be run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The policy does not accept these settings.
    #[error("the settings are not valid: {0}")]
    Settings(String),
    /// The policy answered with something else than was asked for.
    #[error("the policy's answer to `{operation}` cannot be read")]
    Answer {
        /// What it was asked.
        operation: &'static str,
        /// What is wrong with the answer.
        #[source]
        source: serde_json::Error,
    },
    /// The evaluation's own thread is gone.
    #[error("the evaluation's thread could not be run")]
    Thread,
}

impl Evaluation {
    /// A policy that may make all host calls and read the resources that its metadata names.
    #[must_use]
    pub fn new(policy: PolicyModule) -> Self {
        let metadata = policy.metadata.as_ref();
        let resources = metadata.map(|metadata| metadata.context_aware_resources.clone());
        Self {
            grants: Grants::all_calls(resources.unwrap_or_default()),
            limits: Limits::default(),
            clock: Arc::new(SystemClock),
            policy,
        }
    }

    /// Other grants.
    #[must_use]
    pub fn grants(mut self, grants: Grants) -> Self {
        self.grants = grants;
        self
    }

    /// Other limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Another clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn WallClock>) -> Self {
        self.clock = clock;
        self
    }

    /// Validates the settings, then judges the request. May be called from async code, which it blocks.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn run(
        &self,
        review: &Review,
        settings: &Value,
        capabilities: Arc<dyn Capabilities>,
    ) -> Result<Outcome, EvaluationError> {
        self.validate_settings(settings, Arc::clone(&capabilities))?;
        self.validate(review, settings, capabilities)
    }

    /// Asks the policy whether it accepts these settings.
    ///
    /// # Errors
    /// When it does not.
    pub fn validate_settings(
        &self,
        settings: &Value,
        capabilities: Arc<dyn Capabilities>,
    ) -> Result<(), EvaluationError> {
        let payload = settings.to_string().into_bytes();
        let dispatcher = self.dispatcher(capabilities);
        let answer: SettingsValidationResponse =
            self.ask("validate_settings", payload, dispatcher)?;
        if answer.valid {
            Ok(())
        } else {
            let message = answer.message.filter(|message| !message.is_empty());
            Err(EvaluationError::Settings(message.unwrap_or_else(|| {
                "the policy does not say why".to_owned()
            })))
        }
    }

    /// Asks the policy to judge a request.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn validate(
        &self,
        review: &Review,
        settings: &Value,
        capabilities: Arc<dyn Capabilities>,
    ) -> Result<Outcome, EvaluationError> {
        let payload = json!({ "request": review.request(), "settings": settings });
        let payload = payload.to_string().into_bytes();
        let dispatcher = self.dispatcher(capabilities);
        let started = Instant::now();
        let answer: ValidationResponse = self.ask("validate", payload, Arc::clone(&dispatcher))?;
        let elapsed = started.elapsed();
        Ok(Outcome {
            response: Response::new(review.uid(), review.request().get("object"), answer),
            log: dispatcher.log().take(),
            host_calls: dispatcher.calls(),
            elapsed,
        })
    }

    fn dispatcher(&self, capabilities: Arc<dyn Capabilities>) -> Arc<Dispatcher> {
        Arc::new(Dispatcher::new(
            self.grants.clone(),
            capabilities,
            Arc::clone(&self.clock),
        ))
    }

    fn ask<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        payload: Vec<u8>,
        dispatcher: Arc<Dispatcher>,
    ) -> Result<T, EvaluationError> {
        let call = || self.call(operation, payload, dispatcher);
        // WASI's implementation blocks on a runtime of its own, which it may not do on a thread that belongs to another.
        let answer = if tokio::runtime::Handle::try_current().is_ok() {
            let span = tracing::Span::current();
            std::thread::scope(|scope| scope.spawn(|| span.in_scope(call)).join())
                .map_err(|_| EvaluationError::Thread)?
        } else {
            call()
        }?;
        serde_json::from_slice(&answer)
            .map_err(|source| EvaluationError::Answer { operation, source })
    }

    fn call(
        &self,
        operation: &str,
        payload: Vec<u8>,
        callbacks: Arc<dyn HostCallbacks>,
    ) -> Result<Vec<u8>, EngineError> {
        self.policy
            .module
            .instantiate(self.limits, Arc::clone(&self.clock), callbacks)?
            .call(operation, payload)
    }
}

impl std::fmt::Debug for Evaluation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Evaluation")
            .field("policy", &self.policy)
            .field("grants", &self.grants)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

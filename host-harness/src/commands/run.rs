//! `continuity-harness run`: one request through the module.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use chrono::Utc;
use clap::Args;
use serde_json::Value;

use super::host::{HostArguments, LimitArguments, engine, generations};
use crate::admission::Response;
use crate::capabilities::{Capabilities, Grants, HostGeneration};
use crate::evaluation::Evaluation;
use crate::module::PolicyModule;
use crate::session::{Recorder, ReplayError, Replayer, Session};
use continuity_cli::admission::Review;
use continuity_cli::definition::Definition;
use continuity_cli::definition::Mode;
use continuity_cli::output;
use continuity_cli::output::read_text;
use continuity_cli::program::{Status, UsageError};

/// Run one request through the policy, as a policy server would.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  Would this deployment be admitted?
    continuity-harness run policy.wasm --request-path deployment.yaml --settings-path settings.yaml \\
      --store dir:baselines --allow-context-aware

  As the policy of that name in a cluster would judge it, with the module at hand:
    continuity-harness run policies.yaml --policy-name enforce --module policy.wasm -r review.json \\
      --store dir:baselines --allow-context-aware

  The same on the host of Kubewarden 1.35, whose libraries answer in other words:
    continuity-harness run policy.wasm -r review.json --host 1.35 …

  Record what the policy asks its host, and replay it without registry or store:
    continuity-harness run policy.wasm -r review.json --record-host-capabilities-interactions session.yml …
    continuity-harness run policy.wasm -r review.json --replay-host-capabilities-interactions session.yml

Exit status:
  0 admitted, 1 failed, 2 usage, 4 would be rejected")]
pub(super) struct Run {
    /// A .wasm module, or a YAML file with a ClusterAdmissionPolicy.
    policy: PathBuf,

    /// AdmissionReview, AdmissionRequest or manifest, as JSON or YAML; `-` reads standard input.
    #[arg(short, long, value_name = "FILE")]
    request_path: PathBuf,

    /// The policy's settings, as YAML or JSON.
    #[arg(short, long, value_name = "FILE", conflicts_with = "settings_json")]
    settings_path: Option<PathBuf>,

    /// The policy's settings, as JSON on the command line.
    #[arg(long, value_name = "JSON")]
    settings_json: Option<String>,

    /// The module of a ClusterAdmissionPolicy, where its own is not a file here.
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,

    /// Which ClusterAdmissionPolicy, where the file has several.
    #[arg(long, value_name = "NAME")]
    policy_name: Option<String>,

    /// Grant the policy the Kubernetes resources that it asks for; without this, every read is refused.
    #[arg(long)]
    allow_context_aware: bool,

    /// Write down what the policy asks its host, and the answers.
    #[arg(long, value_name = "FILE")]
    record_host_capabilities_interactions: Option<PathBuf>,

    /// Answer from such a file, instead of registries and a store.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "record_host_capabilities_interactions",
            "generation",
            "store",
            "sources_path",
            "sigstore_trust_config",
            "docker_config_json_path",
        ]
    )]
    replay_host_capabilities_interactions: Option<PathBuf>,

    /// Answer as the host of this Kubewarden does: 1.35 with sigstore 0.13, 1.36 and later with sigstore 0.14.
    #[arg(long = "host", value_name = "GENERATION", default_value_t, value_parser = generations(), help_heading = "Host")]
    generation: HostGeneration,

    /// End with 0 although it would be rejected.
    #[arg(long)]
    exit_zero: bool,

    #[command(flatten)]
    host: HostArguments,

    #[command(flatten)]
    limits: LimitArguments,
}

/// A module, and how it is to be run.
struct Subject {
    policy: PolicyModule,
    definition: Option<Definition>,
    name: String,
}

impl Run {
    /// Evaluates, prints the response, and says by the status whether the request would pass.
    pub(crate) fn execute(self) -> anyhow::Result<Status> {
        let subject = self.subject()?;
        let settings = self.settings(subject.definition.as_ref())?;
        let review = Review::parse(&read_text(&self.request_path, "the request")?)
            .with_context(|| format!("`{}` is no request", self.request_path.display()))?;
        let timeout = subject
            .definition
            .as_ref()
            .and_then(|definition| definition.timeout_eval_seconds);
        let evaluation = || {
            Evaluation::new(subject.policy.clone())
                .grants(self.grants(&subject))
                .limits(self.limits.limits(timeout))
        };
        let response = match &self.replay_host_capabilities_interactions {
            Some(path) => {
                let session = Session::read(path)?;
                replay(path, session, evaluation(), &review, &settings)?
            }
            None => {
                let options = self.host.options()?.generation(self.generation);
                let host = Arc::new(options.start()?);
                self.live(host, &evaluation(), &review, &settings)?
            }
        };
        let response = subject.decide(response);
        output::print(&serde_json::to_string(&response)?)?;
        Ok(if response.allowed || self.exit_zero {
            Status::Fine
        } else {
            Status::Rejected
        })
    }

    /// Judges with answers from the outside world, and records them if that is wanted.
    fn live(
        &self,
        host: Arc<dyn Capabilities>,
        evaluation: &Evaluation,
        review: &Review,
        settings: &Value,
    ) -> anyhow::Result<Response> {
        let Some(path) = &self.record_host_capabilities_interactions else {
            return Ok(evaluation.run(review, settings, host)?.response);
        };
        let recorder = Arc::new(Recorder::new(host, Utc::now()));
        let outcome = evaluation.run(review, settings, Arc::clone(&recorder) as _);
        // Also where the evaluation failed: that is when somebody wants to look at it again.
        let mut session = recorder.finish()?;
        session.host = Some(self.generation);
        session.ungranted = !self.allow_context_aware;
        session.write(path)?;
        Ok(outcome?.response)
    }

    fn subject(&self) -> anyhow::Result<Subject> {
        let engine = engine()?;
        let is_module = self.policy.extension().is_some_and(|it| it == "wasm");
        if is_module {
            if self.module.is_some() || self.policy_name.is_some() {
                return Err(UsageError(
                    "--module and --policy-name go with a policy definition, but POLICY is a module".to_owned(),
                )
                .into());
            }
            return Ok(Subject {
                policy: PolicyModule::read(&engine, &self.policy)?,
                definition: None,
                name: file_stem(&self.policy),
            });
        }
        let definition = Definition::read(&self.policy, self.policy_name.as_deref())?;
        let module = match &self.module {
            Some(path) => path.clone(),
            None => definition.module_path(self.policy.parent().unwrap_or(Path::new("")))?,
        };
        Ok(Subject {
            policy: PolicyModule::read(&engine, &module)?,
            name: definition.name.clone(),
            definition: Some(definition),
        })
    }

    fn settings(&self, definition: Option<&Definition>) -> anyhow::Result<Value> {
        let given = match (&self.settings_path, &self.settings_json) {
            (None, None) => None,
            (Some(path), _) => {
                let text = read_text(path, "the settings")?;
                let settings = yaml_serde::from_str(&text);
                Some(settings.with_context(|| format!("`{}` is not YAML", path.display()))?)
            }
            (None, Some(text)) => {
                Some(serde_json::from_str(text).context("--settings-json is not JSON")?)
            }
        };
        match (given, definition) {
            (Some(_), Some(_)) => Err(UsageError(
                "a policy definition has its settings in it; leave --settings-path and --settings-json out".to_owned(),
            )
            .into()),
            (None, Some(definition)) => Ok(definition.settings.clone()),
            // An empty file is no settings, as is none.
            (None | Some(Value::Null), None) => Ok(Value::Object(serde_json::Map::new())),
            (Some(settings), None) => Ok(settings),
        }
    }

    fn grants(&self, subject: &Subject) -> Grants {
        let resources = match (&subject.definition, &subject.policy.metadata) {
            (Some(definition), _) => definition.resources.clone(),
            (None, Some(metadata)) => metadata.context_aware_resources.clone(),
            (None, None) => {
                if self.allow_context_aware {
                    output::note(
                        "warning: the module has no metadata, so it can be granted no Kubernetes resources; \
                         annotate it (`continuity-harness annotate`)",
                    );
                }
                return Grants::all_calls([]);
            }
        };
        if self.allow_context_aware {
            return Grants::all_calls(resources);
        }
        if !resources.is_empty() {
            output::note(
                "warning: the policy asks for access to Kubernetes resources and gets none; \
                 grant it with --allow-context-aware",
            );
        }
        Grants::all_calls([])
    }
}

/// Judges with recorded answers.
fn replay(
    path: &Path,
    session: Session,
    evaluation: Evaluation,
    review: &Review,
    settings: &Value,
) -> anyhow::Result<Response> {
    let evaluation = evaluation.clock(session.wall_clock());
    let replayer = Arc::new(Replayer::new(session.exchanges));
    let outcome = evaluation.run(review, settings, Arc::clone(&replayer) as _);
    match (outcome, replayer.finish()) {
        (Ok(outcome), Ok(())) => Ok(outcome.response),
        // What failed before it asked for everything left the rest over.
        (Err(error), Ok(()) | Err(ReplayError::LeftOver { .. })) => Err(error.into()),
        // A misfit explains whatever the policy made of it.
        (_, Err(misfit)) => Err(misfit)
            .with_context(|| format!("`{}` does not fit this evaluation", path.display())),
    }
}

impl Subject {
    /// What the definition, or without one the metadata, makes of the policy's answer.
    fn decide(&self, response: Response) -> Response {
        let may_mutate = match (&self.definition, &self.policy.metadata) {
            (Some(definition), _) => definition.mutating,
            (None, Some(metadata)) => metadata.mutating,
            (None, None) => true,
        };
        let response = if may_mutate {
            response
        } else {
            response.without_mutation(&self.name)
        };
        let Some(definition) = &self.definition else {
            return response;
        };
        if definition.mode == Mode::Monitor {
            if !response.allowed {
                output::note(
                    "note: rejected by the policy; admitted, since the definition's mode is monitor",
                );
            }
            return response.monitored();
        }
        match &definition.message {
            Some(message) => response.with_message(message),
            None => response,
        }
    }
}

fn file_stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

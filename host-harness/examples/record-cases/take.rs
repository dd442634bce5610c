//! A case is taken: run for real, held against what must come of it, and written.
//!
//! Invariant: a folder holds what this run of the recorder wrote and nothing of an earlier one, and it replays.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use continuity_cli::admission::Review;
use continuity_cli::store::DirectorySource;
use continuity_registry::{Sources, TrustSource};
use host_harness::capabilities::{Grants, HostGeneration, HostOptions};
use host_harness::cases::{self, Verdict};
use host_harness::engine::{FixedClock, Limits};
use host_harness::evaluation::{Evaluation, Outcome};
use host_harness::session::{Recorder, Session};
use serde_json::{Value, json};

use crate::expected::Expected;
use crate::published_name::PublishedNames;
use crate::studio::Scene;

/// The generations to record, the newest last.
const GENERATIONS: [HostGeneration; 2] = HostGeneration::ALL;

impl Scene<'_> {
    /// Runs the case for real, holds it against what must come of it, and writes the folder. What comes otherwise is told
    /// at the end, with whatever else does.
    pub fn take(mut self, expected: &Expected<'_>) -> anyhow::Result<()> {
        if let Err(error) = self.record_case(expected) {
            self.studio
                .surprises
                .push(format!("{}: {error:#}", self.name));
        }
        Ok(())
    }

    fn record_case(&mut self, expected: &Expected<'_>) -> anyhow::Result<()> {
        if !self.studio.only.is_empty() && !self.studio.only.contains(&self.name) {
            return Ok(());
        }
        let folder = self.studio.out.join(&self.name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": self.request});
        let mut newest: Option<Session> = None;
        for generation in GENERATIONS.into_iter().rev() {
            let session = self
                .session(generation, &review, expected)
                .with_context(|| format!("on host {generation}"))?;
            // The file's name says whose host answered, where that makes a difference.
            let session = Session {
                host: None,
                ..session
            };
            if newest.as_ref() != Some(&session) {
                session.write(&folder.join(cases::session_file(generation)))?;
            }
            newest.get_or_insert(session);
        }
        std::fs::write(
            folder.join("review.json"),
            format!("{}\n", serde_json::to_string_pretty(&review)?),
        )?;
        std::fs::write(
            folder.join("settings.yaml"),
            yaml_serde::to_string(&self.settings)?,
        )?;
        for result in cases::replay(&self.studio.policy, &[folder], None, true)? {
            match result.verdict {
                Verdict::Passed | Verdict::Blessed => {}
                Verdict::Failed(difference) => bail!("{difference:?}"),
                Verdict::Broken(error) => return Err(error.context("it does not replay")),
            }
        }
        self.studio.recorded.insert(self.name.clone());
        Ok(())
    }

    /// The conversation with a host of one generation, whose outcome is as expected.
    fn session(
        &self,
        generation: HostGeneration,
        review: &Value,
        expected: &Expected<'_>,
    ) -> anyhow::Result<Session> {
        let registry = &self.studio.registry;
        let options = HostOptions::new()
            .sources(Sources::insecure([registry.host().to_owned()]))
            .trust(TrustSource::parse(
                self.studio.sigstore.trusted_root_json().as_bytes(),
            )?)
            .store(Arc::new(DirectorySource::open(self.store.path())?))
            .generation(generation)
            .without_caches();
        let host = PublishedNames::new(
            options.start()?,
            registry.host(),
            &self.store.path().display().to_string(),
        );
        let recorder = Arc::new(Recorder::new(Arc::new(host), self.now()));
        let since_epoch = Duration::from_secs(u64::try_from(self.now().timestamp())?);
        registry.clear_faults();
        for rule in &self.faults {
            registry.fault(rule.clone());
        }
        if self.unreachable {
            registry.stop()?;
        }
        let outcome = Evaluation::new(self.studio.policy.clone())
            .grants(Grants::everything())
            .limits(Limits {
                time: Duration::from_secs(60),
                ..Limits::default()
            })
            .clock(Arc::new(FixedClock::new(since_epoch, self.tick)))
            .run(
                &Review::from_value(review.clone())?,
                &self.settings,
                recorder.clone(),
            );
        registry.clear_faults();
        if self.unreachable {
            registry.restart()?;
        }
        check(&outcome?, expected)?;
        let mut session = recorder.finish()?;
        session.tick = (!self.tick.is_zero()).then_some(self.tick);
        Ok(session)
    }
}

fn check(outcome: &Outcome, expected: &Expected<'_>) -> anyhow::Result<()> {
    let code = outcome
        .response
        .status
        .as_ref()
        .filter(|_| !outcome.response.allowed)
        .and_then(|s| s.code);
    ensure!(
        code == expected.code,
        "expected {:?}, got {code:?}: {:?} {:?}",
        expected.code,
        outcome.response,
        outcome.log
    );
    let field = |key: &str| {
        let line = outcome.log.first();
        line.and_then(|line| line.fields.get(key))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let drift = match (field("drift").as_str(), field("cause").as_str()) {
        ("undetermined", cause) => format!("undetermined {cause}"),
        (drift, _) => drift.to_owned(),
    };
    ensure!(
        expected.drift.is_empty() || drift == expected.drift,
        "expected drift {}, got {drift}: {:?}",
        expected.drift,
        outcome.log
    );
    let posture = field("posture");
    if !expected.posture.is_empty() && !expected.posture.contains(&posture.as_str()) {
        bail!(
            "expected posture {:?}, got {posture}: {:?}",
            expected.posture,
            outcome.log
        );
    }
    Ok(())
}

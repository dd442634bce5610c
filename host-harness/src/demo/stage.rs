//! Where the demo takes place: registry, Sigstore, store, policy, and a clock that the story moves.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::{DateTime, TimeDelta, Utc};
use continuity_testkit::{Identity, PrivateSigstore, Registry, Signer as KitSigner};
use serde_json::{Value, json};
use signature_continuity::baseline::{Baseline, Lookup, STATE_NAME, State};
use signature_continuity::calls::Calls;
use signature_continuity::known::Known;
use signature_continuity::observe::{Observation, Subjected, observe};
use signature_continuity::reference::{ImageReference, Repository};
use signature_continuity::settings::Settings;

use crate::admission::Review;
use crate::capabilities::{
    DirectoryStore, Grants, HostOptions, LiveCapabilities, Resource, Sources, TrustSource,
};
use crate::engine::{Engine, FixedClock};
use crate::evaluation::{Evaluation, Outcome};
use crate::learning::{Lesson, fold};
use crate::module::PolicyModule;
use crate::native::NativeHost;
use crate::store::DirectoryWriter;

/// The repository that the story is about.
pub(super) const IMAGE: &str = "acme/api";
/// The namespace of baselines.
const NAMESPACE: &str = "signature-continuity";
/// Long enough for a busy machine: the story is not about speed.
const BUDGET: &str = "20s";

/// The stage.
pub struct Stage {
    /// The registry of the story.
    pub registry: Registry,
    /// The private Sigstore.
    pub sigstore: PrivateSigstore,
    evaluation: Evaluation,
    trust: TrustSource,
    store: tempfile::TempDir,
    settings: Value,
    started: DateTime<Utc>,
    day: TimeDelta,
}

impl Stage {
    /// Sets everything up; the policy is the module in `module`.
    ///
    /// # Errors
    /// When the module cannot be read, or no registry can be started.
    pub fn set_up(engine: &Engine, module: &Path) -> anyhow::Result<Self> {
        let policy = PolicyModule::read(engine, module)
            .with_context(|| format!("the demo needs the policy's module: run `make policy.wasm`, or name it with --module (looked for {})", module.display()))?;
        let registry = Registry::start().context("the embedded registry cannot be started")?;
        let sigstore = PrivateSigstore::new().context("the private Sigstore cannot be made")?;
        let grants = Grants::all_calls([Resource {
            api_version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
        }]);
        let settings = json!({
            "certificateAuthorities": [sigstore.chain_pem()],
            "budget": BUDGET,
        });
        let stage = Self {
            evaluation: Evaluation::new(policy).grants(grants),
            trust: TrustSource::parse(sigstore.trusted_root_json().as_bytes())?,
            store: tempfile::tempdir()?,
            started: Utc::now() - TimeDelta::days(30),
            day: TimeDelta::zero(),
            registry,
            sigstore,
            settings,
        };
        // The learner has run before, and found nothing.
        stage.write_state(0)?;
        Ok(stage)
    }

    /// The story's time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.started + self.day
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: TimeDelta) {
        self.day += time;
    }

    /// Enforces the namespace `prod` from now on.
    pub fn enforce(&mut self) {
        if let Some(settings) = self.settings.as_object_mut() {
            settings.insert("enforce".to_owned(), json!([{"namespaces": ["prod"]}]));
        }
    }

    /// The repository as images spell it.
    #[must_use]
    pub fn repository(&self) -> String {
        let host = self.registry.host();
        let port = host.rsplit(':').next().unwrap_or_default();
        format!("localhost:{port}/{IMAGE}")
    }

    /// Signs a digest keyless, as if now.
    ///
    /// # Errors
    /// When it cannot be signed or pushed.
    pub fn sign(&self, digest: &str, identity: &Identity) -> anyhow::Result<()> {
        let signer = KitSigner::keyless(&self.sigstore, identity);
        let signature = signer.sign(&self.repository(), digest, self.now())?;
        self.registry
            .push_signature(IMAGE, digest, &[signature.layer()?])?;
        Ok(())
    }

    /// Asks the policy about a pod that runs `image`, as the API server would.
    ///
    /// # Errors
    /// When the policy gives no answer.
    pub fn admit(&self, image: &str) -> anyhow::Result<Outcome> {
        let review = Review::from_value(json!({
            "uid": "00000000-0000-0000-0000-000000000001",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "operation": "CREATE",
            "namespace": "prod",
            "name": "api",
            "userInfo": {"username": "system:serviceaccount:ci:deployer"},
            "object": {
                "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api", "namespace": "prod"},
                "spec": {"containers": [{"name": "api", "image": image}]},
            },
        }))?;
        let since_epoch = u64::try_from(self.now().timestamp()).unwrap_or_default();
        let clock = FixedClock::new(Duration::from_secs(since_epoch), Duration::ZERO);
        let evaluation = self.evaluation.clone().clock(Arc::new(clock));
        Ok(evaluation.run(&review, &self.settings, Arc::new(self.capabilities()?))?)
    }

    /// Observes an image and folds it into its baseline.
    ///
    /// # Errors
    /// When the image cannot be observed or the baseline not written.
    pub fn learn(&self, image: &str) -> anyhow::Result<Lesson> {
        let settings = self.parsed_settings()?;
        let (repository, lookup, observation) = self.observe(&settings, image)?;
        let after = settings.baseline.establish_after;
        let lesson = fold(
            lookup.baseline(),
            &repository,
            &observation,
            after,
            self.now(),
        );
        if let Lesson::Learned { baseline, .. } = &lesson {
            self.write(baseline)?;
        }
        Ok(lesson)
    }

    /// What an image carries, and the baseline of its repository.
    ///
    /// # Errors
    /// When it cannot be observed.
    pub fn look(&self, image: &str) -> anyhow::Result<(Baseline, Observation)> {
        let (_, lookup, observation) = self.observe(&self.parsed_settings()?, image)?;
        match lookup.baseline() {
            Some(baseline) => Ok((baseline.clone(), observation)),
            None => bail!("{image} has no baseline yet"),
        }
    }

    /// Keeps a baseline, and that somebody did.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, baseline: &Baseline) -> anyhow::Result<()> {
        self.writer().baseline(baseline)?;
        self.write_state(1)
    }

    fn write_state(&self, baselines: u64) -> anyhow::Result<()> {
        let state = State {
            version: 1,
            last_run: self.now(),
            baselines,
        };
        Ok(self.writer().map(
            STATE_NAME,
            &[("state.json", serde_json::to_string(&state)?)],
        )?)
    }

    fn writer(&self) -> DirectoryWriter {
        DirectoryWriter::new(self.store.path(), NAMESPACE)
    }

    fn parsed_settings(&self) -> anyhow::Result<Settings> {
        Ok(Settings::parse(self.settings.to_string().as_bytes())?)
    }

    fn observe(
        &self,
        settings: &Settings,
        image: &str,
    ) -> anyhow::Result<(Repository, Lookup, Observation)> {
        let reference: ImageReference = image.parse()?;
        let repository = settings.aliased(reference.repository());
        let capabilities = self.capabilities()?;
        let host = NativeHost::new(&capabilities).at(|| self.now());
        let calls = Calls::new(&host, settings.budget);
        let lookup = calls.baseline(NAMESPACE, &repository);
        let known = Known::new(settings, &repository, lookup.baseline(), &[]);
        let asked = Settings {
            observe_new: true,
            ..settings.clone()
        };
        let subject = Subjected {
            reference: &reference,
            repository: &repository,
            lookup: &lookup,
            known: &known,
        };
        let observation = observe(&calls, &asked, &subject)
            .map_err(|_| anyhow::anyhow!("the host does not take the reference {image}"))?;
        Ok((repository, lookup, observation))
    }

    /// A host without memory of the act before.
    fn capabilities(&self) -> anyhow::Result<LiveCapabilities> {
        let registry = self.repository();
        let host = registry.split('/').next().unwrap_or_default();
        let sources = Sources::insecure([host.to_owned(), host.to_uppercase()]);
        let store = DirectoryStore::open(self.store.path())?;
        Ok(HostOptions::new()
            .sources(sources)
            .trust(self.trust.clone())
            .store(Arc::new(store))
            .start()?)
    }
}

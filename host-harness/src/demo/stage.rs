//! Where the demo takes place: registry, Sigstore, store, policy, and a clock that the story moves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use continuity_testkit::{Identity, PrivateSigstore, Registry, Signer as KitSigner};
use serde_json::{Value, json};
use signature_continuity::baseline::{Baseline, State};
use signature_continuity::reference::ImageReference;
use signature_continuity::settings::Settings;

use crate::capabilities::{Grants, HostOptions, LiveCapabilities};
use crate::engine::{Engine, FixedClock};
use crate::evaluation::{Evaluation, Outcome};
use crate::module::PolicyModule;
use continuity_cli::admission::Review;
use continuity_cli::definition::Resource;
use continuity_cli::inventory::Image;
use continuity_cli::learner::{Change, Learner, Options, Share};
use continuity_cli::observation::Observe as _;
use continuity_cli::observation::{ImageObserver, NativeObserver, ObservedImage};
use continuity_cli::store::DirectorySource;
use continuity_cli::store::{LearnerState, Location, Store};
use continuity_registry::RequestLimits;
use continuity_registry::{Credentials, Sources, TrustSource};

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
        stage.baselines()?.write_state(&LearnerState {
            found: None,
            cursor: Default::default(),
            state: State {
                version: 1,
                last_run: stage.now(),
                baselines: 0,
            },
            examined: BTreeMap::new(),
        })?;
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

    /// Looks at an image and learns from it, as `continuity learn` does.
    ///
    /// # Errors
    /// When nothing is learned.
    pub fn learn(&self, image: &str) -> anyhow::Result<Change> {
        let settings = self.parsed_settings()?;
        let eyes = self.eyes(&settings)?;
        let store = self.baselines()?;
        let learner = Learner {
            store: store.as_ref(),
            settings: &settings,
            observer: &eyes,
            // What the demo shows, runs.
            options: Options {
                share: Share::Declared,
                ..Options::default()
            },
            now: self.now(),
            stop: &AtomicBool::new(false),
        };
        let runs = Image {
            spelled: image.to_owned(),
            reference: image.parse(),
            running: None,
            hidden: false,
            places: BTreeSet::new(),
        };
        let outcome = learner.run(vec![runs], &|_| {})?;
        let mut changes = outcome.changes;
        changes
            .pop()
            .context("the demo did not go as told: nothing was learned")
    }

    /// Who is proven on an image.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn observe(&self, image: &str) -> anyhow::Result<ObservedImage> {
        let settings = self.parsed_settings()?;
        let reference: ImageReference = image.parse()?;
        let repository = settings.aliased(reference.repository());
        let lookup = self.baselines()?.read(&repository)?.lookup;
        self.eyes(&settings)?
            .observe(&reference, &lookup)
            .map_err(anyhow::Error::msg)
    }

    /// Changes the baseline of an image's repository.
    ///
    /// # Errors
    /// When there is none, or it cannot be written.
    pub fn decide(
        &self,
        image: &str,
        change: impl FnOnce(&Baseline) -> Baseline,
    ) -> anyhow::Result<()> {
        let reference: ImageReference = image.parse()?;
        let repository = self.parsed_settings()?.aliased(reference.repository());
        let store = self.baselines()?;
        let stored = store.read(&repository)?;
        let before = stored
            .lookup
            .baseline()
            .with_context(|| format!("{image} has no baseline yet"))?;
        store.write(&change(before), &stored.revision)?;
        Ok(())
    }

    fn baselines(&self) -> anyhow::Result<Arc<dyn Store>> {
        let location = Location::Directory(self.store.path().to_owned());
        Ok(location.open(NAMESPACE, false)?)
    }

    fn eyes(&self, settings: &Settings) -> anyhow::Result<ImageObserver> {
        let observer = NativeObserver::start(
            self.sources(),
            Credentials::from_file(self.store.path().join("no-credentials")),
            &self.trust,
            RequestLimits::default(),
        )?;
        Ok(ImageObserver::new(observer, settings.clone()))
    }

    fn parsed_settings(&self) -> anyhow::Result<Settings> {
        Ok(Settings::parse(self.settings.to_string().as_bytes())?)
    }

    fn sources(&self) -> Sources {
        let registry = self.repository();
        let host = registry.split('/').next().unwrap_or_default();
        Sources::insecure([host.to_owned(), host.to_uppercase()])
    }

    /// A host without memory of the act before.
    fn capabilities(&self) -> anyhow::Result<LiveCapabilities> {
        let store = DirectorySource::open(self.store.path())?;
        Ok(HostOptions::new()
            .sources(self.sources())
            .trust(self.trust.clone())
            .store(Arc::new(store))
            .start()?)
    }
}

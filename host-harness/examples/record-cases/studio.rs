//! Where cases are recorded: one registry and one Sigstore for all of them, a repository and fresh keys for each.
//!
//! Invariant: a case's bytes do not depend on which others were recorded before it, nor on when. So keys come from the
//! case's name, faults are the case's own, and the clock stands still.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use continuity_cli::store::{DirectoryBaselines, DirectoryWriter, names};
use continuity_testkit::sigstore::{KeySource, SigningKey};
use continuity_testkit::{
    FaultRule, Identity, KeyKind, PrivateSigstore, Registry, Signature, SignatureLayer,
    Signer as KitSigner,
};
use host_harness::engine::{Engine, EngineOptions};
use host_harness::module::PolicyModule;
use serde_json::{Value, json};
use signature_continuity::baseline::{
    Baseline, Format, Origin, STATE_NAME, SignerRecord, State, config_map_name,
};
use signature_continuity::posture::Rank;
use signature_continuity::proof::rank_of;
use signature_continuity::public_key::PublicKey;
use signature_continuity::signer::{Caller, Keyless, Signer};
use signature_continuity::subject::fold_subject;

use crate::published_name::REGISTRY;

pub const NAMESPACE: &str = "signature-continuity";

/// The time of every case.
const NOW: &str = "2026-11-23T12:00:00Z";

pub struct Studio {
    pub registry: Registry,
    pub sigstore: PrivateSigstore,
    pub now: DateTime<Utc>,
    pub policy: PolicyModule,
    pub out: PathBuf,
    pub only: BTreeSet<String>,
    pub recorded: BTreeSet<String>,
    /// Cases of which something else came than must.
    pub surprises: Vec<String>,
}

/// One case before it is recorded.
pub struct Scene<'a> {
    pub studio: &'a mut Studio,
    pub name: String,
    pub path: String,
    pub settings: Value,
    pub request: Value,
    pub faults: Vec<FaultRule>,
    pub unreachable: bool,
    pub store: tempfile::TempDir,
    pub tick: Duration,
}

pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";

pub fn release() -> Identity {
    Identity::github("acme/api", "release.yml", "refs/tags/v1.4.0")
}

impl Studio {
    /// A studio that writes into `out`: all cases, or only those of these names.
    pub fn open(module: &Path, out: &Path, only: BTreeSet<String>) -> anyhow::Result<Self> {
        let engine = Engine::new(&EngineOptions::cached())?;
        Ok(Self {
            policy: PolicyModule::read(&engine, module)?,
            registry: Registry::start()?,
            sigstore: PrivateSigstore::with_keys(KeySource::seeded("tests/cases"))?,
            now: NOW.parse()?,
            out: out.to_owned(),
            only,
            recorded: BTreeSet::new(),
            surprises: Vec::new(),
        })
    }

    pub fn recorded(&self) -> &BTreeSet<String> {
        &self.recorded
    }

    /// A new case with a repository of its own, enforced in `prod`, with a learner that ran an hour ago.
    pub fn scene(&mut self, name: &str) -> anyhow::Result<Scene<'_>> {
        self.sigstore = self.sigstore.drawing_from(KeySource::seeded(name));
        let settings = json!({
            "certificateAuthorities": [self.sigstore.chain_pem()],
            "enforce": [{"namespaces": ["prod"]}],
        });
        let scene = Scene {
            path: format!("acme/{name}"),
            name: name.to_owned(),
            settings,
            request: Value::Null,
            faults: Vec::new(),
            unreachable: false,
            store: tempfile::tempdir()?,
            tick: Duration::ZERO,
            studio: self,
        };
        scene.state(TimeDelta::hours(1))?;
        Ok(scene)
    }
}

impl Scene<'_> {
    pub fn repository(&self) -> String {
        format!("{REGISTRY}/{}", self.path)
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.studio.now
    }

    /// A key of this case's own.
    pub fn key(&self, kind: KeyKind) -> anyhow::Result<SigningKey> {
        self.studio.sigstore.keys().fresh(kind)
    }

    /// Another Sigstore, which nobody trusts.
    pub fn other_sigstore(&self) -> anyhow::Result<PrivateSigstore> {
        PrivateSigstore::with_keys(self.studio.sigstore.keys().clone())
    }

    /// What goes wrong at the registry while this case is recorded.
    pub fn fault(&mut self, rule: FaultRule) {
        self.faults.push(rule);
    }

    /// Nobody answers while this case is recorded.
    pub fn unreachable(&mut self) {
        self.unreachable = true;
    }

    pub fn push(&self, tag: &str) -> anyhow::Result<String> {
        Ok(self
            .studio
            .registry
            .push_image(&self.path, tag, &format!("{} {tag}", self.name))?)
    }

    pub fn keyless(&self, identity: &Identity, digest: &str) -> anyhow::Result<Signature> {
        let at = self.now() - TimeDelta::hours(2);
        Ok(KitSigner::keyless(&self.studio.sigstore, identity).sign(
            &self.repository(),
            digest,
            at,
        )?)
    }

    pub fn keyed(&self, key: &SigningKey, logged: bool, digest: &str) -> anyhow::Result<Signature> {
        let signer = KitSigner::key(key);
        let signer = if logged {
            signer.logged_in(self.studio.sigstore.log())
        } else {
            signer
        };
        Ok(signer.sign(&self.repository(), digest, self.now() - TimeDelta::hours(2))?)
    }

    pub fn attach(&self, digest: &str, layers: &[SignatureLayer]) -> anyhow::Result<()> {
        self.studio
            .registry
            .push_signature(&self.path, digest, layers)?;
        Ok(())
    }

    /// An image under `tag`, signed by these.
    pub fn signed(&self, tag: &str, identities: &[Identity]) -> anyhow::Result<String> {
        let digest = self.push(tag)?;
        let layers: anyhow::Result<Vec<_>> = identities
            .iter()
            .map(|identity| Ok(self.keyless(identity, &digest)?.layer()?))
            .collect();
        self.attach(&digest, &layers?)?;
        Ok(digest)
    }

    /// A baseline with these signers, established a month ago.
    pub fn baseline(&self, signers: &[Signer]) -> anyhow::Result<Baseline> {
        let first = self.now() - TimeDelta::days(40);
        let rank = signers.iter().map(rank_of).max().unwrap_or(Rank::Keyless);
        let mut baseline = Baseline::new(self.repository().parse()?, rank, first);
        baseline.established = Some(first + TimeDelta::days(1));
        baseline.last_seen = self.now() - TimeDelta::days(1);
        baseline.generation = 7;
        baseline.formats = vec![Format::Cosign2];
        baseline.signers = signers.iter().map(|signer| self.record(signer)).collect();
        Ok(baseline)
    }

    pub fn record(&self, signer: &Signer) -> SignerRecord {
        SignerRecord {
            signer: signer.clone(),
            origin: Origin::Observed,
            alone: true,
            first_seen: self.now() - TimeDelta::days(40),
            last_seen: self.now() - TimeDelta::days(1),
            digests: 12,
            retired: None,
        }
    }

    pub fn keep(&self, baseline: &Baseline) -> anyhow::Result<()> {
        Ok(self.writer().baseline(baseline)?)
    }

    /// The established baseline of most cases: signed by the release workflow.
    pub fn known(&self) -> anyhow::Result<()> {
        self.keep(&self.baseline(&[signer_of(&release())])?)
    }

    /// The baseline of a repository that was seen running and never signed.
    pub fn never_signed(&self) -> anyhow::Result<()> {
        let baseline = Baseline::new(self.repository().parse()?, Rank::Unsigned, self.now());
        self.keep(&baseline)
    }

    /// Puts the repository on record as signed.
    pub fn name(&self) -> anyhow::Result<()> {
        let store = DirectoryBaselines::open(self.store.path(), NAMESPACE, false)?;
        names::record(&store, [&self.repository().parse()?].into_iter())?;
        Ok(())
    }

    pub fn state(&self, ago: TimeDelta) -> anyhow::Result<()> {
        let state = State {
            version: 1,
            last_run: self.now() - ago,
            baselines: 1,
        };
        Ok(self.writer().map(
            STATE_NAME,
            &[("state.json", serde_json::to_string(&state)?)],
        )?)
    }

    pub fn writer(&self) -> DirectoryWriter {
        DirectoryWriter::new(self.store.path(), NAMESPACE)
    }

    /// The file of this repository's baseline.
    pub fn baseline_file(&self) -> anyhow::Result<PathBuf> {
        Ok(self.store.path().join(format!(
            "{}.yaml",
            config_map_name(&self.repository().parse()?)
        )))
    }

    pub fn state_file(&self) -> PathBuf {
        self.store.path().join(format!("{STATE_NAME}.yaml"))
    }

    pub fn set(&mut self, key: &str, value: Value) {
        if let Some(settings) = self.settings.as_object_mut() {
            settings.insert(key.to_owned(), value);
        }
    }

    pub fn tick(&mut self, tick: Duration) {
        self.tick = tick;
    }

    /// A pod with these images in `prod`.
    pub fn pod(&mut self, images: &[String]) {
        let containers: Vec<Value> = images
            .iter()
            .enumerate()
            .map(|(at, image)| json!({"name": format!("c{at}"), "image": image}))
            .collect();
        self.ask("Pod", "", json!({"containers": containers}));
    }

    /// A request about an object of `kind` whose pod specification is `spec`.
    pub fn ask(&mut self, kind: &str, group: &str, spec: Value) {
        let spec = match kind {
            "Pod" => spec,
            "CronJob" => {
                json!({"schedule": "@daily", "jobTemplate": {"spec": {"template": {"spec": spec}}}})
            }
            _ => json!({"template": {"spec": spec}}),
        };
        self.request = json!({
            "uid": "00000000-0000-4000-8000-000000000001",
            "kind": {"group": group, "version": "v1", "kind": kind},
            "resource": {"group": group, "version": "v1", "resource": format!("{}s", kind.to_lowercase())},
            "operation": "CREATE",
            "namespace": "prod",
            "name": "api",
            "userInfo": {"username": "system:serviceaccount:ci:deployer"},
            "object": {
                "apiVersion": if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") },
                "kind": kind,
                "metadata": {"name": "api", "namespace": "prod"},
                "spec": spec,
            },
        });
    }

    /// A pod that runs this repository's image under `tag`.
    pub fn run_tag(&mut self, tag: &str) {
        let image = format!("{}:{tag}", self.repository());
        self.pod(&[image]);
    }

    pub fn run_digest(&mut self, digest: &str) {
        let image = format!("{}@{digest}", self.repository());
        self.pod(&[image]);
    }
}

/// The signer that an identity's certificate makes.
pub fn signer_of(identity: &Identity) -> Signer {
    let issuer = identity.issuer.clone().unwrap_or_default();
    Signer::Keyless(Keyless {
        subject: fold_subject(&issuer, identity.subject().unwrap_or_default()),
        issuer,
        caller: None,
    })
}

/// The same, for a public reusable workflow.
pub fn called(identity: &Identity, source_id: &str, owner_id: &str) -> Signer {
    match signer_of(identity) {
        Signer::Keyless(keyless) => Signer::Keyless(Keyless {
            caller: Some(Caller {
                source_id: source_id.to_owned(),
                owner_id: owner_id.to_owned(),
            }),
            ..keyless
        }),
        key @ Signer::Key(_) => key,
    }
}

pub fn key_signer(key: &SigningKey) -> anyhow::Result<Signer> {
    Ok(Signer::Key(PublicKey::from_pem(&key.public_key_pem())?))
}

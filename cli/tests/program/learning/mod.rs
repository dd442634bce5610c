//! Learning from a registry: releases, and those who would like to be learned.

mod checks;
mod commands;
mod desk;
mod patterns;
mod poisoning;
mod program;
mod time;
mod unjudged;
mod witness;

use std::sync::atomic::AtomicBool;

use chrono::{DateTime, TimeDelta, Utc};
use continuity_cli::inventory::{Image, Place};
use continuity_cli::learner::{Learner, Options, Outcome, Share};
use continuity_cli::observation::ImageObserver;
use continuity_cli::store::{Location, Store};
use continuity_testkit::sigstore::{SignatureLayer, SimpleSigning};
use continuity_testkit::{Identity, PrivateSigstore, Registry, Signer};
use serde_json::json;
use signature_continuity::baseline::{Baseline, Lookup};
use signature_continuity::certificate::Leaf;
use signature_continuity::reference::Repository;
use signature_continuity::settings::Settings;
use signature_continuity::signer::{Signer as PolicySigner, SignerId};

use crate::observation::{limits, observer};

pub const NAME: &str = "acme/api";
pub const NAMESPACE: &str = "signature-continuity";

/// A registry, a Sigstore, a store, and a clock that the tests move through the past.
pub struct World {
    pub registry: Registry,
    pub sigstore: PrivateSigstore,
    pub directory: tempfile::TempDir,
    pub started: DateTime<Utc>,
}

pub fn release() -> Identity {
    Identity::github("acme/api", "release.yml", "refs/tags/v1.0.0")
}

pub fn stranger() -> Identity {
    Identity::google("dev@evil.example")
}

impl World {
    pub fn new() -> Self {
        Self {
            registry: Registry::start().unwrap(),
            sigstore: PrivateSigstore::new().unwrap(),
            directory: tempfile::tempdir().unwrap(),
            // The log takes nothing in from the future.
            started: Utc::now() - TimeDelta::days(200),
        }
    }

    pub fn day(&self, days: i64) -> DateTime<Utc> {
        self.started + TimeDelta::days(days)
    }

    pub fn repository(&self) -> Repository {
        self.registry.name(NAME).parse().unwrap()
    }

    /// A release: pushed, and signed by these at these times.
    pub fn release(&self, tag: &str, signers: &[(&Identity, DateTime<Utc>)]) -> String {
        let digest = self.registry.push_image(NAME, tag, tag).unwrap();
        let layers: Vec<SignatureLayer> = signers
            .iter()
            .map(|(identity, at)| {
                self.signature(identity, &self.registry.name(NAME), &digest, *at, None)
            })
            .collect();
        if !layers.is_empty() {
            self.registry
                .push_signature(NAME, &digest, &layers)
                .unwrap();
        }
        digest
    }

    /// A signature for `home`, introducing somebody if so.
    pub fn signature(
        &self,
        identity: &Identity,
        home: &str,
        digest: &str,
        at: DateTime<Utc>,
        introduces: Option<&SignerId>,
    ) -> SignatureLayer {
        let mut payload = SimpleSigning::cosign(home, digest);
        if let Some(id) = introduces {
            payload = payload.with_annotation("signature-continuity/introduces", id.as_str());
        }
        let signer = Signer::keyless(&self.sigstore, identity);
        signer
            .sign_payload(&payload.bytes(), at)
            .unwrap()
            .layer()
            .unwrap()
    }

    pub fn id(&self, identity: &Identity) -> SignerId {
        let leaf = self.sigstore.issue(identity, self.started).unwrap();
        PolicySigner::of_leaf(&Leaf::from_der(leaf.der).unwrap()).id()
    }

    pub fn settings(&self) -> Settings {
        let settings = json!({"certificateAuthorities": [self.sigstore.chain_pem()]});
        Settings::parse(settings.to_string().as_bytes()).unwrap()
    }

    pub fn store(&self) -> std::sync::Arc<dyn Store> {
        Location::Directory(self.directory.path().to_owned())
            .open(NAMESPACE, true)
            .unwrap()
    }

    pub fn images(&self, tags: &[&str]) -> Vec<Image> {
        let image = |tag: &&str| {
            let spelled = self.registry.image(NAME, tag);
            Image {
                reference: spelled.parse(),
                spelled,
                running: None,
                hidden: false,
                places: [Place {
                    namespace: "prod".to_owned(),
                    kind: "Deployment".to_owned(),
                    name: "api".to_owned(),
                }]
                .into(),
            }
        };
        tags.iter().map(image).collect()
    }

    /// Learns what runs, at that time.
    pub fn learn(&self, tags: &[&str], now: DateTime<Utc>) -> Outcome {
        self.learn_with(tags, now, Options::default())
    }

    pub fn learn_with(&self, tags: &[&str], now: DateTime<Utc>, options: Options) -> Outcome {
        self.learn_images(self.images(tags), now, options)
    }

    pub fn learn_images(
        &self,
        images: Vec<Image>,
        now: DateTime<Utc>,
        options: Options,
    ) -> Outcome {
        let settings = self.settings();
        let eyes = ImageObserver::new(
            observer(&[&self.registry], &self.sigstore, limits()),
            settings.clone(),
        );
        let store = self.store();
        let learner = Learner {
            store: store.as_ref(),
            settings: &settings,
            observer: &eyes,
            options: Options {
                share: Share::Declared,
                ..options
            },
            now,
            stop: &AtomicBool::new(false),
        };
        learner.run(images, &|_| {}).unwrap()
    }

    pub fn baseline(&self) -> Option<Baseline> {
        match self.store().read(&self.repository()).unwrap().lookup {
            Lookup::Usable(baseline) => Some(*baseline),
            Lookup::Absent | Lookup::Lost => None,
            other => panic!("{other:?}"),
        }
    }

    pub fn signers(&self) -> Vec<SignerId> {
        let baseline = self.baseline();
        let records = baseline.iter().flat_map(|baseline| &baseline.signers);
        records.map(|record| record.id()).collect()
    }

    /// One good release, learned and established.
    pub fn established() -> Self {
        let world = Self::new();
        world.release("v1", &[(&release(), world.day(0))]);
        world.learn(&["v1"], world.day(0));
        world.learn(&["v1"], world.day(2));
        assert!(world.baseline().unwrap().is_established(world.day(2)));
        world
    }
}

/// The drifts of a run, by name.
pub fn drifts(outcome: &Outcome) -> Vec<String> {
    let drifts = outcome.drifted().filter_map(|entry| entry.learner_drift());
    drifts.map(|drift| drift.name().to_owned()).collect()
}

//! A host in memory.

use super::{make, verifier};
use crate::baseline::{
    Baseline, ConfigMapData, LABEL, NAMES_KEY, Names, STATE_NAME, Shard, config_map_name,
};
use crate::digest::Digest;
use crate::host::{Host, Place, resolved};
use crate::host_error::{self, HostError};
use crate::registry_words::Asked;
use chrono::{DateTime, TimeDelta, Utc};
use continuity_testkit::SignatureLayer;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

type Hook = Box<dyn Fn(&FakeHost)>;

/// How a call fails.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// As classified.
    Error(HostError),
    /// In the host's words, without the prefix that all have.
    Text(&'static str),
}

/// A cluster, registries and a verifier in memory.
pub(crate) struct FakeHost {
    clock: Cell<DateTime<Utc>>,
    step: Cell<TimeDelta>,
    config_maps: RefCell<BTreeMap<String, ConfigMapData>>,
    tags: RefCell<BTreeMap<String, String>>,
    manifests: RefCell<BTreeMap<String, Vec<u8>>>,
    layers: RefCell<BTreeMap<String, Vec<SignatureLayer>>>,
    missing: RefCell<BTreeSet<Digest>>,
    faults: RefCell<Vec<(String, Failure)>>,
    nth: RefCell<BTreeMap<usize, Failure>>,
    hooks: RefCell<Vec<(usize, Hook)>>,
    log: RefCell<Vec<String>>,
}

impl FakeHost {
    /// With nothing in it.
    pub(crate) fn new() -> Self {
        Self {
            clock: Cell::new(make::now()),
            step: Cell::new(TimeDelta::zero()),
            config_maps: RefCell::default(),
            tags: RefCell::default(),
            manifests: RefCell::default(),
            layers: RefCell::default(),
            missing: RefCell::default(),
            faults: RefCell::default(),
            nth: RefCell::default(),
            hooks: RefCell::default(),
            log: RefCell::default(),
        }
    }

    /// Each call takes so long from now on.
    pub(crate) fn slow(&self, step: TimeDelta) {
        self.step.set(step);
    }

    /// The clock says something else.
    pub(crate) fn set_clock(&self, time: DateTime<Utc>) {
        self.clock.set(time);
    }

    /// Keeps a baseline.
    pub(crate) fn learn(&self, baseline: &Baseline) {
        let repository = baseline.repository.to_string();
        let json = serde_json::to_string(baseline).unwrap();
        self.config_map_of(
            &baseline.repository,
            ConfigMapData {
                labels: BTreeMap::from([(LABEL.to_owned(), "true".to_owned())]),
                data: BTreeMap::from([
                    ("repository".to_owned(), repository),
                    ("baseline.json".to_owned(), json),
                ]),
            },
        );
    }

    /// Keeps what may be a baseline.
    pub(crate) fn config_map_of(
        &self,
        repository: &crate::reference::Repository,
        map: ConfigMapData,
    ) {
        let name = format!("signature-continuity/{}", config_map_name(repository));
        self.config_maps.borrow_mut().insert(name, map);
    }

    /// Keeps the name of a signed repository, beside those that are kept already.
    pub(crate) fn name(&self, repository: &crate::reference::Repository) {
        let shard = Shard::of(repository);
        let name = format!("signature-continuity/{}", shard.config_map_name());
        let mut maps = self.config_maps.borrow_mut();
        let map = maps.entry(name).or_default();
        let mut names = match map.data.get(NAMES_KEY) {
            Some(text) => Names::parse(text, shard).unwrap(),
            None => Names::new(shard),
        };
        names.insert(repository).unwrap();
        map.data.insert(NAMES_KEY.to_owned(), names.encode());
    }

    /// Keeps any ConfigMap.
    pub(crate) fn config_map_named(&self, name: &str, map: ConfigMapData) {
        let name = format!("signature-continuity/{name}");
        self.config_maps.borrow_mut().insert(name, map);
    }

    /// Somebody deletes a baseline.
    pub(crate) fn forget(&self, repository: &crate::reference::Repository) {
        let name = format!("signature-continuity/{}", config_map_name(repository));
        self.config_maps.borrow_mut().remove(&name);
    }

    /// Keeps the learner's last words.
    pub(crate) fn state(&self, json: &str) {
        let data = BTreeMap::from([("state.json".to_owned(), json.to_owned())]);
        let map = ConfigMapData {
            data,
            ..ConfigMapData::default()
        };
        let name = format!("signature-continuity/{STATE_NAME}");
        self.config_maps.borrow_mut().insert(name, map);
    }

    /// Serves an image under a tag.
    pub(crate) fn tag(&self, name: &str, tag: &str, digest: &Digest) {
        self.tag_of(name, tag, digest.as_str());
    }

    /// Says that a tag means this, which need not be a digest that the policy knows.
    pub(crate) fn tag_of(&self, name: &str, tag: &str, digest: &str) {
        self.tags
            .borrow_mut()
            .insert(format!("{name}:{tag}"), digest.to_owned());
    }

    /// Serves signatures of cosign 2.
    pub(crate) fn sign(&self, name: &str, digest: &Digest, layers: &[SignatureLayer]) {
        let reference = format!("{name}:{}", digest.signature_tag());
        self.serve(name, &digest.signature_tag(), &make::manifest_of(layers));
        self.layers.borrow_mut().insert(reference, layers.to_vec());
    }

    /// Serves something under a tag; as a `.sig` it is no signature.
    pub(crate) fn serve(&self, name: &str, tag: &str, manifest: &[u8]) {
        let reference = format!("{name}:{tag}");
        self.layers.borrow_mut().remove(&reference);
        self.tags
            .borrow_mut()
            .insert(reference.clone(), Digest::of(manifest).to_string());
        self.manifests
            .borrow_mut()
            .insert(reference, manifest.to_vec());
        self.manifests.borrow_mut().insert(
            format!("{name}@{}", Digest::of(manifest)),
            manifest.to_vec(),
        );
    }

    /// The image itself is not in the registry, whatever else is.
    pub(crate) fn without_image(&self, digest: &Digest) {
        self.missing.borrow_mut().insert(digest.clone());
    }

    /// Every call whose line in the log starts so, and does not go on to another tag, fails.
    pub(crate) fn fail(&self, calls: &str, failure: Failure) {
        self.faults.borrow_mut().push((calls.to_owned(), failure));
    }

    /// The call of this number, counted from 0, fails.
    pub(crate) fn fail_nth(&self, at: usize, failure: Failure) {
        self.nth.borrow_mut().insert(at, failure);
    }

    /// Does something just before the call of this number.
    pub(crate) fn before_call(&self, at: usize, hook: impl Fn(&Self) + 'static) {
        self.hooks.borrow_mut().push((at, Box::new(hook)));
    }

    /// The calls, one line each.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.log.borrow().clone()
    }

    /// The calls without what they were about.
    pub(crate) fn kinds(&self) -> Vec<String> {
        let kind = |line: &String| line.split(' ').next().unwrap_or_default().to_owned();
        self.log.borrow().iter().map(kind).collect()
    }

    /// Forgets the calls.
    pub(crate) fn forget_calls(&self) {
        self.log.borrow_mut().clear();
    }

    /// Logs a call; says how it is to fail.
    fn enter(&self, line: String) -> Option<Failure> {
        let at = self.log.borrow().len();
        self.log.borrow_mut().push(line.clone());
        for (number, hook) in self.hooks.borrow().iter() {
            if *number == at {
                hook(self);
            }
        }
        self.clock.set(self.clock.get() + self.step.get());
        let nth = self.nth.borrow().get(&at).cloned();
        nth.or_else(|| {
            let faults = self.faults.borrow();
            // The tag that stands in for the referrers API is the beginning of the signature's.
            let starts = |call: &str| line.strip_prefix(call).is_some_and(|r| !r.starts_with('.'));
            let fault = faults.iter().find(|(call, _)| starts(call));
            fault.map(|(_, failure)| failure.clone())
        })
    }

    /// The signature layers of an image, or the host's words.
    fn usable(&self, name: &str, digest: &Digest) -> Result<Vec<SignatureLayer>, String> {
        const ABSENT: &str =
            "Registry error: url U, envelope: OCI API errors: [OCI API error: manifest unknown]";
        if self.missing.borrow().contains(digest) {
            return Err(format!(
                "failed to get image trusted layers: Cannot fetch manifest of {name}@{digest}: {ABSENT}"
            ));
        }
        let reference = format!("{name}:{}", digest.signature_tag());
        let Some(layers) = self.layers.borrow().get(&reference).cloned() else {
            return Err(format!("no signatures found for image: {name}@{digest} "));
        };
        verifier::usable(&layers, digest)
    }
}

fn of_registry(failure: Failure, name: &str, reference: &str) -> HostError {
    failure.classified(|text| host_error::of_registry(text, &Asked { name, reference }, &[]))
}

impl Host for FakeHost {
    fn now(&self) -> DateTime<Utc> {
        self.clock.get()
    }

    fn config_map(&self, namespace: &str, name: &str) -> Result<ConfigMapData, HostError> {
        if let Some(failure) = self.enter(format!("config-map {namespace}/{name}")) {
            return Err(failure.classified(|text| host_error::of_resource(text, name, namespace)));
        }
        let maps = self.config_maps.borrow();
        maps.get(&format!("{namespace}/{name}")).cloned().ok_or_else(|| {
            let text = format!("Host error: Callback evaluation failure: Cannot find v1/ConfigMap named '{name}' inside of namespace 'Some(\"{namespace}\")'");
            host_error::of_resource(&text, name, namespace)
        })
    }

    fn manifest_digest(&self, name: &str, tag: &str) -> Result<Digest, HostError> {
        if let Some(failure) = self.enter(format!("digest {name}:{tag}")) {
            return Err(of_registry(failure, name, tag));
        }
        let tags = self.tags.borrow();
        let digest = tags.get(&format!("{name}:{tag}"));
        resolved(digest.ok_or_else(|| absent(tag))?)
    }

    fn manifest(&self, name: &str, place: &Place<'_>) -> Result<Vec<u8>, HostError> {
        let reference = place.of(name);
        if let Some(failure) = self.enter(format!("manifest {reference}")) {
            let tag = place.as_str();
            return Err(of_registry(failure, name, tag));
        }
        // Images are there unless a test takes them away.
        if let Place::Digest(digest) = place
            && !self.manifests.borrow().contains_key(&reference)
            && !self.missing.borrow().contains(digest)
        {
            return Ok(br#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json"},"layers":[]}"#.to_vec());
        }
        let manifests = self.manifests.borrow();
        manifests
            .get(&reference)
            .cloned()
            .ok_or_else(|| absent(place.as_str()))
    }

    fn verify_certificate(&self, name: &str, digest: &Digest, pem: &str) -> Result<(), HostError> {
        if let Some(failure) = self.enter(format!("verify-certificate {name}@{digest}")) {
            return Err(failure.classified(host_error::of_verification));
        }
        self.usable(name, digest)
            .and_then(|layers| verifier::by_certificate(&layers, pem))
            .map_err(|text| host_error::of_verification(&text))
    }

    fn verify_key(&self, name: &str, digest: &Digest, pem: &str) -> Result<(), HostError> {
        let hash = Digest::of(pem.as_bytes());
        if let Some(failure) = self.enter(format!("verify-key {name}@{digest} {hash}")) {
            return Err(failure.classified(host_error::of_verification));
        }
        self.usable(name, digest)
            .and_then(|layers| verifier::by_key(&layers, pem))
            .map_err(|text| host_error::of_verification(&text))
    }

    fn issued_by(&self, pem: &str, chain: &[String], at: DateTime<Utc>) -> Result<bool, HostError> {
        if let Some(failure) = self.enter("issued-by".to_owned()) {
            return Err(failure.classified(host_error::of_certificate));
        }
        verifier::issued_by(pem, chain, at).map_err(|text| host_error::of_certificate(&text))
    }
}

impl Failure {
    fn classified(self, classify: impl Fn(&str) -> HostError) -> HostError {
        match self {
            Self::Error(error) => error,
            Self::Text(text) => classify(&format!(
                "Host error: Callback evaluation failure: {text}\n\nCaused by:\n    0: manifest unknown"
            )),
        }
    }
}

fn absent(tag: &str) -> HostError {
    let text = "Fail to interact with OCI registry: Registry error: url U, envelope: OCI API errors: [OCI API error: manifest unknown]";
    host_error::of_registry(
        text,
        &Asked {
            name: "",
            reference: tag,
        },
        &[],
    )
}

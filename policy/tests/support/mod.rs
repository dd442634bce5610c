//! A host in memory that believes whatever the test says, and what it serves.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests; each of them takes its part"
)]

pub mod said;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
use rcgen::{
    CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SanType,
};
use serde_json::{Value, json};
use signature_continuity::baseline::{
    Baseline, ConfigMapData, LABEL, Origin, STATE_NAME, SignerRecord, config_map_name,
};
use signature_continuity::certificate::Leaf;
use signature_continuity::digest::Digest;
use signature_continuity::host::{Host, Place};
use signature_continuity::host_error::{HostError, Outage};
use signature_continuity::posture::Rank;
use signature_continuity::proof::{default_payload, rank_of};
use signature_continuity::public_key::PublicKey;
use signature_continuity::settings::Settings;
use signature_continuity::signer::Signer;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

pub const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEHhhTL9R1TALzBB2cdc6zO4P/2BrH\nzk/ogsyxyYvFiW6kbDEcTi/0DdlqNlPm5FRF0y3+SG7O11x6kMahiIHAow==\n-----END PUBLIC KEY-----\n";
pub const GITHUB: &str = "https://token.actions.githubusercontent.com";
pub const GOOGLE: &str = "https://accounts.google.com";
pub const RELEASE: &str =
    "https://github.com/acme/api/.github/workflows/release.yml@refs/tags/v1.9.0";

/// A cluster and registries. What is not there is absent.
#[derive(Default)]
pub struct FakeHost {
    pub config_maps: BTreeMap<String, Result<ConfigMapData, HostError>>,
    pub tags: BTreeMap<String, Digest>,
    pub manifests: BTreeMap<String, Vec<u8>>,
    /// References about which registries do not answer.
    pub failing: BTreeMap<String, HostError>,
    /// The keys and certificates that signed, as PEM texts.
    pub signed: BTreeSet<String>,
    /// No chain issued anything.
    pub foreign: bool,
    /// How long each call takes.
    pub slow: TimeDelta,
    pub elapsed: RefCell<TimeDelta>,
}

pub fn now() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

pub fn digest(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

impl FakeHost {
    pub fn learn(&mut self, baseline: &Baseline) {
        let map = ConfigMapData {
            labels: BTreeMap::from([(LABEL.to_owned(), "true".to_owned())]),
            data: BTreeMap::from([
                ("repository".to_owned(), baseline.repository.to_string()),
                (
                    "baseline.json".to_owned(),
                    serde_json::to_string(baseline).unwrap(),
                ),
            ]),
        };
        self.config_maps
            .insert(config_map_name(&baseline.repository), Ok(map));
    }

    pub fn learner_ran(&mut self, when: &str) {
        let state = json!({"version": 1, "lastRun": when, "baselines": 3}).to_string();
        let map = ConfigMapData {
            labels: BTreeMap::new(),
            data: BTreeMap::from([("state.json".to_owned(), state)]),
        };
        self.config_maps.insert(STATE_NAME.to_owned(), Ok(map));
    }

    /// Serves `name:tag` with these signature layers; none: unsigned.
    pub fn push(&mut self, name: &str, tag: &str, layers: &[Value]) -> Digest {
        let digest = digest(&format!("{name}:{tag}"));
        self.tags.insert(format!("{name}:{tag}"), digest.clone());
        if !layers.is_empty() {
            let manifest = json!({"schemaVersion": 2, "layers": layers}).to_string();
            let reference = format!("{name}:{}", digest.signature_tag());
            self.tags
                .insert(reference.clone(), Digest::of(manifest.as_bytes()));
            self.manifests.insert(reference, manifest.into_bytes());
        }
        digest
    }

    fn enter(&self, reference: &str) -> Result<(), HostError> {
        *self.elapsed.borrow_mut() += self.slow;
        self.failing
            .get(reference)
            .map_or(Ok(()), |error| Err(error.clone()))
    }
}

impl Host for FakeHost {
    fn now(&self) -> DateTime<Utc> {
        now() + *self.elapsed.borrow()
    }

    fn config_map(&self, _namespace: &str, name: &str) -> Result<ConfigMapData, HostError> {
        self.enter(name)?;
        self.config_maps
            .get(name)
            .cloned()
            .unwrap_or(Err(HostError::Absent))
    }

    fn manifest_digest(&self, name: &str, tag: &str) -> Result<Digest, HostError> {
        let reference = format!("{name}:{tag}");
        self.enter(&reference)?;
        self.tags.get(&reference).cloned().ok_or(HostError::Absent)
    }

    fn manifest(&self, name: &str, place: &Place<'_>) -> Result<Vec<u8>, HostError> {
        let reference = place.of(name);
        self.enter(&reference)?;
        self.manifests
            .get(&reference)
            .cloned()
            // Images themselves are there.
            .or_else(|| matches!(place, Place::Digest(_)).then(|| br#"{"layers":[]}"#.to_vec()))
            .ok_or(HostError::Absent)
    }

    fn verify_certificate(&self, name: &str, _digest: &Digest, pem: &str) -> Result<(), HostError> {
        self.verify_key(name, _digest, pem)
    }

    fn verify_key(&self, _name: &str, _digest: &Digest, pem: &str) -> Result<(), HostError> {
        self.enter(pem)?;
        if self.signed.contains(pem) {
            Ok(())
        } else {
            Err(HostError::Negative)
        }
    }

    fn issued_by(
        &self,
        _pem: &str,
        _chain: &[String],
        _at: DateTime<Utc>,
    ) -> Result<bool, HostError> {
        self.enter("issued")?;
        Ok(!self.foreign)
    }
}

/// A well-formed certificate.
pub fn leaf(issuer: &str, san: &str) -> Leaf {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.subject_alt_names = vec![if san.contains("://") {
        SanType::URI(san.try_into().unwrap())
    } else {
        SanType::Rfc822Name(san.try_into().unwrap())
    }];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    let extension =
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, 1], issuer.into());
    params.custom_extensions = vec![extension];
    let pkcs8 = SIGNING_KEY.to_pkcs8_der().unwrap();
    let key = KeyPair::try_from(pkcs8.as_bytes()).unwrap();
    Leaf::from_der(params.self_signed(&key).unwrap().der().to_vec()).unwrap()
}

pub fn signer(issuer: &str, san: &str) -> Signer {
    Signer::of_leaf(&leaf(issuer, san))
}

pub fn key() -> Signer {
    Signer::Key(PublicKey::from_pem(KEY).unwrap())
}

/// The key of all certificates here, and the one that [`KEY`] is: what the guest checks by itself has to hold.
static SIGNING_KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let der = key.verifying_key().to_public_key_der().unwrap();
    assert_eq!(PublicKey::from_der(der.as_bytes()).unwrap().pem(), KEY);
    key
});

fn bundle(payload: &Digest, signature: &str, verifier: &str) -> String {
    let body = json!({
        "apiVersion": "0.0.1", "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": payload.hex()}},
            "signature": {"content": signature, "publicKey": {"content": STANDARD.encode(verifier)}},
        },
    });
    let payload =
        json!({"body": STANDARD.encode(body.to_string()), "integratedTime": 1_790_000_000});
    json!({"SignedEntryTimestamp": "", "Payload": payload}).to_string()
}

/// A layer by `verifier` with its own log entry.
fn layer(repository: &str, image: &Digest, verifier: &str, certificate: Option<String>) -> Value {
    let payload = default_payload(repository, image);
    let digest = Digest::of(payload.as_bytes());
    let signature: DerSignature = SIGNING_KEY.sign(payload.as_bytes());
    let signature = STANDARD.encode(signature.as_bytes());
    let mut annotations = json!({
        "dev.cosignproject.cosign/signature": signature,
        "dev.sigstore.cosign/bundle": bundle(&digest, &signature, verifier),
    });
    if let Some(certificate) = certificate {
        annotations["dev.sigstore.cosign/certificate"] = certificate.into();
    }
    json!({
        "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", "digest": digest, "size": 250,
        "annotations": annotations,
    })
}

/// A layer with a certificate and its own log entry.
pub fn keyless_layer(repository: &str, image: &Digest, leaf: &Leaf) -> Value {
    layer(repository, image, &leaf.pem(), Some(leaf.pem()))
}

/// A layer signed by a key, with its own log entry.
pub fn key_layer(repository: &str, image: &Digest, pem: &str) -> Value {
    layer(repository, image, pem, None)
}

/// A baseline with these signers, established three weeks ago.
pub fn baseline(repository: &str, signers: &[Signer]) -> Baseline {
    let first_seen = "2026-11-01T09:30:00Z".parse().unwrap();
    let rank = signers.iter().map(rank_of).max().unwrap_or(Rank::Key);
    let mut baseline = Baseline::new(repository.parse().unwrap(), rank, first_seen);
    baseline.generation = 7;
    baseline.established = Some(first_seen + TimeDelta::days(1));
    baseline.signers = signers
        .iter()
        .map(|signer| SignerRecord {
            signer: signer.clone(),
            origin: Origin::Observed,
            alone: false,
            first_seen,
            last_seen: now(),
            digests: 41,
            retired: None,
        })
        .collect();
    baseline
}

pub fn settings(settings: &Value) -> Settings {
    Settings::parse(settings.to_string().as_bytes()).unwrap()
}

pub fn pod(images: &[&str]) -> Value {
    let containers: Vec<Value> = images
        .iter()
        .enumerate()
        .map(|(at, image)| json!({"name": format!("c{at}"), "image": image}))
        .collect();
    json!({
        "uid": "1", "namespace": "prod", "name": "api", "operation": "CREATE",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "userInfo": {"username": "dev@acme.example"},
        "object": {"metadata": {"name": "api"}, "spec": {"containers": containers}},
    })
}

pub fn unavailable() -> HostError {
    HostError::Outage(Outage::Unavailable)
}

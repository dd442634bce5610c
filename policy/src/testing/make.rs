//! Builders: signers, signatures, baselines, settings, requests.

use super::{FakeHost, NAMESPACE, REPOSITORY};
use crate::baseline::{Baseline, Format, Origin, SignerRecord};
use crate::calls::Calls;
use crate::certificate::Leaf;
use crate::claims::Claims;
use crate::digest::Digest;
use crate::evaluate::{Evaluation, evaluate};
use crate::known::Known;
use crate::posture::Rank;
use crate::proof::{Extent, ProvenSigner, SignedArtifact, prove, rank_of};
use crate::public_key::PublicKey;
use crate::settings::Settings;
use crate::signer::Signer;
use chrono::{DateTime, TimeDelta, Utc};
use continuity_testkit::sigstore::SignatureManifest;
use continuity_testkit::{Identity, PrivateSigstore, Signature, SignatureLayer, SigningKey};
use kubewarden_policy_sdk::request::KubernetesAdmissionRequest;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// When everything happens.
pub(crate) fn now() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// When images were signed, if nothing else is said.
pub(crate) fn signed_at() -> DateTime<Utc> {
    now() - TimeDelta::days(2)
}

/// The Sigstore that the host trusts.
pub(crate) fn sigstore() -> &'static PrivateSigstore {
    static SIGSTORE: LazyLock<PrivateSigstore> = LazyLock::new(|| PrivateSigstore::new().unwrap());
    &SIGSTORE
}

/// The digest of some image.
pub(crate) fn digest(seed: &str) -> Digest {
    Digest::of(seed.as_bytes())
}

/// The workflow that releases [`REPOSITORY`].
pub(crate) fn release(tag: &str) -> Identity {
    Identity::github("acme/api", "release.yml", &format!("refs/tags/{tag}"))
}

/// Somebody else.
pub(crate) fn google(email: &str) -> Identity {
    Identity::google(email)
}

/// A keyless signature for [`REPOSITORY`].
pub(crate) fn keyless(identity: &Identity, digest: &Digest) -> Signature {
    sigstore()
        .sign(identity, REPOSITORY, digest.as_str(), signed_at())
        .unwrap()
}

/// The `.sig` manifest of these layers.
pub(crate) fn manifest_of(layers: &[SignatureLayer]) -> Vec<u8> {
    SignatureManifest::new(layers).bytes
}

/// Who signs with this identity.
pub(crate) fn signer_of(identity: &Identity) -> Signer {
    let leaf = sigstore().issue(identity, signed_at()).unwrap();
    Signer::of_leaf(&Leaf::from_der(leaf.der).unwrap())
}

/// Who signs with this key.
pub(crate) fn key_signer(key: &SigningKey) -> Signer {
    Signer::Key(PublicKey::from_pem(&key.public_key_pem()).unwrap())
}

/// A proven signer, by the one way that makes one.
pub(crate) fn proven(signature: &Signature, digest: &Digest) -> ProvenSigner {
    let host = FakeHost::new();
    let layers = [signature.layer().unwrap()];
    host.sign(REPOSITORY, digest, &layers);
    let settings = settings(json!({}));
    let chains = settings.certificate_chains();
    let artifact = SignedArtifact {
        name: REPOSITORY,
        digest,
        payload_names: &[],
        authorities: chains.iter().map(|chain| chain.certificates()).collect(),
    };
    let names = REPOSITORY
        .parse::<crate::reference::Repository>()
        .unwrap()
        .into();
    let mut learned = baseline(&[]);
    if signature.leaf.is_none() {
        learned.signers.push(record(&key_signer(&signature.key)));
    }
    let known = Known::new(&settings, &names, Some(&learned), &[]);
    let claims = Claims::from_manifest(&manifest_of(&layers)).unwrap();
    let calls = Calls::new(&host, TimeDelta::seconds(10));
    let mut findings = prove(&calls, &artifact, &claims, &known, Extent::Bounded, |_| {
        false
    });
    findings.proven.pop().unwrap()
}

/// The record of a signer that was observed.
pub(crate) fn record(signer: &Signer) -> SignerRecord {
    SignerRecord {
        signer: signer.clone(),
        origin: Origin::Observed,
        alone: false,
        first_seen: now() - TimeDelta::days(40),
        last_seen: now() - TimeDelta::days(1),
        digests: 3,
        retired: None,
    }
}

/// A cold baseline of [`REPOSITORY`] with these signers.
pub(crate) fn baseline(signers: &[Signer]) -> Baseline {
    let rank = signers.iter().map(rank_of).max().unwrap_or(Rank::Key);
    let begun = now() - TimeDelta::days(40);
    let mut baseline = Baseline::new(REPOSITORY.parse().unwrap(), rank, begun);
    baseline.formats = vec![Format::Cosign2];
    baseline.signers = signers.iter().map(record).collect();
    baseline
}

/// The same, established.
pub(crate) fn established(signers: &[Signer]) -> Baseline {
    let mut baseline = baseline(signers);
    baseline.established = Some(now() - TimeDelta::days(39));
    baseline
}

/// These settings, with the test's Sigstore.
pub(crate) fn settings(mut fields: Value) -> Settings {
    let object = fields.as_object_mut().unwrap();
    object
        .entry("certificateAuthorities")
        .or_insert_with(|| json!([sigstore().chain_pem()]));
    Settings::parse(fields.to_string().as_bytes()).unwrap()
}

/// The request to do `operation` with an object of that kind.
pub(crate) fn request(
    kind: &str,
    operation: &str,
    object: &Value,
    old_object: &Value,
) -> KubernetesAdmissionRequest {
    serde_json::from_value(json!({
        "uid": "1", "namespace": NAMESPACE, "name": "x", "operation": operation,
        "kind": {"group": "", "version": "v1", "kind": kind},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "userInfo": {"username": "dev@acme.example", "groups": ["system:authenticated"]},
        "object": object, "oldObject": old_object,
    }))
    .unwrap()
}

/// A workload with a container for each image, and the path to its pod's spec.
pub(crate) fn workload(path: &[&str], images: &[&str]) -> Value {
    let containers: Vec<Value> = images
        .iter()
        .enumerate()
        .map(|(at, image)| json!({"name": format!("c{at}"), "image": image}))
        .collect();
    let spec = json!({"containers": containers});
    let object = path
        .iter()
        .rev()
        .fold(spec, |inner, field| json!({*field: inner}));
    let mut object = object;
    object["metadata"] = json!({"name": "x"});
    object
}

/// The request to create a pod with these images.
pub(crate) fn pod(images: &[&str]) -> KubernetesAdmissionRequest {
    request("Pod", "CREATE", &workload(&["spec"], images), &Value::Null)
}

/// What becomes of a pod with these images.
pub(crate) fn evaluated<'a>(
    host: &FakeHost,
    settings: &'a Settings,
    images: &[&str],
) -> Evaluation<'a> {
    evaluate(host, settings, &pod(images))
}

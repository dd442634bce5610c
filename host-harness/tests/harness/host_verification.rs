//! What `oci/v2/verify` answers, in both generations: one table by certificate, one by key.
//!
//! The kit's registry and Sigstore stand in for real ones. In texts IMAGE stands for the image that was asked about, SIG
//! for its `.sig` tag, MANIFEST and BLOB for the addresses of the image's manifest and of the layer's blob.

use continuity_testkit::registry::{Fault, FaultRule, Registry, Words};
use continuity_testkit::sigstore::{
    Bundle, Identity, KeyKind, Leaf, PrivateSigstore, SIGN_PREDICATE, Signature, SignatureLayer,
    Signer, SigningKey, SimpleSigning, digest_of, signature_tag,
};
use host_harness::capabilities::{
    Capabilities as _, HostError, HostGeneration, HostRequest, LiveCapabilities, TrustSource,
};
use rstest::rstest;
use serde_json::{Value, json};

use self::Answers::{Differ, Same};
use crate::host_referrers::{push_artifact_signature, push_bundle};
use crate::hosts::{OCI_INDEX, OCI_MANIFEST, by_certificate, by_key, options_for};
use crate::observation::{signed_at, workflow};

pub const NAME: &str = "acme/api";
const TRUSTED: &str = "trusted";
const UNSIGNED: &str = "no signatures found for image: IMAGE ";
const NONE_PASSED: &str =
    "failed to get image trusted layers: No Signature Layer passed verification";
/// By certificate: one text of 1.36 for everything that is no proof.
const NOT_BY_LEAF: &str = "verification failed: Several Signature Layers failed verification";
/// By key.
const NOT_BY_KEY: &str = "Image verification failed: missing signatures\n\
                          The following constraints were not satisfied:\nkind: pubKey\nowner: null\nkey: ";

/// A registry with one image, and a Sigstore.
pub struct Lab {
    pub registry: Registry,
    pub sigstore: PrivateSigstore,
    pub digest: String,
}

/// What either generation answers.
pub enum Answers {
    Same(&'static str),
    Differ(&'static str, &'static str),
}

impl Answers {
    fn of(&self, generation: HostGeneration) -> &'static str {
        match (self, generation) {
            (Same(text), _)
            | (Differ(text, _), HostGeneration::Kubewarden135)
            | (Differ(_, text), HostGeneration::Kubewarden136) => text,
        }
    }
}

impl Lab {
    fn new() -> Self {
        let registry = Registry::start().unwrap();
        let digest = registry.push_image(NAME, "v1", "seed").unwrap();
        Self {
            registry,
            sigstore: PrivateSigstore::new().unwrap(),
            digest,
        }
    }

    fn host(&self, generation: HostGeneration) -> LiveCapabilities {
        options_for(self.registry.host())
            .trust(TrustSource::parse(self.sigstore.trusted_root_json().as_bytes()).unwrap())
            .generation(generation)
            .without_caches()
            .start()
            .unwrap()
    }

    fn image(&self) -> String {
        self.registry.image(NAME, &self.digest)
    }

    pub fn leaf(&self) -> Leaf {
        self.sigstore.issue(&workflow(), signed_at()).unwrap()
    }

    fn payload(&self) -> Vec<u8> {
        SimpleSigning::cosign(&self.registry.name(NAME), &self.digest).bytes()
    }

    /// A genuine keyless signature.
    pub fn signature(&self) -> Signature {
        self.sigstore
            .sign(
                &workflow(),
                &self.registry.name(NAME),
                &self.digest,
                signed_at(),
            )
            .unwrap()
    }

    fn push(&self, layers: &[SignatureLayer]) {
        self.registry
            .push_signature(NAME, &self.digest, layers)
            .unwrap();
    }

    /// Pushes a signature and returns the certificate that it came with.
    fn push_signature(&self, signature: &Signature) -> String {
        self.push(&[signature.layer().unwrap()]);
        signature.certificate.clone().unwrap()
    }

    /// Pushes any manifest in place of a `.sig`.
    fn push_in_place(&self, media_type: &str, manifest: &Value) -> String {
        let tag = signature_tag(&self.digest);
        self.registry
            .push_manifest(NAME, &tag, manifest.to_string().as_bytes(), media_type)
            .unwrap();
        self.leaf().pem()
    }

    /// Pushes a genuine signature whose blob gets this answer.
    fn blob(&self, words: Words) -> String {
        let blob = digest_of(&self.payload());
        self.registry
            .fault(FaultRule::new(NAME, &blob, Fault::Says(words)));
        self.push_signature(&self.signature())
    }

    fn fill(&self, text: &str) -> String {
        let sig = self.registry.image(NAME, &signature_tag(&self.digest));
        let blob = digest_of(&self.payload());
        let blob = format!("{}/v2/{NAME}/blobs/{blob}", self.registry.base_url());
        let manifest = format!(
            "{}/v2/{NAME}/manifests/{}",
            self.registry.base_url(),
            self.digest
        );
        text.replace("IMAGE", &self.image())
            .replace("SIG", &sig)
            .replace("BLOB", &blob)
            .replace("MANIFEST", &manifest)
    }

    /// What a host of this generation answers.
    fn ask(&self, generation: HostGeneration, request: &HostRequest) -> String {
        match self.host(generation).answer(request) {
            Ok(bytes) => {
                let answer: Value = serde_json::from_slice(&bytes).unwrap();
                assert_eq!(answer, json!({"is_trusted": true, "digest": self.digest}));
                TRUSTED.to_owned()
            }
            Err(HostError::Failed(failure)) => failure.message,
            Err(HostError::Refused(text)) => panic!("refused: {text}"),
        }
    }
}

fn nothing(lab: &Lab) -> String {
    lab.leaf().pem()
}

fn genuine(lab: &Lab) -> String {
    lab.push_signature(&lab.signature())
}

fn of_another_key(lab: &Lab) -> String {
    lab.push_signature(&lab.signature());
    lab.leaf().pem()
}

fn logged_too_late(lab: &Lab) -> String {
    let late = signed_at() + chrono::TimeDelta::days(1);
    let log = Some(lab.sigstore.log());
    lab.push_signature(&Signature::by_leaf(&lab.leaf(), &lab.payload(), log, late).unwrap())
}

fn not_logged(lab: &Lab) -> String {
    lab.push_signature(&Signature::by_leaf(&lab.leaf(), &lab.payload(), None, signed_at()).unwrap())
}

fn logged_elsewhere(lab: &Lab) -> String {
    let other = PrivateSigstore::new().unwrap();
    let log = Some(other.log());
    lab.push_signature(&Signature::by_leaf(&lab.leaf(), &lab.payload(), log, signed_at()).unwrap())
}

fn of_another_authority(lab: &Lab) -> String {
    let other = PrivateSigstore::new().unwrap();
    let leaf = other.issue(&workflow(), signed_at()).unwrap();
    let log = Some(lab.sigstore.log());
    lab.push_signature(&Signature::by_leaf(&leaf, &lab.payload(), log, signed_at()).unwrap())
}

fn of_another_digest(lab: &Lab) -> String {
    let foreign = format!("sha256:{}", "0".repeat(64));
    let name = lab.registry.name(NAME);
    lab.push_signature(
        &lab.sigstore
            .sign(&workflow(), &name, &foreign, signed_at())
            .unwrap(),
    )
}

fn blob_withheld(lab: &Lab) -> String {
    let signature = lab.signature();
    let mut layer = signature.layer().unwrap();
    layer.withhold_blob = true;
    lab.push(&[layer]);
    signature.certificate.unwrap()
}

fn foreign_layer(lab: &Lab) -> String {
    let mut layer = lab.signature().layer().unwrap();
    layer.media_type = "application/octet-stream".to_owned();
    lab.push(&[layer]);
    lab.leaf().pem()
}

fn foreign_layer_beside(lab: &Lab) -> String {
    let signature = lab.signature();
    let mut foreign = SignatureLayer::new(b"something".to_vec());
    foreign.media_type = "application/octet-stream".to_owned();
    lab.push(&[signature.layer().unwrap(), foreign]);
    signature.certificate.unwrap()
}

fn no_layers(lab: &Lab) -> String {
    lab.push(&[]);
    lab.leaf().pem()
}

fn index_in_place(lab: &Lab) -> String {
    lab.push_in_place(
        OCI_INDEX,
        &json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}),
    )
}

fn other_schema_in_place(lab: &Lab) -> String {
    lab.push_in_place(OCI_MANIFEST, &json!({"schemaVersion": 1}))
}

fn image_taken_away(lab: &Lab) -> String {
    let certificate = genuine(lab);
    lab.registry.delete(NAME, &lab.digest).unwrap();
    certificate
}

fn artifact_signature(lab: &Lab) -> String {
    let signature = lab.signature();
    push_artifact_signature(lab, &signature);
    signature.certificate.unwrap()
}

fn bundle(lab: &Lab) -> String {
    let leaf = lab.leaf();
    push_bundle(lab, bundle_of(lab, &leaf, SIGN_PREDICATE));
    leaf.pem()
}

fn bundle_of(lab: &Lab, leaf: &Leaf, predicate: &str) -> Bundle {
    let log = lab.sigstore.log();
    Bundle::proven_by_leaf(leaf, &lab.digest, predicate, log, signed_at()).unwrap()
}

fn bundle_by_api(lab: &Lab) -> String {
    lab.registry.serve_referrers(Some(10));
    bundle(lab)
}

fn bundle_beside_a_stranger(lab: &Lab) -> String {
    genuine(lab);
    bundle(lab)
}

fn signature_beside_a_bundle(lab: &Lab) -> String {
    bundle(lab);
    genuine(lab)
}

fn bundle_of_another_leaf(lab: &Lab) -> String {
    bundle(lab);
    lab.leaf().pem()
}

fn attestation(lab: &Lab) -> String {
    let leaf = lab.leaf();
    push_bundle(lab, bundle_of(lab, &leaf, "https://slsa.dev/provenance/v1"));
    leaf.pem()
}

fn bundle_of_another_digest(lab: &Lab) -> String {
    let leaf = lab.leaf();
    let foreign = format!("sha256:{}", "0".repeat(64));
    let log = lab.sigstore.log();
    push_bundle(
        lab,
        Bundle::proven_by_leaf(&leaf, &foreign, SIGN_PREDICATE, log, signed_at()).unwrap(),
    );
    leaf.pem()
}

fn edited_bundle(lab: &Lab, edit: impl FnOnce(&mut Value)) -> String {
    let leaf = lab.leaf();
    push_bundle(
        lab,
        bundle_of(lab, &leaf, SIGN_PREDICATE).edited(edit).unwrap(),
    );
    leaf.pem()
}

fn bundle_without_inclusion_proof(lab: &Lab) -> String {
    edited_bundle(lab, |bundle| {
        let entry = bundle["verificationMaterial"]["tlogEntries"][0].as_object_mut();
        entry.unwrap().remove("inclusionProof");
    })
}

/// As Rekor v2 has them: no promise and no time of the log's.
fn bundle_of_rekor_2(lab: &Lab) -> String {
    edited_bundle(lab, |bundle| {
        let entry = &mut bundle["verificationMaterial"]["tlogEntries"][0];
        entry["kindVersion"] = json!({"kind": "hashedrekord", "version": "0.0.2"});
        entry["integratedTime"] = json!("0");
        entry.as_object_mut().unwrap().remove("inclusionPromise");
    })
}

/// A signature over the digest itself, without a statement.
fn bundle_of_a_message(lab: &Lab) -> String {
    edited_bundle(lab, |bundle| {
        let signature = bundle["dsseEnvelope"]["signatures"][0]["sig"].clone();
        bundle.as_object_mut().unwrap().remove("dsseEnvelope");
        bundle["messageSignature"] = json!({
            "messageDigest": {"algorithm": "SHA2_256", "digest": "AAAA"},
            "signature": signature,
        });
    })
}

fn bundle_logged_elsewhere(lab: &Lab) -> String {
    let leaf = lab.leaf();
    let other = PrivateSigstore::new().unwrap();
    let log = other.log();
    push_bundle(
        lab,
        Bundle::proven_by_leaf(&leaf, &lab.digest, SIGN_PREDICATE, log, signed_at()).unwrap(),
    );
    leaf.pem()
}

#[rstest]
#[case::nothing(nothing, Differ(UNSIGNED, NOT_BY_LEAF))]
#[case::genuine(genuine, Same(TRUSTED))]
#[case::of_another_key(of_another_key, Same(NOT_BY_LEAF))]
#[case::logged_too_late(logged_too_late, Same(NOT_BY_LEAF))]
#[case::not_logged(not_logged, Same(NOT_BY_LEAF))]
#[case::logged_elsewhere(logged_elsewhere, Differ(NONE_PASSED, NOT_BY_LEAF))]
// Who issued the certificate is the other call's to say.
#[case::of_another_authority(of_another_authority, Same(TRUSTED))]
#[case::of_another_digest(of_another_digest, Differ(NONE_PASSED, NOT_BY_LEAF))]
#[case::blob_withheld(
    blob_withheld,
    Differ(
        "failed to get image trusted layers: Cannot pull SIG: HTTP status client error (404 Not Found) for url (BLOB)",
        NOT_BY_LEAF
    )
)]
#[case::blob_absent(|lab: &Lab| lab.blob(Words::NoEnvelope), Differ(
    "failed to get image trusted layers: Cannot pull SIG: HTTP status client error (404 Not Found) for url (BLOB)",
    NOT_BY_LEAF
))]
#[case::blob_limited(|lab: &Lab| lab.blob(Words::RateLimited), Differ(
    "failed to get image trusted layers: Cannot pull SIG: HTTP status client error (429 Too Many Requests) for url (BLOB)",
    NOT_BY_LEAF
))]
#[case::blob_unavailable(|lab: &Lab| lab.blob(Words::Unavailable), Differ(
    "failed to get image trusted layers: Cannot pull SIG: HTTP status server error (503 Service Unavailable) for url (BLOB)",
    NOT_BY_LEAF
))]
#[case::foreign_layer(
    foreign_layer,
    Differ(
        "failed to get image trusted layers: Cannot pull SIG: Incompatible layer media type: application/octet-stream",
        NOT_BY_LEAF
    )
)]
#[case::foreign_layer_beside(
    foreign_layer_beside,
    Differ(
        "failed to get image trusted layers: Cannot pull SIG: Incompatible layer media type: application/octet-stream",
        NOT_BY_LEAF
    )
)]
#[case::no_layers(
    no_layers,
    Differ(
        "failed to get image trusted layers: Cannot pull SIG: No layers to pull",
        NOT_BY_LEAF
    )
)]
#[case::index_in_place(
    index_in_place,
    Differ(
        "failed to get image trusted layers: Cannot pull SIG: Image manifest not found: no entry found in image index \
     manifest matching client's default platform",
        NOT_BY_LEAF
    )
)]
#[case::other_schema_in_place(other_schema_in_place, Differ(UNSIGNED, NOT_BY_LEAF))]
#[case::image_taken_away(
    image_taken_away,
    Same(
        "failed to get image trusted layers: Cannot fetch manifest of IMAGE: Registry error: url MANIFEST, \
     envelope: OCI API errors: [OCI API error: manifest unknown]"
    )
)]
#[case::artifact_signature(artifact_signature, Differ(UNSIGNED, NOT_BY_LEAF))]
#[case::bundle(bundle, Differ(UNSIGNED, TRUSTED))]
#[case::bundle_by_api(bundle_by_api, Differ(UNSIGNED, TRUSTED))]
#[case::bundle_beside_a_stranger(bundle_beside_a_stranger, Differ(NOT_BY_LEAF, TRUSTED))]
#[case::signature_beside_a_bundle(signature_beside_a_bundle, Same(TRUSTED))]
#[case::bundle_of_another_leaf(bundle_of_another_leaf, Differ(UNSIGNED, NOT_BY_LEAF))]
#[case::bundle_of_another_digest(bundle_of_another_digest, Differ(UNSIGNED, NOT_BY_LEAF))]
#[case::bundle_logged_elsewhere(bundle_logged_elsewhere, Differ(UNSIGNED, NOT_BY_LEAF))]
#[case::bundle_without_inclusion_proof(
    bundle_without_inclusion_proof,
    Differ(UNSIGNED, NOT_BY_LEAF)
)]
#[case::bundle_of_rekor_2(bundle_of_rekor_2, Differ(UNSIGNED, NOT_BY_LEAF))]
#[case::bundle_of_a_message(bundle_of_a_message, Differ(UNSIGNED, NOT_BY_LEAF))]
#[case::attestation(attestation, Differ(UNSIGNED, NOT_BY_LEAF))]
fn verifies_by_certificate(#[case] pushed: fn(&Lab) -> String, #[case] answers: Answers) {
    let lab = Lab::new();
    let pem = pushed(&lab);
    for generation in HostGeneration::ALL {
        let request = by_certificate(&lab.image(), &pem);
        let expected = lab.fill(answers.of(generation));
        assert_eq!(lab.ask(generation, &request), expected, "{generation}");
    }
}

fn unsigned(lab: &Lab) -> SigningKey {
    let _ = lab;
    SigningKey::generate(KeyKind::P256).unwrap()
}

fn signed_by_key(lab: &Lab) -> SigningKey {
    let key = SigningKey::generate(KeyKind::P256).unwrap();
    let signer = Signer::key(&key);
    let name = lab.registry.name(NAME);
    let signature = signer.sign(&name, &lab.digest, signed_at()).unwrap();
    lab.push(&[signature.layer().unwrap()]);
    key
}

fn signed_by_another_key(lab: &Lab) -> SigningKey {
    signed_by_key(lab);
    unsigned(lab)
}

fn bundle_by_key(lab: &Lab) -> SigningKey {
    let key = unsigned(lab);
    let log = lab.sigstore.log();
    push_bundle(
        lab,
        Bundle::proven_by_key(&key, &lab.digest, SIGN_PREDICATE, log, signed_at()).unwrap(),
    );
    key
}

#[rstest]
#[case::unsigned(unsigned, Differ(UNSIGNED, NOT_BY_KEY))]
#[case::signed(signed_by_key, Same(TRUSTED))]
#[case::by_another(signed_by_another_key, Same(NOT_BY_KEY))]
#[case::bundle(bundle_by_key, Differ(UNSIGNED, NOT_BY_KEY))]
fn verifies_by_key(#[case] pushed: fn(&Lab) -> SigningKey, #[case] answers: Answers) {
    let lab = Lab::new();
    let key = pushed(&lab).public_key_pem();
    for generation in HostGeneration::ALL {
        let answer = lab.ask(generation, &by_key(&lab.image(), &key));
        let expected = answers.of(generation);
        if expected == NOT_BY_KEY {
            let mut text = format!("{NOT_BY_KEY}|\n");
            for line in key.lines() {
                text.push_str(&format!("  {line}\n"));
            }
            text.push_str("annotations: null\n");
            assert_eq!(answer, text, "{generation}");
        } else {
            assert_eq!(answer, lab.fill(expected), "{generation}");
        }
    }
}

/// A key that does not parse is like a wrong one.
#[test]
fn does_not_tell_broken_keys_from_wrong_ones() {
    let lab = Lab::new();
    signed_by_key(&lab);
    for generation in HostGeneration::ALL {
        assert_eq!(
            lab.ask(generation, &by_key(&lab.image(), "no key")),
            format!("{NOT_BY_KEY}no key\nannotations: null\n"),
        );
    }
}

#[test]
fn refuses_to_verify_nothing() {
    for generation in HostGeneration::ALL {
        let host = options_for("nobody:1")
            .generation(generation)
            .start()
            .unwrap();
        let image = "r.example/a:b".to_owned();
        let nobody = HostRequest::SigstorePubKeyVerify {
            image: image.clone(),
            pub_keys: Vec::new(),
            annotations: None,
        };
        assert_eq!(
            host.answer(&nobody).unwrap_err().to_string(),
            "Callback evaluation failure: Must provide at least one pub key"
        );
        let prefix = HostRequest::SigstoreKeylessPrefixVerify {
            image,
            keyless_prefix: vec![
                serde_json::from_value(json!({"issuer": "i", "url_prefix": "no url"})).unwrap(),
            ],
            annotations: None,
        };
        assert_eq!(
            host.answer(&prefix).unwrap_err().to_string(),
            "Error obtaining response over callback channel"
        );
    }
}

/// Why the policy does not ask by identity: both generations take a certificate and a log entry that were copied beside
/// somebody else's signature.
#[test]
fn accepts_copied_identities() {
    let lab = Lab::new();
    let victim = Identity::google("dev@acme.example");
    let name = lab.registry.name(NAME);
    let older = format!("sha256:{}", "0".repeat(64));
    let genuine = lab
        .sigstore
        .sign(&victim, &name, &older, signed_at())
        .unwrap();
    let mut copied = genuine.clone();
    copied.payload = lab.payload();
    lab.push(&[copied.layer().unwrap()]);
    let request = HostRequest::SigstoreKeylessVerify {
        image: lab.image(),
        keyless: vec![
            serde_json::from_value(
                json!({"issuer": "https://accounts.google.com", "subject": "dev@acme.example"}),
            )
            .unwrap(),
        ],
        annotations: None,
    };
    for generation in HostGeneration::ALL {
        assert_eq!(lab.ask(generation, &request), TRUSTED, "{generation}");
        let by_leaf = by_certificate(&lab.image(), genuine.certificate.as_deref().unwrap());
        assert_eq!(lab.ask(generation, &by_leaf), NOT_BY_LEAF, "{generation}");
    }
}

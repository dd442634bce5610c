//! One signature bundle, as cosign 3 writes it, and its proof.
//!
//! Invariant: a bundle proves a signer only when a DSSE envelope by its key states that this digest is signed, and, for
//! a certificate, when an authority of the settings issued it and a log of the trust root saw the signature while it was
//! valid. A key without a log entry is proven only by asking with it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use signature_continuity::certificate::Leaf;
use signature_continuity::digest::Digest;
use signature_continuity::host::{BundleSigner, Unproven};
use signature_continuity::public_key::{KeyKind, PublicKey};
use sigstore_crypto::VerificationKey;
use sigstore_types::bundle::TransparencyLogEntry;
use sigstore_types::{Bundle, DerPublicKey, DsseEnvelope, Sha256Hash, SignatureContent};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy};

use super::prover::Prover;
use super::referred::LARGEST_BUNDLE;
use super::statement::{self, IN_TOTO, Statement};
use super::verdict::{Verdict, unreadable};

/// What a bundle comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Somebody signed the digest.
    Proven {
        signer: BundleSigner,
        /// When the log, or for logs without times a timestamp authority, saw it, in seconds.
        logged_at: Option<i64>,
    },
    /// It states something else: it is no signature.
    Attestation,
    /// It proves nothing.
    Unproven(Unproven),
}

/// What a bundle is held against.
pub(super) struct Question<'a> {
    pub(super) digest: &'a Digest,
    pub(super) keys: &'a [&'a PublicKey],
    /// Whether one of the settings' authorities issued a certificate.
    pub(super) issued: &'a dyn Fn(&Leaf) -> bool,
}

/// Holds a bundle's bytes against the question. `labelled` says that its manifest calls it a signature.
pub(super) fn judge(
    prover: &Prover,
    bytes: &[u8],
    labelled: bool,
    question: &Question<'_>,
) -> Outcome {
    read(prover, bytes, labelled, question).unwrap_or_else(Outcome::Unproven)
}

fn read(
    prover: &Prover,
    bytes: &[u8],
    labelled: bool,
    question: &Question<'_>,
) -> Result<Outcome, Unproven> {
    // Attestations are of any kind, and larger.
    if !labelled && statement::states_something_else(bytes) {
        return Ok(Outcome::Attestation);
    }
    if bytes.len() > LARGEST_BUNDLE {
        return Err(unreadable("it is larger than 64 KiB"));
    }
    let bundle = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| Bundle::from_json(text).ok())
        .ok_or_else(|| unreadable("it is of a kind or version that cannot be read here"))?;
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
        return Err(unreadable("it signs no statement"));
    };
    if envelope.payload_type != IN_TOTO {
        return Err(unreadable("it signs no in-toto statement"));
    }
    let statement: Statement = serde_json::from_slice(envelope.payload.as_bytes())
        .map_err(|_| unreadable("its statement cannot be read"))?;
    if !statement.is_signature() {
        return if labelled {
            Err(Unproven::Contradiction(
                "what is called a signature states something else",
            ))
        } else {
            Ok(Outcome::Attestation)
        };
    }
    if !statement.names(question.digest) {
        return Err(Unproven::Contradiction("the bundle is of another digest"));
    }
    prove(prover, &bundle, envelope, question)
}

/// Who made the envelope, whatever it states of the digest.
pub(super) fn prove(
    prover: &Prover,
    bundle: &Bundle,
    envelope: &DsseEnvelope,
    question: &Question<'_>,
) -> Result<Outcome, Unproven> {
    match bundle.signing_certificate() {
        Some(certificate) => {
            let der = certificate.as_bytes().to_vec();
            by_certificate(prover, bundle, der, question)
        }
        None => by_key(prover, bundle, envelope, question),
    }
}

fn by_certificate(
    prover: &Prover,
    bundle: &Bundle,
    der: Vec<u8>,
    question: &Question<'_>,
) -> Result<Outcome, Unproven> {
    let leaf = Leaf::from_der(der).map_err(|error| unreadable(&error.to_string()))?;
    let entries = &bundle.verification_material.tlog_entries;
    if entries.is_empty() {
        return Err(unreadable("there is no log entry"));
    }
    if !(question.issued)(&leaf) {
        return Err(unreadable("no configured authority issued the certificate"));
    }
    // The library calls a certificate that had ended one that nobody issued.
    let outside = entries
        .iter()
        .filter(|entry| entry.inclusion_promise.is_some())
        .filter_map(|entry| entry.integrated_time)
        .any(|time| !leaf.valid_at(time.as_second()));
    if outside {
        return Err(Unproven::Contradiction(
            "the log entry is dated outside the certificate's validity",
        ));
    }
    let verifier = prover.verifier().ok_or_else(no_trust_root)?;
    let result = verifier
        .verify(
            hash(question.digest)?,
            bundle,
            &VerificationPolicy::any_identity().skip_sct(),
        )
        .map_err(|error| {
            let verdict = Verdict::of(&error);
            // Not every signature by such keys verifies here: with other digests a no is no contradiction.
            let usual = matches!(leaf.key_kind(), Some(KeyKind::EcdsaP256 | KeyKind::Ed25519));
            refused(prover, entries, &verdict, usual)
        })?;
    let times: Vec<i64> = result
        .verified_timestamps()
        .iter()
        .map(|time| time.as_second())
        .collect();
    let complete = result.certificate_verified()
        && result.tlog_verified()
        && entries.iter().any(is_proven_by_the_log);
    let logged_at = result
        .integrated_time()
        .map(|time| time.as_second())
        .or_else(|| times.iter().copied().min());
    match logged_at.filter(|_| complete && times.iter().all(|time| leaf.valid_at(*time))) {
        Some(time) => Ok(Outcome::Proven {
            signer: BundleSigner::Certificate(leaf.der().to_vec()),
            logged_at: Some(time),
        }),
        None => Err(unreadable("no log says when it was signed")),
    }
}

fn by_key(
    prover: &Prover,
    bundle: &Bundle,
    envelope: &DsseEnvelope,
    question: &Question<'_>,
) -> Result<Outcome, Unproven> {
    let entries = &bundle.verification_material.tlog_entries;
    if entries.is_empty() {
        let signer = question.keys.iter().find(|key| {
            spki(key)
                .and_then(|spki| VerificationKey::from_spki(&spki).ok())
                .is_some_and(|key| key.verify(envelope.pae(), &envelope.signature.sig).is_ok())
        });
        return match signer {
            Some(key) => Ok(Outcome::Proven {
                signer: BundleSigner::Key((*key).clone()),
                logged_at: None,
            }),
            None => Err(unreadable("signed by a key that is not known here")),
        };
    }
    // The key that the entry names is the only one that the entry can be of.
    let (claimed, spelled) = entries
        .first()
        .and_then(logged_key)
        .ok_or_else(|| unreadable("its log entry names no key that can be read here"))?;
    let spki = spki(&claimed)
        .filter(|spki| spki.as_bytes() == spelled)
        .ok_or_else(|| unreadable("its log entry has its key in an unusual encoding"))?;
    let verifier = prover.verifier().ok_or_else(no_trust_root)?;
    let result = verifier
        .verify(
            hash(question.digest)?,
            bundle,
            &PublicKeyVerificationPolicy::new(spki),
        )
        .map_err(|error| {
            let usual = matches!(claimed.kind(), KeyKind::EcdsaP256 | KeyKind::Ed25519);
            refused(prover, entries, &Verdict::of(&error), usual)
        })?;
    if !result.tlog_verified() || !entries.iter().any(is_proven_by_the_log) {
        return Err(unreadable("no log entry is proven"));
    }
    let times = result.verified_timestamps().iter();
    Ok(Outcome::Proven {
        signer: BundleSigner::Key(claimed),
        logged_at: result
            .integrated_time()
            .or_else(|| times.copied().min())
            .map(|time| time.as_second()),
    })
}

/// Whether there is something by the log itself; that it holds, the library has checked.
fn is_proven_by_the_log(entry: &TransparencyLogEntry) -> bool {
    entry.inclusion_proof.is_some() || entry.inclusion_promise.is_some()
}

fn refused(
    prover: &Prover,
    entries: &[TransparencyLogEntry],
    verdict: &Verdict,
    usual_key: bool,
) -> Unproven {
    if *verdict == Verdict::WrongSignature && !usual_key {
        return unreadable("not every signature by a key of its kind is verified here");
    }
    let known = entries
        .iter()
        .all(|entry| prover.knows_log(entry.log_id.key_id.as_bytes()));
    verdict.for_bundle(known)
}

fn no_trust_root() -> Unproven {
    unreadable("there is no trust root to hold it against")
}

fn hash(digest: &Digest) -> Result<Sha256Hash, Unproven> {
    Sha256Hash::from_hex(digest.hex()).map_err(|_| unreadable("its digest cannot be read"))
}

fn spki(key: &PublicKey) -> Option<DerPublicKey> {
    DerPublicKey::from_pem(&key.pem()).ok()
}

/// The key in an entry's body, and as it is encoded there: `dsse` 0.0.1, `intoto` 0.0.2, `hashedrekord` 0.0.1 and
/// 0.0.2.
fn logged_key(entry: &TransparencyLogEntry) -> Option<(PublicKey, Vec<u8>)> {
    let body: Value = serde_json::from_slice(entry.canonicalized_body.as_bytes()).ok()?;
    let text = |pointer| body.pointer(pointer).and_then(Value::as_str);
    if let Some(raw) = text("/spec/hashedRekordV002/signature/verifier/publicKey/rawBytes") {
        let der = STANDARD.decode(raw).ok()?;
        return Some((PublicKey::from_der(&der).ok()?, der));
    }
    let pem = text("/spec/signatures/0/verifier")
        .or_else(|| text("/spec/signature/publicKey/content"))
        .or_else(|| text("/spec/content/envelope/signatures/0/publicKey"))?;
    let pem = String::from_utf8(STANDARD.decode(pem).ok()?).ok()?;
    let key = PublicKey::from_pem(&pem).ok()?;
    Some((key, DerPublicKey::from_pem(&pem).ok()?.into_bytes()))
}

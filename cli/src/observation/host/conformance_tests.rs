//! Reading bundles, held against what others' fixtures say of themselves, where those are there.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use continuity_registry::{Listing, TrustSource};
use signature_continuity::bundles::Referred;
use signature_continuity::certificate::Leaf;
use signature_continuity::digest::Digest;
use signature_continuity::public_key::PublicKey;
use sigstore_types::{Bundle, SignatureContent};

use super::bundle::{self, Outcome, Question};
use super::layer::SignedLayer;
use super::prover::Prover;
use super::referred::{Candidates, ReferredManifest};

/// What fails there for a reason that is none here: logs of certificates are not asked (the module's host does not
/// either).
const NOT_ASKED: &[&str] = &["invalid-ct-key_fail"];

fn fixtures() -> PathBuf {
    Path::new(env!("RECORDINGS")).join("turn-2")
}

fn prover(trusted_root: &[u8]) -> Option<Prover> {
    let source = TrustSource::parse(trusted_root).ok()?;
    Some(Prover::new(&source.material().unwrap()))
}

fn issued(_: &Leaf) -> bool {
    // The trust root's authorities are the library's business; those of settings are tested elsewhere.
    true
}

#[test]
#[cfg_attr(not(recordings), ignore = "needs the recordings beside the project")]
fn bundles_prove_what_their_names_say() {
    let folder = fixtures();
    let public_good = std::fs::read(folder.join("root-signing/targets/trusted_root.json")).unwrap();
    let cases = folder.join("sigstore-conformance/test/assets/bundle-verify");
    let common = std::fs::read(cases.join("a.txt")).unwrap();
    let (mut proven, mut refused, mut differing) = (0, 0, BTreeSet::new());
    for case in std::fs::read_dir(&cases).unwrap() {
        let case = case.unwrap().path();
        let Ok(bytes) = std::fs::read(case.join("bundle.sigstore.json")) else {
            continue;
        };
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let root = std::fs::read(case.join("trusted_root.json"));
        let artifact = std::fs::read(case.join("artifact")).unwrap_or_else(|_| common.clone());
        let key = std::fs::read_to_string(case.join("key.pub")).ok();
        let key = key.and_then(|pem| PublicKey::from_pem(&pem).ok());
        let digest = Digest::of(&artifact);
        let question = Question {
            digest: &digest,
            keys: &key.iter().collect::<Vec<_>>(),
            issued: &issued,
        };
        let is_proven = prover(root.as_ref().unwrap_or(&public_good)).is_some_and(|prover| {
            // None of them states what cosign does.
            let judged = bundle::judge(&prover, &bytes, false, &question);
            assert!(!matches!(judged, Outcome::Proven { .. }), "{name}");
            proves(&prover, &bytes, &question)
        });
        let is_envelope = String::from_utf8_lossy(&bytes).contains("\"dsseEnvelope\"");
        match (is_proven, name.ends_with("_fail")) {
            (true, true) if !NOT_ASKED.contains(&name.as_str()) => {
                differing.insert(name);
            }
            (false, false) if is_envelope => {
                differing.insert(name);
            }
            (true, _) => proven += 1,
            (false, _) => refused += 1,
        }
    }
    assert!(differing.is_empty(), "{differing:?}");
    assert!(
        proven >= 3 && refused >= 40,
        "{proven} proven, {refused} not"
    );
}

/// Whether the envelope is proven, whatever it states.
fn proves(prover: &Prover, bytes: &[u8], question: &Question<'_>) -> bool {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let Ok(bundle) = Bundle::from_json(text) else {
        return false;
    };
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
        return false;
    };
    let outcome = bundle::prove(prover, &bundle, envelope, question);
    matches!(outcome, Ok(Outcome::Proven { .. }))
}

#[test]
#[cfg_attr(not(recordings), ignore = "needs the recordings beside the project")]
fn no_bundle_of_others_is_a_signature_of_an_image() {
    let folder = fixtures();
    let public_good = std::fs::read(folder.join("root-signing/targets/trusted_root.json")).unwrap();
    let prover = prover(&public_good).unwrap();
    let digest = Digest::of(b"");
    let question = Question {
        digest: &digest,
        keys: &[],
        issued: &issued,
    };
    let (mut attestations, mut others) = (0, 0);
    for path in files(
        &folder,
        &[
            "sigstore-go",
            "sigstore-js",
            "sigstore-python",
            "sigstore-rust",
        ],
    ) {
        let bytes = std::fs::read(&path).unwrap();
        for labelled in [false, true] {
            match bundle::judge(&prover, &bytes, labelled, &question) {
                Outcome::Proven { .. } => panic!("{}", path.display()),
                Outcome::Attestation if labelled => panic!("{}", path.display()),
                Outcome::Attestation => attestations += 1,
                Outcome::Unproven(_) => others += 1,
            }
        }
    }
    assert!(
        attestations >= 10 && others >= 60,
        "{attestations}, {others}"
    );
}

#[test]
#[cfg_attr(not(recordings), ignore = "needs the recordings beside the project")]
fn cosign_2s_form_of_referrers_is_told_from_others() {
    let folder = fixtures();
    let made = folder.join("made/oci11-signature");
    for name in ["referrer-manifest-old.json", "referrer-manifest-new.json"] {
        let json = std::fs::read(made.join(name)).unwrap();
        assert_eq!(
            ReferredManifest::parse(&json).kind,
            Referred::Layers,
            "{name}"
        );
        assert_eq!(SignedLayer::all(&json).unwrap().len(), 1, "{name}");
    }
    for (name, kind) in [
        ("referrers-index.json", Referred::Layers),
        ("referrers-index-untyped.json", Referred::Unsaid),
    ] {
        let listing = Listing::from_index(&std::fs::read(made.join(name)).unwrap());
        let candidates = Candidates::of(&[listing]);
        assert!(
            matches!(candidates.manifests[..], [(_, own)] if own == kind),
            "{name}"
        );
    }
}

fn files(folder: &Path, below: &[&str]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = below.iter().map(|name| folder.join(name)).collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.metadata().unwrap().len() < 1 << 20 {
                files.push(path);
            }
        }
    }
    files
}

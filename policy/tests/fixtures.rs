//! Signature data that other people made, held against what is known about it.
//!
//! The data is not part of the project: where the folder is missing, the tests are ignored.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use signature_continuity::bundles::{Referred, Referrers, referred_manifest};
use signature_continuity::claims::{Claims, ClaimsError, Layer};
use signature_continuity::digest::Digest;
use signature_continuity::log_entry::{EntryBody, Verifier};
use signature_continuity::proof::default_payload;
use std::path::{Path, PathBuf};

/// One line of the index.
struct Fixture {
    path: PathBuf,
    kind: String,
    facts: String,
}

fn fixtures() -> Vec<Fixture> {
    let folder = Path::new(env!("RECORDINGS"));
    let index = std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
    let fixture = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        Fixture {
            path: folder.join(fields[0]),
            kind: fields[1].to_owned(),
            facts: fields[4].to_owned(),
        }
    };
    let fixtures: Vec<Fixture> = index.lines().skip(1).map(fixture).collect();
    assert!(!fixtures.is_empty(), "the index is empty");
    fixtures
}

impl Fixture {
    fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.path).unwrap()
    }

    fn is_cosign_2(&self) -> bool {
        self.kind.starts_with("cosign-v2")
    }

    fn says(&self, verdict: &str) -> bool {
        self.facts.starts_with(&format!("verdict={verdict}"))
    }

    /// What is known of each layer.
    fn layers(&self) -> Vec<&str> {
        let Some(count) = between(&self.facts, "cosign manifest layers=", &[' ', ':']) else {
            return Vec::new();
        };
        let count: usize = count.parse().unwrap();
        let start = |n: usize| {
            self.facts
                .find(&format!(" L{n} vnd."))
                .unwrap_or(self.facts.len())
        };
        (0..count)
            .map(|n| &self.facts[start(n)..start(n + 1)])
            .collect()
    }
}

fn between<'a>(text: &'a str, start: &str, end: &[char]) -> Option<&'a str> {
    text.split_once(start)?.1.split(end).next()
}

fn hold_against(layer: &Layer, facts: &str, path: &Path) {
    let at = path.display();
    let Some(issuer) = between(facts, "cert{issuer=", &[';']) else {
        assert_eq!(layer.certificate, None, "{at}");
        if facts.contains("bundle annotation not JSON") {
            assert!(matches!(layer.entry, Some(Err(_))), "{at}");
        } else {
            assert_eq!(layer.entry, None, "{at}");
        }
        return;
    };
    let leaf = layer.leaf().unwrap();
    assert_eq!(leaf.issuer(), issuer, "{at}");
    let san = between(facts, "san=", &[';']).unwrap();
    let san = san
        .strip_prefix("email:")
        .or(san.strip_prefix("URI:"))
        .unwrap();
    assert_eq!(leaf.san(), san, "{at}");
    let seconds = |text: &str| {
        chrono::DateTime::parse_from_rfc3339(text)
            .unwrap()
            .timestamp()
    };
    let (from, to) = between(facts, "validity=", &[';', '}'])
        .unwrap()
        .split_once("..")
        .unwrap();
    assert_eq!(leaf.not_before().timestamp(), seconds(from), "{at}");
    assert!(
        leaf.valid_at(seconds(from)) && leaf.valid_at(seconds(to)),
        "{at}"
    );
    assert!(
        !leaf.valid_at(seconds(from) - 1) && !leaf.valid_at(seconds(to) + 1),
        "{at}"
    );
    let entry = layer.entry.as_ref().unwrap().as_ref().unwrap();
    assert_eq!(
        entry.integrated_time,
        seconds(between(facts, " t=", &[' ']).unwrap()),
        "{at}"
    );
    assert!(leaf.valid_at(entry.integrated_time), "{at}");
    let kind = between(facts, "rekor=", &[' ']).unwrap().replace('/', " ");
    match &entry.body {
        EntryBody::Other(other) => assert_eq!(*other, kind, "{at}"),
        EntryBody::HashedRekord { .. } => {
            assert_eq!(kind, "hashedrekord 0.0.1", "{at}");
            let (own, verifier) = layer.own_entry().unwrap();
            assert_eq!(own, entry, "{at}");
            assert_eq!(
                verifier,
                &Verifier::Certificate(leaf.der().to_vec()),
                "{at}"
            );
        }
    }
}

#[test]
#[cfg_attr(not(recordings), ignore = "needs the recordings beside the project")]
fn reads_every_cosign_2_manifest_as_it_is() {
    let mut held = 0;
    for fixture in fixtures().iter().filter(|f| f.is_cosign_2()) {
        let known = fixture.layers();
        let at = fixture.path.display();
        match Claims::from_manifest(&fixture.bytes()) {
            Ok(claims) => {
                assert_eq!(claims.layers().len(), known.len(), "{at}");
                for (layer, facts) in claims.layers().iter().zip(known) {
                    assert!(
                        facts.contains("vnd.dev.cosign.simplesigning.v1+json"),
                        "{at}"
                    );
                    assert!(
                        layer.signature.is_ok() || fixture.says("UNDETERMINED"),
                        "{at}"
                    );
                    hold_against(layer, facts, &fixture.path);
                    held += 1;
                }
            }
            Err(ClaimsError::ForeignLayer(n)) => {
                // An attestation's layers, or an image's.
                let foreign = known
                    .get(n)
                    .is_none_or(|facts| !facts.contains("simplesigning"));
                assert!(foreign, "{at}");
            }
            // Examples of documentation have their digests cut.
            Err(ClaimsError::LayerDigest(_)) => assert!(fixture.says("UNDETERMINED"), "{at}"),
            Err(ClaimsError::NotAManifest) => assert!(fixture.facts.is_empty(), "{at}"),
            Err(error) => panic!("{at}: {error}"),
        }
    }
    assert!(held == 0 || held >= 18, "only {held} layers");
}

#[test]
#[cfg_attr(not(recordings), ignore = "needs the recordings beside the project")]
fn each_valid_keyless_signature_has_its_own_entry() {
    let fixtures = fixtures();
    let mut own = 0;
    for fixture in fixtures
        .iter()
        .filter(|f| f.is_cosign_2() && f.says("VALID"))
    {
        let Ok(claims) = Claims::from_manifest(&fixture.bytes()) else {
            assert!(fixture.facts.contains("dsse"), "{}", fixture.path.display());
            continue;
        };
        for layer in claims
            .layers()
            .iter()
            .filter(|layer| layer.certificate.is_some())
        {
            assert!(layer.own_entry().is_some(), "{}", fixture.path.display());
            own += 1;
        }
    }
    assert!(fixtures.is_empty() || own >= 8, "only {own}");
}

#[test]
#[cfg_attr(not(recordings), ignore = "needs the recordings beside the project")]
fn parts_of_different_signatures_are_told_apart() {
    let claims: Vec<Claims> = fixtures()
        .iter()
        .filter(|f| f.is_cosign_2() && f.says("VALID"))
        .filter_map(|f| Claims::from_manifest(&f.bytes()).ok())
        .collect();
    let layers: Vec<&Layer> = claims
        .iter()
        .flat_map(Claims::layers)
        .filter(|l| l.own_entry().is_some())
        .collect();
    for one in &layers {
        for other in layers.iter().filter(|other| other.entry != one.entry) {
            let mixed = Layer {
                entry: other.entry.clone(),
                ..(*one).clone()
            };
            assert_eq!(mixed.own_entry(), None);
            let mixed = Layer {
                signature: other.signature.clone(),
                ..(*one).clone()
            };
            assert_eq!(mixed.own_entry(), None);
        }
    }
}

#[test]
#[cfg_attr(not(recordings), ignore = "needs the recordings beside the project")]
fn cosign_s_default_payload_is_the_one_that_it_signs() {
    let fixtures = fixtures();
    let mut checked = 0;
    for fixture in &fixtures {
        let name = fixture.path.file_name().unwrap().to_str().unwrap();
        let Some(hex) = name
            .strip_prefix("sha256-")
            .and_then(|n| n.strip_suffix(".sig.json"))
        else {
            continue;
        };
        let image: Digest = format!("sha256:{hex}").parse().unwrap();
        let repository = between(&fixture.facts, " ref=", &[' ']).unwrap();
        let payload = Digest::of(default_payload(repository, &image).as_bytes());
        let claims = Claims::from_manifest(&fixture.bytes()).unwrap();
        for layer in claims.layers() {
            assert_eq!(layer.digest, payload, "{name}");
            checked += 1;
        }
    }
    assert!(fixtures.is_empty() || checked == 4, "{checked}");
}

#[test]
#[cfg_attr(not(recordings), ignore = "needs the recordings beside the project")]
fn tells_what_refers_to_an_image() {
    for fixture in fixtures() {
        let at = fixture.path.display().to_string();
        match fixture.kind.as_str() {
            "referrers-index" => {
                let referrers = Referrers::from_index(&fixture.bytes()).unwrap();
                let text = String::from_utf8(fixture.bytes()).unwrap();
                assert_eq!(
                    referrers.signature,
                    text.contains("message-signature"),
                    "{at}"
                );
                // The digests of examples are cut: what cannot be asked is not forgotten.
                assert!(referrers.signature || referrers.more, "{at}");
            }
            "bundle-referrer-manifest" => {
                let text = String::from_utf8(fixture.bytes()).unwrap();
                let expected = if text.contains("https://slsa.dev/provenance") {
                    Referred::Attestation
                } else {
                    Referred::Signature
                };
                assert_eq!(referred_manifest(&fixture.bytes()), expected, "{at}");
            }
            _ => {}
        }
    }
}

/// A file of the second collection.
fn made(path: &str) -> Vec<u8> {
    let folder = Path::new(env!("RECORDINGS")).join("turn-2/made");
    std::fs::read(folder.join(path)).unwrap()
}

#[test]
#[cfg_attr(not(recordings), ignore = "needs the recordings beside the project")]
fn reads_signatures_as_they_pile_up_and_as_registries_wrap_them() {
    for (path, count) in [
        ("33-layers/sig-manifest.json", 33),
        ("line-break-in-signature/sig-manifest.json", 1),
    ] {
        let manifest = made(path);
        let claims = Claims::from_manifest(&manifest).unwrap();
        assert_eq!(claims.layers().len(), count, "{path}");
        for layer in claims.layers() {
            let (_, verifier) = layer.own_entry().unwrap();
            let leaf = layer.leaf().unwrap();
            assert_eq!(verifier, &Verifier::Certificate(leaf.der().to_vec()));
            // The guest's own check, on data of the public-good instance.
            let signature = layer.signature.as_ref().unwrap();
            let made = leaf.key().unwrap().made(signature, &layer.digest);
            assert_eq!(made, Some(true), "{path}");
        }
    }
}

#[test]
#[cfg_attr(not(recordings), ignore = "needs the recordings beside the project")]
fn tells_signatures_in_other_forms_from_attestations() {
    let index = |path: &str| Referrers::from_index(&made(path)).unwrap();
    let told = |path: &str| referred_manifest(&made(path));
    assert!(index("oci11-signature/referrers-index.json").signature);
    for (path, unsaid) in [
        ("oci11-signature/referrers-index-untyped.json", 1),
        ("cosign3-bundle/fallback-index-ghcr.json", 1),
        ("five-attestations/fallback-index.json", 5),
    ] {
        let referrers = index(path);
        assert_eq!(referrers.unsaid.len(), unsaid, "{path}");
        assert!(
            !referrers.signature && !referrers.more && !referrers.unreadable,
            "{path}"
        );
    }
    for path in [
        "oci11-signature/referrer-manifest-old.json",
        "oci11-signature/referrer-manifest-new.json",
        "cosign3-bundle/referrer-manifest.json",
    ] {
        assert_eq!(told(path), Referred::Signature, "{path}");
    }
    for at in 0..5 {
        let path = format!("five-attestations/att-{at}.json");
        assert_eq!(told(&path), Referred::Attestation, "{path}");
    }
}

//! Every forgery, held against the library that the policy's hosts use: what it lets through is what
//! the policy has to see by itself.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "tests"
)]

mod verifier;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use continuity_testkit::{
    Forgery, Identity, PrivateSigstore, Registry, Scene, Victim,
    sigstore::{CERTIFICATE, SignatureManifest, dearmor, digest_of},
};
use verifier::{Verifier, proven_by_certificate, proven_by_key};

const REPOSITORY: &str = "acme/api";

fn noon() -> DateTime<Utc> {
    "2026-01-05T12:00:00Z".parse().unwrap()
}

struct Stage {
    sigstore: PrivateSigstore,
    registry: Registry,
    victim: Victim,
    digest: String,
}

fn stage() -> Stage {
    let (sigstore, registry) = (PrivateSigstore::new().unwrap(), Registry::start().unwrap());
    let identity = Identity::github("acme/api", "release.yml", "refs/tags/v1.2.3");
    let releases = [
        registry.push_image(REPOSITORY, "v1", "one").unwrap(),
        registry.push_image(REPOSITORY, "v2", "two").unwrap(),
    ];
    let name = registry.name(REPOSITORY);
    let victim = Victim::new(
        &sigstore,
        &name,
        &identity,
        &[&releases[0], &releases[1]],
        noon(),
    )
    .unwrap();
    let digest = registry
        .push_image(REPOSITORY, "v3", "the attacker's")
        .unwrap();
    Stage {
        sigstore,
        registry,
        victim,
        digest,
    }
}

impl Stage {
    fn scene(&self) -> Scene<'_> {
        Scene {
            sigstore: &self.sigstore,
            victim: &self.victim,
            digest: &self.digest,
            at: noon() + TimeDelta::days(30),
        }
    }

    /// Whether the library takes the image for the victim's, asked with the victim's own certificate,
    /// with the text of the forged annotation, and with the victim's key.
    async fn fools(&self, verifier: &mut Verifier, forgery: Forgery) -> [bool; 3] {
        let forged = forgery.layers(&self.scene()).unwrap();
        self.registry
            .push_signature(REPOSITORY, &self.digest, &forged)
            .unwrap();
        let usable = verifier
            .layers(&self.registry, REPOSITORY, &self.digest)
            .await
            .unwrap_or_default();
        let claimed = forged[0].annotations.value(CERTIFICATE).map(str::to_owned);
        [
            proven_by_certificate(&usable, &self.victim.certificate().unwrap()),
            claimed.is_some_and(|claimed| proven_by_certificate(&usable, &claimed)),
            proven_by_key(&usable, &self.victim.key.public_key_pem()),
        ]
    }
}

#[tokio::test]
async fn library_takes_the_victims_releases() {
    let stage = stage();
    let mut verifier = Verifier::new(&stage.sigstore);
    let first = &stage.victim.digests[0];
    for (signature, expected) in [
        (&stage.victim.releases[0], [true, false]),
        (&stage.victim.keyed[0], [false, true]),
    ] {
        stage
            .registry
            .push_signature(REPOSITORY, first, &[signature.layer().unwrap()])
            .unwrap();
        let usable = verifier
            .layers(&stage.registry, REPOSITORY, first)
            .await
            .unwrap();
        let certificate = stage.victim.certificate().unwrap();
        let key = stage.victim.key.public_key_pem();
        assert_eq!(
            [
                proven_by_certificate(&usable, &certificate),
                proven_by_key(&usable, &key)
            ],
            expected
        );
    }
}

#[tokio::test]
async fn library_is_fooled_by_these_and_no_others() {
    let stage = stage();
    let mut verifier = Verifier::new(&stage.sigstore);
    for forgery in Forgery::all() {
        let expected = match forgery {
            // Its certificate form neither checks the chain nor reads the entry's body.
            Forgery::StolenKeyCopiedEntry
            | Forgery::StolenKeyForeignEntry
            | Forgery::StolenKeyBesideVictim => [true, true, false],
            // The annotation of the first layer is the victim's own, of another layer.
            Forgery::StolenKeyBetweenVictims => [true, true, false],
            // The chain is somebody else's question, and so is which block of a text is meant.
            Forgery::SelfMadeCertificate
            | Forgery::OtherAuthority
            | Forgery::TwoBlocks
            | Forgery::OwnCertificateFirst => [false, true, false],
            _ => [false, false, false],
        };
        assert_eq!(
            stage.fools(&mut verifier, *forgery).await,
            expected,
            "{}",
            forgery.name()
        );
    }
}

#[test]
fn forgeries_claim_the_victim_and_nothing_of_the_victims_is_changed() {
    let stage = stage();
    for forgery in Forgery::all() {
        let layers = forgery.layers(&stage.scene()).unwrap();
        let text = String::from_utf8(SignatureManifest::new(&layers).bytes).unwrap();
        let is_whole = layers
            .iter()
            .all(|layer| !layer.withhold_blob && layer.declared_digest.is_none());
        assert!(is_whole, "{}", forgery.name());
        let certificates: Vec<Vec<u8>> = layers
            .iter()
            .filter_map(|layer| layer.annotations.value(CERTIFICATE))
            .map(|text| dearmor(text).unwrap())
            .collect();
        assert_eq!(
            certificates.is_empty(),
            forgery.is_key_based(),
            "{}",
            forgery.name()
        );
        let identity = stage.victim.identity.subject().unwrap().as_bytes();
        for certificate in certificates {
            assert!(
                certificate
                    .windows(identity.len())
                    .any(|window| window == identity),
                "{}",
                forgery.name()
            );
        }
        let names_own_digest = layers.iter().any(|layer| {
            layer
                .payload
                .windows(stage.digest.len())
                .any(|window| window == stage.digest.as_bytes())
        });
        let is_copied = matches!(forgery, Forgery::CopiedLayer | Forgery::KeyCopiedLayer);
        assert_eq!(names_own_digest, !is_copied, "{}", forgery.name());
        assert!(
            text.len() < 64 << 10,
            "{}: within every bound",
            forgery.name()
        );
    }
}

#[test]
fn names_and_stories_are_told_apart() {
    let names: BTreeSet<&str> = Forgery::all()
        .iter()
        .map(|forgery| forgery.name())
        .collect();
    let stories: BTreeSet<&str> = Forgery::all()
        .iter()
        .map(|forgery| forgery.story())
        .collect();
    assert_eq!(
        (names.len(), stories.len()),
        (Forgery::all().len(), Forgery::all().len())
    );
    let variants: std::collections::HashSet<_> = Forgery::all().iter().collect();
    assert_eq!(variants.len(), Forgery::all().len());
}

#[test]
fn rejects_a_victim_with_too_few_releases() {
    let sigstore = PrivateSigstore::new().unwrap();
    let digest = digest_of(b"only one");
    let victim = Victim::new(
        &sigstore,
        "r",
        &Identity::google("a@b.example"),
        &[&digest],
        noon(),
    )
    .unwrap();
    let scene = Scene {
        sigstore: &sigstore,
        victim: &victim,
        digest: &digest,
        at: noon(),
    };
    assert!(Forgery::EntryOfOtherRelease.layers(&scene).is_err());
    assert!(Forgery::CopiedParts.layers(&scene).is_ok());
}

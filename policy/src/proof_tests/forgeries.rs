//! Every forgery of the test kit, against a host with the weaknesses of real ones.

use super::*;
use crate::testing::now;
use continuity_testkit::{Forgery, Scene, Victim};
use std::sync::LazyLock;

static VICTIM: LazyLock<Victim> = LazyLock::new(|| {
    let releases = [digest("one"), digest("two")];
    Victim::new(
        sigstore(),
        REPOSITORY,
        &release("v1"),
        &[releases[0].as_str(), releases[1].as_str()],
        now() - TimeDelta::days(20),
    )
    .unwrap()
});

/// Those in which the guest alone finds nothing wrong: the host does not confirm them, and that is all that is known.
const FOR_THE_HOST_TO_REFUSE: [&str; 3] =
    ["copied-layer", "stolen-key-edited-time", "key-copied-layer"];

fn forged(forgery: Forgery) -> Vec<SignatureLayer> {
    let digest = digest("the image");
    let scene = Scene {
        sigstore: sigstore(),
        victim: &VICTIM,
        digest: digest.as_str(),
        at: signed_at(),
    };
    forgery.layers(&scene).unwrap()
}

fn known() -> [Signer; 2] {
    [signer_of(&release("v1")), key_signer(&VICTIM.key)]
}

#[test]
fn the_victims_own_releases_are_proven() {
    for (at, signature) in [&VICTIM.releases[0], &VICTIM.keyed[0]]
        .into_iter()
        .enumerate()
    {
        let stage =
            Stage::new(&known(), &[layer(&good())]).with_digest(digest("one"), &[layer(signature)]);
        assert_eq!(signers(&stage.prove()), [&known()[at]]);
    }
}

#[test]
fn no_forgery_proves_the_victim() {
    for forgery in Forgery::all() {
        for known in [known().to_vec(), Vec::new()] {
            let stage = Stage::new(&known, &forged(*forgery));
            let findings = stage.prove();
            let name = forgery.name();
            let victims = signers(&findings)
                .into_iter()
                .filter(|signer| self::known().contains(signer))
                .count();
            assert_eq!(victims, 0, "{name}");
            let posture = posture(&findings);
            if FOR_THE_HOST_TO_REFUSE.contains(&name) {
                assert_eq!(posture, Posture::Unknown, "{name}: {findings:?}");
                assert!(findings.problems.contains(&Problem::NotConfirmed), "{name}");
            } else {
                assert!(
                    matches!(posture, Posture::Invalid | Posture::Unverifiable),
                    "{name}: {findings:?}"
                );
            }
        }
    }
}

#[test]
fn no_forgery_proves_the_victim_beside_the_attackers_own_signature() {
    let stranger = google("mallory@evil.example");
    for forgery in Forgery::all() {
        let own = layer(&keyless(&stranger, &digest("the image")));
        for own_first in [true, false] {
            let mut layers = forged(*forgery);
            layers.insert(if own_first { 0 } else { layers.len() }, own.clone());
            let findings = Stage::new(&known(), &layers).prove();
            let expected: &[&Signer] = &[&signer_of(&stranger)];
            let name = forgery.name();
            if FOR_THE_HOST_TO_REFUSE.contains(&name) {
                // What is said of the victim is not confirmed, and no stranger makes up for that.
                let unconfirmed = Interruption::Unconfirmed(Cause::Answer);
                assert_eq!(findings.interrupted, Some(unconfirmed), "{name}");
                assert!(findings.proven.is_empty(), "{name}: {findings:?}");
                continue;
            }
            assert!(
                signers(&findings) == expected || posture(&findings) == Posture::Invalid,
                "{name}: {findings:?}"
            );
            assert_eq!(findings.interrupted, None, "{name}");
        }
    }
}

#[test]
fn the_host_alone_would_be_fooled() {
    // What makes the tests above mean something: for these the host's own answers are both yes.
    let fooled: Vec<&str> = Forgery::all()
        .iter()
        .filter(|forgery| {
            let stage = Stage::new(&[], &forged(**forgery));
            let pem = VICTIM.certificate().unwrap();
            let chain = stage.settings.certificate_chains();
            let leaf = VICTIM.releases[0].leaf.as_ref().unwrap();
            use crate::host::Host as _;
            stage
                .host
                .verify_certificate(REPOSITORY, &stage.digest, &pem)
                .is_ok()
                && stage
                    .host
                    .issued_by(&pem, chain[0].certificates(), leaf.not_before)
                    == Ok(true)
        })
        .map(|forgery| forgery.name())
        .collect();
    assert_eq!(
        fooled,
        [
            "stolen-key-copied-entry",
            "stolen-key-foreign-entry",
            "stolen-key-beside-victim",
            "stolen-key-between-victims"
        ]
    );
}

#[test]
fn a_text_of_several_blocks_would_fool_the_host_too() {
    let layers = forged(Forgery::TwoBlocks);
    let stage = Stage::new(&known(), &layers);
    let text = layers[0].annotations.value(CERTIFICATE).unwrap().to_owned();
    use crate::host::Host as _;
    let leaf = VICTIM.releases[0].leaf.as_ref().unwrap();
    let chains = stage.settings.certificate_chains();
    let answers = (
        stage
            .host
            .verify_certificate(REPOSITORY, &stage.digest, &text),
        stage
            .host
            .issued_by(&text, chains[0].certificates(), leaf.not_before),
    );
    assert_eq!(answers, (Ok(()), Ok(true)));
    assert_eq!(posture(&stage.prove()), Posture::Unverifiable);
}

#[test]
fn the_sig_swapped_before_the_verification_proves_nothing() {
    // What is read is the victim's layer of another digest, in order in itself; what the host then pulls is forged.
    for forgery in Forgery::all() {
        let name = forgery.name();
        if name.starts_with("stolen-key") {
            // Whoever has the leaf's key and is that quick is beyond what the host's answers can tell.
            continue;
        }
        let stage = Stage::new(
            &known(),
            &[layer(&VICTIM.releases[0]), layer(&VICTIM.keyed[0])],
        );
        let layers = forged(*forgery);
        stage.host.before_call(1, move |host| {
            host.sign(REPOSITORY, &digest("the image"), &layers)
        });
        let findings = stage.prove();
        assert_eq!(posture(&findings), Posture::Unknown, "{name}: {findings:?}");
        assert!(findings.problems.contains(&Problem::NotConfirmed), "{name}");
    }
}

impl Stage {
    fn with_digest(self, digest: Digest, layers: &[SignatureLayer]) -> Self {
        self.host.sign(REPOSITORY, &digest, layers);
        let claims = Claims::from_manifest(&manifest_of(layers)).unwrap();
        Self {
            digest,
            claims,
            ..self
        }
    }
}

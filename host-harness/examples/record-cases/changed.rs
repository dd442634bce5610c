//! Images that changed: unsigned, signed by somebody else, or not by whom a pin wants.

use chrono::TimeDelta;
use continuity_testkit::sigstore::KeyKind;
use continuity_testkit::{Absence, Fault, FaultRule, Identity};
use serde_json::{Value, json};
use signature_continuity::baseline::Retired;

use crate::continuous::{except, pin, reusable};
use crate::expected::{Expected, SIGNER, UNSIGNED};
use crate::studio::{INDEX, MANIFEST, Scene, Studio, called, key_signer, release, signer_of};

pub fn record(studio: &mut Studio) -> anyhow::Result<()> {
    unsigned(studio)?;
    signer(studio)?;
    pinned(studio)
}

fn unsigned(studio: &mut Studio) -> anyhow::Result<()> {
    for (name, enforced, cold, code) in [
        ("unsigned-enforced", true, false, Some(403)),
        ("unsigned-audit", false, false, None),
        ("unsigned-cold", true, true, None),
    ] {
        let mut scene = studio.scene(name)?;
        let mut baseline = scene.baseline(&[signer_of(&release())])?;
        if cold {
            baseline.established = Some(scene.now() + TimeDelta::hours(1));
        }
        scene.keep(&baseline)?;
        if !enforced {
            scene.set("enforce", json!([]));
        }
        scene.push("v1")?;
        scene.run_tag("v1");
        scene.take(&Expected { code, ..UNSIGNED })?;
    }

    for (absence, name) in [
        (Absence::Ecr, "unsigned-ecr"),
        (Absence::Jfrog, "unsigned-jfrog"),
        (Absence::Harbor, "unsigned-harbor"),
        (Absence::Acr, "unsigned-acr"),
        (Absence::Google, "unsigned-google"),
        (Absence::NoBody, "unsigned-no-body"),
    ] {
        let mut scene = studio.scene(name)?;
        scene.known()?;
        scene.push("v1")?;
        scene.fault(FaultRule::new(
            &scene.path,
            "sha256-*",
            Fault::Absent(absence),
        ));
        scene.run_tag("v1");
        scene.take(&UNSIGNED)?;
    }

    let mut scene = studio.scene("unsigned-attestation-only")?;
    scene.known()?;
    let digest = scene.push("v1")?;
    let descriptor = json!({
        "mediaType": MANIFEST, "digest": digest, "size": 2,
        "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "annotations": {"dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1"},
    });
    fallback(
        &scene,
        &digest,
        &json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor]}),
    )?;
    scene.run_tag("v1");
    scene.take(&UNSIGNED)?;

    let mut scene = studio.scene("unsigned-exception-expired")?;
    scene.known()?;
    scene.push("v1")?;
    except(&mut scene, "unsigned", "2020-01-31");
    scene.run_tag("v1");
    scene.take(&UNSIGNED)
}

fn fallback(scene: &Scene<'_>, digest: &str, index: &Value) -> anyhow::Result<()> {
    let tag = digest.replace(':', "-");
    scene
        .studio
        .registry
        .push_manifest(&scene.path, &tag, index.to_string().as_bytes(), INDEX)?;
    Ok(())
}

fn signer(studio: &mut Studio) -> anyhow::Result<()> {
    let stranger = || Identity::google("dev@acme.example");
    for (name, cold, code) in [
        ("signer-enforced", false, Some(403)),
        ("signer-cold", true, None),
    ] {
        let mut scene = studio.scene(name)?;
        let mut baseline = scene.baseline(&[signer_of(&release())])?;
        if cold {
            baseline.established = None;
        }
        scene.keep(&baseline)?;
        scene.signed("v1", &[stranger()])?;
        scene.run_tag("v1");
        scene.take(&Expected { code, ..SIGNER })?;
    }

    let mut scene = studio.scene("signer-retired")?;
    let mut baseline = scene.baseline(&[signer_of(&release()), signer_of(&stranger())])?;
    let at = scene.now() - TimeDelta::days(2);
    for record in baseline.signers.iter_mut().take(1) {
        record.retired = Some(Retired {
            at,
            by: "ada".to_owned(),
            reason: "leaked".to_owned(),
        });
    }
    scene.keep(&baseline)?;
    scene.signed("v1", &[release()])?;
    scene.run_tag("v1");
    scene.take(&SIGNER)?;

    let mut scene = studio.scene("signer-key-swap")?;
    let (old, new) = (scene.key(KeyKind::P256)?, scene.key(KeyKind::P256)?);
    scene.keep(&scene.baseline(&[key_signer(&old)?])?)?;
    let digest = scene.push("v1")?;
    scene.attach(&digest, &[scene.keyed(&new, true, &digest)?.layer()?])?;
    scene.run_tag("v1");
    scene.take(&SIGNER)?;

    let mut scene = studio.scene("signer-reusable-other-caller")?;
    scene.keep(&scene.baseline(&[called(&reusable(), "101", "7")])?)?;
    scene.signed("v1", &[reusable().with_extension(15, "666")])?;
    scene.run_tag("v1");
    scene.take(&SIGNER)?;

    let mut scene = studio.scene("signer-other-issuer")?;
    scene.known()?;
    let issuer = "https://token.actions.githubusercontent.com/evil";
    scene.signed(
        "v1",
        &[release()
            .with_extension(1, issuer)
            .with_extension(8, issuer)],
    )?;
    scene.run_tag("v1");
    scene.take(&SIGNER)?;

    let mut scene = studio.scene("signer-several-strangers")?;
    scene.known()?;
    scene.signed("v1", &[stranger(), Identity::google("ops@acme.example")])?;
    scene.run_tag("v1");
    scene.take(&SIGNER)?;

    let mut scene = studio.scene("signer-hostile-name")?;
    scene.known()?;
    scene.signed(
        "v1",
        &[Identity::google(&format!(
            "{}@evil.example",
            "a".repeat(900)
        ))],
    )?;
    scene.run_tag("v1");
    scene.take(&SIGNER)
}

fn pinned(studio: &mut Studio) -> anyhow::Result<()> {
    let stranger = Identity::google("dev@acme.example");
    for (name, signed, posture) in [
        ("pin-unsigned", None, "unsigned"),
        ("pin-signer", Some(stranger), "signed"),
    ] {
        let mut scene = studio.scene(name)?;
        scene.known()?;
        match signed {
            Some(identity) => scene.signed("v1", &[identity])?,
            None => scene.push("v1")?,
        };
        pin(&mut scene, &release());
        scene.run_tag("v1");
        scene.take(&Expected {
            drift: "pin",
            posture: &[posture],
            code: Some(403),
        })?;
    }

    // A known signer is not enough where another one is pinned.
    let mut scene = studio.scene("pin-known-signer")?;
    scene.known()?;
    scene.signed("v1", &[release()])?;
    pin(&mut scene, &Identity::google("dev@acme.example"));
    scene.run_tag("v1");
    scene.take(&Expected {
        drift: "pin",
        posture: &["signed"],
        code: Some(403),
    })
}

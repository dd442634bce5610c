//! Images with weaker evidence than their repository's: keys, other Sigstores, and bundles.

use chrono::TimeDelta;
use continuity_testkit::sigstore::{Bundle, KeyKind, SIGN_PREDICATE, Signature, TransparencyLog};
use continuity_testkit::{Identity, Signer as KitSigner};

use crate::expected::{ANSWER, DOWNGRADE, Expected};
use crate::studio::{Studio, key_signer, release, signer_of};

pub fn record(studio: &mut Studio) -> anyhow::Result<()> {
    for (name, known, drift, posture) in [
        ("downgrade-strange-key", false, "downgrade", "signed"),
        ("downgrade-known-key", true, "downgrade", "signed"),
    ] {
        let mut scene = studio.scene(name)?;
        let key = scene.key(KeyKind::P256)?;
        let mut baseline = scene.baseline(&[signer_of(&release())])?;
        if known {
            let mut record = scene.record(&key_signer(&key)?);
            record.alone = false;
            baseline.signers.push(record);
        }
        scene.keep(&baseline)?;
        let digest = scene.push("v1")?;
        scene.attach(&digest, &[scene.keyed(&key, true, &digest)?.layer()?])?;
        scene.run_tag("v1");
        scene.take(&Expected {
            drift,
            posture: &[posture],
            code: Some(403),
        })?;
    }

    // A stranger's identity beside the known key does not lift the rank.
    let mut scene = studio.scene("downgrade-key-beside-stranger")?;
    let key = scene.key(KeyKind::P256)?;
    let mut baseline = scene.baseline(&[signer_of(&release())])?;
    let mut record = scene.record(&key_signer(&key)?);
    record.alone = false;
    baseline.signers.push(record);
    scene.keep(&baseline)?;
    let digest = scene.push("v1")?;
    let stranger = scene.keyless(&Identity::google("dev@acme.example"), &digest)?;
    scene.attach(
        &digest,
        &[
            stranger.layer()?,
            scene.keyed(&key, true, &digest)?.layer()?,
        ],
    )?;
    scene.run_tag("v1");
    scene.take(&Expected {
        posture: &["signed"],
        ..DOWNGRADE
    })?;

    let mut scene = studio.scene("downgrade-other-sigstore")?;
    scene.known()?;
    let digest = scene.push("v1")?;
    let other = scene.other_sigstore()?;
    let at = scene.now() - TimeDelta::hours(1);
    let signature =
        KitSigner::keyless(&other, &release()).sign(&scene.repository(), &digest, at)?;
    scene.attach(&digest, &[signature.layer()?])?;
    scene.run_tag("v1");
    scene.take(&DOWNGRADE)?;

    // The host has the key of another log: that says nothing of the publisher.
    let mut scene = studio.scene("undetermined-other-log")?;
    scene.known()?;
    let digest = scene.push("v1")?;
    let honest = scene.keyless(&release(), &digest)?;
    let log = TransparencyLog::with_keys(scene.studio.sigstore.keys())?;
    let leaf = honest
        .leaf
        .as_ref()
        .ok_or_else(|| anyhow::anyhow!("no leaf"))?;
    let signature = Signature::by_leaf(leaf, &honest.payload, Some(&log), honest.at)?;
    scene.attach(&digest, &[signature.layer()?])?;
    scene.run_tag("v1");
    scene.take(&ANSWER)?;

    let mut scene = studio.scene("downgrade-unknown-key")?;
    let key = scene.key(KeyKind::P256)?;
    scene.known()?;
    let digest = scene.push("v1")?;
    scene.attach(&digest, &[scene.keyed(&key, false, &digest)?.layer()?])?;
    scene.run_tag("v1");
    scene.take(&DOWNGRADE)?;

    let mut scene = studio.scene("undetermined-bundle")?;
    let key = scene.key(KeyKind::P256)?;
    scene.known()?;
    let digest = scene.push("v1")?;
    let bundle = Bundle::by_key(
        &key,
        &digest,
        SIGN_PREDICATE,
        scene.studio.sigstore.log(),
        scene.now(),
    )?;
    scene
        .studio
        .registry
        .push_bundles(&scene.path, &digest, &[bundle])?;
    scene.run_tag("v1");
    scene.take(&Expected {
        drift: "undetermined format",
        ..ANSWER
    })
}

//! Signature data that no signing tool makes: beyond bounds, forged, or by an authority that should not have.

use chrono::TimeDelta;
use continuity_testkit::sigstore::{LeafFlaw, Signature};
use continuity_testkit::{Forgery, Scene as Attack, Victim};
use serde_json::{Value, json};

use crate::expected::{ANSWER, DOWNGRADE, Expected};
use crate::studio::{INDEX, MANIFEST, Scene, Studio, key_signer, release, signer_of};

pub fn record(studio: &mut Studio) -> anyhow::Result<()> {
    beyond_bounds(studio)?;
    forged(studio)?;
    malformed(studio)
}

fn beyond_bounds(studio: &mut Studio) -> anyhow::Result<()> {
    let change =
        |scene: &Scene<'_>, digest: &str, change: &dyn Fn(&mut Value)| -> anyhow::Result<()> {
            let tag = format!("{}.sig", digest.replace(':', "-"));
            let json = scene
                .studio
                .registry
                .manifest(&scene.path, &tag)?
                .unwrap_or_default();
            let mut manifest: Value = serde_json::from_slice(&json)?;
            change(&mut manifest);
            scene.studio.registry.push_manifest(
                &scene.path,
                &tag,
                manifest.to_string().as_bytes(),
                MANIFEST,
            )?;
            Ok(())
        };
    let many = |layers: usize| {
        move |m: &mut Value| {
            let layer = m["layers"][0].clone();
            m["layers"] = Value::Array(vec![layer; layers]);
        }
    };
    let changes: [(&str, &dyn Fn(&mut Value)); 9] = [
        ("none-many-layers", &many(64)),
        ("undetermined-too-many-layers", &many(65)),
        ("downgrade-no-layers", &|m| m["layers"] = json!([])),
        ("downgrade-foreign-layer", &|m| {
            let mut layer = m["layers"][0].clone();
            layer["mediaType"] = json!("application/octet-stream");
            if let Some(layers) = m["layers"].as_array_mut() {
                layers.push(layer);
            }
        }),
        ("downgrade-large-layer", &|m| {
            m["layers"][0]["size"] = json!(600_000_000)
        }),
        ("downgrade-layer-elsewhere", &|m| {
            m["layers"][0]["urls"] = json!(["http://127.0.0.1:9/x"])
        }),
        ("downgrade-large-config", &|m| {
            m["config"]["size"] = json!(600_000_000)
        }),
        ("undetermined-odd-media-type", &|m| {
            m["mediaType"] = json!("application/x-odd")
        }),
        ("undetermined-odd-schema", &|m| {
            m["schemaVersion"] = json!(1)
        }),
    ];
    for (name, edit) in changes {
        let mut scene = studio.scene(name)?;
        scene.known()?;
        let digest = scene.signed("v1", &[release()])?;
        change(&scene, &digest, edit)?;
        scene.run_tag("v1");
        scene.take(match name {
            "none-many-layers" => &Expected {
                drift: "none",
                posture: &["signed"],
                code: None,
            },
            "undetermined-too-many-layers" => &Expected {
                drift: "undetermined limit",
                ..ANSWER
            },
            "undetermined-odd-media-type" | "undetermined-odd-schema" => &ANSWER,
            _ => &DOWNGRADE,
        })?;
    }

    let mut scene = studio.scene("downgrade-index-as-signature")?;
    scene.known()?;
    let digest = scene.push("v1")?;
    let tag = format!("{}.sig", digest.replace(':', "-"));
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).to_string();
    scene
        .studio
        .registry
        .push_manifest(&scene.path, &tag, index.as_bytes(), INDEX)?;
    scene.run_tag("v1");
    scene.take(&DOWNGRADE)?;

    let mut scene = studio.scene("undetermined-garbage")?;
    scene.known()?;
    let digest = scene.push("v1")?;
    let tag = format!("{}.sig", digest.replace(':', "-"));
    scene.studio.registry.push_manifest(
        &scene.path,
        &tag,
        b"{\"schemaVersion\": 2, \"layers\": 7}",
        MANIFEST,
    )?;
    scene.run_tag("v1");
    scene.take(&ANSWER)
}

/// Every forgery of the test kit, over an established baseline of the identity that it imitates.
fn forged(studio: &mut Studio) -> anyhow::Result<()> {
    for forgery in Forgery::all() {
        let mut scene = studio.scene(&format!("forgery-{}", forgery.name()))?;
        let digest = scene.push("v6")?;
        let past = scene.now() - TimeDelta::days(9);
        let releases = [scene.push("v1")?, scene.push("v2")?];
        let releases = [releases[0].as_str(), releases[1].as_str()];
        let victim = Victim::new(
            &scene.studio.sigstore,
            &scene.repository(),
            &release(),
            &releases,
            past,
        )?;
        let known = if forgery.is_key_based() {
            key_signer(&victim.keyed_release()?.key)?
        } else {
            signer_of(&release())
        };
        scene.keep(&scene.baseline(&[known])?)?;
        let attack = Attack {
            sigstore: &scene.studio.sigstore,
            victim: &victim,
            digest: &digest,
            at: scene.now(),
        };
        scene.attach(&digest, &forgery.layers(&attack)?)?;
        scene.run_tag("v6");
        scene.take(match forgery.name() {
            // In these the guest finds nothing that contradicts itself: only the host can tell, and its no is no evidence.
            "copied-layer" | "key-copied-layer" | "stolen-key-edited-time" => &ANSWER,
            _ => &Expected {
                drift: "",
                posture: &["invalid", "unverifiable"],
                code: Some(403),
            },
        })?;
    }
    Ok(())
}

/// Certificates that the authority issued although it should not have.
fn malformed(studio: &mut Studio) -> anyhow::Result<()> {
    for flaw in LeafFlaw::ALL {
        let name = format!("{flaw:?}")
            .chars()
            .fold(String::new(), |mut name, c| {
                if c.is_uppercase() {
                    name.push('-');
                }
                name.extend(c.to_lowercase());
                name
            });
        let mut scene = studio.scene(&format!("certificate{name}"))?;
        scene.known()?;
        let digest = scene.push("v1")?;
        let at = scene.now() - TimeDelta::hours(1);
        let leaf = scene.studio.sigstore.issue_flawed(&release(), at, flaw)?;
        let payload = scene.keyless(&release(), &digest)?.payload;
        let signature = Signature::by_leaf(
            &leaf,
            &payload,
            Some(scene.studio.sigstore.log()),
            at + TimeDelta::minutes(1),
        )?;
        scene.attach(&digest, &[signature.layer()?])?;
        scene.run_tag("v1");
        scene.take(&DOWNGRADE)?;
    }
    Ok(())
}

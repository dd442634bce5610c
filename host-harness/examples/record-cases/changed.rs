//! Images that changed: every drift that says something about a signature.

use chrono::{DateTime, TimeDelta, Utc};
use continuity_testkit::sigstore::{
    Bundle, KeyKind, LeafFlaw, SIGN_PREDICATE, Signature, TransparencyLog,
};
use continuity_testkit::{
    Absence, Fault, FaultRule, Forgery, Identity, Scene as Attack, Signer as KitSigner, Victim,
};
use serde_json::{Value, json};
use signature_continuity::baseline::Retired;

use crate::continuous::{except, pin, reusable};
use crate::studio::{Expected, Scene, Studio, called, key_signer, release, signer_of};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const UNSIGNED: Expected<'static> = Expected {
    drift: "unsigned",
    posture: &["unsigned"],
    code: Some(403),
};
const SIGNER: Expected<'static> = Expected {
    drift: "signer",
    posture: &["signed"],
    code: Some(403),
};
const ANSWER: Expected<'static> = Expected {
    drift: "undetermined answer",
    posture: &["unknown"],
    code: Some(500),
};
const DOWNGRADE: Expected<'static> = Expected {
    drift: "downgrade",
    posture: &["unverifiable"],
    code: Some(403),
};

pub fn record(studio: &mut Studio) -> anyhow::Result<()> {
    unsigned(studio)?;
    signer(studio)?;
    weaker(studio)?;
    beyond_bounds(studio)?;
    forged(studio)?;
    malformed(studio)?;
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

fn weaker(studio: &mut Studio) -> anyhow::Result<()> {
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
    let signature = Signature::by_leaf(leaf, &honest.payload, Some(&log), at_of(&honest))?;
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

fn at_of(signature: &Signature) -> DateTime<Utc> {
    signature.at
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

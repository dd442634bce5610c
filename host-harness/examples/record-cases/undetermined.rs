//! What could not be found out, by cause.

use std::time::Duration;

use continuity_testkit::{Fault, FaultRule, Identity, Signer as KitSigner};
use serde_json::{Value, json};
use signature_continuity::baseline::Format;

use crate::continuous::pin;
use crate::expected::{ANSWER, BASELINE, Expected, OUTAGE};
use crate::studio::{Studio, release, signer_of};

pub fn record(studio: &mut Studio) -> anyhow::Result<()> {
    outages(studio)?;
    limits(studio)?;
    baselines(studio)?;
    trust_root(studio)?;
    formats(studio)
}

fn outages(studio: &mut Studio) -> anyhow::Result<()> {
    let words = |text: &str| Fault::Body {
        status: 404,
        content_type: "application/json".to_owned(),
        body: json!({"errors": [{"code": "NAME_UNKNOWN", "message": text}]})
            .to_string()
            .into_bytes(),
    };
    // What is refused about the signature alone, while the image is served, is no outage.
    for (name, fault, expected) in [
        ("undetermined-unavailable", Fault::Status(503), &OUTAGE),
        ("undetermined-rate-limit", Fault::RateLimited, &OUTAGE),
        ("undetermined-unauthorized", Fault::Unauthorized, &ANSWER),
        ("undetermined-denied", Fault::Denied, &ANSWER),
        (
            "undetermined-unheard-words",
            words("the thing is elsewhere today"),
            &ANSWER,
        ),
    ] {
        let mut scene = studio.scene(name)?;
        scene.known()?;
        let digest = scene.signed("v1", &[release()])?;
        scene.fault(FaultRule::new(&scene.path, "sha256-*.sig", fault));
        scene.run_digest(&digest);
        scene.take(expected)?;
    }

    // The operator knows what those words mean.
    let mut scene = studio.scene("unsigned-absent-message")?;
    scene.known()?;
    let digest = scene.push("v1")?;
    scene.fault(FaultRule::new(
        &scene.path,
        "sha256-*",
        words("the thing is elsewhere today"),
    ));
    scene.set("absentMessages", json!(["the thing is elsewhere"]));
    scene.run_digest(&digest);
    scene.take(&Expected {
        drift: "unsigned",
        posture: &["unsigned"],
        code: Some(403),
    })?;

    // Between the `.sig` and its verification the registry goes away: the no that follows is not believed.
    let mut scene = studio.scene("undetermined-during-verification")?;
    scene.known()?;
    let digest = scene.signed("v1", &[release()])?;
    let rule = FaultRule::new(&scene.path, "sha256-*.sig", Fault::Status(503)).after(1);
    scene.fault(rule);
    scene.run_digest(&digest);
    scene.take(&ANSWER)?;

    let mut scene = studio.scene("undetermined-no-such-image")?;
    scene.known()?;
    scene.run_tag("v1");
    scene.take(&Expected {
        drift: "undetermined absent",
        ..OUTAGE
    })?;

    for (name, admit, pinned, code) in [
        ("undetermined-unreachable", false, false, Some(500)),
        ("undetermined-unreachable-waived", true, false, None),
        ("undetermined-unreachable-pinned", true, true, Some(500)),
    ] {
        let mut scene = studio.scene(name)?;
        scene.unreachable();
        scene.known()?;
        if admit {
            scene.set("onUndetermined", json!("admit"));
        }
        if pinned {
            pin(&mut scene, &release());
        }
        scene.run_tag("v1");
        scene.take(&Expected { code, ..OUTAGE })?;
    }
    let mut scene = studio.scene("undetermined-unreachable-waived-by-entry")?;
    scene.unreachable();
    scene.known()?;
    scene.set(
        "enforce",
        json!([{"namespaces": ["prod"], "onUndetermined": "admit"}]),
    );
    scene.run_tag("v1");
    scene.take(&Expected {
        code: None,
        ..OUTAGE
    })
}

fn limits(studio: &mut Studio) -> anyhow::Result<()> {
    let limit = Expected {
        drift: "undetermined limit",
        posture: &["unknown"],
        code: Some(500),
    };
    let mut scene = studio.scene("undetermined-time")?;
    scene.known()?;
    scene.signed("v1", &[release()])?;
    scene.tick(Duration::from_millis(300));
    scene.run_tag("v1");
    scene.take(&limit)?;

    let mut scene = studio.scene("undetermined-time-unread")?;
    scene.known()?;
    scene.tick(Duration::from_millis(300));
    let image = |at: usize| format!("{}-{at}:v1", scene.repository());
    let images: Vec<String> = (0..4).map(image).collect();
    scene.pod(&images);
    // The first ones are new; the last one's baseline is not read any more.
    scene.take(&Expected {
        drift: "new",
        posture: &[],
        code: Some(500),
    })?;

    let mut scene = studio.scene("undetermined-many-images")?;
    scene.known()?;
    let image = |at: usize| format!("{}-{at}:v1", scene.repository());
    let images: Vec<String> = (0..3).map(image).collect();
    scene.set("maxImages", json!(2));
    scene.pod(&images);
    scene.take(&Expected {
        drift: "new",
        posture: &[],
        code: Some(500),
    })
}

fn baselines(studio: &mut Studio) -> anyhow::Result<()> {
    let edits: [(&str, &dyn Fn(&str) -> String); 5] = [
        ("undetermined-baseline-unlabelled", &|text| {
            text.replace("signature-continuity/baseline: 'true'", "other: x")
        }),
        ("undetermined-baseline-newer", &|text| {
            text.replace("\"version\": 1", "\"version\": 2")
        }),
        ("undetermined-baseline-garbage", &|text| {
            text.replace("\"signers\": [", "\"signers\": [7,")
        }),
        ("undetermined-baseline-other-repository", &|text| {
            text.replace("\"repository\": \"", "\"repository\": \"x.example/")
        }),
        ("undetermined-baseline-edited-id", &|text| {
            text.replace("\"subject\": \"https://", "\"subject\": \"https://x")
        }),
    ];
    for (name, edit) in edits {
        let mut scene = studio.scene(name)?;
        scene.known()?;
        scene.signed("v1", &[release()])?;
        let file = scene.baseline_file()?;
        let before = std::fs::read_to_string(&file)?;
        let after = edit(&before);
        anyhow::ensure!(before != after, "the edit of {name} changes nothing");
        std::fs::write(&file, after)?;
        scene.run_tag("v1");
        scene.take(&BASELINE)?;
    }

    let mut scene = studio.scene("undetermined-baseline-unreadable")?;
    std::fs::write(scene.baseline_file()?, "\t{")?;
    scene.run_tag("v1");
    scene.take(&BASELINE)
}

/// A known-good image tells a broken trust root from an attack.
fn trust_root(studio: &mut Studio) -> anyhow::Result<()> {
    for (name, control_works, expected) in [
        (
            "undetermined-trust-root",
            false,
            Expected {
                drift: "undetermined trust-root",
                posture: &["unknown"],
                code: Some(500),
            },
        ),
        (
            "downgrade-trust-root-fine",
            true,
            Expected {
                drift: "downgrade",
                posture: &["unverifiable"],
                code: Some(403),
            },
        ),
    ] {
        let mut scene = studio.scene(name)?;
        scene.known()?;
        let other = scene.other_sigstore()?;
        let digest = scene.push("v1")?;
        let signature = KitSigner::keyless(&other, &release()).sign(
            &scene.repository(),
            &digest,
            scene.now(),
        )?;
        scene.attach(&digest, &[signature.layer()?])?;

        let control = scene.push("control")?;
        let identity = Identity::google("control@acme.example");
        let signer = if control_works {
            KitSigner::keyless(&scene.studio.sigstore, &identity)
        } else {
            KitSigner::keyless(&other, &identity)
        };
        let signature = signer.sign(&scene.repository(), &control, scene.now())?;
        scene.attach(&control, &[signature.layer()?])?;
        let control: Value = json!({
            "image": format!("{}@{control}", scene.repository()),
            "issuer": "https://accounts.google.com",
            "subject": "control@acme.example",
        });
        scene.set("trustControl", control);
        scene.run_tag("v1");
        scene.take(&expected)?;
    }
    Ok(())
}

fn formats(studio: &mut Studio) -> anyhow::Result<()> {
    for (name, established, code) in [
        ("unsigned-moved-to-bundles", true, Some(403)),
        ("unsigned-moved-to-bundles-cold", false, None),
    ] {
        let mut scene = studio.scene(name)?;
        let mut baseline = scene.baseline(&[signer_of(&release())])?;
        baseline.formats = vec![Format::Cosign2, Format::Bundle];
        if !established {
            baseline.established = None;
        }
        scene.keep(&baseline)?;
        scene.push("v1")?;
        scene.run_tag("v1");
        scene.take(&Expected {
            drift: "unsigned",
            posture: &["unsigned"],
            code,
        })?;
    }
    lost(studio)
}

/// What is on record as signed and not there is lost; what was never signed has nothing to lose.
fn lost(studio: &mut Studio) -> anyhow::Result<()> {
    for (name, keeps_unsigned, expected) in [
        ("undetermined-baseline-lost", false, &BASELINE),
        ("undetermined-baseline-planted", true, &BASELINE),
    ] {
        let mut scene = studio.scene(name)?;
        scene.signed("v1", &[release()])?;
        scene.name()?;
        if keeps_unsigned {
            scene.never_signed()?;
        }
        scene.run_tag("v1");
        scene.take(expected)?;
    }
    let mut scene = studio.scene("none-never-signed")?;
    scene.never_signed()?;
    scene.push("v1")?;
    scene.run_tag("v1");
    scene.take(&Expected {
        drift: "none",
        posture: &["unsigned"],
        code: None,
    })
}

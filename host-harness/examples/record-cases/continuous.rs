//! Images that are as they always were, or new.

use chrono::TimeDelta;
use continuity_testkit::Identity;
use continuity_testkit::sigstore::KeyKind;
use serde_json::json;
use signature_continuity::baseline::{Allowed, Format, Tolerated, Verified};
use signature_continuity::posture::{Posture, Rank};

use crate::expected::Expected;
use crate::studio::{Scene, Studio, called, key_signer, release, signer_of};

const CONTINUOUS: Expected<'static> = Expected {
    drift: "none",
    posture: &["signed"],
    code: None,
};
const NEW: Expected<'static> = Expected {
    drift: "new",
    posture: &[],
    code: None,
};

pub fn record(studio: &mut Studio) -> anyhow::Result<()> {
    proven(studio)?;
    listed(studio)?;
    by_settings(studio)?;
    keys(studio)?;
    new(studio)
}

fn proven(studio: &mut Studio) -> anyhow::Result<()> {
    let mut scene = studio.scene("none-tag")?;
    scene.known()?;
    scene.signed("v1", &[release()])?;
    scene.run_tag("v1");
    scene.take(&CONTINUOUS)?;

    let mut scene = studio.scene("none-digest")?;
    scene.known()?;
    let digest = scene.signed("v1", &[release()])?;
    scene.run_digest(&digest);
    scene.take(&CONTINUOUS)?;

    let mut scene = studio.scene("none-cold")?;
    let mut baseline = scene.baseline(&[signer_of(&release())])?;
    baseline.established = None;
    scene.keep(&baseline)?;
    scene.signed("v1", &[release()])?;
    scene.run_tag("v1");
    scene.take(&CONTINUOUS)?;

    let stranger = Identity::google("dev@acme.example");
    for (name, order) in [
        ("none-stranger-behind", [release(), stranger.clone()]),
        ("none-stranger-before", [stranger.clone(), release()]),
    ] {
        let mut scene = studio.scene(name)?;
        scene.known()?;
        scene.signed("v1", &order)?;
        scene.run_tag("v1");
        scene.take(&CONTINUOUS)?;
    }

    let mut scene = studio.scene("none-reusable-workflow")?;
    let identity = reusable();
    scene.keep(&scene.baseline(&[called(&identity, "101", "7")])?)?;
    scene.signed("v1", &[identity])?;
    scene.run_tag("v1");
    scene.take(&CONTINUOUS)
}

pub fn reusable() -> Identity {
    Identity::reusable(
        "slsa/generator",
        "build.yml",
        "refs/tags/v2.0.0",
        "acme/api",
        "refs/tags/v1.0.0",
    )
    .with_extension(15, "101")
    .with_extension(17, "7")
}

fn listed(studio: &mut Studio) -> anyhow::Result<()> {
    for (name, by_tag) in [("none-verified-digest", false), ("none-verified-tag", true)] {
        let mut scene = studio.scene(name)?;
        let digest = scene.push("v1")?;
        let mut baseline = scene.baseline(&[signer_of(&release())])?;
        let id = signer_of(&release()).id();
        baseline.verified = vec![Verified::new(digest.parse()?, &id, scene.now())];
        scene.keep(&baseline)?;
        if by_tag {
            scene.run_tag("v1")
        } else {
            scene.run_digest(&digest)
        }
        scene.take(&CONTINUOUS)?;
    }

    let mut scene = studio.scene("none-tolerated")?;
    let digest = scene.push("v0")?;
    let mut baseline = scene.baseline(&[signer_of(&release())])?;
    baseline.tolerated = vec![Tolerated {
        digest: digest.parse()?,
        posture: Posture::Unsigned,
        at: scene.now(),
    }];
    scene.keep(&baseline)?;
    scene.run_tag("v0");
    scene.take(&Expected {
        posture: &["unsigned"],
        ..CONTINUOUS
    })?;

    for (name, until, expected) in [
        (
            "none-allowed",
            TimeDelta::hours(1),
            Expected {
                posture: &[],
                ..CONTINUOUS
            },
        ),
        (
            "unsigned-no-longer-allowed",
            TimeDelta::hours(-1),
            Expected {
                drift: "unsigned",
                posture: &["unsigned"],
                code: Some(403),
            },
        ),
    ] {
        let mut scene = studio.scene(name)?;
        let digest = scene.push("v1")?;
        let mut baseline = scene.baseline(&[signer_of(&release())])?;
        baseline.allowed = vec![Allowed {
            digest: digest.parse()?,
            until: scene.now() + until,
            by: "ada".to_owned(),
            reason: "TICKET-7".to_owned(),
        }];
        scene.keep(&baseline)?;
        scene.run_digest(&digest);
        scene.take(&expected)?;
    }
    Ok(())
}

fn by_settings(studio: &mut Studio) -> anyhow::Result<()> {
    let mut scene = studio.scene("none-ref-pattern")?;
    let before = Identity::github("acme/api", "release.yml", "refs/heads/release-1.4");
    scene.keep(&scene.baseline(&[signer_of(&before)])?)?;
    scene.signed(
        "v1",
        &[Identity::github(
            "acme/api",
            "release.yml",
            "refs/heads/release-1.5",
        )],
    )?;
    let patterns = json!([{"repositories": [scene.repository()], "fold": "refs/heads/release-*"}]);
    scene.set("refPatterns", patterns);
    scene.run_tag("v1");
    scene.take(&CONTINUOUS)?;

    // Whoever asks for the mirror's name is asked about the origin's past, and the mirror serves the data.
    let mut scene = studio.scene("none-alias")?;
    let mut baseline = scene.baseline(&[signer_of(&release())])?;
    baseline.repository = "ghcr.io/acme/api".parse()?;
    scene.keep(&baseline)?;
    scene.signed("v1", &[release()])?;
    let aliases = json!([{"from": scene.repository(), "to": "ghcr.io/acme/api"}]);
    scene.set("aliases", aliases);
    scene.run_tag("v1");
    scene.take(&CONTINUOUS)?;

    let mut scene = studio.scene("none-mirror")?;
    let mut baseline = scene.baseline(&[signer_of(&release())])?;
    baseline.repository = "ghcr.io/acme/api".parse()?;
    scene.keep(&baseline)?;
    scene.signed("v1", &[release()])?;
    let mirrors = json!([{"for": "ghcr.io/acme/api", "fetchFrom": scene.repository()}]);
    scene.set("mirrors", mirrors);
    scene.pod(&["ghcr.io/acme/api:v1".to_owned()]);
    scene.take(&CONTINUOUS)?;

    let stranger = Identity::google("dev@acme.example");
    let mut scene = studio.scene("none-exception-signer")?;
    scene.known()?;
    scene.signed("v1", &[stranger.clone()])?;
    except(
        &mut scene,
        &format!("signer:{}", signer_of(&stranger).id()),
        "2099-12-31",
    );
    scene.run_tag("v1");
    scene.take(&CONTINUOUS)?;

    let mut scene = studio.scene("none-exception-unsigned")?;
    scene.known()?;
    scene.push("v1")?;
    except(&mut scene, "unsigned", "2099-12-31");
    scene.run_tag("v1");
    scene.take(&Expected {
        posture: &["unsigned"],
        ..CONTINUOUS
    })?;

    let mut scene = studio.scene("new-pinned")?;
    scene.signed("v1", &[release()])?;
    pin(&mut scene, &release());
    scene.run_tag("v1");
    scene.take(&Expected {
        posture: &["signed"],
        ..NEW
    })
}

pub fn except(scene: &mut Scene<'_>, accepts: &str, expires: &str) {
    let exceptions = json!([{
        "repository": scene.repository(), "accepts": accepts, "reason": "TICKET-12", "expires": expires,
    }]);
    scene.set("exceptions", exceptions);
}

pub fn pin(scene: &mut Scene<'_>, identity: &Identity) {
    let issuer = identity.issuer.clone().unwrap_or_default();
    let pins = json!([{
        "repositories": [scene.repository()],
        "anyOf": [{"issuer": issuer, "subject": identity.subject()}],
    }]);
    scene.set("pins", pins);
}

fn keys(studio: &mut Studio) -> anyhow::Result<()> {
    for (name, kind, logged) in [
        ("none-key-logged", KeyKind::P256, true),
        ("none-key-unlogged", KeyKind::P256, false),
        ("none-key-p384", KeyKind::P384, false),
        ("none-key-ed25519", KeyKind::Ed25519, true),
        ("none-key-rsa", KeyKind::Rsa2048, false),
    ] {
        let mut scene = studio.scene(name)?;
        let key = scene.key(kind)?;
        scene.keep(&scene.baseline(&[key_signer(&key)?])?)?;
        let digest = scene.push("v1")?;
        scene.attach(&digest, &[scene.keyed(&key, logged, &digest)?.layer()?])?;
        scene.run_tag("v1");
        scene.take(&CONTINUOUS)?;
    }

    // A key that stood alone before, in a repository that is mostly signed keyless.
    let mut scene = studio.scene("none-key-alone")?;
    let key = scene.key(KeyKind::P256)?;
    scene.keep(&scene.baseline(&[signer_of(&release()), key_signer(&key)?])?)?;
    let digest = scene.push("v1")?;
    scene.attach(&digest, &[scene.keyed(&key, true, &digest)?.layer()?])?;
    scene.run_tag("v1");
    scene.take(&CONTINUOUS)?;

    let mut scene = studio.scene("none-bundles-and-signature")?;
    let mut baseline = scene.baseline(&[signer_of(&release())])?;
    baseline.formats = vec![Format::Cosign2, Format::Bundle];
    baseline.rank = Rank::Keyless;
    scene.keep(&baseline)?;
    scene.signed("v1", &[release()])?;
    scene.run_tag("v1");
    scene.take(&CONTINUOUS)
}

fn new(studio: &mut Studio) -> anyhow::Result<()> {
    let mut scene = studio.scene("new-not-asked")?;
    scene.signed("v1", &[release()])?;
    scene.run_tag("v1");
    scene.take(&NEW)?;

    let mut scene = studio.scene("new-without-learner")?;
    std::fs::remove_file(scene.state_file())?;
    scene.run_tag("v1");
    scene.take(&NEW)?;

    let mut scene = studio.scene("new-learner-gone")?;
    scene.state(TimeDelta::days(8))?;
    scene.run_tag("v1");
    scene.take(&NEW)?;

    let mut scene = studio.scene("new-observed")?;
    scene.signed("v1", &[release()])?;
    scene.set("observeNew", json!(true));
    scene.run_tag("v1");
    scene.take(&Expected {
        posture: &["signed"],
        ..NEW
    })
}

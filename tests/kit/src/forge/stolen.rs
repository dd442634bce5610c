//! Forgeries by somebody who holds the key of a leaf that has expired. Leaf keys are to be thrown away
//! after use; only the log's time keeps one that was not from signing for ever.

use anyhow::{Context, Result};

use super::Scene;
use crate::sigstore::{BUNDLE, EntryBody, KeyKind, Leaf, Signature, SignatureLayer, SimpleSigning};

pub(super) fn late_entry(scene: &Scene<'_>) -> Result<SignatureLayer> {
    Signature::by_leaf(
        leaf(scene)?,
        &scene.payload(),
        Some(scene.sigstore.log()),
        scene.at,
    )?
    .layer()
}

pub(super) fn edited_time(scene: &Scene<'_>) -> Result<SignatureLayer> {
    let mut own = Signature::by_leaf(
        leaf(scene)?,
        &scene.payload(),
        Some(scene.sigstore.log()),
        scene.at,
    )?;
    let inside = scene.victim.release()?.at.timestamp();
    if let Some(entry) = &mut own.entry {
        entry.payload.integrated_time = inside;
    }
    own.layer()
}

pub(super) fn copied_entry(scene: &Scene<'_>) -> Result<SignatureLayer> {
    let mut own = unlogged(scene)?;
    own.entry.clone_from(&scene.victim.release()?.entry);
    own.layer()
}

pub(super) fn foreign_entry(scene: &Scene<'_>) -> Result<SignatureLayer> {
    // Anybody can have had anything logged while the leaf was valid.
    let key = scene.sigstore.keys().fresh(KeyKind::P256)?;
    let payload = SimpleSigning::cosign("registry.example/something/else", scene.digest).bytes();
    let body = EntryBody::hashedrekord(&payload, &key.sign(&payload)?, &key.public_key_pem());
    let mut own = unlogged(scene)?;
    own.entry = Some(
        scene
            .sigstore
            .log()
            .enter(&body, scene.victim.release()?.at)?,
    );
    own.layer()
}

pub(super) fn no_entry(scene: &Scene<'_>) -> Result<SignatureLayer> {
    unlogged(scene)?.layer()
}

pub(super) fn garbled_entry(scene: &Scene<'_>) -> Result<SignatureLayer> {
    Ok(unlogged(scene)?
        .layer()?
        .with(BUNDLE, "{\"SignedEntryTimestamp\":"))
}

fn unlogged(scene: &Scene<'_>) -> Result<Signature> {
    Signature::by_leaf(leaf(scene)?, &scene.payload(), None, scene.at)
}

fn leaf<'a>(scene: &Scene<'a>) -> Result<&'a Leaf> {
    scene
        .victim
        .release()?
        .leaf
        .as_ref()
        .context("expected a keyless victim")
}

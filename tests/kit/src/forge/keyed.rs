//! Forgeries of key-based signatures.

use anyhow::Result;

use super::Scene;
use crate::sigstore::{EntryBody, SignatureLayer};

pub(super) fn copied_parts(scene: &Scene<'_>) -> Result<SignatureLayer> {
    let mut copy = scene.victim.keyed_release()?.clone();
    copy.payload = scene.payload();
    copy.layer()
}

pub(super) fn copied_entry(scene: &Scene<'_>) -> Result<SignatureLayer> {
    let mut own = scene.own()?;
    own.entry.clone_from(&scene.victim.keyed_release()?.entry);
    own.layer()
}

pub(super) fn unchecked_entry(scene: &Scene<'_>) -> Result<SignatureLayer> {
    let mut own = scene.own()?;
    let body = EntryBody::hashedrekord(
        &own.payload,
        &own.signature,
        &scene.victim.key.public_key_pem(),
    );
    own.entry = Some(scene.sigstore.log().enter(&body, scene.at)?);
    own.layer()
}

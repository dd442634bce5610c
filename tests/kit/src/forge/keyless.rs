//! Forgeries of keyless signatures by somebody who holds no key of the victim's.

use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::TimeDelta;

use super::Scene;
use crate::sigstore::{
    CertificateAuthority, EntryBody, Identity, Leaf, LeafFlaw, LeafRequest, PrivateSigstore,
    Signature, SignatureLayer, TransparencyLog, dearmor,
};

pub(super) fn self_made_certificate(scene: &Scene<'_>) -> Result<SignatureLayer> {
    honest_about(scene, &self_made(scene)?)?
        .with_chain(&scene.sigstore.chain_pem())
        .layer()
}

pub(super) fn other_authority(scene: &Scene<'_>) -> Result<SignatureLayer> {
    let authority = CertificateAuthority::with_keys(scene.sigstore.keys())?;
    let leaf = authority.issue(&request(scene))?;
    honest_about(scene, &leaf)?
        .with_chain(&authority.chain_pem())
        .layer()
}

pub(super) fn other_sigstore(scene: &Scene<'_>) -> Result<SignatureLayer> {
    let sigstore = PrivateSigstore::with_keys(scene.sigstore.keys().clone())?;
    sigstore
        .sign(
            &scene.victim.identity,
            &scene.victim.repository,
            scene.digest,
            scene.at,
        )?
        .layer()
}

pub(super) fn copied_parts(scene: &Scene<'_>) -> Result<SignatureLayer> {
    let mut copy = scene.victim.release()?.clone();
    copy.payload = scene.payload();
    copy.layer()
}

pub(super) fn copied_certificate_and_entry(scene: &Scene<'_>) -> Result<SignatureLayer> {
    under_victim(scene, |own, victim| own.entry.clone_from(&victim.entry))
}

pub(super) fn entry_of_other_release(scene: &Scene<'_>) -> Result<SignatureLayer> {
    let other = scene.victim.other_release()?.entry.clone();
    under_victim(scene, |own, _| own.entry = other)
}

pub(super) fn own_entry_victim_certificate(scene: &Scene<'_>) -> Result<SignatureLayer> {
    under_victim(scene, |_, _| ())
}

pub(super) fn swapped_certificate(scene: &Scene<'_>) -> Result<SignatureLayer> {
    let stranger = Identity::google("mallory@evil.example");
    let mut own =
        scene
            .sigstore
            .sign(&stranger, &scene.victim.repository, scene.digest, scene.at)?;
    own.certificate = Some(scene.victim.certificate()?);
    own.layer()
}

pub(super) fn unchecked_entry(scene: &Scene<'_>) -> Result<SignatureLayer> {
    let certificate = scene.victim.certificate()?;
    let inside = scene.victim.release()?.at;
    let mut own = scene.own()?;
    let body = EntryBody::hashedrekord(&own.payload, &own.signature, &certificate);
    own.entry = Some(scene.sigstore.log().enter(&body, inside)?);
    own.certificate = Some(certificate);
    own.layer()
}

pub(super) fn entry_by_other_log(scene: &Scene<'_>, false_id: bool) -> Result<SignatureLayer> {
    let certificate = scene.victim.certificate()?;
    let inside = scene.victim.release()?.at;
    let log = TransparencyLog::with_keys(scene.sigstore.keys())?;
    let mut own = scene.own()?;
    let mut entry = log.enter(
        &EntryBody::hashedrekord(&own.payload, &own.signature, &certificate),
        inside,
    )?;
    if false_id {
        entry.payload.log_id = hex::encode(scene.sigstore.log().id());
        log.sign(&mut entry)?;
    }
    own.entry = Some(entry);
    own.certificate = Some(certificate);
    own.layer()
}

pub(super) fn edited_entry_body(scene: &Scene<'_>) -> Result<SignatureLayer> {
    let certificate = scene.victim.certificate()?;
    under_victim(scene, |own, victim| {
        let body = EntryBody::hashedrekord(&own.payload, &own.signature, &certificate);
        own.entry.clone_from(&victim.entry);
        if let Some(entry) = &mut own.entry {
            entry.payload.body = STANDARD.encode(body.json());
        }
    })
}

pub(super) fn two_blocks(scene: &Scene<'_>, tag: &str, own_first: bool) -> Result<SignatureLayer> {
    let leaf = self_made(scene)?;
    let (own_block, victims_block) = (leaf.pem_tagged(tag), scene.victim.certificate()?);
    let mut own = honest_about(scene, &leaf)?;
    own.certificate = Some(if own_first {
        own_block + &victims_block
    } else {
        victims_block + &own_block
    });
    own.layer()
}

pub(super) fn trailing_certificate(scene: &Scene<'_>) -> Result<SignatureLayer> {
    let leaf = self_made(scene)?;
    let mut own = honest_about(scene, &leaf)?;
    own.certificate = Some(leaf.pem_with_trailing(&dearmor(&scene.victim.certificate()?)?));
    own.layer()
}

/// A leaf with the victim's names that chains to nothing.
fn self_made(scene: &Scene<'_>) -> Result<Leaf> {
    scene
        .sigstore
        .authority()
        .issue(&request(scene).with_flaw(LeafFlaw::SelfSigned))
}

fn request(scene: &Scene<'_>) -> LeafRequest {
    LeafRequest::new(&scene.victim.identity, scene.at - TimeDelta::seconds(1))
}

/// A signature with that leaf, honestly logged: a log asks for no chain.
fn honest_about(scene: &Scene<'_>, leaf: &Leaf) -> Result<Signature> {
    Signature::by_leaf(leaf, &scene.payload(), Some(scene.sigstore.log()), scene.at)
}

/// An own signature under the victim's certificate and chain, changed as told.
fn under_victim(
    scene: &Scene<'_>,
    change: impl FnOnce(&mut Signature, &Signature),
) -> Result<SignatureLayer> {
    let victim = scene.victim.release()?;
    let mut own = scene.own()?;
    own.certificate.clone_from(&victim.certificate);
    own.chain.clone_from(&victim.chain);
    change(&mut own, victim);
    own.certificate
        .as_ref()
        .context("expected a keyless victim")?;
    own.layer()
}

//! `continuity-release push`: an OCI layout into a registry, as it is.
//!
//! Invariant: the bytes of the layout are what is pushed, so that the digest that was written beside it is the digest in
//! the registry; manifests come after what they name, and the tag after everything.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use oci_client::{Client, Reference, RegistryOperation};

use crate::layout::Layout;
use crate::oci::{Descriptor, INDEX, Index, Manifest};
use crate::registry::{Destination, credentials};

#[derive(Debug, Args)]
pub(crate) struct Push {
    /// The layout.
    layout: PathBuf,

    #[command(flatten)]
    destination: Destination,
}

impl Push {
    /// The reference by digest.
    pub(crate) fn execute(self) -> anyhow::Result<String> {
        let layout = Layout::open(&self.layout)?;
        let (client, reference) = (self.destination.client(), self.destination.reference()?);
        self.destination.wait(push(&client, &layout, &reference))
    }
}

async fn push(client: &Client, layout: &Layout, reference: &Reference) -> anyhow::Result<String> {
    let image = layout.image()?;
    let bytes = layout.read(&image)?;
    if image.media_type != INDEX {
        bail!(
            "expected an index of platforms in the layout, got {}",
            image.media_type
        );
    }
    let index: Index = serde_json::from_slice(&bytes).context("the layout's image is no index")?;
    client
        .auth(
            reference,
            &credentials(reference.registry())?,
            RegistryOperation::Push,
        )
        .await
        .with_context(|| format!("{} does not let us push", reference.registry()))?;
    for platform in &index.manifests {
        let manifest = layout.read(platform)?;
        let parsed: Manifest =
            serde_json::from_slice(&manifest).context("a platform's image is no manifest")?;
        for descriptor in parsed.layers.iter().chain([&parsed.config]) {
            blob(client, layout, reference, descriptor).await?;
        }
        let by_digest = reference.clone_with_digest(platform.digest.clone());
        put(client, &by_digest, manifest, &platform.media_type).await?;
    }
    put(client, reference, bytes, &image.media_type).await?;
    Ok(format!(
        "{}/{}@{}",
        reference.registry(),
        reference.repository(),
        image.digest
    ))
}

async fn blob(
    client: &Client,
    layout: &Layout,
    reference: &Reference,
    descriptor: &Descriptor,
) -> anyhow::Result<()> {
    if client
        .blob_exists(reference, &descriptor.digest)
        .await
        .unwrap_or(false)
    {
        return Ok(());
    }
    let bytes = layout.read(descriptor)?;
    client
        .push_blob(reference, bytes, &descriptor.digest)
        .await
        .with_context(|| {
            format!(
                "cannot push {} to {}",
                descriptor.digest,
                reference.registry()
            )
        })?;
    Ok(())
}

async fn put(
    client: &Client,
    reference: &Reference,
    bytes: Vec<u8>,
    media_type: &str,
) -> anyhow::Result<()> {
    client
        .push_manifest_raw(reference, bytes, media_type.parse()?)
        .await
        .with_context(|| format!("cannot push {reference}"))?;
    Ok(())
}

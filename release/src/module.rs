//! `continuity-release push-module`: the annotated module as the artifact that `kwctl push` makes of it.
//!
//! Invariant: the manifest, and so the digest that is signed, is kwctl's, byte for byte; the end-to-end tests push with
//! both where there is a kwctl. A module that says nothing about itself is not pushed: no host would give it anything.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use oci_client::Reference;
use oci_client::client::{Config, ImageLayer};
use oci_client::manifest::{OciImageManifest, WASM_CONFIG_MEDIA_TYPE, WASM_LAYER_MEDIA_TYPE};
use serde::Deserialize;
use wasmparser::{Parser, Payload};

use crate::oci::{MANIFEST, digest_of};
use crate::registry::{Destination, credentials};

const SECTION: &str = "io.kubewarden.metadata";
const SOURCE: &str = "io.kubewarden.policy.source";
const IMAGE_SOURCE: &str = "org.opencontainers.image.source";

#[derive(Debug, Args)]
pub(crate) struct PushModule {
    /// The module.
    module: PathBuf,

    #[command(flatten)]
    destination: Destination,
}

impl PushModule {
    /// The reference by digest.
    pub(crate) fn execute(self) -> anyhow::Result<String> {
        let module = std::fs::read(&self.module)
            .with_context(|| format!("cannot read `{}`", self.module.display()))?;
        let annotations =
            annotations(&module).with_context(|| format!("`{}`", self.module.display()))?;
        let reference = self.destination.reference()?;
        let client = self.destination.client();
        self.destination.wait(async {
            let auth = credentials(reference.registry())?;
            let (layers, config, manifest) = artifact(module, annotations);
            client
                .push(&reference, &layers, config, &auth, Some(manifest.clone()))
                .await
                .with_context(|| format!("cannot push {reference}"))?;
            // What the registry has is what was sent, or it is not told as published.
            let (there, _) = client
                .pull_manifest_raw(&reference, &auth, &[MANIFEST])
                .await?;
            by_digest(&reference, &there, &manifest)
        })
    }
}

fn by_digest(
    reference: &Reference,
    there: &[u8],
    sent: &OciImageManifest,
) -> anyhow::Result<String> {
    let parsed: OciImageManifest =
        serde_json::from_slice(there).context("the registry has something else")?;
    if serde_json::to_value(parsed)? != serde_json::to_value(sent)? {
        bail!("the registry has something else for {reference} than what was pushed");
    }
    Ok(format!(
        "{}/{}@{}",
        reference.registry(),
        reference.repository(),
        digest_of(there)
    ))
}

fn artifact(
    module: Vec<u8>,
    annotations: BTreeMap<String, String>,
) -> (Vec<ImageLayer>, Config, OciImageManifest) {
    let layers = vec![ImageLayer::new(
        module,
        WASM_LAYER_MEDIA_TYPE.to_owned(),
        None,
    )];
    let config = Config {
        data: b"{}"[..].into(),
        media_type: WASM_CONFIG_MEDIA_TYPE.to_owned(),
        annotations: None,
    };
    let manifest = OciImageManifest::build(&layers, &config, Some(annotations));
    (layers, config, manifest)
}

/// What the module says about itself, in one line each: a registry takes no others.
fn annotations(module: &[u8]) -> anyhow::Result<BTreeMap<String, String>> {
    #[derive(Deserialize)]
    struct Metadata {
        annotations: Option<BTreeMap<String, String>>,
    }
    let mut found = None;
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CustomSection(section) = payload.context("expected a module")?
            && section.name() == SECTION
        {
            found = Some(section.data().to_vec());
        }
    }
    let section = found.context("expected an annotated module: make annotated-policy.wasm")?;
    let metadata: Metadata =
        serde_json::from_slice(&section).context("the module's metadata cannot be read")?;
    let mut annotations: BTreeMap<String, String> = metadata
        .annotations
        .unwrap_or_default()
        .into_iter()
        .filter(|(_, value)| value.lines().count() <= 1)
        .map(|(name, value)| (name, value.trim().to_owned()))
        .collect();
    if let Some(source) = annotations.get(SOURCE).cloned() {
        annotations.entry(IMAGE_SOURCE.to_owned()).or_insert(source);
    }
    Ok(annotations)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with one custom section.
    fn module(name: &str, data: &str) -> Vec<u8> {
        let size = u8::try_from(1 + name.len() + data.len()).unwrap();
        let mut bytes = b"\0asm\x01\0\0\0\0".to_vec();
        bytes.extend([size, u8::try_from(name.len()).unwrap()]);
        bytes.extend(name.bytes().chain(data.bytes()));
        bytes
    }

    #[test]
    fn says_of_itself_what_fits_into_a_line() {
        let data = r#"{"annotations": {"a": " x\n", "usage": "y\nz", "io.kubewarden.policy.source": "https://git"}}"#;
        let found = annotations(&module(SECTION, &data.replace(": {", ":{"))).unwrap();
        let expected = [
            ("a", "x"),
            (SOURCE, "https://git"),
            (IMAGE_SOURCE, "https://git"),
        ];
        assert_eq!(
            found,
            expected
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into()
        );
    }

    #[test]
    fn rejects_a_module_that_says_nothing_and_what_is_none() {
        let said = |bytes: &[u8]| format!("{:#}", annotations(bytes).unwrap_err());
        assert!(said(&module("name", "{}")).contains("expected an annotated module"));
        assert!(said(&module(SECTION, "[")).contains("metadata cannot be read"));
        assert!(said(b"text").starts_with("expected a module"));
    }

    #[test]
    fn tells_what_the_registry_has_and_nothing_else() {
        let reference: Reference = "ghcr.io/acme/api:v1".parse().unwrap();
        let (_, _, sent) = artifact(b"one".to_vec(), BTreeMap::new());
        let there = serde_json::to_vec(&sent).unwrap();
        let expected = format!("ghcr.io/acme/api@{}", digest_of(&there));
        assert_eq!(by_digest(&reference, &there, &sent).unwrap(), expected);
        let (_, _, other) = artifact(b"two".to_vec(), BTreeMap::new());
        let there = serde_json::to_vec(&other).unwrap();
        assert!(by_digest(&reference, &there, &sent).is_err());
        assert!(by_digest(&reference, b"{}", &sent).is_err());
    }
}

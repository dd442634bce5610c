//! An OCI image layout: a directory with one image in it, each blob under its digest.
//!
//! Invariant: a layout is written whole or not at all, and what is read from one has the digest and the size that its
//! descriptor says.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::oci::{Descriptor, Index, digest_of};

const MARKER: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

/// A layout that is being written.
pub(crate) struct LayoutWriter {
    part: PathBuf,
    place: PathBuf,
}

impl LayoutWriter {
    /// Instead of whatever is at `place`.
    pub(crate) fn new(place: &Path) -> anyhow::Result<Self> {
        let mut name = place
            .file_name()
            .context("expected a name for the layout")?
            .to_owned();
        name.push(".part");
        let part = place.with_file_name(name);
        remove(&part)?;
        std::fs::create_dir_all(part.join("blobs/sha256"))
            .with_context(|| format!("cannot make `{}`", part.display()))?;
        Ok(Self {
            part,
            place: place.to_owned(),
        })
    }

    /// Puts a blob where its descriptor says.
    pub(crate) fn blob(&self, descriptor: &Descriptor, bytes: &[u8]) -> anyhow::Result<()> {
        std::fs::write(blob(&self.part, descriptor)?, bytes).context("cannot write a blob")
    }

    /// Names the image, and puts the layout in its place.
    pub(crate) fn finish(self, index: &Index) -> anyhow::Result<()> {
        std::fs::write(self.part.join("oci-layout"), MARKER)?;
        std::fs::write(self.part.join("index.json"), serde_json::to_vec(index)?)?;
        remove(&self.place)?;
        std::fs::rename(&self.part, &self.place)
            .with_context(|| format!("cannot write `{}`", self.place.display()))
    }
}

fn remove(directory: &Path) -> anyhow::Result<()> {
    if directory.join("blobs").is_dir() {
        std::fs::remove_dir_all(directory)?;
    } else if directory.exists() {
        bail!(
            "expected an OCI layout at `{}`, or nothing: it is left alone",
            directory.display()
        );
    }
    Ok(())
}

fn blob(layout: &Path, descriptor: &Descriptor) -> anyhow::Result<PathBuf> {
    match descriptor.digest.split_once(':') {
        Some(("sha256", hex))
            if hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
        {
            Ok(layout.join("blobs/sha256").join(hex))
        }
        _ => bail!("expected a SHA-256 digest, got `{}`", descriptor.digest),
    }
}

/// A layout that is there.
pub(crate) struct Layout(PathBuf);

impl Layout {
    pub(crate) fn open(place: &Path) -> anyhow::Result<Self> {
        let marker = std::fs::read_to_string(place.join("oci-layout"))
            .with_context(|| format!("expected an OCI layout at `{}`", place.display()))?;
        if marker.trim() != MARKER {
            bail!(
                "expected an OCI layout of version 1.0.0, got `{}`",
                marker.trim()
            );
        }
        Ok(Self(place.to_owned()))
    }

    /// The one image of the layout.
    pub(crate) fn image(&self) -> anyhow::Result<Descriptor> {
        let index: Index = serde_json::from_slice(&std::fs::read(self.0.join("index.json"))?)
            .context("index.json is no index")?;
        match <[Descriptor; 1]>::try_from(index.manifests) {
            Ok([image]) => Ok(image),
            Err(found) => bail!("expected one image in the layout, found {}", found.len()),
        }
    }

    pub(crate) fn read(&self, descriptor: &Descriptor) -> anyhow::Result<Vec<u8>> {
        let path = blob(&self.0, descriptor)?;
        let bytes =
            std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        if u64::try_from(bytes.len())? != descriptor.size || digest_of(&bytes) != descriptor.digest
        {
            bail!("`{}` is not the blob that its name says", path.display());
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::{Annotations, INDEX};

    fn index(manifests: Vec<Descriptor>) -> Index {
        Index {
            schema_version: 2,
            media_type: INDEX.to_owned(),
            manifests,
            annotations: Annotations::new(),
        }
    }

    #[test]
    fn reads_what_it_wrote_and_replaces_it() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("layout");
        for bytes in [&b"one"[..], b"two"] {
            let writer = LayoutWriter::new(&place).unwrap();
            let descriptor = Descriptor::of("text/plain", bytes);
            writer.blob(&descriptor, bytes).unwrap();
            writer.finish(&index(vec![descriptor.clone()])).unwrap();
            let layout = Layout::open(&place).unwrap();
            assert_eq!(layout.image().unwrap(), descriptor);
            assert_eq!(layout.read(&descriptor).unwrap(), bytes);
            assert_eq!(
                std::fs::read_dir(place.join("blobs/sha256"))
                    .unwrap()
                    .count(),
                1
            );
            assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn rejects_a_blob_that_was_changed() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("layout");
        let writer = LayoutWriter::new(&place).unwrap();
        let descriptor = Descriptor::of("text/plain", b"one");
        writer.blob(&descriptor, b"eno").unwrap();
        writer.finish(&index(Vec::new())).unwrap();
        let layout = Layout::open(&place).unwrap();
        assert!(
            layout
                .read(&descriptor)
                .unwrap_err()
                .to_string()
                .contains("not the blob")
        );
        assert!(layout.image().unwrap_err().to_string().contains("found 0"));
        let elsewhere = Descriptor {
            digest: "sha256:../../index.json".to_owned(),
            ..descriptor
        };
        assert!(
            layout
                .read(&elsewhere)
                .unwrap_err()
                .to_string()
                .contains("SHA-256")
        );
    }

    #[test]
    fn leaves_alone_what_is_no_layout() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("mine"), "text").unwrap();
        assert!(
            LayoutWriter::new(directory.path())
                .unwrap()
                .finish(&index(Vec::new()))
                .is_err()
        );
        assert!(directory.path().join("mine").exists());
        assert!(Layout::open(directory.path()).is_err());
    }
}

//! One layer of an image: files in a gzipped tar archive.
//!
//! Invariant: the bytes depend on names, modes and contents alone; every file is root's, of the one time that is given,
//! and gzip writes neither a name nor a time.

use std::io::Write as _;

use anyhow::Context as _;
use flate2::{Compression, GzBuilder};

use crate::oci::{Descriptor, LAYER, digest_of};

/// A file in an image; its directories are made as needed.
pub(crate) struct File {
    /// Without a leading slash.
    pub(crate) path: String,
    pub(crate) mode: u32,
    pub(crate) contents: Vec<u8>,
}

/// A layer as a registry has it.
pub(crate) struct Layer {
    pub(crate) descriptor: Descriptor,
    /// The digest of the archive before it was compressed.
    pub(crate) diff_id: String,
    pub(crate) bytes: Vec<u8>,
}

impl Layer {
    /// The files in the order of their paths, with the time `created`, in seconds.
    pub(crate) fn new(mut files: Vec<File>, created: u64) -> anyhow::Result<Self> {
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let mut archive = tar::Builder::new(Vec::new());
        archive.mode(tar::HeaderMode::Deterministic);
        let mut made: Vec<String> = Vec::new();
        for file in &files {
            for (at, _) in file.path.match_indices('/') {
                let directory = file.path.get(..=at).unwrap_or_default().to_owned();
                if !made.contains(&directory) {
                    let mut header = header(tar::EntryType::Directory, 0o755, created);
                    archive.append_data(&mut header, &directory, std::io::empty())?;
                    made.push(directory);
                }
            }
            let mut header = header(tar::EntryType::Regular, file.mode, created);
            header.set_size(u64::try_from(file.contents.len())?);
            archive
                .append_data(&mut header, &file.path, file.contents.as_slice())
                .with_context(|| format!("cannot put `{}` into a layer", file.path))?;
        }
        let archive = archive.into_inner()?;
        let mut compressed = GzBuilder::new()
            .mtime(0)
            .operating_system(255)
            .write(Vec::new(), Compression::best());
        compressed.write_all(&archive)?;
        let bytes = compressed.finish()?;
        Ok(Self {
            descriptor: Descriptor::of(LAYER, &bytes),
            diff_id: digest_of(&archive),
            bytes,
        })
    }
}

fn header(kind: tar::EntryType, mode: u32, created: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(created);
    header.set_size(0);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, mode: u32) -> File {
        File {
            path: path.to_owned(),
            mode,
            contents: path.as_bytes().to_vec(),
        }
    }

    #[test]
    fn has_the_same_bytes_in_whatever_order() {
        let one = Layer::new(vec![file("etc/b", 0o644), file("a", 0o755)], 7).unwrap();
        let other = Layer::new(vec![file("a", 0o755), file("etc/b", 0o644)], 7).unwrap();
        assert_eq!(one.bytes, other.bytes);
        assert_eq!(one.descriptor.digest, digest_of(&one.bytes));
        let later = Layer::new(vec![file("etc/b", 0o644), file("a", 0o755)], 8).unwrap();
        assert_ne!(one.diff_id, later.diff_id, "the time is in it");
    }

    #[test]
    fn is_roots_and_has_its_directories() {
        let layer =
            Layer::new(vec![file("etc/ssl/c", 0o644), file("etc/ssl/d", 0o600)], 7).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(layer.bytes.as_slice()));
        let found: Vec<(String, u32, u64, u64)> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let header = entry.header();
                assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
                assert!(header.username().unwrap().is_none_or(str::is_empty));
                (
                    entry.path().unwrap().display().to_string(),
                    header.mode().unwrap(),
                    header.mtime().unwrap(),
                    header.size().unwrap(),
                )
            })
            .collect();
        let expected = [
            ("etc/", 0o755, 7, 0),
            ("etc/ssl/", 0o755, 7, 0),
            ("etc/ssl/c", 0o644, 7, 9),
            ("etc/ssl/d", 0o600, 7, 9),
        ];
        assert_eq!(
            found,
            expected.map(|(path, mode, time, size)| (path.to_owned(), mode, time, size))
        );
    }
}

//! Image references, as somebody spelled them.
//!
//! Invariant: all spellings of one repository are one [`Repository`], so that another spelling is never a repository
//! without a past; and what hosts are asked with has the normalised registry, so that a spelling never loses the
//! credentials that the host has for it. What is not a reference in the grammar of the distribution project does not
//! parse, nor does what runtimes read as the id of an image that a node has already: no registry knows it.

mod repository;

pub use repository::Repository;

use crate::digest::{Digest, is_lower_hex};
use repository::{LONGEST_NAME, Name};
use std::str::FromStr;

const LONGEST_TAG: usize = 128;
/// The algorithms of digests with their hex digits (OCI image spec, "Digests").
const DIGESTS: [(&str, usize); 3] = [("sha256", 64), ("sha384", 96), ("sha512", 128)];

/// An image reference as somebody spelled it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageReference {
    spelled: String,
    name: String,
    repository: Repository,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is no image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Nothing there.
    #[error("expected registry/path:tag, got an empty text")]
    Empty,
    /// Longer than the grammar allows.
    #[error("expected a name of at most {LONGEST_NAME} characters, got {0}")]
    TooLong(usize),
    /// The registry's host and port.
    #[error("expected host or host:port before the first slash")]
    Registry,
    /// The path.
    #[error("expected path components of lower-case letters, digits and separators . _ __ -")]
    Path,
    /// The tag.
    #[error(
        "expected a tag of at most {LONGEST_TAG} letters, digits, dots, dashes and underscores"
    )]
    Tag,
    /// The digest.
    #[error(transparent)]
    Digest(#[from] crate::digest::DigestError),
    /// `sha256:` and hex digits, or these alone.
    #[error("expected registry/path:tag, got what runtimes read as the id of a local image")]
    LocalImage,
    /// A tag or digest where only a repository belongs.
    #[error("expected a repository without tag or digest")]
    NotARepository,
}

impl ImageReference {
    /// As it was spelled.
    #[must_use]
    pub fn spelled(&self) -> &str {
        &self.spelled
    }

    /// What host calls name: the normalised registry and the path as spelled, without tag and digest.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its baseline belongs to, before aliases.
    #[must_use]
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The tag, where one is spelled.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, where one is spelled. It then decides, whatever the tag says.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The same tag and digest in another place, as a mirror serves it.
    #[must_use]
    pub fn at(&self, name: &str) -> String {
        let tag = self
            .tag
            .as_ref()
            .map(|t| format!(":{t}"))
            .unwrap_or_default();
        let digest = self
            .digest
            .as_ref()
            .map(|d| format!("@{d}"))
            .unwrap_or_default();
        format!("{name}{tag}{digest}")
    }
}

impl FromStr for ImageReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Err(ReferenceError::Empty);
        }
        if is_local_image(text) {
            return Err(ReferenceError::LocalImage);
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse()?)),
            None => (text, None),
        };
        // A colon after the last slash starts the tag; one before it is a port's.
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(parse_tag(tag)?)),
            _ => (rest, None),
        };
        let Name { called, repository } = Name::parse(name)?;
        Ok(Self {
            spelled: text.to_owned(),
            name: called,
            repository,
            tag,
            digest,
        })
    }
}

/// Whether runtimes look for `text` among their own images instead of in a registry.
fn is_local_image(text: &str) -> bool {
    match text.split_once(':') {
        None => is_lower_hex(text, 64),
        Some((algorithm, hex)) => DIGESTS
            .iter()
            .any(|(name, length)| algorithm == *name && is_lower_hex(hex, *length)),
    }
}

fn parse_tag(tag: &str) -> Result<String, ReferenceError> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let fits = tag.len() <= LONGEST_TAG
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|b| word(b) || b == b'.' || b == b'-');
    fits.then(|| tag.to_owned()).ok_or(ReferenceError::Tag)
}

#[cfg(test)]
#[path = "reference_tests.rs"]
mod tests;

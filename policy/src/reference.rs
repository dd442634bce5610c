//! Image references, and the repositories that baselines belong to.
//!
//! Invariant: all spellings of one repository are one [`Repository`], so that another spelling is never a repository
//! without a past. The reference as spelled is kept beside it, since the host resolves that one. What is not a
//! reference in the grammar of the distribution project does not parse.

use crate::digest::Digest;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest name that the distribution grammar allows, and a bound on what we read.
const LONGEST_NAME: usize = 255;
const LONGEST_TAG: usize = 128;
const DOCKER_HUB: &str = "docker.io";

/// `registry/path`, normalised: what a baseline belongs to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Repository(String);

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
    /// A tag or digest where only a repository belongs.
    #[error("expected a repository without tag or digest")]
    NotARepository,
}

impl Repository {
    /// `registry/path`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The registry: host, and port where it is not the scheme's own.
    #[must_use]
    pub fn registry(&self) -> &str {
        self.0.split_once('/').map_or(self.0.as_str(), |(r, _)| r)
    }

    /// The path in the registry.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, p)| p)
    }

    /// The names under which signing tools write this repository into a payload: Docker Hub has several.
    #[must_use]
    pub fn payload_names(&self) -> Vec<String> {
        if self.registry() != DOCKER_HUB {
            return vec![self.0.clone()];
        }
        ["index.docker.io", DOCKER_HUB, "registry-1.docker.io"]
            .iter()
            .map(|host| format!("{host}/{}", self.path()))
            .collect()
    }
}

impl ImageReference {
    /// As it was spelled.
    #[must_use]
    pub fn spelled(&self) -> &str {
        &self.spelled
    }

    /// The spelled reference without tag and digest: what host calls name.
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
        if text.is_empty() {
            return Err(ReferenceError::Empty);
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
        let repository = parse_repository(name)?;
        Ok(Self {
            spelled: text.to_owned(),
            name: name.to_owned(),
            repository,
            tag,
            digest,
        })
    }
}

fn parse_tag(tag: &str) -> Result<String, ReferenceError> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let fits = tag.len() <= LONGEST_TAG
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|b| word(b) || b == b'.' || b == b'-');
    fits.then(|| tag.to_owned()).ok_or(ReferenceError::Tag)
}

fn parse_repository(name: &str) -> Result<Repository, ReferenceError> {
    let within_bounds = |name: &str| match name.len() {
        0..=LONGEST_NAME => Ok(()),
        long => Err(ReferenceError::TooLong(long)),
    };
    within_bounds(name)?;
    let (registry, path) = match name.split_once('/') {
        Some((first, path)) if is_registry(first) => (normal_registry(first)?, path.to_owned()),
        _ => (DOCKER_HUB.to_owned(), name.to_owned()),
    };
    if !path.split('/').all(is_path_component) {
        return Err(ReferenceError::Path);
    }
    let normal = if registry == DOCKER_HUB && !path.contains('/') {
        format!("{registry}/library/{path}")
    } else {
        format!("{registry}/{path}")
    };
    // What was added counts too: the normal form has to be a name itself.
    within_bounds(&normal)?;
    Ok(Repository(normal))
}

/// The rule by which every container runtime tells a host from a first path component.
fn is_registry(first: &str) -> bool {
    first == "localhost"
        || first.contains(['.', ':'])
        || first.bytes().any(|b| b.is_ascii_uppercase())
}

fn normal_registry(text: &str) -> Result<String, ReferenceError> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let fits = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(is_host_label),
    };
    if !fits {
        return Err(ReferenceError::Registry);
    }
    let host = match host.to_ascii_lowercase() {
        hub if hub == "index.docker.io" || hub == "registry-1.docker.io" => DOCKER_HUB.to_owned(),
        host => host,
    };
    let port = match port {
        Some(port) if !port.bytes().all(|b| b.is_ascii_digit()) => {
            return Err(ReferenceError::Registry);
        }
        Some(port) => Some(port.parse::<u16>().map_err(|_| ReferenceError::Registry)?),
        None => None,
    };
    match port.filter(|port| ![80, 443].contains(port)) {
        Some(port) => Ok(format!("{host}:{port}")),
        // Without its capitals or its port such a host would read as a path on Docker Hub.
        None if !is_registry(&host) => Ok(format!("{host}:443")),
        None => Ok(host),
    }
}

fn is_host_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_path_component(component: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let edges =
        component.bytes().next().is_some_and(word) && component.bytes().last().is_some_and(word);
    edges
        && component
            .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            .all(|between| {
                matches!(between, "" | "." | "_" | "__") || between.bytes().all(|b| b == b'-')
            })
}

impl FromStr for Repository {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let reference: ImageReference = text.parse()?;
        if reference.tag.is_some() || reference.digest.is_some() {
            return Err(ReferenceError::NotARepository);
        }
        Ok(reference.repository)
    }
}

impl TryFrom<String> for Repository {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Repository> for String {
    fn from(repository: Repository) -> Self {
        repository.0
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
#[path = "reference_tests.rs"]
mod tests;

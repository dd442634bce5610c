//! Repositories: the normalised names that baselines belong to.
//!
//! Invariant: all spellings of one repository are one [`Repository`]: Docker Hub's names, capitals in the host and
//! `:443` are one; every other port is another registry, `:80` too. What is not a name in the grammar of the
//! distribution project does not parse.

use super::{ImageReference, ReferenceError};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest name that the distribution grammar allows, and a bound on what we read.
pub(super) const LONGEST_NAME: usize = 255;
const DOCKER_HUB: &str = "docker.io";
/// The port that HTTPS has anyway.
const HTTPS: u16 = 443;

/// `registry/path`, normalised: what a baseline belongs to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Repository(String);

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

    /// The same without the port 80, where it has that one: plain HTTP may be another registry, and may be another
    /// spelling of this one.
    #[must_use]
    pub(crate) fn without_port_80(&self) -> Option<Self> {
        let host = self.registry().strip_suffix(":80")?;
        // With the other scheme's port, since a host without a dot would read as a path on Docker Hub.
        format!("{host}:{HTTPS}/{}", self.path()).parse().ok()
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

/// A name that was read: as hosts are asked with it, and as baselines are kept by it.
pub(super) struct Name {
    /// The normalised registry and the path as spelled.
    pub(super) called: String,
    pub(super) repository: Repository,
}

impl Name {
    /// `text` has neither tag nor digest.
    pub(super) fn parse(text: &str) -> Result<Self, ReferenceError> {
        let within_bounds = |name: &str| match name.len() {
            0..=LONGEST_NAME => Ok(()),
            long => Err(ReferenceError::TooLong(long)),
        };
        within_bounds(text)?;
        let (registry, path) = match text.split_once('/') {
            Some((first, path)) if is_registry(first) => (normal_registry(first)?, path),
            _ => (DOCKER_HUB.to_owned(), text),
        };
        if !path.split('/').all(is_path_component) {
            return Err(ReferenceError::Path);
        }
        let called = format!("{registry}/{path}");
        let normal = if registry == DOCKER_HUB && !path.contains('/') {
            format!("{registry}/library/{path}")
        } else {
            called.clone()
        };
        // What was added counts too: the normal form has to be a name itself.
        within_bounds(&normal)?;
        Ok(Self {
            called,
            repository: Repository(normal),
        })
    }
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
    let port = match port {
        Some(port) if !port.bytes().all(|b| b.is_ascii_digit()) => {
            return Err(ReferenceError::Registry);
        }
        Some(port) => Some(port.parse::<u16>().map_err(|_| ReferenceError::Registry)?),
        None => None,
    };
    let host = host.to_ascii_lowercase();
    match port.filter(|port| *port != HTTPS) {
        Some(port) => Ok(format!("{host}:{port}")),
        None if host == "index.docker.io" || host == "registry-1.docker.io" => {
            Ok(DOCKER_HUB.to_owned())
        }
        // Without its capitals or its port such a host would read as a path on Docker Hub.
        None if !is_registry(&host) => Ok(format!("{host}:{HTTPS}")),
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

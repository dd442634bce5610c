//! The names of signed repositories: what tells a lost baseline from one that never was.
//!
//! Invariant: names are added, and taken out only by an approver; they are kept apart from the baselines, so that deleting one does not make its
//! repository new. A text that is not exactly what is written here does not parse, and whoever reads it has to assume
//! that the name he looks for was in it. Two repositories that share the first 64 bits of their SHA-256 share a name,
//! which errs towards "lost".
//!
//! One ConfigMap for each first hex digit of the SHA-256 of a repository, in `data.names`: the first 8 bytes of each,
//! sorted, one after the other, in base64.

use super::ConfigMapData;
use crate::reference::Repository;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// Where in `data` the names are.
pub const NAMES_KEY: &str = "names";
/// As many as fit the size limit of a Kubernetes object with room to spare: a million repositories in 16 shards.
const MOST: usize = 65_536;
const LENGTH: usize = 8;

type Name = [u8; LENGTH];

/// One of the sixteen parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(u8);

/// The names in one shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    shard: Shard,
    /// In rising order, each once.
    names: Vec<Name>,
}

/// Why names cannot be read or kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NamesError {
    /// There is no such text.
    #[error("expected data.{NAMES_KEY}")]
    Missing,
    /// More than one object holds.
    #[error("expected at most {MOST} names")]
    TooMany,
    /// Another encoding.
    #[error("expected names of {LENGTH} bytes each in base64")]
    Encoding,
    /// Not what is written here.
    #[error("expected names in rising order, each once")]
    Order,
    /// Those of another shard.
    #[error("expected names of the shard {shard:x}", shard = .0.0)]
    Shard(Shard),
}

impl Shard {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..16).map(Self)
    }

    /// Where the name of `repository` is kept.
    #[must_use]
    pub fn of(repository: &Repository) -> Self {
        Self::of_name(&name(repository))
    }

    fn of_name([first, ..]: &Name) -> Self {
        Self(first >> 4)
    }

    /// The name of its ConfigMap.
    #[must_use]
    pub fn config_map_name(self) -> String {
        format!("continuity-names-{:x}", self.0)
    }
}

impl Names {
    /// None yet.
    #[must_use]
    pub fn new(shard: Shard) -> Self {
        Self {
            shard,
            names: Vec::new(),
        }
    }

    /// What a ConfigMap that is there says.
    ///
    /// # Errors
    /// When that is not exactly what is written here.
    pub fn of_config_map(map: &ConfigMapData, shard: Shard) -> Result<Self, NamesError> {
        let text = map.data.get(NAMES_KEY).ok_or(NamesError::Missing)?;
        Self::parse(text, shard)
    }

    /// From `data.names`.
    ///
    /// # Errors
    /// When that is not exactly what [`Names::encode`] writes.
    pub(crate) fn parse(text: &str, shard: Shard) -> Result<Self, NamesError> {
        // Base64 makes four of three.
        if text.len() > MOST * LENGTH / 3 * 4 + 4 {
            return Err(NamesError::TooMany);
        }
        let bytes = STANDARD.decode(text).map_err(|_| NamesError::Encoding)?;
        let (names, rest) = bytes.as_chunks::<LENGTH>();
        if !rest.is_empty() {
            return Err(NamesError::Encoding);
        }
        if names.len() > MOST {
            return Err(NamesError::TooMany);
        }
        if !names.is_sorted_by(|one, next| one < next) {
            return Err(NamesError::Order);
        }
        if names.iter().any(|name| Shard::of_name(name) != shard) {
            return Err(NamesError::Shard(shard));
        }
        Ok(Self {
            shard,
            names: names.to_vec(),
        })
    }

    /// What stands in `data.names`.
    #[must_use]
    pub fn encode(&self) -> String {
        STANDARD.encode(self.names.as_flattened())
    }

    /// Which part this is.
    #[must_use]
    pub fn shard(&self) -> Shard {
        self.shard
    }

    /// Whether `repository` is named.
    #[must_use]
    pub fn contains(&self, repository: &Repository) -> bool {
        self.names.binary_search(&name(repository)).is_ok()
    }

    /// Names `repository`; whether it was not.
    ///
    /// # Errors
    /// When it belongs to another shard, or there is no room.
    pub fn insert(&mut self, repository: &Repository) -> Result<bool, NamesError> {
        self.insert_name(name(repository))
    }

    fn insert_name(&mut self, name: Name) -> Result<bool, NamesError> {
        if Shard::of_name(&name) != self.shard {
            return Err(NamesError::Shard(self.shard));
        }
        let Err(at) = self.names.binary_search(&name) else {
            return Ok(false);
        };
        if self.names.len() >= MOST {
            return Err(NamesError::TooMany);
        }
        self.names.insert(at, name);
        Ok(true)
    }

    /// No longer names `repository`, for an approver who accepts that its baseline is lost; whether it was named.
    pub fn remove(&mut self, repository: &Repository) -> bool {
        match self.names.binary_search(&name(repository)) {
            Ok(at) => {
                self.names.remove(at);
                true
            }
            Err(_) => false,
        }
    }

    /// How many of the names belong to none of these objects, which are named after repositories' hashes.
    #[must_use]
    pub fn missing_from<'a>(&self, config_maps: impl Iterator<Item = &'a str>) -> usize {
        let present: BTreeSet<Name> = config_maps.filter_map(name_of_config_map).collect();
        self.names
            .iter()
            .filter(|name| !present.contains(*name))
            .count()
    }

    /// How many.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// The name that is in the name of a baseline's ConfigMap; none where it is another's.
fn name_of_config_map(config_map: &str) -> Option<Name> {
    let hex = config_map.strip_prefix("continuity-")?;
    let mut name = Name::default();
    hex::decode_to_slice(hex.get(..2 * LENGTH)?, &mut name).ok()?;
    Some(name)
}

fn name(repository: &Repository) -> Name {
    let hash: [u8; 32] = Sha256::digest(repository.as_str()).into();
    let [a, b, c, d, e, f, g, h, ..] = hash;
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;

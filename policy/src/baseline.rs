//! A repository's baseline: what it has been signed by, and in which formats.
//!
//! Invariant: a [`Baseline`] parsed whole, with every id recomputed, and belongs to the repository that was asked for.
//! What is there and does not parse is [`Lookup::Unusable`], never absent: lost memory is no fresh start.
//! Admission only reads; the learner writes with the same types.

mod lookup;
mod names;
mod record;

pub use lookup::Lookup;
pub use names::{NAMES_KEY, Names, NamesError, Shard};
pub use record::{
    Allowed, Candidate, Introduction, Log, Origin, Retired, Revived, SignerRecord, Tolerated,
    Verified,
};

use crate::digest::Digest;
use crate::posture::Rank;
use crate::reference::Repository;
use crate::signer::{Signer, SignerId};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The version of the format that is read and written here.
pub const VERSION: u64 = 1;
/// The label that every baseline ConfigMap carries, with the value `true`.
pub const LABEL: &str = "signature-continuity/baseline";
/// The annotation with the repository, for people who look for it.
pub const ANNOTATION: &str = "signature-continuity/repository";
/// The ConfigMap that says when the learner ran last.
pub const STATE_NAME: &str = "continuity-state";
/// The size limit of a Kubernetes object's data.
const LARGEST: usize = 1024 * 1024;

/// The name of a repository's ConfigMap.
#[must_use]
pub fn config_map_name(repository: &Repository) -> String {
    format!(
        "continuity-{}",
        hex::encode(Sha256::digest(repository.as_str()))
    )
}

/// A repository's baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Baseline {
    version: u64,
    /// The repository, normalised.
    pub repository: Repository,
    /// Grows by one with each write of ours.
    pub generation: u64,
    /// When its first signature was proven.
    pub first_seen: DateTime<Utc>,
    /// When it was last seen signed, to the day.
    pub last_seen: DateTime<Utc>,
    /// Since when drift is enforced; `None` or a time to come: cold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub established: Option<DateTime<Utc>>,
    /// Until when the repository was seen and never signed, where that was so: no past of its own establishes it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsigned_until: Option<DateTime<Utc>>,
    /// The best kind of evidence that it has had.
    pub rank: Rank,
    /// In which formats its signatures are published.
    pub formats: Vec<Format>,
    /// Who signs, retired ones included.
    pub signers: Vec<SignerRecord>,
    /// Strangers seen beside known signers.
    #[serde(default)]
    pub candidates: Vec<Candidate>,
    /// What known signers' certificates attested so far.
    #[serde(default)]
    pub provenance: SeenProvenance,
    /// What the transparency log knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Log>,
    /// Digests that a known signer was proven on.
    #[serde(default)]
    pub verified: Vec<Verified>,
    /// Digests that ran when the baseline became established.
    #[serde(default)]
    pub tolerated: Vec<Tolerated>,
    /// Digests that somebody allowed for a while.
    #[serde(default)]
    pub allowed: Vec<Allowed>,
    /// Ends of signers that were undone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revived: Vec<Revived>,
}

/// A format of signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// cosign 2: a manifest under the tag `sha256-….sig`.
    Cosign2,
    /// cosign 3: a Sigstore bundle as an OCI referrer.
    Bundle,
}

/// Values of provenance seen on known signers' certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SeenProvenance {
    /// Source repositories.
    pub sources: Vec<String>,
    /// Their owners.
    pub owners: Vec<String>,
    /// Workflows that signed.
    pub builders: Vec<String>,
    /// Classes of runners.
    pub runners: Vec<String>,
}

/// The learner's last words: `data["state.json"]` of the ConfigMap [`STATE_NAME`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// The version of this object.
    pub version: u64,
    /// When the learner ended last.
    pub last_run: DateTime<Utc>,
    /// How many baselines it left.
    pub baselines: u64,
}

impl State {
    /// After how long without a run the learner counts as gone.
    pub(crate) const GONE: TimeDelta = TimeDelta::days(7);

    /// Whether the learner ended last so long ago that nobody learns any more.
    #[must_use]
    pub fn is_gone(&self, now: DateTime<Utc>) -> bool {
        now - self.last_run > Self::GONE
    }
}

/// A ConfigMap, as far as baselines need it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigMapData {
    /// `metadata.labels`
    pub labels: BTreeMap<String, String>,
    /// `data`
    pub data: BTreeMap<String, String>,
}

impl Baseline {
    fn from_config_map(map: &ConfigMapData, repository: &Repository) -> Result<Self, String> {
        if map.labels.get(LABEL).map(String::as_str) != Some("true") {
            return Err(format!("expected the label {LABEL}=true"));
        }
        let field = |key| {
            map.data
                .get(key)
                .ok_or_else(|| format!("expected data.{key}"))
        };
        if field("repository")? != repository.as_str() {
            return Err(format!(
                "expected data.repository {repository}, got another"
            ));
        }
        Self::from_json(field("baseline.json")?, repository)
    }

    /// From `baseline.json`.
    ///
    /// # Errors
    /// When it does not parse, is of a newer version, names another repository or an id that is not its signer's.
    pub fn from_json(json: &str, repository: &Repository) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        if json.len() > LARGEST {
            return Err(format!(
                "expected at most {LARGEST} bytes, got {}",
                json.len()
            ));
        }
        let versioned: Versioned =
            serde_json::from_str(json).map_err(|_| "expected JSON with a version".to_owned())?;
        if versioned.version != VERSION {
            return Err(format!(
                "expected version {VERSION}, got {}",
                versioned.version
            ));
        }
        let baseline: Self =
            serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(json))
                .map_err(|e| {
                    format!(
                        "expected a baseline of version {VERSION}: {} does not parse",
                        e.path()
                    )
                })?;
        if &baseline.repository != repository {
            return Err(format!("expected repository {repository}, got another"));
        }
        let as_it_should = match baseline.rank {
            Rank::Key | Rank::Keyless => !baseline.signers.is_empty(),
            Rank::Unsigned => baseline.signers.is_empty() && baseline.established.is_none(),
            Rank::Unverifiable => false,
        };
        if !as_it_should {
            return Err(
                "expected rank key or keyless, and signers; or rank unsigned, with neither signers nor established"
                    .to_owned(),
            );
        }
        Ok(baseline)
    }

    /// A baseline that begins now, with nobody in it.
    #[must_use]
    pub fn new(repository: Repository, rank: Rank, now: DateTime<Utc>) -> Self {
        Self {
            version: VERSION,
            repository,
            generation: 0,
            first_seen: now,
            last_seen: now,
            established: None,
            unsigned_until: None,
            rank,
            formats: Vec::new(),
            signers: Vec::new(),
            candidates: Vec::new(),
            provenance: SeenProvenance::default(),
            log: None,
            verified: Vec::new(),
            tolerated: Vec::new(),
            allowed: Vec::new(),
            revived: Vec::new(),
        }
    }

    /// Whether the repository was ever signed, by whomever: a retired signer is one. Otherwise it was seen running, looked
    /// at in full and found without a signature.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        !self.signers.is_empty()
    }

    /// Whether drift from it is enforced.
    #[must_use]
    pub fn is_established(&self, now: DateTime<Utc>) -> bool {
        self.established.is_some_and(|since| since <= now)
    }

    /// The signers that are not retired.
    pub fn known(&self) -> impl Iterator<Item = &SignerRecord> {
        self.signers
            .iter()
            .filter(|record| record.retired.is_none())
    }

    /// Which signer `digest` was verified by, where that signer is still known.
    #[must_use]
    pub fn verified(&self, digest: &Digest) -> Option<&Signer> {
        self.verifiers(digest).next()
    }

    /// All signers that `digest` was verified by and that are still known.
    pub(crate) fn verifiers(&self, digest: &Digest) -> impl Iterator<Item = &Signer> {
        self.verified
            .iter()
            .filter(move |entry| &entry.digest == digest)
            .filter_map(|entry| {
                let mut named = self.signers.iter().filter(|r| entry.names(&r.id()));
                // An id that could mean two signers means none.
                match (named.next(), named.next()) {
                    (Some(record), None) if record.retired.is_none() => Some(&record.signer),
                    _ => None,
                }
            })
    }

    /// The entry by which `digest` ran when the baseline became established.
    #[must_use]
    pub fn tolerated(&self, digest: &Digest) -> Option<&Tolerated> {
        self.tolerated.iter().find(|entry| &entry.digest == digest)
    }

    /// The entry by which somebody allowed `digest`, while it lasts.
    #[must_use]
    pub fn allowed(&self, digest: &Digest, now: DateTime<Utc>) -> Option<&Allowed> {
        self.allowed
            .iter()
            .find(|entry| &entry.digest == digest && now < entry.until)
    }

    /// The record of a signer, retired or not.
    #[must_use]
    pub fn record(&self, id: &SignerId) -> Option<&SignerRecord> {
        self.signers.iter().find(|record| &record.id() == id)
    }
}

#[cfg(test)]
#[path = "baseline_tests.rs"]
mod tests;

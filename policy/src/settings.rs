//! What operators decide.
//!
//! Invariant: settings are read whole or not at all; each field is of its own type, made by parsing, and every error
//! says where and what was expected. Unknown fields are errors: a misspelt `enforce` would otherwise enforce nothing.

mod chain;
mod error;
mod exception;
mod guard;
mod names;
mod not_yet;
mod pin;
mod ref_pattern;
mod repository_names;
mod scope;
mod wire;

pub use chain::{CertificateChain, ChainError};
pub use error::SettingsError;
pub use exception::{EXPIRES_SOON, Exception, ExceptionScope};
pub use guard::{Guard, Principals, TrustControl};
pub use pin::{Pin, PinnedSigner};
pub use ref_pattern::{FoldedRefs, RefPattern};
pub use repository_names::RepositoryNames;
pub use scope::{EnforceEntry, OnUndetermined, ProvenanceMode, Unenforced};

use crate::glob::Rewrite;
use crate::reference::{ImageReference, Repository};
use crate::signer::{Caller, Keyless, Signer};
use chrono::TimeDelta;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use wire::{Object, Text, objects, texts};

/// The largest settings that are read: an object in Kubernetes is at most half as large again.
const LARGEST: usize = 1024 * 1024;
const MOST_ABSENT_MESSAGES: usize = 32;
const LONGEST_ABSENT_MESSAGE: usize = 200;
const LONGEST_NAMESPACE: usize = 63;

/// The settings of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// Where baselines are, and when they count.
    #[serde(deserialize_with = "wire::object")]
    pub baseline: BaselineSettings,
    /// Where drift rejects; empty: nowhere.
    #[serde(deserialize_with = "objects::<_, EnforceEntry, _>")]
    pub enforce: Vec<EnforceEntry>,
    /// What drift does elsewhere.
    pub unenforced: Unenforced,
    /// What is done when the outside world does not answer.
    pub on_undetermined: OnUndetermined,
    /// What is done with builds of a kind never seen.
    #[serde(deserialize_with = "not_yet::provenance")]
    pub provenance: ProvenanceMode,
    /// Signers that are known from the first image on.
    #[serde(deserialize_with = "objects::<_, Pin, _>")]
    pub pins: Vec<Pin>,
    /// Drift that is accepted.
    #[serde(deserialize_with = "objects::<_, Exception, _>")]
    pub exceptions: Vec<Exception>,
    /// Repositories that are the same.
    #[serde(deserialize_with = "objects::<_, names::Alias, _>")]
    pub aliases: Vec<Rewrite>,
    /// Where to ask instead.
    #[serde(deserialize_with = "objects::<_, names::Mirror, _>")]
    pub mirrors: Vec<Rewrite>,
    /// Refs that are the same in comparisons.
    #[serde(deserialize_with = "objects::<_, RefPattern, _>")]
    pub ref_patterns: Vec<RefPattern>,
    /// Who may issue signing certificates; empty: see [`Settings::certificate_chains`].
    #[serde(deserialize_with = "texts::<_, CertificateChain, _>")]
    pub certificate_authorities: Vec<CertificateChain>,
    /// A signature that is known to be good.
    #[serde(deserialize_with = "trust_control")]
    pub trust_control: Option<TrustControl>,
    /// Further words of registries for "no such tag".
    #[serde(deserialize_with = "absent_messages")]
    pub absent_messages: Vec<String>,
    /// The most images of one request that are judged.
    #[serde(deserialize_with = "max_images")]
    pub max_images: usize,
    /// The time that host calls of one request may take.
    #[serde(deserialize_with = "budget")]
    pub budget: TimeDelta,
    /// Whether registries are asked about images without baseline and pin.
    pub observe_new: bool,
    /// Whether images get their digest; for a policy that may mutate.
    #[serde(deserialize_with = "not_yet::modify_images_with_digest")]
    pub modify_images_with_digest: bool,
    /// Who may write baselines.
    #[serde(deserialize_with = "not_yet::guard")]
    pub guard: Guard,
}

/// Where baselines are, and when they count.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct BaselineSettings {
    /// The namespace of their ConfigMaps.
    #[serde(deserialize_with = "namespace")]
    pub namespace: String,
    /// How long after the first proof a baseline is established; the learner's.
    #[serde(deserialize_with = "establish_after")]
    pub establish_after: TimeDelta,
}

impl Settings {
    /// Reads settings; `null` and an empty text are all defaults.
    ///
    /// # Errors
    /// With the path of the first field that is not as expected.
    pub fn parse(json: &[u8]) -> Result<Self, SettingsError> {
        if json.len() > LARGEST {
            return Err(SettingsError::new(
                "",
                &format!("expected at most {LARGEST} bytes, got {}", json.len()),
            ));
        }
        if json.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let settings: Option<Object<Self>> = serde_path_to_error::deserialize(&mut deserializer)
            .map_err(|error| {
                let path = error.path().to_string();
                let error = error.into_inner();
                if !error.is_data() {
                    return SettingsError::new("", &format!("expected JSON: {error}"));
                }
                let message = error.to_string();
                // Where in the JSON says nothing to whoever wrote YAML.
                let place = format!(" at line {} column {}", error.line(), error.column());
                SettingsError::new(&path, message.strip_suffix(&place).unwrap_or(&message))
            })?;
        deserializer
            .end()
            .map_err(|_| SettingsError::new("", "expected one JSON object and nothing after it"))?;
        Ok(settings.map_or_else(Self::default, |Object(settings)| settings))
    }

    /// The entries of `enforce` for an image of a repository with these names in `namespace`; without names, all entries
    /// for the namespace: what could not be read could be of any repository.
    pub(crate) fn enforce_entries<'a>(
        &'a self,
        namespace: &str,
        names: Option<&RepositoryNames>,
    ) -> impl Iterator<Item = &'a EnforceEntry> {
        self.enforce
            .iter()
            .filter(move |entry| entry.applies(namespace, names))
    }

    /// The signers of which one has to have signed; none: the repository is not pinned. Pins that match unite; those for
    /// the own name count only where there are none for the aliased one.
    #[must_use]
    pub(crate) fn pinned<'a>(&'a self, names: &RepositoryNames) -> Option<Vec<&'a PinnedSigner>> {
        [names.aliased(), names.own()].into_iter().find_map(|name| {
            let mut pins = self
                .pins
                .iter()
                .filter(|pin| repository_names::matches(&pin.repositories, name))
                .peekable();
            pins.peek()?;
            Some(pins.flat_map(|pin| &pin.any_of).collect())
        })
    }

    /// The repository whose baseline counts for `repository`. The first alias that matches decides; what it makes is
    /// not looked up again, and where that is no repository, none of it happens.
    #[must_use]
    pub fn aliased(&self, repository: &Repository) -> Repository {
        rewritten(&self.aliases, repository).unwrap_or_else(|| repository.clone())
    }

    /// The name under which hosts are asked about `reference`: see [`ImageReference::name`], or at a mirror.
    #[must_use]
    pub fn call_name(&self, reference: &ImageReference) -> String {
        rewritten(&self.mirrors, reference.repository())
            .map_or_else(|| reference.name().to_owned(), String::from)
    }

    /// `signer` for a comparison, of which both sides get this: with the ref folded as `ref_patterns` say.
    #[must_use]
    pub fn compared(&self, repository: &Repository, signer: &Signer) -> Signer {
        match signer {
            Signer::Keyless(keyless) => {
                let (subject, caller) = (&keyless.subject, keyless.caller.as_ref());
                Signer::Keyless(Keyless {
                    subject: self.comparison_subject(repository, subject, caller),
                    ..keyless.clone()
                })
            }
            Signer::Key(_) => signer.clone(),
        }
    }

    /// The `subject` of a signer with this caller, folded in the same way.
    #[must_use]
    pub(crate) fn comparison_subject(
        &self,
        repository: &Repository,
        subject: &str,
        caller: Option<&Caller>,
    ) -> String {
        self.ref_patterns
            .iter()
            .find_map(|pattern| pattern.apply(repository, subject, caller))
            .unwrap_or_else(|| subject.to_owned())
    }

    /// Who may issue signing certificates: `certificate_authorities`, or the public-good Fulcio where there are none.
    #[must_use]
    pub fn certificate_chains(&self) -> Cow<'_, [CertificateChain]> {
        if self.certificate_authorities.is_empty() {
            Cow::Owned(CertificateChain::public_good())
        } else {
            Cow::Borrowed(&self.certificate_authorities)
        }
    }
}

/// What the first rewrite that matches makes, normalised like any name; none where that is no repository.
fn rewritten(rewrites: &[Rewrite], repository: &Repository) -> Option<Repository> {
    let text = rewrites
        .iter()
        .find_map(|rewrite| rewrite.apply(repository.as_str()))?;
    // A registry alone, where a wildcard stood for no segment, would read as an image on Docker Hub.
    text.contains('/').then(|| text.parse().ok()).flatten()
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            baseline: BaselineSettings::default(),
            enforce: Vec::new(),
            unenforced: Unenforced::default(),
            on_undetermined: OnUndetermined::default(),
            provenance: ProvenanceMode::default(),
            pins: Vec::new(),
            exceptions: Vec::new(),
            aliases: Vec::new(),
            mirrors: Vec::new(),
            ref_patterns: Vec::new(),
            certificate_authorities: Vec::new(),
            trust_control: None,
            absent_messages: Vec::new(),
            max_images: 64,
            budget: TimeDelta::milliseconds(800),
            observe_new: false,
            modify_images_with_digest: false,
            guard: Guard::default(),
        }
    }
}

impl Default for BaselineSettings {
    fn default() -> Self {
        Self {
            namespace: "signature-continuity".to_owned(),
            establish_after: TimeDelta::hours(24),
        }
    }
}

fn namespace<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    // RFC 1123's label, as Kubernetes wants it of namespaces.
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let label = (1..=LONGEST_NAMESPACE).contains(&name.len())
        && name.bytes().all(|b| word(b) || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    if !label {
        return Err(D::Error::custom(
            "expected the name of a namespace, such as signature-continuity",
        ));
    }
    if name == "kubewarden" {
        return Err(D::Error::custom(
            "expected another namespace than kubewarden: policies never see requests there, so that nothing guards the baselines",
        ));
    }
    Ok(name)
}

fn establish_after<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeDelta, D::Error> {
    wire::duration(
        deserializer,
        &(TimeDelta::zero()..=TimeDelta::days(365)),
        "0s to 365d",
    )
}

fn budget<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeDelta, D::Error> {
    wire::duration(
        deserializer,
        &(TimeDelta::milliseconds(50)..=TimeDelta::seconds(30)),
        "50ms to 30s",
    )
}

fn max_images<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    wire::number(deserializer, &(1..=1024))
}

fn trust_control<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<TrustControl>, D::Error> {
    wire::object(deserializer).map(Some)
}

fn absent_messages<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let messages = texts::<_, Text<LONGEST_ABSENT_MESSAGE>, String>(deserializer)?;
    if messages.len() > MOST_ABSENT_MESSAGES {
        return Err(D::Error::custom(format_args!(
            "expected at most {MOST_ABSENT_MESSAGES} messages, got {}",
            messages.len()
        )));
    }
    Ok(messages)
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "settings/lookup_tests.rs"]
mod lookup_tests;

#[cfg(test)]
#[path = "settings/rejection_tests.rs"]
mod rejection_tests;

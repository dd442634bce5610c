//! Who signs: the identity that baselines, pins and exceptions speak of.
//!
//! Invariant: signers are equal when their canonical forms are; ids are digests of it and never cut when compared.
//! A [`Signer`] says nothing about being proven: see [`crate::proof::ProvenSigner`].

use crate::certificate::Leaf;
use crate::digest::is_lower_hex;
use crate::provenance::Provenance;
use crate::public_key::PublicKey;
use crate::subject::{fold_subject, issuer_name};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// A signer: keyless, or a public key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signer {
    /// An OIDC identity, certified for minutes.
    Keyless(Keyless),
    /// A long-lived key.
    Key(PublicKey),
}

/// A keyless signer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keyless {
    /// The OIDC issuer; always part of the signer.
    pub issuer: String,
    /// The certificate's SAN, folded by [`fold_subject`].
    pub subject: String,
    /// Who called, where the workflow that signs is anybody's to call.
    pub caller: Option<Caller>,
}

/// The repository that called a reusable workflow and its owner, by their numbers; empty where the CA did not say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Caller {
    /// Fulcio's .15; in certificates that have neither number, the name in .5.
    pub source_id: String,
    /// Fulcio's .17.
    pub owner_id: String,
}

/// SHA-256 of a signer's canonical form: 64 hex digits stored and compared, the first 12 shown and typed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SignerId(String);

/// Why a text is no signer id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a signer id of 64 lower-case hex digits")]
pub struct SignerIdError;

impl Caller {
    fn of(provenance: &Provenance) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        match (&provenance.source_id, &provenance.owner_id) {
            (None, None) => Self {
                source_id: text(&provenance.workflow_repository),
                owner_id: String::new(),
            },
            (source_id, owner_id) => Self {
                source_id: text(source_id),
                owner_id: text(owner_id),
            },
        }
    }

    /// Whether it is named by numbers, which outlive renames and are never given twice.
    #[must_use]
    pub(crate) fn has_ids(&self) -> bool {
        let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        number(&self.source_id) || number(&self.owner_id)
    }
}

impl Signer {
    /// The keyless signer that `leaf` claims.
    #[must_use]
    pub fn of_leaf(leaf: &Leaf) -> Self {
        let provenance = leaf.provenance();
        let caller = provenance
            .is_called_from_elsewhere(leaf.san())
            .then(|| Caller::of(provenance));
        Self::Keyless(Keyless {
            issuer: leaf.issuer().to_owned(),
            subject: fold_subject(leaf.issuer(), leaf.san()),
            caller,
        })
    }

    /// The lines that make this signer this one.
    #[must_use]
    pub(crate) fn canonical(&self) -> String {
        match self {
            Self::Keyless(Keyless {
                issuer,
                subject,
                caller: None,
            }) => {
                format!("keyless\n{issuer}\n{subject}")
            }
            Self::Keyless(Keyless {
                issuer,
                subject,
                caller: Some(caller),
            }) => {
                format!(
                    "keyless\n{issuer}\n{subject}\n{}\n{}",
                    caller.source_id, caller.owner_id
                )
            }
            Self::Key(key) => format!("key\n{}", key.sha256()),
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> SignerId {
        SignerId(hex::encode(Sha256::digest(self.canonical())))
    }
}

/// For people: who, and in brackets by whose word.
impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyless(Keyless {
                issuer,
                subject,
                caller,
            }) => {
                write!(f, "{subject}")?;
                if let Some(caller) = caller {
                    write!(f, " called by repository {}", or_unknown(&caller.source_id))?;
                }
                match issuer_name(issuer) {
                    Some(name) => write!(f, " ({name})"),
                    None => write!(f, " (issuer {issuer})"),
                }
            }
            Self::Key(key) => write!(f, "key {}", key.sha256().get(..12).unwrap_or_default()),
        }
    }
}

fn or_unknown(id: &str) -> &str {
    if id.is_empty() { "unknown" } else { id }
}

impl SignerId {
    /// All 64 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 12 digits that people see and type.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl std::str::FromStr for SignerId {
    type Err = SignerIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        is_lower_hex(text, 64)
            .then(|| Self(text.to_owned()))
            .ok_or(SignerIdError)
    }
}

impl TryFrom<String> for SignerId {
    type Error = SignerIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<SignerId> for String {
    fn from(id: SignerId) -> Self {
        id.0
    }
}

impl fmt::Display for SignerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SignerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
#[path = "signer_tests.rs"]
mod tests;

//! Pins: signers that somebody has written down for repositories, known from the first image on.
//!
//! Invariant: a pinned signer is one key, or one issuer in full with a pattern of subjects. A keyless pin never matches
//! whoever may call a public reusable workflow, unless it names that caller. Direction of failure: no match, so that
//! the image is reported as not signed by a pinned signer.

use super::error::{Expected, required};
use super::wire::{KeyText, List, Object, RepositoryPattern, Text};
use crate::glob::{Glob, SubjectGlob};
use crate::public_key::PublicKey;
use crate::signer::{Caller, Signer};
use crate::subject::fold_subject;
use serde::Deserialize;

const LONGEST_ISSUER: usize = 512;
/// Numbers are shorter; `owner/name`, as certificates without numbers have it, can be longer than most.
const LONGEST_ID: usize = 200;

/// Signers of repositories, any of which is enough.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "PinFields")]
pub struct Pin {
    /// Which repositories.
    pub repositories: Vec<Glob>,
    /// By whom.
    pub any_of: Vec<PinnedSigner>,
}

/// One pinned signer.
///
/// A signer with a caller (the workflow that signs lives in another repository than the source, as public reusable
/// workflows do) is matched only by a pin that gives `sourceId`, `ownerId` or both, all equal to the caller's: anybody
/// can call such a workflow, so that its subject alone says nothing about who made the image. And such a pin matches
/// only signers with a caller, since others do not carry the numbers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "PinnedSignerFields")]
pub enum PinnedSigner {
    /// An OIDC identity.
    Keyless {
        /// In full.
        issuer: String,
        /// Folded as signers' subjects are: a pin to the tag `v1.2.3` of a workflow is one to all its release tags.
        subject: SubjectGlob,
        /// The number of the repository that calls a reusable workflow; for certificates of before 2023 its name.
        source_id: Option<String>,
        /// The number of that repository's owner.
        owner_id: Option<String>,
    },
    /// A key.
    Key(PublicKey),
}

impl PinnedSigner {
    /// Whether `signer` is this one. `fold` is what the operator folds in comparisons, on both sides.
    pub(crate) fn matches(&self, signer: &Signer, fold: impl Fn(&str) -> String) -> bool {
        match (self, signer) {
            (Self::Key(pinned), Signer::Key(key)) => pinned == key,
            (
                Self::Keyless {
                    issuer,
                    subject,
                    source_id,
                    owner_id,
                },
                Signer::Keyless(signer),
            ) => {
                *issuer == signer.issuer
                    && is_caller(
                        source_id.as_deref(),
                        owner_id.as_deref(),
                        signer.caller.as_ref(),
                    )
                    && (subject.matches(&signer.subject)
                        || fold(subject.as_str())
                            .parse::<SubjectGlob>()
                            .is_ok_and(|folded| folded.matches(&fold(&signer.subject))))
            }
            (Self::Key(_), Signer::Keyless(_)) | (Self::Keyless { .. }, Signer::Key(_)) => false,
        }
    }
}

fn is_caller(source_id: Option<&str>, owner_id: Option<&str>, caller: Option<&Caller>) -> bool {
    let Some(caller) = caller else {
        return source_id.is_none() && owner_id.is_none();
    };
    (source_id.is_some() || owner_id.is_some())
        && source_id.is_none_or(|id| id == caller.source_id)
        && owner_id.is_none_or(|id| id == caller.owner_id)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PinFields {
    repositories: Option<List<RepositoryPattern, 1>>,
    any_of: Option<List<Object<PinnedSigner>, 1>>,
}

impl TryFrom<PinFields> for Pin {
    type Error = Expected;

    fn try_from(fields: PinFields) -> Result<Self, Self::Error> {
        let List(repositories) = required(
            fields.repositories,
            "repositories",
            "patterns of repositories",
        )?;
        let List(any_of) = required(
            fields.any_of,
            "anyOf",
            "the signers, any of which is enough",
        )?;
        Ok(Self {
            repositories: repositories.into_iter().map(Glob::from).collect(),
            any_of: any_of.into_iter().map(|Object(signer)| signer).collect(),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PinnedSignerFields {
    issuer: Option<Issuer>,
    subject: Option<SubjectGlob>,
    source_id: Option<Text<LONGEST_ID>>,
    owner_id: Option<Text<LONGEST_ID>>,
    public_key: Option<KeyText>,
}

impl TryFrom<PinnedSignerFields> for PinnedSigner {
    type Error = Expected;

    fn try_from(fields: PinnedSignerFields) -> Result<Self, Self::Error> {
        const KINDS: &str = "either publicKey, or issuer and subject";
        let keyless = fields.issuer.is_some()
            || fields.subject.is_some()
            || fields.source_id.is_some()
            || fields.owner_id.is_some();
        match fields.public_key {
            Some(KeyText(key)) if !keyless => return Ok(Self::Key(key)),
            None if keyless => {}
            Some(_) | None => return Err(Expected::of_entry(KINDS)),
        }
        let Issuer(issuer) = required(
            fields.issuer,
            "issuer",
            "the OIDC issuer: subjects mean nothing without it",
        )?;
        let subject = required(fields.subject, "subject", "a pattern of subjects")?;
        let subject = fold_subject(&issuer, subject.as_str())
            .parse()
            .map_err(|_| Expected::at("subject", "a pattern of subjects"))?;
        Ok(Self::Keyless {
            issuer,
            subject,
            source_id: fields.source_id.map(String::from),
            owner_id: fields.owner_id.map(String::from),
        })
    }
}

/// An issuer in full: patterns of issuers would let others than the one that is meant vouch for a subject.
#[derive(Deserialize)]
#[serde(try_from = "Text<LONGEST_ISSUER>")]
pub(super) struct Issuer(pub(super) String);

impl TryFrom<Text<LONGEST_ISSUER>> for Issuer {
    type Error = Expected;

    fn try_from(Text(text): Text<LONGEST_ISSUER>) -> Result<Self, Self::Error> {
        if text.contains('*') || text.contains(char::is_whitespace) {
            return Err(Expected::of_entry(
                "the issuer in full and without wildcards, such as https://token.actions.githubusercontent.com",
            ));
        }
        Ok(Self(text))
    }
}

#[cfg(test)]
#[path = "pin_tests.rs"]
mod tests;

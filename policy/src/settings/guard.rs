//! Who may write baselines, and what is known to be good: the settings of the guard and of the trust control.
//!
//! Invariant: nobody is let in by a group that everybody is in. An empty list lets nobody in.

use super::error::{Expected, required};
use super::pin::Issuer;
use super::wire::{ImageText, Text, object, texts};
use crate::reference::ImageReference;
use crate::signer::Signer;
use crate::subject::fold_subject;
use serde::Deserialize;

const LONGEST_NAME: usize = 253;
const LONGEST_SUBJECT: usize = 2048;
/// Groups that the API server puts whole classes of users into.
const EVERYBODY: [&str; 3] = [
    "system:authenticated",
    "system:unauthenticated",
    "system:serviceaccounts",
];

/// Who may write baselines.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Guard {
    /// Those that may extend what is known.
    #[serde(deserialize_with = "object")]
    pub learners: Principals,
    /// Those that may also approve and retire.
    #[serde(deserialize_with = "object")]
    pub approvers: Principals,
}

/// Users and groups, as the API server names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Principals {
    /// User names, in full.
    #[serde(deserialize_with = "texts::<_, Text<LONGEST_NAME>, _>")]
    pub users: Vec<String>,
    /// Group names, in full.
    #[serde(deserialize_with = "texts::<_, Group, _>")]
    pub groups: Vec<String>,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            learners: Principals {
                users: vec![
                    "system:serviceaccount:signature-continuity:continuity-learner".to_owned(),
                ],
                groups: Vec::new(),
            },
            approvers: Principals {
                users: Vec::new(),
                groups: vec!["platform-admins".to_owned()],
            },
        }
    }
}

#[derive(Deserialize)]
#[serde(try_from = "Text<LONGEST_NAME>")]
struct Group(String);

impl TryFrom<Text<LONGEST_NAME>> for Group {
    type Error = Expected;

    fn try_from(Text(name): Text<LONGEST_NAME>) -> Result<Self, Self::Error> {
        if EVERYBODY.contains(&name.as_str()) {
            return Err(Expected::of_entry(
                "a group of your own, got one that everybody is in",
            ));
        }
        Ok(Self(name))
    }
}

impl From<Group> for String {
    fn from(Group(name): Group) -> Self {
        name
    }
}

/// A signature that is known to be good: when it fails too, it is our own trust root that is broken.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "TrustControlFields")]
pub struct TrustControl {
    /// With a digest.
    pub image: ImageReference,
    /// The OIDC issuer of its signer.
    pub issuer: String,
    /// The subject of its signer, folded as signers' subjects are; no pattern.
    pub subject: String,
}

impl TrustControl {
    /// Whether `signer` is the one that is known to be good.
    #[must_use]
    pub fn names(&self, signer: &Signer) -> bool {
        match signer {
            Signer::Keyless(keyless) => {
                keyless.issuer == self.issuer
                    && keyless.subject == fold_subject(&self.issuer, &self.subject)
            }
            Signer::Key(_) => false,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TrustControlFields {
    image: Option<ImageText>,
    issuer: Option<Issuer>,
    subject: Option<Text<LONGEST_SUBJECT>>,
}

impl TryFrom<TrustControlFields> for TrustControl {
    type Error = Expected;

    fn try_from(fields: TrustControlFields) -> Result<Self, Self::Error> {
        const IMAGE: &str = "a signed image with its digest, as in ghcr.io/acme/control@sha256:…";
        let ImageText(image) = required(fields.image, "image", IMAGE)?;
        if image.digest().is_none() {
            return Err(Expected::at("image", IMAGE));
        }
        let Issuer(issuer) = required(fields.issuer, "issuer", "the OIDC issuer of its signer")?;
        let Text(subject) = required(fields.subject, "subject", "the subject of its signer")?;
        let subject = fold_subject(&issuer, &subject);
        Ok(Self {
            image,
            issuer,
            subject,
        })
    }
}

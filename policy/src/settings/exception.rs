//! Drift that somebody has accepted, for a reason and until a day.
//!
//! Invariant: an exception accepts one fingerprint, for one repository or one digest; it has a reason and an expiry,
//! and on the day after it is void. It is for the name as written, which may be an image's own or its alias's. Where it
//! does not clearly apply, it does not.

use super::error::{Expected, required};
use super::repository_names::RepositoryNames;
use super::wire::{ImageText, Text};
use crate::digest::Digest;
use crate::fingerprint::Fingerprint;
use crate::reference::Repository;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Deserialize;

/// How long before its end an exception is warned about.
pub const EXPIRES_SOON: TimeDelta = TimeDelta::days(14);
const DATE: &str = "a date such as 2027-03-31";
const LONGEST_REASON: usize = 500;

/// One exception.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ExceptionFields")]
pub struct Exception {
    /// For what.
    pub scope: ExceptionScope,
    /// The drift that is accepted.
    pub accepts: Fingerprint,
    /// Why.
    pub reason: String,
    /// The last day on which it counts, in UTC.
    pub expires: NaiveDate,
}

/// What an exception is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExceptionScope {
    /// Every image of a repository.
    Repository(Repository),
    /// One image.
    Image(Repository, Digest),
}

impl ExceptionScope {
    /// The repository of whatever it is for.
    #[must_use]
    pub fn repository(&self) -> &Repository {
        match self {
            Self::Repository(repository) | Self::Image(repository, _) => repository,
        }
    }
}

impl Exception {
    /// Whether it is for an image of a repository with these names; `digest` is absent where it could not be found out.
    #[must_use]
    pub(crate) fn covers_image(&self, names: &RepositoryNames, digest: Option<&Digest>) -> bool {
        names.contains(self.scope.repository())
            && match &self.scope {
                ExceptionScope::Repository(_) => true,
                ExceptionScope::Image(_, image) => Some(image) == digest,
            }
    }

    /// Whether its last day, in UTC, is over.
    #[must_use]
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        now.date_naive() > self.expires
    }

    /// Whether its last day is today or within the next two weeks.
    #[must_use]
    pub fn expires_soon(&self, now: DateTime<Utc>) -> bool {
        let left = self.expires.signed_duration_since(now.date_naive());
        (TimeDelta::zero()..=EXPIRES_SOON).contains(&left)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExceptionFields {
    repository: Option<Repository>,
    image: Option<ImageText>,
    accepts: Option<Fingerprint>,
    reason: Option<Text<LONGEST_REASON>>,
    expires: Option<Date>,
}

impl TryFrom<ExceptionFields> for Exception {
    type Error = Expected;

    fn try_from(fields: ExceptionFields) -> Result<Self, Self::Error> {
        let scope = match (fields.repository, fields.image) {
            (Some(repository), None) => ExceptionScope::Repository(repository),
            (None, Some(ImageText(image))) => {
                let digest = image.digest().ok_or(Expected::at(
                    "image",
                    "a digest, as in docker.io/library/nginx@sha256:…: tags move",
                ))?;
                ExceptionScope::Image(image.repository().clone(), digest.clone())
            }
            (None, None) => {
                return Err(Expected::of_entry(
                    "one of repository or image, got neither",
                ));
            }
            (Some(_), Some(_)) => {
                return Err(Expected::of_entry("one of repository or image, got both"));
            }
        };
        let accepts = required(
            fields.accepts,
            "accepts",
            "the drift that is accepted, such as unsigned",
        )?;
        if accepts.one_digest_only() && matches!(scope, ExceptionScope::Repository(_)) {
            return Err(Expected::at(
                "accepts",
                "image: repository@digest for this drift: for a repository it would accept whatever anyone pushes",
            ));
        }
        let Text(reason) = required(fields.reason, "reason", "why this is accepted")?;
        let Date(expires) = required(fields.expires, "expires", DATE)?;
        Ok(Self {
            scope,
            accepts,
            reason,
            expires,
        })
    }
}

/// A date in its one spelling; [`NaiveDate`] alone also takes others, such as `2027-3-1`.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Date(NaiveDate);

impl TryFrom<String> for Date {
    type Error = Expected;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse::<NaiveDate>()
            .ok()
            .filter(|date| date.to_string() == text)
            .map(Self)
            .ok_or(Expected::of_entry(DATE))
    }
}

#[cfg(test)]
#[path = "exception_tests.rs"]
mod tests;

//! What is wrong with settings, and where.
//!
//! Invariant: every error names the path of a field and what was expected there, in plain characters and of bounded
//! length, since it is shown in the status of a policy and in the logs of its server.

use crate::clean::clean;
use std::fmt;

const LONGEST_PATH: usize = 200;
const LONGEST_MESSAGE: usize = 400;
const ROOT: &str = "settings";

/// Why settings are refused: `exceptions[0].expires: expected a date such as 2027-03-31`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    path: String,
    message: String,
}

/// What was expected of an entry, or of one of its fields.
///
/// Rules across fields fail after their entry has been read, so that the path then known is the entry's. The text of
/// this error starts with a dot where it is about a field, and [`SettingsError::new`] puts both together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    field: Option<&'static str>,
    what: &'static str,
}

impl Expected {
    /// Of the entry as a whole.
    pub(super) const fn of_entry(what: &'static str) -> Self {
        Self { field: None, what }
    }

    /// Of one of its fields.
    pub(super) const fn at(field: &'static str, what: &'static str) -> Self {
        Self {
            field: Some(field),
            what,
        }
    }
}

/// `value`, or that it was expected.
pub(super) fn required<T>(
    value: Option<T>,
    field: &'static str,
    what: &'static str,
) -> Result<T, Expected> {
    value.ok_or(Expected::at(field, what))
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = self.field {
            write!(f, ".{field}: ")?;
        }
        write!(f, "expected {}", self.what)
    }
}

impl SettingsError {
    /// From a path as [`serde_path_to_error`] writes it, and the error there.
    pub(super) fn new(path: &str, message: &str) -> Self {
        let (path, message) = match (
            path,
            message
                .strip_prefix('.')
                .and_then(|rest| rest.split_once(": ")),
        ) {
            ("." | "", None) => (ROOT.to_owned(), message),
            ("." | "", Some((field, message))) => (field.to_owned(), message),
            (path, None) => (path.to_owned(), message),
            (path, Some((field, message))) => (format!("{path}.{field}"), message),
        };
        Self {
            path: clean(&path, LONGEST_PATH),
            message: clean(message, LONGEST_MESSAGE),
        }
    }

    /// Where: `exceptions[0].expires`, or `settings` for the whole.
    #[cfg(test)]
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl std::error::Error for SettingsError {}

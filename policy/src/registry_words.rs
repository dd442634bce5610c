//! What registries say: one table of words and statuses, for the host's texts and for raw responses.
//!
//! Invariant: only what did not answer is an outage, and only a registry that says so, about what it was asked for, makes
//! something absent. Registries echo what they were asked for, so a word that is part of it tells nothing. Direction of
//! failure: what is not understood is [`HostError::Answer`], never absent and never an outage.

use crate::host_error::{HostError, Outage};
use serde::Deserialize;

/// The longest body whose messages are read.
const LONGEST_BODY: usize = 64 * 1024;

/// What a registry was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The repository, as it was spelled in the call.
    pub name: &'a str,
    /// The tag or digest.
    pub reference: &'a str,
}

#[derive(Deserialize)]
struct Envelope {
    errors: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    message: Option<String>,
}

impl Asked<'_> {
    /// Whether `word` (in lower case) is part of what was asked for.
    fn contains(&self, word: &str) -> bool {
        [self.name, self.reference]
            .iter()
            .any(|part| part.to_ascii_lowercase().contains(word))
    }
}

/// What a response that is no success means, by its status and its body.
#[must_use]
pub fn of_response(
    status: u16,
    body: &[u8],
    asked: &Asked<'_>,
    absent_messages: &[String],
) -> HostError {
    match status {
        401 => return HostError::Outage(Outage::Unauthorized),
        429 => return HostError::Outage(Outage::RateLimit),
        500..=599 => return HostError::Outage(Outage::Unavailable),
        _ => {}
    }
    let envelope = (body.len() <= LONGEST_BODY)
        .then(|| serde_json::from_slice::<Envelope>(body).ok())
        .flatten();
    let by_words = envelope.map(|envelope| {
        let messages: Vec<&str> = envelope
            .errors
            .iter()
            .map(|entry| entry.message.as_deref().unwrap_or_default())
            .collect();
        of_messages(&messages, asked, absent_messages)
    });
    match (status, by_words) {
        // Hosts repeat the words alone, and the decision must not depend on who reads them.
        (404, by_words) => by_words.unwrap_or(HostError::Absent),
        (400..=499, Some(HostError::Absent)) => HostError::Absent,
        (403, _) => HostError::Outage(Outage::Denied),
        (400..=499, Some(error)) => error,
        _ => HostError::Answer,
    }
}

/// What the messages of a registry mean where its status is lost. Hosts only list those of refused requests (4xx).
#[must_use]
pub(crate) fn of_messages(
    messages: &[&str],
    asked: &Asked<'_>,
    absent_messages: &[String],
) -> HostError {
    if messages
        .iter()
        .all(|message| means_absent(message.trim(), asked, absent_messages))
    {
        return HostError::Absent;
    }
    let lower = messages.join("\n").to_ascii_lowercase();
    let says = |words: &[&str]| {
        words
            .iter()
            .any(|word| lower.contains(word) && !asked.contains(word))
    };
    if says(&[
        "rate limit",
        "too many requests",
        "toomanyrequests",
        "quota",
    ]) {
        HostError::Outage(Outage::RateLimit)
    } else if says(&["authentication required", "unauthorized"]) {
        HostError::Outage(Outage::Unauthorized)
    } else if says(&["denied", "forbidden"]) {
        HostError::Outage(Outage::Denied)
    } else {
        HostError::Answer
    }
}

/// Whole messages, in lower case. An empty one comes with a 404 from registries that have nothing to say.
const ABSENT: [&str; 9] = [
    "",
    "manifest unknown",
    "requested image not found",
    "the named manifest is not known to the registry.",
    "repository name not known to registry",
    "manifest not found.",
    "manifest not found",
    "unknown manifest",
    "unknown name",
];

fn means_absent(message: &str, asked: &Asked<'_>, absent_messages: &[String]) -> bool {
    ABSENT.contains(&message.to_ascii_lowercase().as_str())
        || names(message, asked)
        || absent_messages.iter().any(|words| {
            message.contains(words.as_str()) && !asked.contains(&words.to_ascii_lowercase())
        })
}

/// Messages that name the tag or digest: only the one that was asked for.
fn names(message: &str, asked: &Asked<'_>) -> bool {
    let reference = asked.reference;
    if reference.is_empty() {
        return false;
    }
    let between = |start: &str, end: &str| {
        message
            .strip_prefix(start)
            .and_then(|rest| rest.strip_suffix(end))
    };
    let is_reference = |start: &str, end: &str| between(start, end) == Some(reference);
    let ends_with_reference = |start: &str, end: &str| {
        between(start, end).is_some_and(|named| {
            named == reference
                || named
                    .strip_suffix(reference)
                    .is_some_and(|rest| rest.ends_with([':', '@']))
        })
    };
    let google = message
        .strip_prefix("Failed to fetch \"")
        .and_then(|rest| rest.strip_prefix(reference))
        .is_some_and(|rest| rest == "\"" || rest.starts_with("\" from request \"/v2/"));
    google
        || ends_with_reference("artifact ", " not found")
        || is_reference("manifest tagged by \"", "\" is not found")
        || is_reference("manifest ", " is not found")
        || is_reference(
            "Tag ",
            " was deleted or has expired. To pull, revive via time machine",
        )
}

#[cfg(test)]
#[path = "registry_words_tests.rs"]
mod tests;

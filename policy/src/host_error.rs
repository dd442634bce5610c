//! What the host's error texts mean. The only place where one is read.
//!
//! Invariant: a text that is not known to mean "absent" never means it; only the first part of a text counts, since
//! hosts append causes and backtraces; the registry's own words are looked at only where the host puts them.

use crate::registry_words;
pub use crate::registry_words::Asked;

/// What hosts put before each of a registry's own messages, and between two of them.
const MESSAGE: &str = "OCI API error:";
const SEPARATOR: &str = ", OCI API error:";
/// `system:serviceaccount:`, a namespace and a name.
const LONGEST_ACCOUNT: usize = 340;

/// What a failed call means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostError {
    /// The registry, or the cluster, says that there is no such thing.
    Absent,
    /// No answer, or a refusal.
    Outage(Outage),
    /// An answer that is not understood: words or a status that mean nothing here.
    Answer,
    /// Something was served, and the host does not take it: not a manifest, or one of a foreign type.
    Unusable,
    /// The verification did not say yes. Hosts say so for a signature of somebody else and for a blob that they could
    /// not fetch alike, so it is never evidence against anybody.
    Negative,
    /// The host does not take the reference.
    BadReference,
    /// The policy was not granted the capability or the resource.
    NotGranted,
    /// The cluster forbids it to the account of this name.
    Forbidden(String),
}

/// In which way the outside world did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outage {
    /// 429, or the registry's words for it.
    RateLimit,
    /// 401: credentials are missing or wrong.
    Unauthorized,
    /// 403: credentials do not suffice.
    Denied,
    /// 5xx.
    Unavailable,
    /// No connection: refused, DNS, TLS.
    Unreachable,
}

impl Outage {
    /// For texts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RateLimit => "rate limit",
            Self::Unauthorized => "credentials missing or wrong",
            Self::Denied => "access denied",
            Self::Unavailable => "registry unavailable",
            Self::Unreachable => "registry unreachable",
        }
    }

    /// Whether it is a refusal: no outage where the same registry serves the image itself.
    #[must_use]
    pub fn is_refusal(self) -> bool {
        matches!(self, Self::Unauthorized | Self::Denied)
    }
}

/// What a registry call's error text means. `absent_messages` are further words of registries for "no such tag".
#[must_use]
pub fn of_registry(text: &str, asked: &Asked<'_>, absent_messages: &[String]) -> HostError {
    let text = first_part(text);
    if is_not_granted(text) {
        return HostError::NotGranted;
    }
    let text = strip(text, "Fail to interact with OCI registry: ");
    if text == "invalid reference format" {
        return HostError::BadReference;
    }
    if let Some(words) = word_list(text) {
        return match messages(words) {
            Some(messages) => registry_words::of_messages(&messages, asked, absent_messages),
            None => HostError::Answer,
        };
    }
    if let Some((code, body)) = server_error(text) {
        return registry_words::of_response(code, body.as_bytes(), asked, absent_messages);
    }
    if text.starts_with("Not authorized: url ") || text.starts_with("Authentication failure: ") {
        return HostError::Outage(Outage::Unauthorized);
    }
    if text.starts_with("error sending request for url (") {
        return HostError::Outage(Outage::Unreachable);
    }
    // Served, and of a shape that the host's OCI library refuses: whoever pushed it chose that, so it is no outage.
    let refused = [
        "Failed to parse manifest",
        "Unsupported schema version: ",
        "Unsupported media type: ",
        "Received Image Index/Manifest List",
        "Image manifest not found: ",
        "Digest error: ",
    ];
    if refused.iter().any(|start| text.starts_with(start)) {
        return HostError::Unusable;
    }
    HostError::Answer
}

/// What a verification's error text means, once the `.sig` has been served. Hosts of the newer generation say the same
/// words for a signature of somebody else, a blob that could not be fetched and a log that they do not know; those of
/// the older one tell some of these apart, and the decision must not depend on the generation.
#[must_use]
pub fn of_verification(text: &str) -> HostError {
    if is_not_granted(first_part(text)) {
        HostError::NotGranted
    } else {
        HostError::Negative
    }
}

/// What an error text of the certificate check means: it is about the certificate or the chain, not about the world.
#[must_use]
pub fn of_certificate(text: &str) -> HostError {
    if is_not_granted(first_part(text)) {
        HostError::NotGranted
    } else {
        HostError::Unusable
    }
}

/// What an error text of the cluster lookup means.
#[must_use]
pub fn of_resource(text: &str, name: &str, namespace: &str) -> HostError {
    let text = first_part(text);
    if is_not_granted(text) {
        return HostError::NotGranted;
    }
    let absent = format!(
        "Cannot find v1/ConfigMap named '{name}' inside of namespace 'Some(\"{namespace}\")'"
    );
    if text == absent {
        return HostError::Absent;
    }
    match forbidden_account(text) {
        Some(account) => HostError::Forbidden(account.to_owned()),
        None => HostError::Answer,
    }
}

/// Whom the API server forbids: `… is forbidden: User "NAME" cannot get resource …`.
fn forbidden_account(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(" is forbidden: User \"")?;
    let (account, _) = rest.split_once("\" cannot ")?;
    (!account.is_empty() && account.len() <= LONGEST_ACCOUNT).then_some(account)
}

/// The first line without the prefixes that the SDK and the host put before it.
fn first_part(text: &str) -> &str {
    let mut text = text.lines().next().unwrap_or_default();
    if let Some(rest) = text.strip_prefix("error invoking host capability ") {
        text = rest.split_once(": ").map_or(rest, |(_, rest)| rest);
    }
    text = strip(text, "Host error: ");
    strip(text, "Callback evaluation failure: ").trim_end()
}

fn strip<'a>(text: &'a str, prefix: &str) -> &'a str {
    text.strip_prefix(prefix).unwrap_or(text)
}

fn is_not_granted(text: &str) -> bool {
    text.starts_with("Policy has not been granted access to ")
}

/// The list of the registry's own messages in `Registry error: url U, envelope: OCI API errors: […]`.
fn word_list(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("Registry error: url ")?;
    let (_, envelope) = rest.split_once(", envelope: OCI API errors: [")?;
    envelope.strip_suffix(']')
}

/// The messages of that list, in their order. `None` where the host's own words are missing.
fn messages(words: &str) -> Option<Vec<&str>> {
    if words.is_empty() {
        return Some(Vec::new());
    }
    Some(words.strip_prefix(MESSAGE)?.split(SEPARATOR).collect())
}

/// The code and the message in `Server error: url U, code: C, message: M`.
fn server_error(text: &str) -> Option<(u16, &str)> {
    let rest = text.strip_prefix("Server error: url ")?;
    let (_, rest) = rest.split_once(", code: ")?;
    let (code, message) = rest.split_once(',')?;
    let message = message.strip_prefix(" message: ").unwrap_or_default();
    Some((code.parse().ok()?, message))
}

#[cfg(test)]
#[path = "host_error_tests.rs"]
mod tests;

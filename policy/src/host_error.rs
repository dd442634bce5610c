//! What the host's error texts mean. The only place where one is read.
//!
//! Invariant: a text that is not known to mean "absent" never means it; only the first part of a text counts, since
//! hosts append causes and backtraces; the registry's own words are looked at only where the host puts them.

/// What hosts put before each of a registry's own messages, and between two of them.
const MESSAGE: &str = "OCI API error: ";
const SEPARATOR: &str = ", OCI API error: ";
/// `system:serviceaccount:`, a namespace and a name.
const LONGEST_ACCOUNT: usize = 340;

/// What a failed call means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostError {
    /// The registry, or the cluster, says that there is no such thing.
    Absent,
    /// No answer, a refusal, or words that are not known.
    Outage(Outage),
    /// An answer that cannot be used: not a manifest, foreign layers, a blob that is missing.
    Unusable,
    /// The verification says no.
    Negative,
    /// The verification could use none of the signatures: another log, another digest, another trust root.
    NonePassed,
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
    /// The image itself is not there.
    NoSuchImage,
    /// Anything else.
    Other,
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
            Self::NoSuchImage => "no such image",
            Self::Other => "no usable answer",
        }
    }
}

/// What a registry call's error text means. `tag` is what was asked for; `absent_messages` are further words of
/// registries for "no such tag".
#[must_use]
pub fn of_registry(text: &str, tag: &str, absent_messages: &[String]) -> HostError {
    let text = first_part(text);
    if is_not_granted(text) {
        return HostError::NotGranted;
    }
    let text = strip(text, "Fail to interact with OCI registry: ");
    if text == "invalid reference format" {
        return HostError::BadReference;
    }
    if let Some(words) = registry_words(text) {
        return of_registry_words(words, tag, absent_messages);
    }
    if let Some(code) = server_error_code(text) {
        return match code {
            404 => HostError::Absent,
            code => HostError::Outage(of_status(code)),
        };
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
    HostError::Outage(Outage::Other)
}

/// What a verification's error text means, once the `.sig` has been served.
#[must_use]
pub fn of_verification(text: &str) -> HostError {
    let text = first_part(text);
    if is_not_granted(text) {
        return HostError::NotGranted;
    }
    if let Some(problem) = text.strip_prefix("failed to get image trusted layers: ") {
        return of_trusted_layers(problem);
    }
    // A `.sig` that cannot be pulled reads like a negative answer: both are confirmed by one more call.
    let negative = [
        "Image verification failed: ",
        "verification failed: ",
        "no signatures found for image: ",
    ];
    if negative.iter().any(|start| text.starts_with(start)) {
        return HostError::Negative;
    }
    HostError::Unusable
}

fn of_trusted_layers(problem: &str) -> HostError {
    if problem.starts_with("No Signature Layer passed verification") {
        return HostError::NonePassed;
    }
    let behind_reference = |start| {
        let rest: &str = problem.strip_prefix(start)?;
        rest.split_once(": ").map(|(_, problem)| problem)
    };
    if let Some(problem) = behind_reference("Cannot fetch manifest of ") {
        let error = of_registry(problem, "", &[]);
        // Signatures beside an image that is not there: whoever can push may push it a moment later, so this is
        // no outage.
        let gone = error == HostError::Absent;
        return if gone { HostError::Unusable } else { error };
    }
    if let Some(problem) = behind_reference("Cannot pull ") {
        if let Some(code) = http_status(problem) {
            let outage = of_status(code);
            // A blob that is missing, or any other answer that a registry gives to what was pushed.
            let served = outage == Outage::Other;
            return if served {
                HostError::Unusable
            } else {
                HostError::Outage(outage)
            };
        }
        let error = of_registry(problem, "", &[]);
        let outage = matches!(
            error,
            HostError::Outage(
                Outage::RateLimit
                    | Outage::Unauthorized
                    | Outage::Denied
                    | Outage::Unavailable
                    | Outage::Unreachable
            )
        );
        return if outage { error } else { HostError::Unusable };
    }
    HostError::Unusable
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
        None => HostError::Outage(Outage::Other),
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
fn registry_words(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("Registry error: url ")?;
    let (_, envelope) = rest.split_once(", envelope: OCI API errors: [")?;
    envelope.strip_suffix(']')
}

fn of_registry_words(words: &str, tag: &str, absent_messages: &[String]) -> HostError {
    // The host puts its own words before each message. One without them, or that says nothing, is not known.
    let absent = words.strip_prefix(MESSAGE).is_some_and(|messages| {
        messages
            .split(SEPARATOR)
            .all(|message| means_absent(message, tag, absent_messages))
    });
    if absent {
        return HostError::Absent;
    }
    let lower = words.to_ascii_lowercase();
    let has = |needles: &[&str]| needles.iter().any(|n| lower.contains(n));
    HostError::Outage(
        if has(&[
            "rate limit",
            "too many requests",
            "toomanyrequests",
            "quota",
        ]) {
            Outage::RateLimit
        } else if has(&["authentication required", "unauthorized"]) {
            Outage::Unauthorized
        } else if has(&["denied", "forbidden"]) {
            Outage::Denied
        } else {
            Outage::Other
        },
    )
}

/// Registries lose their status code on the way here, so their words are all there is.
fn means_absent(message: &str, tag: &str, absent_messages: &[String]) -> bool {
    let known = [
        "manifest unknown",
        "requested image not found",
        "the named manifest is not known to the registry.",
        "repository name not known to registry",
    ];
    let names_tag = |start: &str, end: &str| {
        !tag.is_empty()
            && message
                .strip_prefix(start)
                .and_then(|rest| rest.strip_suffix(end))
                .is_some_and(|named| named == tag || named.ends_with(&format!(":{tag}")))
    };
    known.contains(&message.to_ascii_lowercase().as_str())
        || names_tag("artifact ", " not found")
        || names_tag("manifest tagged by \"", "\" is not found")
        || names_tag("Failed to fetch \"", "\"")
        || absent_messages
            .iter()
            .any(|words| message.contains(words.as_str()))
}

/// The code in `Server error: url U, code: C, message: …`.
fn server_error_code(text: &str) -> Option<u16> {
    let rest = text.strip_prefix("Server error: url ")?;
    let (_, rest) = rest.split_once(", code: ")?;
    rest.split_once(',')?.0.parse().ok()
}

/// The code in `HTTP status client error (404 Not Found) for url …`.
fn http_status(text: &str) -> Option<u16> {
    let rest = text
        .strip_prefix("HTTP status client error (")
        .or_else(|| text.strip_prefix("HTTP status server error ("))?;
    rest.split_once([' ', ')'])?.0.parse().ok()
}

fn of_status(code: u16) -> Outage {
    match code {
        429 => Outage::RateLimit,
        401 => Outage::Unauthorized,
        403 => Outage::Denied,
        500..=599 => Outage::Unavailable,
        _ => Outage::Other,
    }
}

#[cfg(test)]
#[path = "host_error_tests.rs"]
mod tests;

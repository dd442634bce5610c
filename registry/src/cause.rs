//! Why something failed, in one clause: what is at the bottom of an error, in the words of whoever has to mend it.
//!
//! Invariant: a clause is only said where the error says so itself; everything else keeps its own words.

use std::error::Error;
use std::io::ErrorKind;

use signature_continuity::clean::{SHOWN, clean};

/// Texts of the layers below, and what they mean. Texts, since their types are private to those layers.
const MEANINGS: [(&str, &str); 15] = [
    (
        "invalid content type",
        "plain HTTP answered where TLS was expected",
    ),
    (
        "invalidcontenttype",
        "plain HTTP answered where TLS was expected",
    ),
    (
        "corrupt message",
        "plain HTTP answered where TLS was expected",
    ),
    (
        "unknownissuer",
        "its certificate is by a certificate authority that is not known here",
    ),
    (
        "unknown issuer",
        "its certificate is by a certificate authority that is not known here",
    ),
    (
        "self-signed certificate",
        "its certificate is by a certificate authority that is not known here",
    ),
    ("notvalidforname", "its certificate is for another name"),
    ("not valid for name", "its certificate is for another name"),
    ("certificate expired", "its certificate has expired"),
    ("certificate: expired", "its certificate has expired"),
    (
        "failed to lookup address",
        "its name cannot be looked up (DNS)",
    ),
    ("dns error", "its name cannot be looked up (DNS)"),
    ("connection refused", "connection refused"),
    ("no space left on device", "no space left on device"),
    ("connection reset", "the connection was cut off"),
];

/// The cause in one clause, where there is one beneath `error`.
#[must_use]
pub fn cause(error: &(dyn Error + 'static)) -> Option<String> {
    let mut known = None;
    let mut last = None;
    let mut current = Some(error);
    while let Some(error) = current {
        known = of(error).or(known);
        last = Some(error.to_string());
        current = error.source();
    }
    let deepest = last.filter(|last| *last != error.to_string());
    known
        .map(str::to_owned)
        .or_else(|| deepest.map(|text| clean(&text, SHOWN)))
}

/// `text`, and the cause behind it.
#[must_use]
pub fn with_cause(error: &(dyn Error + 'static)) -> String {
    let text = error.to_string();
    match cause(error) {
        Some(cause) if !text.contains(&cause) => format!("{text}: {cause}"),
        Some(_) | None => text,
    }
}

fn of(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let kind = error
        .downcast_ref::<std::io::Error>()
        .map(std::io::Error::kind);
    match kind {
        Some(ErrorKind::ConnectionRefused) => return Some("connection refused"),
        Some(ErrorKind::StorageFull) => return Some("no space left on device"),
        Some(ErrorKind::TimedOut) => return Some("no answer in time"),
        Some(ErrorKind::PermissionDenied) => return Some("permission denied"),
        Some(_) | None => {}
    }
    if error.is::<tokio::time::error::Elapsed>() {
        return Some("no answer in time");
    }
    let text = error.to_string().to_ascii_lowercase();
    MEANINGS
        .iter()
        .find_map(|(part, meaning)| text.contains(part).then_some(*meaning))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[derive(Debug, thiserror::Error)]
    #[error("the client failed")]
    struct Outer(#[source] std::io::Error);

    #[rstest]
    #[case::refused(
        std::io::Error::from(ErrorKind::ConnectionRefused),
        "connection refused"
    )]
    #[case::full(std::io::Error::from_raw_os_error(28), "no space left on device")]
    #[case::plain_http(
        std::io::Error::other("received corrupt message of type InvalidContentType"),
        "plain HTTP answered where TLS was expected"
    )]
    #[case::authority(
        std::io::Error::other("invalid peer certificate: UnknownIssuer"),
        "its certificate is by a certificate authority that is not known here"
    )]
    #[case::dns(
        std::io::Error::other("failed to lookup address information: Name or service not known"),
        "its name cannot be looked up (DNS)"
    )]
    #[case::other(std::io::Error::other("out of \u{1b}cheese"), "out of ?cheese")]
    fn the_bottom_is_said_in_one_clause(#[case] error: std::io::Error, #[case] expected: &str) {
        let error = Outer(error);
        assert_eq!(cause(&error).as_deref(), Some(expected));
        assert_eq!(with_cause(&error), format!("the client failed: {expected}"));
    }

    #[test]
    fn an_error_that_is_its_own_cause_says_nothing_twice() {
        assert_eq!(cause(&std::io::Error::other("out of cheese")), None);
        let full = std::io::Error::from_raw_os_error(28);
        assert_eq!(cause(&full).as_deref(), Some("no space left on device"));
    }
}

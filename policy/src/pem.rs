//! One PEM block, and nothing beside it.
//!
//! Hosts differ in which block they take from a text of several (RFC 7468 allows several, and words between them), so
//! a text of several would let two readers see two certificates. Invariant: what parses here is exactly one block of
//! the wanted tag with only white space around it, and what is passed on is our own encoding of its bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The longest text that is looked at: certificates of the public-good instance are below 4 KiB.
const LONGEST: usize = 64 * 1024;

/// Why a text is not one PEM block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// More than anyone needs.
    #[error("expected at most {LONGEST} bytes, got {0}")]
    TooLong(usize),
    /// No block of that tag, another one, or text around it.
    #[error("expected exactly one PEM block {0} with only white space around it")]
    NotOneBlock(&'static str),
    /// The block's content.
    #[error("expected base64 in the PEM block {0}")]
    Base64(&'static str),
}

/// The bytes of the one block `tag` in `text`.
///
/// # Errors
/// When there is anything but that block.
pub fn decode(tag: &'static str, text: &str) -> Result<Vec<u8>, PemError> {
    if text.len() > LONGEST {
        return Err(PemError::TooLong(text.len()));
    }
    let body = text
        .trim_matches(|c: char| c.is_ascii_whitespace())
        .strip_prefix(format!("-----BEGIN {tag}-----").as_str())
        .and_then(|rest| rest.strip_suffix(format!("-----END {tag}-----").as_str()))
        .ok_or(PemError::NotOneBlock(tag))?;
    // The boundaries have lines of their own: otherwise the hyphens of one could belong to a second one.
    if body.contains('-') || !body.starts_with(['\n', '\r']) || !body.ends_with('\n') {
        return Err(PemError::NotOneBlock(tag));
    }
    let base64: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(base64).map_err(|_| PemError::Base64(tag))
}

/// Base64 as cosign reads it: Go's decoder skips line breaks, wherever they are.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    STANDARD.decode(text).ok()
}

/// `bytes` as one PEM block, lines of 64 characters (RFC 7468, section 2), with a final line feed.
#[must_use]
pub fn encode(tag: &str, bytes: &[u8]) -> String {
    let base64 = STANDARD.encode(bytes);
    let mut text = format!("-----BEGIN {tag}-----\n");
    for (at, c) in base64.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            text.push('\n');
        }
        text.push(c);
    }
    text.push_str(&format!("\n-----END {tag}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const TAG: &str = "CERTIFICATE";

    #[test]
    fn accepts_one_block_with_white_space_around() {
        let text = format!("\r\n  {}\n\t", encode(TAG, b"hello").replace('\n', "\r\n"));
        assert_eq!(decode(TAG, &text), Ok(b"hello".to_vec()));
    }

    #[rstest]
    #[case::two(encode(TAG, b"a") + &encode(TAG, b"b"))]
    #[case::other_tag_before(encode("X509 CERTIFICATE", b"a") + &encode(TAG, b"b"))]
    #[case::words_before(format!("hello\n{}", encode(TAG, b"a")))]
    #[case::words_after(format!("{}hello", encode(TAG, b"a")))]
    #[case::other_tag(encode("X509 CERTIFICATE", b"a"))]
    #[case::headers("-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n\nYQ==\n-----END CERTIFICATE-----".to_owned())]
    #[case::not_base64("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----".to_owned())]
    #[case::trailing_bits("-----BEGIN CERTIFICATE-----\nYR==\n-----END CERTIFICATE-----".to_owned())]
    #[case::empty(String::new())]
    #[case::huge("x".repeat(LONGEST + 1))]
    fn rejects_everything_else(#[case] text: String) {
        assert!(decode(TAG, &text).is_err());
    }

    /// As `base64 -w 64`, `-w 76` and mail programs break lines, with and without a last one.
    #[rstest]
    #[case(64, "\n", "")]
    #[case(64, "\n", "\n")]
    #[case(76, "\n", "\n")]
    #[case(76, "\r\n", "\r\n")]
    #[case(500, "", "\n")]
    fn reads_base64_with_line_breaks(
        #[case] columns: usize,
        #[case] between: &str,
        #[case] last: &str,
    ) {
        let bytes: Vec<u8> = (0..200).collect();
        let lines: Vec<String> = STANDARD
            .encode(&bytes)
            .as_bytes()
            .chunks(columns)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        assert_eq!(decode_base64(&(lines.join(between) + last)), Some(bytes));
    }

    #[rstest]
    #[case::space("aGVs bG8=")]
    #[case::tab("aGVs\tbG8=")]
    #[case::no_padding("aGVsbG8")]
    #[case::url_alphabet("_-8=")]
    fn rejects_base64_that_cosign_does_not_read(#[case] text: &str) {
        assert_eq!(decode_base64(text), None);
    }

    proptest! {
        #[test]
        fn round_trips(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(decode(TAG, &encode(TAG, &bytes)), Ok(bytes));
        }
    }
}

//! A signer in full, as somebody writes it on the command line.
//!
//! Invariant: what is given is the whole identity. A key is what its PEM says; a subject is folded as the policy folds
//! it, so that the next release has the same.

use std::path::Path;

use serde::Deserialize;
use signature_continuity::public_key::PublicKey;
use signature_continuity::signer::{Caller, Keyless, Signer};
use signature_continuity::subject::fold_subject;

use crate::output::words::plain;

const EXPECTED: &str = "expected a signer in full: '{issuer: \"https://…\", subject: \"…\"}' as pins have it, a public key in PEM, or a file with one";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    issuer: Option<String>,
    subject: Option<String>,
    source_id: Option<String>,
    owner_id: Option<String>,
    public_key: Option<String>,
}

/// Reads a signer.
///
/// # Errors
/// With what was expected.
pub(super) fn parse(text: &str) -> Result<Signer, String> {
    let key = |pem: &str| {
        PublicKey::from_pem(pem)
            .map(Signer::Key)
            .map_err(|e| e.to_string())
    };
    if text.trim_start().starts_with("-----BEGIN") {
        return key(text);
    }
    if Path::new(text).is_file() {
        let pem = std::fs::read_to_string(text)
            .map_err(|error| format!("cannot read the key `{text}`: {error}"))?;
        return key(&pem);
    }
    let written: Written =
        yaml_serde::from_str(text).map_err(|error| format!("{EXPECTED}: {}", plain(&error)))?;
    match written {
        Written {
            issuer: None,
            subject: None,
            source_id: None,
            owner_id: None,
            public_key: Some(pem),
        } => key(&pem),
        Written {
            issuer: Some(issuer),
            subject: Some(subject),
            source_id,
            owner_id,
            public_key: None,
        } if !issuer.is_empty() && !subject.is_empty() => {
            if subject.contains('*') && !subject.ends_with("@refs/tags/*") {
                return Err("expected one signer's subject, not a pattern: only a release tag's value is written as *".to_owned());
            }
            let caller = (source_id.is_some() || owner_id.is_some()).then(|| Caller {
                source_id: source_id.unwrap_or_default(),
                owner_id: owner_id.unwrap_or_default(),
            });
            Ok(Signer::Keyless(Keyless {
                subject: fold_subject(&issuer, &subject),
                issuer,
                caller,
            }))
        }
        Written { .. } => Err(EXPECTED.to_owned()),
    }
}

const ALL_TAGS: &str = "@refs/tags/*";

/// Whether images can have exactly this signer: a folded subject is what certificates become only where the policy folds
/// that issuer's.
///
/// # Errors
/// With the way out.
pub(super) fn is_what_images_have(signer: &Signer) -> Result<(), String> {
    let Signer::Keyless(Keyless {
        issuer, subject, ..
    }) = signer
    else {
        return Ok(());
    };
    let Some(workflow) = subject.strip_suffix(ALL_TAGS) else {
        return Ok(());
    };
    if fold_subject(issuer, &format!("{workflow}@refs/tags/v1")) == *subject {
        return Ok(());
    }
    Err(format!(
        "subjects of {} are not folded, so no image would have `{ALL_TAGS}`, and every release would be drift: approve the subject of one release as its certificate has it, and add refPatterns: [{{repositories: [REPOSITORY], fold: \"refs/tags/*\"}}] to the policy's settings",
        signature_continuity::clean::clean(issuer, 300)
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use rstest::rstest;

    const GITHUB: &str = "https://token.actions.githubusercontent.com";

    #[test]
    fn a_subject_is_folded_as_that_of_a_certificate() {
        let one = parse(&format!(
            "{{issuer: \"{GITHUB}\", subject: \"https://github.com/a/b/.github/workflows/r.yml@refs/tags/v1\"}}"
        ));
        let all = parse(&format!(
            "{{issuer: \"{GITHUB}\", subject: \"https://github.com/a/b/.github/workflows/r.yml@refs/tags/*\"}}"
        ));
        assert_eq!(one.unwrap(), all.unwrap());
    }

    #[test]
    fn a_key_is_read_from_text_and_file() {
        let pem = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n-----END PUBLIC KEY-----\n";
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), pem).unwrap();
        let of_file = parse(file.path().to_str().unwrap()).unwrap();
        assert_eq!(parse(pem).unwrap(), of_file);
        let mapping = serde_json::json!({ "publicKey": pem }).to_string();
        assert_eq!(parse(&mapping).unwrap(), of_file);
    }

    #[rstest]
    #[case::folded(
        GITHUB,
        "https://github.com/a/b/.github/workflows/r.yml@refs/tags/*",
        true
    )]
    #[case::exact("https://ci.example", "https://ci.example/a@refs/tags/v1", true)]
    #[case::not_folded("https://ci.example", "https://ci.example/a@refs/tags/*", false)]
    #[case::twice(GITHUB, "https://github.com/a/b@refs/heads/x@refs/tags/*", false)]
    fn a_pattern_that_no_image_would_have_is_refused(
        #[case] issuer: &str,
        #[case] subject: &str,
        #[case] expected: bool,
    ) {
        let text = serde_json::json!({"issuer": issuer, "subject": subject}).to_string();
        let answer = is_what_images_have(&parse(&text).unwrap());
        assert_eq!(answer.is_ok(), expected, "{answer:?}");
        if let Err(why) = answer {
            assert!(why.contains("refPatterns"), "{why}");
        }
    }

    #[test]
    fn what_does_not_parse_is_said_without_our_types() {
        let why = parse("7").unwrap_err();
        assert!(!why.contains("struct") && why.contains("expected"), "{why}");
    }

    #[rstest]
    #[case::an_id("7c1f09ab42de")]
    #[case::half("{issuer: \"https://i.example\"}")]
    #[case::empty("{issuer: \"\", subject: \"\"}")]
    #[case::both("{issuer: a, subject: b, publicKey: c}")]
    #[case::unknown("{issuer: a, subject: b, colour: c}")]
    #[case::pattern("{issuer: a, subject: \"https://github.com/acme/*\"}")]
    #[case::no_key("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")]
    fn anything_less_is_refused(#[case] text: &str) {
        assert!(parse(text).unwrap_err().contains("expected"), "{text}");
    }
}

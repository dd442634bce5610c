//! The inventory as one HTML page that needs nothing else.
//!
//! Invariant: the page asks nobody for anything and runs nothing but the script that is part of this program: its
//! Content-Security-Policy names that script and style by their digests and forbids everything else. What somebody else
//! wrote is data in it, never markup: in the script's JSON every `<` is escaped, in the table for browsers without
//! scripts every character that means something.

use super::counts::drift_name;
use super::order::Severity;
use super::{Entry, Inventory, json, shown, summary};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use signature_continuity::clean::{SHOWN, clean};
use std::fmt::{self, Write as _};

const SKELETON: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Of our own sentences, which have foreign names in them.
const LONGEST_SENTENCE: usize = 1000;

/// The inventory as a page.
///
/// # Errors
/// As the inventory's JSON.
pub fn page(inventory: &Inventory) -> Result<String, serde_json::Error> {
    let data = json::compact(inventory)?;
    Ok(of_data(inventory, data, "'none'"))
}

/// The page of an inventory that goes on, which looks for newer data at `inventory.json` beside it. `data` is the
/// inventory's own JSON, with more in it.
///
/// # Errors
/// As the inventory's JSON.
pub(crate) fn live(
    inventory: &Inventory,
    data: &serde_json::Value,
) -> Result<String, serde_json::Error> {
    let data = json::plain(&serde_json::to_string(data)?);
    Ok(of_data(inventory, data, "'self'"))
}

fn of_data(inventory: &Inventory, data: String, connect: &str) -> String {
    let parts = [
        ("policy", content_security_policy(connect)),
        ("style", STYLE.to_owned()),
        ("script", SCRIPT.to_owned()),
        (
            "verdict",
            escaped(&summary::verdict(inventory), LONGEST_SENTENCE),
        ),
        (
            "trust-root",
            escaped(&summary::trust_root(inventory), LONGEST_SENTENCE),
        ),
        (
            "taken",
            inventory.taken.format("%Y-%m-%d %H:%M UTC").to_string(),
        ),
        ("rows", rows(inventory)),
        ("data", data),
    ];
    filled(SKELETON, &parts)
}

/// The skeleton with each `@name@` replaced, in one pass: what is put in is never looked at again.
fn filled(skeleton: &str, parts: &[(&str, String)]) -> String {
    let mut text = String::new();
    let mut rest = skeleton;
    while let Some((before, after)) = rest.split_once('@') {
        text.push_str(before);
        let part = after.split_once('@').and_then(|(name, rest)| {
            let (_, value) = parts.iter().find(|(own, _)| *own == name)?;
            Some((value, rest))
        });
        match part {
            Some((value, after)) => {
                text.push_str(value);
                rest = after;
            }
            None => {
                text.push('@');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    text
}

/// What the page may run and ask.
pub(crate) fn content_security_policy(connect: &str) -> String {
    let of = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; connect-src {connect}; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        of(SCRIPT),
        of(STYLE)
    )
}

/// The rows that are shown where scripts do not run.
fn rows(inventory: &Inventory) -> String {
    let mut text = String::new();
    for entry in &inventory.entries {
        // Writing to a string does not fail.
        let _ = row(&mut text, entry, inventory);
    }
    text
}

fn row(text: &mut String, entry: &Entry, inventory: &Inventory) -> fmt::Result {
    let none = || "-".to_owned();
    let (digest, posture, signers, baseline) = match &entry.found {
        Ok(found) => (
            found.seen.observation.digest.as_ref(),
            shown::posture(found),
            shown::signers(found).unwrap_or_else(none),
            shown::baseline(&found.lookup, inventory.taken),
        ),
        Err(why) => (None, format!("unreadable: {why}"), none(), none()),
    };
    let cells = [
        drift_name(entry).to_owned(),
        Severity::of(entry).as_str().to_owned(),
        shown::image(&entry.image, digest),
        posture,
        signers,
        baseline,
        shown::places(entry),
    ];
    text.push_str("<tr>");
    for cell in cells {
        write!(text, "<td><bdi>{}</bdi></td>", escaped(&cell, SHOWN))?;
    }
    text.push_str("</tr>\n");
    Ok(())
}

/// `text` fit to be shown, as HTML.
fn escaped(text: &str, limit: usize) -> String {
    let mut html = String::with_capacity(text.len());
    for c in clean(text, limit).chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            plain => html.push(plain),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::inventory::sample;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::once("a @x@ b", "a 1 b")]
    #[case::not_again("@y@", "@x@")]
    #[case::unknown("me@example, @x@", "me@example, 1")]
    #[case::alone("@", "@")]
    fn fills_each_part_once(#[case] skeleton: &str, #[case] expected: &str) {
        let parts = [("x", "1".to_owned()), ("y", "@x@".to_owned())];
        assert_eq!(filled(skeleton, &parts), expected);
    }

    #[test]
    fn hostile_texts_are_no_markup() {
        let text = page(&sample::hostile()).unwrap();
        let harmless = page(&sample::inventory()).unwrap();
        for tag in [
            "<script", "</script", "<img", "<svg", "<!--", "<style", "<link", "<base",
        ] {
            assert_eq!(
                text.matches(tag).count(),
                harmless.matches(tag).count(),
                "{tag}"
            );
        }
        assert!(!text.contains(['\u{202e}', '\u{1b}', '\u{2028}']));
    }

    proptest! {
        #[test]
        fn what_is_escaped_has_no_markup_in_it(text in any::<String>()) {
            let html = escaped(&text, SHOWN);
            prop_assert!(!html.contains(['<', '>', '"', '\'']));
            for entity in html.split('&').skip(1) {
                prop_assert!(["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|e| entity.starts_with(e)));
            }
        }
    }

    #[test]
    fn nothing_in_the_page_is_elsewhere() {
        for part in [SKELETON, STYLE, SCRIPT] {
            for needle in [
                "http:",
                "https:",
                "//cdn",
                "url(",
                "@import",
                "innerHTML",
                "eval(",
            ] {
                assert!(!part.contains(needle), "{needle}");
            }
        }
        // A part of the policy would end where its digest is taken of.
        assert!(!SCRIPT.contains("</script") && !STYLE.contains("</style"));
    }
}

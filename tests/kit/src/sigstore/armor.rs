//! PEM as cosign writes it: line feeds, 64 columns, a final line break.
//!
//! Invariant: one block in, one block out; texts of several blocks are made by joining them.

use anyhow::{Context, Result};
use pem::{EncodeConfig, LineEnding, Pem};

/// One PEM block with the given tag around `der`.
#[must_use]
pub fn armor(tag: &str, der: &[u8]) -> String {
    encode(tag, der, LineEnding::LF)
}

/// The same block with carriage returns: a text that a reader may or may not normalise.
#[must_use]
pub fn armor_with_carriage_returns(tag: &str, der: &[u8]) -> String {
    encode(tag, der, LineEnding::CRLF)
}

/// The bytes inside the first block of `text`, whatever its tag.
///
/// # Errors
/// When there is no PEM block.
pub fn dearmor(text: &str) -> Result<Vec<u8>> {
    Ok(pem::parse(text)
        .context("expected a PEM block")?
        .into_contents())
}

fn encode(tag: &str, der: &[u8], line_ending: LineEnding) -> String {
    pem::encode_config(
        &Pem::new(tag, der),
        EncodeConfig::new().set_line_ending(line_ending),
    )
}

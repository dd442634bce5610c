//! Custom sections.
//!
//! Invariant: everything else in the module stays as it is, byte for byte.

use std::borrow::Cow;

use thiserror::Error;
use wasm_encoder::{CustomSection, Encode as _};
use wasmparser::{Parser, Payload};

/// Where Kubewarden keeps metadata.
pub const METADATA_SECTION: &str = "io.kubewarden.metadata";

/// The module cannot be taken apart.
#[derive(Debug, Error)]
pub enum SectionError {
    /// It is none.
    #[error("expected a WebAssembly module, which starts with the bytes `\\0asm`")]
    NotWebAssembly,
    /// It begins like one.
    #[error("the module's sections cannot be read")]
    Broken(#[source] wasmparser::BinaryReaderError),
}

/// The parts of a module, one after the other.
pub(super) fn payloads(
    module: &[u8],
) -> Result<impl Iterator<Item = Result<Payload<'_>, SectionError>>, SectionError> {
    if !module.starts_with(b"\0asm") {
        return Err(SectionError::NotWebAssembly);
    }
    let payloads = Parser::new(0).parse_all(module);
    Ok(payloads.map(|payload| payload.map_err(SectionError::Broken)))
}

/// The contents of the first custom section of this name.
///
/// # Errors
/// When the bytes are no module.
pub fn read_section(module: &[u8], name: &str) -> Result<Option<Vec<u8>>, SectionError> {
    for payload in payloads(module)? {
        if let Payload::CustomSection(section) = payload?
            && section.name() == name
        {
            return Ok(Some(section.data().to_vec()));
        }
    }
    Ok(None)
}

/// The module with one custom section of this name, at its end, in place of any that it had.
///
/// # Errors
/// When the bytes are no module.
pub fn replace_section(
    module: &[u8],
    name: &str,
    contents: &[u8],
) -> Result<Vec<u8>, SectionError> {
    let mut kept = Vec::with_capacity(module.len().saturating_add(contents.len()));
    let mut copied = 0;
    for payload in payloads(module)? {
        if let Payload::CustomSection(section) = payload?
            && section.name() == name
        {
            let contents = section.range();
            kept.extend_from_slice(
                module
                    .get(copied..section_start(module, &contents))
                    .unwrap_or_default(),
            );
            copied = contents.end;
        }
    }
    kept.extend_from_slice(module.get(copied..).unwrap_or_default());
    // The section's number.
    kept.push(0);
    CustomSection {
        name: Cow::Borrowed(name),
        data: Cow::Borrowed(contents),
    }
    .encode(&mut kept);
    Ok(kept)
}

/// Before the contents stand the section's number, 0, and their length, whose bytes but the last have the high bit set.
fn section_start(module: &[u8], contents: &std::ops::Range<usize>) -> usize {
    let mut start = contents.start.saturating_sub(1);
    while start > 0
        && module
            .get(start.saturating_sub(1))
            .is_some_and(|byte| byte & 0x80 != 0)
    {
        start = start.saturating_sub(1);
    }
    start.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const MODULE: &str =
        r#"(module (func (export "f")) (memory 1) (data (i32.const 0) "\80\80\80"))"#;

    #[test]
    fn replaces_and_keeps_everything_else() {
        let module = wat::parse_str(MODULE).unwrap();
        assert_eq!(read_section(&module, "a").unwrap(), None);
        // Longer than 127 and than 16383 bytes, for lengths of two and three bytes.
        for size in [0, 1, 200, 20_000] {
            let with_a = replace_section(&module, "a", &vec![0x80; size]).unwrap();
            assert_eq!(read_section(&with_a, "a").unwrap().unwrap().len(), size);
            let with_both = replace_section(&with_a, "b", b"contents").unwrap();
            let changed = replace_section(&with_both, "a", b"new").unwrap();
            assert_eq!(read_section(&changed, "a").unwrap().unwrap(), b"new");
            assert_eq!(read_section(&changed, "b").unwrap().unwrap(), b"contents");
            assert!(changed.starts_with(&module));
            let expected = replace_section(
                &replace_section(&module, "b", b"contents").unwrap(),
                "a",
                b"new",
            );
            assert_eq!(changed, expected.unwrap());
            wasmparser::validate(&changed).unwrap();
        }
    }

    #[test]
    fn rejects_what_is_no_module() {
        assert!(replace_section(b"text", "a", b"").is_err());
        assert!(read_section(b"\0asm", "a").is_err());
    }
}

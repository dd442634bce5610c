//! The few DER values that certificate extensions need, written without any check, because the kit
//! must be able to write what an encoder with manners refuses.

/// Tag of an implicit `rfc822Name` in a subject alternative name.
pub(crate) const EMAIL_NAME: u8 = 0x81;
/// Tag of an implicit `dNSName`.
pub(crate) const DNS_NAME: u8 = 0x82;
/// Tag of an implicit `uniformResourceIdentifier`.
pub(crate) const URI_NAME: u8 = 0x86;
/// Tag of a `UTF8String`.
pub(crate) const UTF8_STRING: u8 = 0x0c;
/// Tag of a `SEQUENCE`.
pub(crate) const SEQUENCE: u8 = 0x30;
/// Tag of a `BIT STRING`.
pub(crate) const BIT_STRING: u8 = 0x03;

/// Tag, definite length, content.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut encoded = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => encoded.push(short),
        _ => {
            let length: Vec<u8> = content
                .len()
                .to_be_bytes()
                .into_iter()
                .skip_while(|byte| *byte == 0)
                .collect();
            // A length of more than 126 bytes cannot come out of a `usize`.
            encoded.push(0x80 | u8::try_from(length.len()).unwrap_or(0x7e));
            encoded.extend(length);
        }
    }
    encoded.extend_from_slice(content);
    encoded
}

/// A `SEQUENCE` of elements that are already encoded.
pub(crate) fn sequence(elements: &[Vec<u8>]) -> Vec<u8> {
    element(SEQUENCE, &elements.concat())
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn writes_short_and_long_lengths() {
        assert_eq!(element(UTF8_STRING, b"ab"), [0x0c, 2, b'a', b'b']);
        assert_eq!(element(UTF8_STRING, &[0; 0x7f])[..2], [0x0c, 0x7f]);
        assert_eq!(element(UTF8_STRING, &[0; 0x80])[..3], [0x0c, 0x81, 0x80]);
        assert_eq!(
            element(UTF8_STRING, &[0; 0x1234])[..4],
            [0x0c, 0x82, 0x12, 0x34]
        );
        assert_eq!(sequence(&[vec![5, 0], vec![5, 0]]), [0x30, 4, 5, 0, 5, 0]);
    }
}

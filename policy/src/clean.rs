//! Makes text that somebody else wrote fit to be shown.
//!
//! Invariant: what leaves here has no control, bidirectional or invisible characters and a bounded length, so that a
//! certificate or an image name cannot forge a log line, reorder a warning or hide the part that matters. It is for
//! showing only: comparisons use the original.

/// The most characters of one foreign text that are shown.
pub const SHOWN: usize = 200;

/// `text` with every character that does not show plainly replaced by `?`, cut after `limit` characters with `…`.
#[must_use]
pub fn clean(text: &str, limit: usize) -> String {
    let mut cleaned: String = text
        .chars()
        .take(limit)
        .map(|c| if shows_plainly(c) { c } else { '?' })
        .collect();
    if text.chars().nth(limit).is_some() {
        cleaned.pop();
        cleaned.push('…');
    }
    cleaned
}

/// Whether `c` is a character that a reader sees as itself, at its place.
#[must_use]
pub fn shows_plainly(c: char) -> bool {
    !(c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            // zero width, direction marks, line and paragraph separators, embeddings, isolates, invisible operators
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn replaces_what_could_mislead() {
        assert_eq!(
            clean("a\nb\u{202e}c\u{200b}d\u{1b}[31m", SHOWN),
            "a?b?c?d?[31m"
        );
    }

    #[test]
    fn cuts_long_texts_and_says_so() {
        assert_eq!(clean("abcdef", 4), "abc…");
        assert_eq!(clean("abcd", 4), "abcd");
    }

    proptest! {
        #[test]
        fn is_bounded_and_plain(text in any::<String>(), limit in 1usize..50) {
            let cleaned = clean(&text, limit);
            prop_assert!(cleaned.chars().count() <= limit);
            prop_assert!(cleaned.chars().all(shows_plainly));
            prop_assert_eq!(clean(&cleaned, limit), cleaned);
        }
    }
}

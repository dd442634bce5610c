//! Words that every command has to get right: plurals, and other people's technical terms.
//!
//! Invariant: nobody has to know this program's types to read what it says.

use std::fmt::Display;

/// `1 baseline`, `2 baselines`, `3 repositories`.
#[must_use]
pub fn counted<N: Display + PartialEq + From<u8>>(number: N, one: &str, many: &str) -> String {
    let noun = if number == N::from(1) { one } else { many };
    format!("{number} {noun}")
}

/// Words of the parsers' and what people call it. The longer of two that begin alike is first.
const PLAIN: [(&str, &str); 10] = [
    ("usize", "a number"),
    ("isize", "a number"),
    ("u16", "a number"),
    ("u32", "a number"),
    ("u64", "a number"),
    ("i64", "a number"),
    ("u8", "a number"),
    ("borrowed string", "text"),
    ("unit value", "nothing"),
    ("string", "text"),
];

/// What a parser complains about, without the names of this program's types: `expected struct Written` becomes
/// `expected fields`.
#[must_use]
pub fn plain(error: &dyn Display) -> String {
    let text = error.to_string();
    let mut plain = String::with_capacity(text.len());
    let mut quoted = false;
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        // What is quoted are the user's own words, and names of fields.
        quoted ^= matches!(c, '"' | '`');
        let at_a_word = !plain.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if let Some((taken, word)) = (!quoted && at_a_word).then(|| replaced(rest)).flatten() {
            plain.push_str(word);
            rest = rest.get(taken..).unwrap_or_default();
            continue;
        }
        plain.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    plain
}

/// How much of the beginning of `text` is a technical term, and the word for it.
fn replaced(text: &str) -> Option<(usize, &'static str)> {
    for kind in ["struct ", "enum ", "internally tagged enum "] {
        if let Some(name) = text.strip_prefix(kind) {
            let length = name
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(name.len());
            let word = if kind == "struct " {
                "fields"
            } else {
                "one of the words that are documented"
            };
            return Some((kind.len() + length, word));
        }
    }
    PLAIN.iter().find_map(|(term, word)| {
        let after = text.strip_prefix(term)?;
        let ends = !after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        ends.then_some((term.len(), *word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0, "0 baselines")]
    #[case(1, "1 baseline")]
    #[case(2, "2 baselines")]
    fn one_is_one(#[case] number: u64, #[case] expected: &str) {
        assert_eq!(counted(number, "baseline", "baselines"), expected);
    }

    #[rstest]
    #[case::number(
        "invalid type: string \"ten\", expected usize at line 1",
        "invalid type: text \"ten\", expected a number at line 1"
    )]
    #[case::fields(
        "invalid type: integer `7`, expected struct Written",
        "invalid type: integer `7`, expected fields"
    )]
    #[case::own_words("unknown field `struct usize`", "unknown field `struct usize`")]
    #[case::part_of_a_word("stringent restructure", "stringent restructure")]
    fn parsers_terms_are_put_plainly(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(plain(&text), expected);
    }
}

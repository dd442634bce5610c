//! Cutting texts to the room that there is.
//!
//! Invariant: at most so many bytes, at characters, and `…` wherever something was left out. Of two texts that are shown
//! beside each other what differs is kept: they never read the same.

const MARK: &str = "…";

/// At most `limit` bytes, ending with `…` where something was cut.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if kept.len() + c.len_utf8() + MARK.len() > limit {
            break;
        }
        kept.push(c);
    }
    kept.push_str(MARK);
    kept
}

/// Two texts in at most `limit` bytes each, both cut around the first place where they differ.
pub(super) fn cut_apart(one: &str, other: &str, limit: usize) -> (String, String) {
    if one == other {
        return (cut(one, limit), cut(other, limit));
    }
    let same: usize = one
        .chars()
        .zip(other.chars())
        .take_while(|(a, b)| a == b)
        .map(|(c, _)| c.len_utf8())
        .sum();
    (cut_around(one, same, limit), cut_around(other, same, limit))
}

/// At most `limit` bytes of `text`, with the character at `place` and some of its neighbours.
fn cut_around(text: &str, place: usize, limit: usize) -> String {
    // Its beginning says most, so that is all there is while the place is seen in it.
    if text.len() <= limit || place + limit / 3 <= limit {
        return cut(text, limit);
    }
    let head = cut(text, limit / 3);
    let room = limit.saturating_sub(head.len());
    // By the place alone, so that what is left of both texts begins with the same.
    let mut from = place.saturating_sub(room / 3);
    while from < text.len() && !text.is_char_boundary(from) {
        from += 1;
    }
    format!("{head}{}", cut(text.get(from..).unwrap_or_default(), room))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[test]
    fn cuts_at_characters_and_says_so() {
        assert_eq!(cut("abcd", 4), "abcd");
        assert_eq!(cut("abcdefgh", 6), "abc…");
        assert_eq!(cut("äöüäöü", 8), "äö…");
    }

    #[rstest]
    #[case::at_the_end("release.yml@refs/heads/main", "release.yml@refs/heads/evil")]
    #[case::in_the_middle("acme/api/release.yml", "acme-evil/api/release.yml")]
    #[case::longer("release.yml@refs/tags/*", "release.yml@refs/tags/*/x")]
    fn what_differs_is_kept(#[case] one: &str, #[case] other: &str) {
        for (before, behind) in [(0, 200), (40, 200), (200, 0), (200, 10), (200, 200)] {
            let long = |text: &str| format!("{}{text}{}", "a".repeat(before), "z".repeat(behind));
            let (one, other) = cut_apart(&long(one), &long(other), 90);
            assert_ne!(one, other);
            assert!(one.len() <= 90 && other.len() <= 90);
            let differing = |text: &str| text.contains("main") || text.contains("evil");
            if one.contains("heads") {
                assert!(differing(&one) && differing(&other), "{one} {other}");
            }
        }
    }

    proptest! {
        #[test]
        fn cut_text_is_a_bounded_beginning(text in any::<String>(), limit in 3usize..300) {
            let kept = cut(&text, limit);
            prop_assert!(kept.len() <= limit);
            prop_assert!(text.starts_with(kept.strip_suffix('…').unwrap_or(&kept)) || kept == text);
            prop_assert_eq!(kept == text, text.len() <= limit);
        }

        #[test]
        fn texts_that_differ_read_differently(
            same in "[a-zä]{0,300}", one in "[a-z/]{0,200}", other in "[a-z/]{0,200}", limit in 24usize..150
        ) {
            let (a, b) = (format!("{same}{one}"), format!("{same}{other}"));
            let (shown_a, shown_b) = cut_apart(&a, &b, limit);
            prop_assert!(shown_a.len() <= limit && shown_b.len() <= limit);
            prop_assert_eq!(shown_a == shown_b, a == b, "{} {}", shown_a, shown_b);
        }
    }
}

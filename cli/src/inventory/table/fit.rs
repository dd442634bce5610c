//! Making texts fit into columns of a terminal.
//!
//! Invariant: what leaves here is no wider than asked, by the width that terminals give to characters.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// An image in at most `width` columns, with its end kept: tag and digest tell images apart.
pub(super) fn shortened(image: &str, width: usize) -> String {
    if image.width() <= width {
        return image.to_owned();
    }
    let end: String = cut_plainly(image.chars().rev(), width.saturating_sub(1) * 3 / 4);
    let start = cut_plainly(image.chars(), width.saturating_sub(1 + end.width()));
    let end: String = end.chars().rev().collect();
    format!("{start}…{end}")
}

/// A text in at most `width` columns, which says when it is not all; how many there are besides (`+2`) is kept.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    if let Some((first, more)) = text.rsplit_once(" +")
        && more.len() + 4 < width
        && more.bytes().all(|b| b.is_ascii_digit())
    {
        return format!("{} +{more}", cut(first, width - more.len() - 2));
    }
    cut_plainly(text.chars(), width.saturating_sub(1)) + "…"
}

fn cut_plainly(text: impl Iterator<Item = char>, width: usize) -> String {
    let mut cut = String::new();
    let mut used = 0;
    for c in text {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        cut.push(c);
    }
    cut
}

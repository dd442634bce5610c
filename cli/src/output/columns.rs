//! A plain table of words, in columns.
//!
//! Invariant: one row is one line; where there is a width no line is longer, and the last column is what is cut.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

const GAP: usize = 2;

/// `rows`, the header first, below each other.
#[must_use]
pub(crate) fn aligned<const N: usize>(rows: &[[String; N]], width: Option<usize>) -> String {
    let mut widths = [0_usize; N];
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(cell.width());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            let padding = width.saturating_sub(cell.width()) + GAP;
            line.extend(std::iter::repeat_n(' ', padding));
        }
        let line = line.trim_end();
        match width {
            Some(width) => text.push_str(&cut(line, width)),
            None => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

fn cut(line: &str, width: usize) -> String {
    if line.width() <= width {
        return line.to_owned();
    }
    let mut used = 0;
    let kept = line.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used < width
    });
    let mut cut: String = kept.collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_only_a_terminal_cuts() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned);
        let rows = [row(["A", "B"]), row(["漢字", "much longer than that"])];
        assert_eq!(
            aligned(&rows, None),
            "A     B\n漢字  much longer than that\n"
        );
        assert_eq!(aligned(&rows, Some(10)), "A     B\n漢字  muc…\n");
    }
}

//! Two texts beside each other, where they differ.

use similar::{DiffOp, TextDiff};

/// Equal lines that are shown around a difference.
const CONTEXT: usize = 2;
const LEFT: &str = "EXPECTED";
const RIGHT: &str = "ACTUAL";

/// The places where `left` and `right` differ, in two columns that fit into `width`. Long lines are wrapped, never cut.
#[must_use]
pub fn side_by_side(left: &str, right: &str, width: usize) -> String {
    let column = (width.saturating_sub(3) / 2).max(10);
    let diff = TextDiff::from_lines(left, right);
    let (left, right): (Vec<&str>, Vec<&str>) = (left.lines().collect(), right.lines().collect());
    let mut text = row(LEFT, ' ', RIGHT, column);
    for (number, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if number > 0 {
            text.push_str(&row("…", ' ', "…", column));
        }
        for operation in group {
            let mark = match operation {
                DiffOp::Equal { .. } => ' ',
                DiffOp::Delete { .. } => '<',
                DiffOp::Insert { .. } => '>',
                DiffOp::Replace { .. } => '|',
            };
            let mut left = operation.old_range().map(|line| left.get(line).copied());
            let mut right = operation.new_range().map(|line| right.get(line).copied());
            loop {
                let pair = (left.next().flatten(), right.next().flatten());
                if pair == (None, None) {
                    break;
                }
                text.push_str(&row(
                    pair.0.unwrap_or(""),
                    mark,
                    pair.1.unwrap_or(""),
                    column,
                ));
            }
        }
    }
    text
}

fn row(left: &str, mark: char, right: &str, column: usize) -> String {
    let (left, right) = (wrap(left, column), wrap(right, column));
    let lines = left.len().max(right.len());
    (0..lines)
        .map(|line| {
            let part = |column: &[String]| column.get(line).cloned().unwrap_or_default();
            let line = format!("{:<column$} {mark} {}", part(&left), part(&right));
            format!("{}\n", line.trim_end())
        })
        .collect()
}

fn wrap(line: &str, column: usize) -> Vec<String> {
    let characters: Vec<char> = line.chars().collect();
    if characters.is_empty() {
        return vec![String::new()];
    }
    let parts = characters.chunks(column);
    parts.map(|part| part.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_differs_and_a_little_around_it() {
        let left = "1\n2\n3\n4\n5\n6\nold\n7\ngone\n8\n";
        let right = "1\n2\n3\n4\n5\n6\nnew, and longer than the column\n7\n8\n";
        assert_eq!(
            side_by_side(left, right, 25),
            "EXPECTED      ACTUAL\n\
             5             5\n\
             6             6\n\
             old         | new, and lo\n\
             \u{20}           | nger than t\n\
             \u{20}           | he column\n\
             7             7\n\
             gone        <\n\
             8             8\n"
        );
    }

    #[test]
    fn separates_places_that_are_apart() {
        let left = "a\n1\n2\n3\n4\n5\n6\n7\nb\n";
        let right = "A\n1\n2\n3\n4\n5\n6\n7\nB\n";
        assert!(side_by_side(left, right, 25).contains("\n…             …\n"));
    }
}

//! The inventory as a table for a terminal.
//!
//! Invariant: one image is one row of as many lines as every other, whatever its names are, and the words alone carry
//! the meaning: colours only repeat them.

mod beside;
mod cells;
mod fit;

use super::order::Severity;
use super::{Inventory, summary};
use cells::cells;
use comfy_table::{Cell, ColumnConstraint, ContentArrangement, Row, Table, Width, presets};
use fit::{cut, shortened};
use signature_continuity::clean::clean;
use unicode_width::UnicodeWidthStr as _;

use crate::output::terminal::Terminal;

/// Below this an image takes two lines.
const WIDE: usize = 110;
const NARROWEST: usize = 60;
/// Wider than all that is shown of one image: from here on nothing is cut.
const UNCUT: usize = 2000;
const GAP: usize = 2;
const LONGEST_NOTE: usize = 500;
const HEADER: [&str; 7] = [
    "DRIFT",
    "ENFORCED",
    "IMAGE",
    "POSTURE",
    "SIGNED BY",
    "BASELINE",
    "WHERE",
];

/// The inventory for people.
#[must_use]
pub fn table(inventory: &Inventory, terminal: Terminal) -> String {
    let mut text = String::new();
    if !inventory.entries.is_empty() {
        text.push_str(&rows(inventory, terminal));
        text.push('\n');
    }
    for note in inventory.notes.iter().chain(&beside::notes(inventory)) {
        text.push_str(&format!("note: {}\n", clean(note, LONGEST_NOTE)));
    }
    text.push_str(&summary::verdict(inventory));
    let legend = summary::legend(inventory).map(|legend| format!(" {legend}"));
    text.push_str(&format!(
        "\n{}{}\n",
        summary::trust_root(inventory),
        legend.unwrap_or_default()
    ));
    text
}

fn rows(inventory: &Inventory, terminal: Terminal) -> String {
    let columns = terminal.columns.unwrap_or(usize::MAX);
    let width = columns.clamp(NARROWEST, UNCUT);
    let cells: Vec<[String; 7]> = inventory
        .entries
        .iter()
        .map(|e| cells(e, inventory))
        .collect();
    let (table, height) = if width < WIDE {
        (stacked(&cells, width), 2)
    } else {
        (side_by_side(&cells, width), 1)
    };
    let lines = table.lines().enumerate().map(|(at, line)| {
        let line = line.trim_end().to_owned();
        // The first line is the header's.
        let row = at.checked_sub(1).filter(|row| row % height == 0);
        match row.and_then(|row| inventory.entries.get(row / height)) {
            Some(entry) if terminal.colours => coloured(&line, Severity::of(entry)),
            _ => line,
        }
    });
    lines.map(|line| line + "\n").collect()
}

/// One line for each image, at least [`WIDE`].
fn side_by_side(cells: &[[String; 7]], width: usize) -> Table {
    let mut widths: [usize; 7] = HEADER.map(str::len);
    for row in cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let [drift, enforced, image, posture, signer, baseline, place] = &mut widths;
    for (column, most) in [
        (&mut *drift, 14),
        (&mut *enforced, 22),
        (&mut *posture, 12),
        (&mut *baseline, 15),
    ] {
        if width < UNCUT {
            *column = (*column).min(most);
        }
    }
    let fixed = *drift + *enforced + *posture + *baseline + 6 * GAP;
    let room = width.saturating_sub(fixed);
    // Each has a share; what one does not need goes to the image first.
    let need = (*signer, *place);
    *signer = need.0.min(room * 38 / 100);
    *place = need.1.min(room * 19 / 100);
    *image = (*image).min(room.saturating_sub(*signer + *place));
    *signer = need.0.min(room.saturating_sub(*image + *place));
    *place = need.1.min(room.saturating_sub(*image + *signer));
    let mut table = bare(width);
    table.set_header(Row::from(HEADER));
    for row in cells {
        let mut fitted = row
            .iter()
            .zip(widths)
            .enumerate()
            .map(|(at, (cell, width))| {
                if at == 2 {
                    shortened(cell, width)
                } else {
                    cut(cell, width)
                }
            });
        let mut row = Row::from(fitted.by_ref().map(Cell::new).collect::<Vec<_>>());
        row.max_height(1);
        table.add_row(row);
    }
    constrain(&mut table, &widths);
    table
}

/// Two lines for each image: what is wrong with which image, and below it the rest.
fn stacked(cells: &[[String; 7]], width: usize) -> Table {
    let longest = |column: usize, header: &str, most: usize| {
        cells
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.width())
            .fold(header.len(), usize::max)
            .min(most)
    };
    let (drift, enforced) = (longest(0, "DRIFT", 12), longest(1, "ENFORCED", 16));
    let rest = width.saturating_sub(drift + enforced + 2 * GAP);
    let mut table = bare(width);
    table.set_header(["DRIFT", "ENFORCED", "IMAGE, AND WHAT IT CARRIES"]);
    for [d, e, image, posture, signer, baseline, place] in cells {
        let below = format!("{posture}  {signer}  {baseline}  {place}");
        // Two lines whatever is in them: comfy-table would wrap the second into a third.
        let text = format!("{}\n{}", shortened(image, rest), cut(&below, rest));
        let (d, e) = (cut(d, drift), cut(e, enforced));
        let mut row = Row::from([d, e, text].map(Cell::new));
        row.max_height(2);
        table.add_row(row);
    }
    constrain(&mut table, &[drift, enforced, rest]);
    table
}

fn bare(width: usize) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_truncation_indicator("…")
        .set_width(u16::try_from(width).unwrap_or(u16::MAX));
    table
}

fn constrain(table: &mut Table, widths: &[usize]) {
    let last = widths.len().saturating_sub(1);
    for (at, width) in widths.iter().enumerate() {
        let gap = if at == last { 0 } else { GAP };
        if let Some(column) = table.column_mut(at) {
            column.set_padding((0, u16::try_from(gap).unwrap_or_default()));
            let width = u16::try_from(width + gap).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
        }
    }
}

fn coloured(line: &str, loudness: Severity) -> String {
    let colour = match loudness {
        Severity::Rejected => "1;31",
        Severity::WouldBeRejected => "31",
        Severity::NotEstablished | Severity::Undetermined | Severity::Drift => "33",
        Severity::New => "36",
        Severity::NoDrift => "32",
    };
    let (word, rest) = line.split_at(line.find(' ').unwrap_or(line.len()));
    format!("\u{1b}[{colour}m{word}\u{1b}[0m{rest}")
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;

//! What is different in a baseline, as it reads in a pull request.
//!
//! Invariant: a line stands for itself: nothing that came from a certificate breaks it or reorders it.

use signature_continuity::baseline::{Baseline, config_map_name};
use signature_continuity::clean::clean;
use signature_continuity::reference::Repository;
use similar::TextDiff;

/// The longest line: a public key is one.
const LONGEST_LINE: usize = 4096;

/// The unified difference of one object.
#[must_use]
pub fn difference(
    repository: &Repository,
    before: Option<&Baseline>,
    after: Option<&Baseline>,
) -> String {
    let name = config_map_name(repository);
    let (old, new) = (text(before), text(after));
    let header = |baseline: Option<&Baseline>| match baseline {
        None => format!("{name} ({repository}, absent)"),
        Some(baseline) => format!("{name} ({repository}, generation {})", baseline.generation),
    };
    let diff = TextDiff::from_lines(&old, &new);
    diff.unified_diff()
        .context_radius(3)
        .missing_newline_hint(false)
        .header(&header(before), &header(after))
        .to_string()
}

fn text(baseline: Option<&Baseline>) -> String {
    let Some(baseline) = baseline else {
        return String::new();
    };
    let json = serde_json::to_string_pretty(baseline).unwrap_or_default();
    json.lines()
        .map(|line| clean(line, LONGEST_LINE) + "\n")
        .collect()
}

//! What somebody can do about a drift: the policy's remedies, with what the settings need spelled out.

use crate::inventory::Found;

/// The lines, and the page that explains the drift.
pub(super) fn way_out(found: &Found) -> Vec<String> {
    let Some(drift) = found.assessment.drifts.first() else {
        return Vec::new();
    };
    let mut text = Vec::new();
    for remedy in &found.remedies {
        text.extend(remedy.lines());
        text.extend(remedy.settings_lines());
    }
    text.push(drift.page());
    text
}

//! What somebody can do about a drift: the policy's remedies, with what the settings need spelled out.

use crate::inventory::Found;

/// The lines, and the page that explains the drift.
pub(super) fn way_out(found: &Found) -> Vec<String> {
    let Some(drift) = found.assessment.drifts.first() else {
        return Vec::new();
    };
    let mut text = Vec::new();
    for remedy in &found.remedies {
        let settings = remedy.settings_lines();
        if settings.is_empty() {
            text.extend(remedy.lines());
        } else {
            let otherwise = if text.is_empty() {
                "If expected, for every release"
            } else {
                "Or"
            };
            text.push(format!(
                "{otherwise}, on the record in the policy's settings, until a day:"
            ));
            text.extend(settings.into_iter().map(|line| format!("  {line}")));
        }
    }
    text.push(drift.page());
    text
}

//! What is remembered of where known signers' releases were built.

use signature_continuity::baseline::SeenProvenance;
use signature_continuity::provenance::Provenance;

/// How many values of one kind are remembered.
const MOST_VALUES: usize = 64;

/// Remembers these values.
pub(crate) fn note_provenance(seen: &mut SeenProvenance, provenance: Option<&Provenance>) {
    let Some(provenance) = provenance else { return };
    let SeenProvenance {
        sources,
        owners,
        builders,
        runners,
    } = seen;
    let noted = [
        (sources, &provenance.source),
        (owners, &provenance.owner),
        (builders, &provenance.builder),
        (runners, &provenance.runner),
    ];
    for (seen, value) in noted {
        if let Some(value) = value.as_ref().filter(|value| !seen.contains(value))
            && seen.len() < MOST_VALUES
        {
            seen.push(value.clone());
            seen.sort();
        }
    }
}

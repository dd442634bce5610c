//! What keeps a baseline from becoming established when its time is over.

use super::Share;
use crate::inventory::Entry;
use signature_continuity::posture::Cause;
use signature_continuity::reference::Repository;

/// What keeps a baseline from becoming established, and where that is.
pub(super) fn waits(repository: &Repository, unknown: &Entry) -> String {
    let place = unknown.image.places.first();
    let place = place.map_or_else(String::new, |place| {
        format!(" ({} {}/{})", place.kind, place.namespace, place.name)
    });
    format!(
        "{repository} is not established yet, although its time is over: {}{place} runs, and with which digest cannot be found out",
        unknown.image.spelled
    )
}

/// Whether something of the repository runs, or is said to, and it is not known with which digest: it could not be
/// written down as tolerated. What a pod merely names says nothing of the kind: anybody can name anything.
pub(super) fn is_unknown(entry: &Entry, share: Share) -> bool {
    let observation = entry.found.as_ref().map(|found| &found.seen.observation);
    match share {
        Share::Whole if entry.image.running.is_some() => observation.is_err(),
        Share::Whole => entry.image.hidden,
        // Nothing becomes established by them, so nothing waits for them.
        Share::Arriving => false,
        Share::Declared | Share::DeclaredPart | Share::Part => match observation {
            Err(_) => true,
            Ok(observation) => {
                let is_there = !matches!(observation.unknown, Some((Cause::Absent, _)));
                observation.digest.is_none() && is_there
            }
        },
    }
}

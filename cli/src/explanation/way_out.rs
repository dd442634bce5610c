//! What somebody can do about a drift.
//!
//! Invariant: nothing in a command that is to be pasted comes from the image's signature: signers are named by id.

use crate::inventory::Found;
use signature_continuity::drift::Drift;
use signature_continuity::posture::Cause;
use signature_continuity::signer::Signer;

/// The page that explains each drift.
const PAGE: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/drift.md");
pub(super) fn way_out(found: &Found) -> Vec<String> {
    let Some(drift) = found.assessment.drifts.first() else {
        return Vec::new();
    };
    let page = format!("{PAGE}#{}", drift.name());
    let Some(digest) = &found.seen.observation.digest else {
        return vec![page];
    };
    let image = format!("{}@{digest}", found.repository);
    let mut text = Vec::new();
    let every_release = |id: &str, alone: &str| {
        [
            "If expected, for every release:".to_owned(),
            format!("  continuity approve {image} {id}{alone} --reason TICKET"),
        ]
    };
    match drift {
        Drift::Signer(id) => text.extend(every_release(id.short(), "")),
        Drift::Downgrade(Some(sha256)) => {
            let signers = found.seen.signatures.iter().map(|s| s.proven.signer());
            let key = signers
                .filter(|s| matches!(s, Signer::Key(key) if key.sha256() == *sha256))
                .map(Signer::id)
                .next();
            text.extend(
                key.into_iter()
                    .flat_map(|id| every_release(id.short(), " --alone")),
            );
        }
        Drift::Undetermined(Cause::Format, _) => {
            text.push("Have it learned first:".to_owned());
            text.push(format!("  continuity learn --images {image}"));
        }
        Drift::Pin(_)
        | Drift::Invalid
        | Drift::Undetermined(..)
        | Drift::Unsigned
        | Drift::Downgrade(None)
        | Drift::New => {}
    }
    let Some(fingerprint) = drift.fingerprint() else {
        text.push(page);
        return text;
    };
    text.push("For this image only, three days:".to_owned());
    text.push(format!(
        "  continuity approve {image} --for 72h --reason TICKET"
    ));
    text.push("Or on the record in the policy's settings, until a day:".to_owned());
    text.push("  exceptions:".to_owned());
    let scope = if fingerprint.one_digest_only() {
        format!("image: {image}")
    } else {
        format!("repository: {}", found.repository)
    };
    text.push(format!("    - {scope}"));
    text.push(format!("      accepts: {fingerprint}"));
    text.push("      reason: TICKET".to_owned());
    text.push("      expires: YYYY-MM-DD".to_owned());
    text.push(format!(
        "If not expected: keep the running version and ask the owner of {}.",
        found.repository
    ));
    text.push(page);
    text
}

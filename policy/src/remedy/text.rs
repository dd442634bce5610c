//! Remedies in words: the same for denials and for `explain`.
//!
//! Invariant: names in commands are never cut; what operators wrote is cleaned and bounded.

use super::Remedy;
use crate::clean::{clean, shows_plainly};
use crate::fingerprint::Fingerprint;
use crate::posture::Cause;

impl Remedy {
    /// Lines for people. Commands are indented and stand alone.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::ApproveSigner { image, id, alone } => {
                let alone = if *alone { " --alone" } else { "" };
                vec![
                    "If expected, for every release:".to_owned(),
                    format!(
                        "  continuity approve {image} {}{alone} --reason TICKET",
                        id.short()
                    ),
                ]
            }
            Self::ApproveImage { image } => vec![
                "For this image only, three days:".to_owned(),
                format!("  continuity approve {image} --for 72h --reason TICKET"),
            ],
            Self::Except { image, accepts, .. } => {
                let scope = match image {
                    Some(_) => "for this image only",
                    None => "for every release",
                };
                let article = match accepts.as_slice() {
                    [_] => "an exception",
                    _ => "exceptions",
                };
                vec![format!(
                    "If expected, {scope}: {article} ({}) in the policy's settings.",
                    listed(accepts)
                )]
            }
            Self::RenewException {
                accepts,
                expired,
                reason,
            } => vec![format!(
                "An exception for it ({}) expired on {expired}: {}",
                shortened(accepts),
                clean(reason, 80)
            )],
            Self::ChangePin => vec![
                "If expected, for every release: change the pin in the policy's settings."
                    .to_owned(),
            ],
            Self::FoldRefs(fold) => vec![format!(
                "The same workflow, another ref: refPatterns with fold: {} would know it.",
                clean(&fold.to_string(), 80)
            )],
            Self::Learn { image } => vec![
                "The watcher looks at it: try again in a minute, or have it learned:".to_owned(),
                format!("  continuity learn --images {image}"),
            ],
            Self::TryAgain(cause) => vec![try_again(*cause).to_owned()],
            Self::MendBaseline { why } => vec![
                format!("Its baseline cannot be used: {}.", clean(why, 200)),
                "See continuity check, and continuity restore.".to_owned(),
            ],
            Self::RestoreBaseline { repository } => vec![
                "Its baseline is lost: it was signed, and what it was signed by is gone."
                    .to_owned(),
                "Bring it back with continuity restore; or, for approvers:".to_owned(),
                format!("  continuity learn --accept-lost {repository}"),
            ],
            Self::AskRetirer { id, retired } => {
                let by = plain(&retired.by, 60);
                vec![
                    format!(
                        "Signer {} was retired on {} by {by}: {}",
                        id.short(),
                        retired.at.format("%Y-%m-%d"),
                        plain(&retired.reason, 120)
                    ),
                    format!("Ask {by} first. Only an approver's --revive undoes it."),
                ]
            }
            Self::AskOwner { repository } => vec![format!(
                "If not expected: keep the running version and ask the owner of {repository}."
            )],
        }
    }

    /// Exceptions as they stand in settings; nothing for other remedies.
    #[must_use]
    pub fn settings_lines(&self) -> Vec<String> {
        let Self::Except {
            image,
            repository,
            accepts,
        } = self
        else {
            return Vec::new();
        };
        let scope = match image {
            Some(image) => format!("  - image: {image}"),
            None => format!("  - repository: {repository}"),
        };
        let mut lines = vec!["exceptions:".to_owned()];
        for accepts in accepts {
            lines.push(scope.clone());
            // What a certificate says stands in quotes, as JSON does it: YAML reads that.
            let accepts = serde_json::Value::from(accepts.to_string());
            lines.push(format!("    accepts: {accepts}"));
            lines.push("    reason: TICKET".to_owned());
            lines.push("    expires: YYYY-MM-DD".to_owned());
        }
        lines
    }
}

fn listed(accepts: &[Fingerprint]) -> String {
    let each: Vec<String> = accepts
        .iter()
        .map(|one| format!("accepts: {one}"))
        .collect();
    each.join(", and ")
}

/// A fingerprint with its ids as people see them.
fn shortened(accepts: &Fingerprint) -> String {
    let whole = accepts.to_string();
    match whole.rsplit_once(':') {
        Some((kind, id)) if id.len() >= 64 => {
            format!("{kind}:{}", id.get(..12).unwrap_or_default())
        }
        _ => whole,
    }
}

fn plain(text: &str, limit: usize) -> String {
    if text.chars().any(shows_plainly) {
        clean(text, limit)
    } else {
        "somebody".to_owned()
    }
}

fn try_again(cause: Cause) -> &'static str {
    match cause {
        Cause::Outage => {
            "Try again; see whether the registry answers and the policy server's credentials suffice."
        }
        Cause::Answer => {
            "Try again; the registry's or the host's answer is not understood: see continuity explain."
        }
        Cause::Absent => {
            "There is no such image in the registry: push it, or name one that is there."
        }
        Cause::Host => {
            "The policy was not granted what it asks for: see its contextAwareResources and host capabilities, and continuity check."
        }
        Cause::Limit => {
            "Try again: what was found out is cached. Objects with fewer images need less time."
        }
        Cause::Baseline => "See continuity check.",
        Cause::TrustRoot => {
            "The known-good image cannot be proven either: see the policy server's trust root, and continuity check."
        }
        Cause::Format => "Try again; the learner can prove what this host cannot.",
    }
}

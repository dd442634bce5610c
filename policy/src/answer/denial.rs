//! The text of a rejection: what changed, what it was, and the way out.
//!
//! Invariant: below 900 bytes for the image that decides, since Events keep 1,024. Where the names are too long it says
//! less, in an order in which the commands go last; names in commands are never cut.

use super::words;
use crate::baseline::Lookup;
use crate::decision::Code;
use crate::drift::{Drift, PAGE};
use crate::evaluate::{Evaluation, ImageReport};
use crate::remedy::Remedy;

const LONGEST: usize = 900;
/// With the lines about further images.
const LONGEST_WITH_OTHERS: usize = 1000;

/// How much is said, from everything down to what cannot be left out.
#[derive(Clone, Copy)]
struct Room {
    /// Bytes of a signer or a problem.
    name: usize,
    /// Characters of the image's name; `None`: all of it, with its whole digest.
    image: Option<usize>,
    /// Whether all that can be done is told, or the commands alone.
    all_remedies: bool,
    /// Otherwise the second one is described: names in commands are never cut, and the longest fit once.
    both_commands: bool,
}

const ROOMS: [Room; 8] = [
    Room::of(140, None, true, true),
    Room::of(90, None, true, true),
    Room::of(90, Some(100), true, true),
    Room::of(90, Some(100), false, true),
    Room::of(90, Some(100), false, false),
    Room::of(60, Some(60), false, false),
    Room::of(40, Some(40), false, false),
    Room::of(30, Some(TIGHTEST), false, false),
];
const TIGHTEST: usize = 30;
const LONGEST_NAMESPACE: usize = 63;
/// More than that is left to the settings' owner to look up.
const LONGEST_EXCEPTION: usize = 160;

impl Room {
    const fn of(
        name: usize,
        image: Option<usize>,
        all_remedies: bool,
        both_commands: bool,
    ) -> Self {
        Self {
            name,
            image,
            all_remedies,
            both_commands,
        }
    }
}

/// The rejection of a request whose images changed.
pub(super) fn text(evaluation: &Evaluation<'_>, images: &[ImageReport<'_>]) -> String {
    let mut rejected: Vec<(&ImageReport<'_>, Code)> = evaluation.rejected().collect();
    // What is certain before what may pass when tried again.
    rejected.sort_by_key(|(_, code)| std::cmp::Reverse(*code));
    let Some((first, _)) = rejected.first() else {
        return String::new();
    };
    let title = |room: &Room| title(evaluation, &rejected, images.len(), room);
    let texts = ROOMS
        .iter()
        .map(|room| format!("{}\n{}", title(room), body(first, room)));
    let mut text = String::new();
    for attempt in texts {
        text = attempt;
        if text.len() <= LONGEST {
            break;
        }
    }
    for (other, _) in rejected.iter().skip(1) {
        let line = format!(
            "\nalso: {} {}",
            words::short_image(other, 100),
            other_drift(other)
        );
        if text.len() + line.len() > LONGEST_WITH_OTHERS {
            break;
        }
        text.push_str(&line);
    }
    text
}

/// The rejection of a request that could not be read.
pub(super) fn unreadable(evaluation: &Evaluation<'_>, why: &str) -> String {
    format!(
        "signature-continuity: {why}; {}.\nCorrect the object, or ask who wrote the policy's rules why it is sent here.\n{PAGE}#unreadable",
        place(evaluation, evaluation.namespace_enforced, LONGEST_NAMESPACE)
    )
}

fn other_drift(report: &ImageReport<'_>) -> String {
    match &report.finding {
        Ok(finding) => finding.drift().map(Drift::to_string).unwrap_or_default(),
        Err(_) => "unreadable".to_owned(),
    }
}

/// Where it is; what is enforced is called so, whoever asks.
fn place(evaluation: &Evaluation<'_>, enforced: bool, longest: usize) -> String {
    let namespace = words::shown(&evaluation.context.namespace, longest);
    if enforced || !evaluation.reported {
        format!("namespace {namespace} is enforced")
    } else {
        format!("namespace {namespace} is not enforced, this is a report")
    }
}

fn title(
    evaluation: &Evaluation<'_>,
    rejected: &[(&ImageReport<'_>, Code)],
    all: usize,
    room: &Room,
) -> String {
    let images = if all == 1 { "image" } else { "images" };
    let mut changes: Vec<&str> = rejected.iter().map(|(report, _)| change(report)).collect();
    changes.dedup();
    let what = match changes.as_slice() {
        [one] => one,
        _ => "rejected",
    };
    let image = |report| match room.image {
        None => words::image(report),
        Some(limit) => words::short_image(report, limit),
    };
    let first = rejected
        .first()
        .map(|(report, _)| image(report))
        .unwrap_or_default();
    format!(
        "signature-continuity: {} of {all} {images} {what}; {}.\n{first}",
        rejected.len(),
        place(
            evaluation,
            rejected.iter().any(|(report, _)| report.enforced),
            if is_tightest(room) {
                TIGHTEST
            } else {
                LONGEST_NAMESPACE
            },
        )
    )
}

/// What happened to an image, behind "1 of 3 images".
fn change(report: &ImageReport<'_>) -> &'static str {
    match &report.finding {
        Ok(finding) => {
            let retired = |remedy: &Remedy| matches!(remedy, Remedy::AskRetirer { .. });
            if finding.remedies.iter().any(retired) {
                return "signed by a retired signer";
            }
            finding.drift().map_or("changed", Drift::phrase)
        }
        Err(_) => "not readable",
    }
}

fn body(report: &ImageReport<'_>, room: &Room) -> String {
    let finding = match &report.finding {
        Ok(finding) => finding,
        Err(error) => {
            return format!(
                "{}\nSpell it registry/path:tag or registry/path@sha256:digest.\n{PAGE}#unreadable",
                words::unreadable(error)
            );
        }
    };
    let Some(drift) = finding.drift() else {
        return String::new();
    };
    let mut lines = Vec::new();
    if let Lookup::Usable(baseline) = &finding.lookup {
        let carried = words::signers(finding);
        let before = words::before(baseline, carried.first().copied(), room.name);
        lines.push(format!("before: {before}"));
    }
    lines.push(format!("now: {}", words::now(finding, room.name)));
    lines.push(format!("drift: {drift}"));
    lines.extend(way_out(&finding.remedies, room));
    lines.push(drift.page());
    lines.join("\n")
}

/// What whoever is denied can do, as far as there is room.
fn way_out(remedies: &[Remedy], room: &Room) -> Vec<String> {
    let mut lines = Vec::new();
    let mut commands = 0;
    let approves = remedies.iter().any(|remedy| match remedy {
        Remedy::ApproveSigner { .. } => true,
        Remedy::ApproveImage { .. }
        | Remedy::Except { .. }
        | Remedy::RenewException { .. }
        | Remedy::ChangePin
        | Remedy::FoldRefs(_)
        | Remedy::Learn { .. }
        | Remedy::TryAgain(_)
        | Remedy::MendBaseline { .. }
        | Remedy::RestoreBaseline { .. }
        | Remedy::AskRetirer { .. }
        | Remedy::AskOwner { .. } => false,
    });
    for remedy in remedies {
        match remedy {
            Remedy::ApproveImage { .. } if commands > 0 && !room.both_commands => {
                lines.push("For this image only: approve it --for 72h.".to_owned());
            }
            Remedy::ApproveSigner { .. } | Remedy::ApproveImage { .. } | Remedy::Learn { .. } => {
                commands += 1;
                lines.extend(remedy.lines());
            }
            // One image is more easily approved, and so is a signer; the rest is for the settings' owner.
            Remedy::Except { image: Some(_), .. } => {}
            Remedy::Except { .. } if approves => {}
            Remedy::Except { .. } if !room.all_remedies => {
                let line = remedy.lines().concat();
                if line.len() <= LONGEST_EXCEPTION && !is_tightest(room) {
                    lines.push(line);
                }
            }
            Remedy::FoldRefs(_) if is_tightest(room) => {}
            Remedy::AskOwner { .. } if is_tightest(room) => {}
            Remedy::AskOwner { .. } if !room.all_remedies => {
                lines.push("If not expected: ask the image's owner.".to_owned());
            }
            Remedy::Except { .. }
            | Remedy::RenewException { .. }
            | Remedy::ChangePin
            | Remedy::FoldRefs(_)
            | Remedy::TryAgain(_)
            | Remedy::MendBaseline { .. }
            | Remedy::RestoreBaseline { .. }
            | Remedy::AskRetirer { .. }
            | Remedy::AskOwner { .. } => lines.extend(remedy.lines()),
        }
    }
    lines
}

fn is_tightest(room: &Room) -> bool {
    room.image == Some(TIGHTEST)
}

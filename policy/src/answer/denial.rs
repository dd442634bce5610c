//! The text of a rejection: what changed, what it was, and the way out.
//!
//! Invariant: below 900 bytes for the image that decides, since Events keep 1,024. Where the names are too long it says
//! less, in an order in which the commands go last; names in commands are never cut.

use super::words;
use crate::baseline::Lookup;
use crate::clean::clean;
use crate::decision::Code;
use crate::drift::Drift;
use crate::evaluate::{Evaluation, Finding, ImageReport};
use crate::fingerprint::PinFound;
use crate::posture::Cause;
use crate::signer::{Signer, SignerId};

const LONGEST: usize = 900;
/// With the lines about further images.
const LONGEST_WITH_OTHERS: usize = 1000;
const PAGE: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/drift.md");

/// How much is said, from everything down to what cannot be left out.
#[derive(Clone, Copy)]
struct Room {
    /// Bytes of a signer or a problem.
    name: usize,
    /// Characters of the image's name; `None`: all of it, with its whole digest.
    image: Option<usize>,
    owner: bool,
    /// Otherwise the second one is described: names in commands are never cut, and the longest fit once.
    both_commands: bool,
}

const ROOMS: [Room; 6] = [
    Room::of(140, None, true, true),
    Room::of(90, None, true, true),
    Room::of(90, Some(100), true, true),
    Room::of(60, Some(100), false, true),
    Room::of(60, Some(60), false, false),
    Room::of(30, Some(30), false, false),
];

impl Room {
    const fn of(name: usize, image: Option<usize>, owner: bool, both_commands: bool) -> Self {
        Self {
            name,
            image,
            owner,
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
        place(evaluation, evaluation.namespace_enforced)
    )
}

fn other_drift(report: &ImageReport<'_>) -> String {
    match &report.finding {
        Ok(finding) => finding.drift().map(Drift::to_string).unwrap_or_default(),
        Err(_) => "unreadable".to_owned(),
    }
}

/// Where it is; what is enforced is called so, whoever asks.
fn place(evaluation: &Evaluation<'_>, enforced: bool) -> String {
    let namespace = words::shown(&evaluation.context.namespace, 63);
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
            rejected.iter().any(|(report, _)| report.enforced)
        )
    )
}

/// What happened to an image, behind "1 of 3 images".
fn change(report: &ImageReport<'_>) -> &'static str {
    let Ok(finding) = &report.finding else {
        return "not readable";
    };
    match finding.drift() {
        Some(Drift::Pin(_)) => "not signed by a pinned signer",
        Some(Drift::Invalid) => "with a signature that contradicts itself",
        Some(Drift::Undetermined(..)) => "could not be determined",
        Some(Drift::Unsigned) => "no longer signed",
        Some(Drift::Downgrade(_)) => "changed to weaker evidence",
        Some(Drift::Signer(_)) => "changed signer",
        Some(Drift::New) | None => "changed",
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
        lines.push(format!("before: {}", words::before(baseline, room.name)));
    }
    lines.push(format!("now: {}", words::now(finding, room.name)));
    lines.push(format!("drift: {drift}"));
    lines.extend(way_out(finding, drift, room));
    if !matches!(drift, Drift::Undetermined(..)) {
        lines.push(if room.owner {
            format!(
                "If not expected: keep the running version and ask the owner of {}.",
                finding.repository
            )
        } else {
            "If not expected: ask the image's owner.".to_owned()
        });
    }
    lines.push(format!("{PAGE}#{}", drift.name()));
    lines.join("\n")
}

/// What whoever is denied can do, with nothing in a command that comes from the image's signature.
fn way_out(finding: &Finding<'_>, drift: &Drift, room: &Room) -> Vec<String> {
    let Some(digest) = &finding.observation.digest else {
        return retry(finding, drift, &finding.repository.to_string());
    };
    let image = format!("{}@{digest}", finding.repository);
    let for_a_while = [
        "For this image only, three days:".to_owned(),
        format!("  continuity approve {image} --for 72h --reason TICKET"),
    ];
    let every_release = |id: &SignerId, alone: bool| {
        let alone = if alone { " --alone" } else { "" };
        vec![
            "If expected, for every release:".to_owned(),
            format!(
                "  continuity approve {image} {}{alone} --reason TICKET",
                id.short()
            ),
        ]
    };
    let mut lines = match drift {
        Drift::Signer(id) => every_release(id, false),
        Drift::Downgrade(Some(sha256)) => {
            let is_it =
                |signer: &Signer| matches!(signer, Signer::Key(key) if key.sha256() == *sha256);
            let mut keys = finding
                .observation
                .proven
                .iter()
                .filter(|p| is_it(p.signer()));
            keys.next()
                .map(|p| every_release(&p.signer().id(), true))
                .unwrap_or_default()
        }
        Drift::Pin(PinFound::Signers(_) | PinFound::Unsigned | PinFound::Unverifiable) => {
            vec![
                "If expected, for every release: change the pin in the policy's settings."
                    .to_owned(),
            ]
        }
        Drift::Unsigned => {
            vec!["If expected, for every release: an exception (accepts: unsigned) in the policy's settings.".to_owned()]
        }
        Drift::Undetermined(..) => return retry(finding, drift, &image),
        Drift::Invalid | Drift::Downgrade(None) | Drift::New => Vec::new(),
    };
    let has_command = lines.len() > 1;
    if has_command && !room.both_commands {
        lines.push("For this image only, three days: --for 72h in place of the id.".to_owned());
    } else {
        lines.extend(for_a_while);
    }
    lines
}

fn retry(finding: &Finding<'_>, drift: &Drift, image: &str) -> Vec<String> {
    let what = match drift.cause() {
        Some(Cause::Outage) => "Try again; see whether the registry answers and the policy server's credentials suffice.".to_owned(),
        Some(Cause::Answer) => "Try again; the registry's answer is not understood: see continuity explain.".to_owned(),
        Some(Cause::Absent) => "There is no such image in the registry: push it, or name one that is there.".to_owned(),
        Some(Cause::Host) => "The policy was not granted what it asks for: see its contextAwareResources and host capabilities, and continuity check.".to_owned(),
        Some(Cause::Limit) => "Try again: what was found out is cached. Objects with fewer images need less time.".to_owned(),
        Some(Cause::Baseline) => match &finding.lookup {
            Lookup::Unusable(why) => format!("Its baseline cannot be used: {}.\nSee continuity check, and continuity restore.", clean(why, 160)),
            Lookup::Absent | Lookup::Usable(_) | Lookup::Unread => "See continuity check.".to_owned(),
        },
        Some(Cause::TrustRoot) => "The known-good image cannot be proven either: see the policy server's trust root, and continuity check.".to_owned(),
        Some(Cause::Format) => format!("Its publisher uses bundles, which this host cannot prove. Have it learned first:\n  continuity learn --images {image}"),
        None => "Try again.".to_owned(),
    };
    vec![what]
}

//! One image explained: what its repository was signed by, what it carries now, every fact of every signature, and the
//! way out.
//!
//! Invariant: everything is said, and everything foreign is cleaned. Nothing in a command that is to be pasted comes
//! from the image's signature: signers are named by id.

mod way_out;

use crate::inventory::learner_view::posture;
use crate::inventory::{Found, IfEnforced, Image, learner_view};
use crate::observation::{Signature, SignedRepository};
use chrono::{DateTime, Utc};
use signature_continuity::baseline::{Baseline, Format, Lookup, Origin, SignerRecord};
use signature_continuity::clean::clean;
use signature_continuity::drift::Drift;
use signature_continuity::observe::Observation;
use signature_continuity::provenance::Provenance;
use signature_continuity::signer::Signer;
use way_out::way_out;

/// The most characters of one foreign text.
const LONGEST: usize = 500;
const DAY: &str = "%Y-%m-%d";
const SECOND: &str = "%Y-%m-%dT%H:%M:%SZ";

/// The whole text.
#[must_use]
pub(crate) fn explain(image: &Image, found: &Found, now: DateTime<Utc>) -> String {
    let observation = found.shown();
    let mut text = vec![shown(&image.spelled)];
    text.push(format!("repository   {}", found.repository));
    if let Some(digest) = &observation.digest {
        text.push(format!("digest       {digest}"));
    }
    text.push(format!("posture      {}", posture(observation)));
    text.push(format!("drift        {}", drifts(found)));
    for accepted in &found.assessment.accepted {
        text.push(format!("accepted     {accepted}, by an exception"));
    }
    text.push(format!("enforcement  {}", enforcement(found)));
    let reference = image.reference.as_ref().ok();
    if let Some(sees) = reference.and_then(|reference| learner_view::of(found, reference)) {
        text.push(format!("the learner sees: {sees}"));
    }
    for note in &found.seen.notes {
        text.push(format!("note         {note}"));
    }
    text.push(String::new());
    text.extend(before(&found.lookup, now));
    text.push(String::new());
    text.extend(carries(found));
    let way_out = way_out(found);
    if !way_out.is_empty() {
        text.push(String::new());
        text.extend(way_out);
    }
    text.join("\n") + "\n"
}

/// A signer in full, one fact a line.
#[must_use]
pub(crate) fn identity(signer: &Signer) -> Vec<String> {
    let mut lines = Vec::new();
    match signer {
        Signer::Keyless(keyless) => {
            lines.push(shown(&keyless.subject));
            lines.push(format!("issuer  {}", shown(&keyless.issuer)));
            if let Some(caller) = &keyless.caller {
                lines.push(format!(
                    "called by repository {}, owner {}",
                    or_unknown(&caller.source_id),
                    or_unknown(&caller.owner_id)
                ));
            }
        }
        Signer::Key(key) => {
            lines.push(format!("key {}", key.sha256()));
            lines.extend(key.pem().lines().map(str::to_owned));
        }
    }
    lines.push(format!("id      {}", signer.id()));
    lines
}

fn or_unknown(id: &str) -> String {
    if id.is_empty() {
        "unknown".to_owned()
    } else {
        shown(id)
    }
}

fn shown(text: &str) -> String {
    clean(text, LONGEST)
}

fn drifts(found: &Found) -> String {
    let drifts = &found.assessment.drifts;
    if drifts.is_empty() {
        return "none".to_owned();
    }
    let drifts: Vec<String> = drifts.iter().map(Drift::to_string).collect();
    drifts.join(", ")
}

fn enforcement(found: &Found) -> String {
    let place = if found.enforced {
        "the settings enforce it"
    } else {
        "were it enforced"
    };
    match found.if_enforced {
        IfEnforced::Reject(code) => format!("rejected with {} ({place})", code.number()),
        IfEnforced::NotEstablished => {
            "admitted with a warning: the baseline is not established yet".to_owned()
        }
        IfEnforced::Admit => "admitted".to_owned(),
    }
}

fn before(lookup: &Lookup, now: DateTime<Utc>) -> Vec<String> {
    let baseline = match lookup {
        Lookup::Usable(baseline) => baseline,
        Lookup::Absent => {
            return vec!["before: nothing; this repository has no baseline yet".to_owned()];
        }
        Lookup::Unusable(why) => {
            return vec![format!(
                "before: a baseline that cannot be used: {}",
                shown(why)
            )];
        }
        Lookup::Lost => {
            return vec![
                "before: a baseline that is on record and not there: it is lost".to_owned(),
            ];
        }
        Lookup::Unread => return vec!["before: the baseline was not read".to_owned()],
    };
    let mut text = vec![format!("before: {}", since(baseline, now))];
    for record in &baseline.signers {
        text.extend(indented(record_lines(record)));
    }
    for candidate in &baseline.candidates {
        let who = [&candidate.subject, &candidate.issuer, &candidate.public_key];
        let who: Vec<String> = who.into_iter().flatten().map(|text| shown(text)).collect();
        text.push(format!(
            "  seen beside {} since {}, and not known: {}  {}",
            shown(&candidate.beside),
            candidate.first_seen.format(DAY),
            candidate.id.short(),
            who.join(" ")
        ));
    }
    for allowed in &baseline.allowed {
        text.push(format!(
            "  allowed until {}: {} (by {}: {})",
            allowed.until.format(SECOND),
            allowed.digest,
            shown(&allowed.by),
            shown(&allowed.reason)
        ));
    }
    text
}

fn since(baseline: &Baseline, now: DateTime<Utc>) -> String {
    let state = match baseline.established {
        Some(since) if since <= now => format!("established {}", since.format(DAY)),
        Some(since) => format!("to be established {}", since.format(DAY)),
        None => "not established yet".to_owned(),
    };
    let formats: Vec<&str> = baseline.formats.iter().map(|f| format_name(*f)).collect();
    let log = baseline.log.as_ref().map_or(String::new(), |log| {
        format!(", in the log since {}", log.earliest.format(DAY))
    });
    format!(
        "first seen {}{log}, {state}, generation {}, {}",
        baseline.first_seen.format(DAY),
        baseline.generation,
        if formats.is_empty() {
            "no signature seen yet".to_owned()
        } else {
            formats.join(" and ")
        }
    )
}

fn record_lines(record: &SignerRecord) -> Vec<String> {
    let mut lines = identity(&record.signer);
    let origin = match &record.origin {
        Origin::Observed => "observed".to_owned(),
        Origin::History => "read from the repository's own past".to_owned(),
        Origin::Introduced(introduction) => format!("introduced by {}", introduction.by.short()),
        Origin::Approved { by, reason } => {
            format!("approved by {}: {}", shown(by), shown(reason))
        }
    };
    let alone = if record.alone {
        ", may stand alone"
    } else {
        ""
    };
    let images = match record.digests {
        1 => "1 image".to_owned(),
        many => format!("{many} images"),
    };
    lines.push(format!(
        "{images}, {} to {}, {origin}{alone}",
        record.first_seen.format(DAY),
        record.last_seen.format(DAY)
    ));
    if let Some(retired) = &record.retired {
        lines.push(format!(
            "retired {} by {}: {}",
            retired.at.format(DAY),
            shown(&retired.by),
            shown(&retired.reason)
        ));
    }
    lines
}

/// What the policy sees and, where that is something else, what the learner does; who is proven is told either way.
fn carries(found: &Found) -> Vec<String> {
    let seen = &found.seen;
    let differs = found.learner_differs();
    let mut text = Vec::new();
    if differs {
        text.push(format!("now: {}", posture(found.shown())));
        text.extend(problems(found.shown()));
        if seen.signatures.is_empty() && seen.observation.problems.is_empty() {
            return text;
        }
        text.push("now, as the learner sees it:".to_owned());
    } else if seen.signatures.is_empty() && seen.observation.problems.is_empty() {
        return vec![format!("now: {}", posture(found.shown()))];
    } else {
        text.push("now:".to_owned());
    }
    for signature in &seen.signatures {
        text.extend(indented(signature_lines(signature)));
    }
    text.extend(problems(&seen.observation));
    if seen.attestations > 0 {
        text.push(format!(
            "  attestations: {}; they prove no signer",
            seen.attestations
        ));
    }
    text
}

fn problems(observation: &Observation) -> impl Iterator<Item = String> {
    let problems = observation.problems.iter();
    problems.map(|problem| format!("  not proven: {}", shown(&problem.to_string())))
}

fn signature_lines(signature: &Signature) -> Vec<String> {
    let mut lines = identity(signature.proven.signer());
    let logged = match signature.logged_at {
        Some(at) => format!("in the log since {}", at.format(SECOND)),
        None => "in no log".to_owned(),
    };
    let signed_repository = match &signature.signed_repository {
        SignedRepository::Here => "made for this repository".to_owned(),
        SignedRepository::Elsewhere(name) if name.is_empty() => {
            "made for something else".to_owned()
        }
        SignedRepository::Elsewhere(name) => {
            format!("made for {}, not for this repository", shown(name))
        }
        SignedRepository::Unsaid => "it does not say for which repository".to_owned(),
    };
    lines.push(format!(
        "{}, {logged}, {signed_repository}",
        format_name(signature.format())
    ));
    if let Some(provenance) = signature.proven.provenance() {
        lines.extend(provenance_lines(provenance));
    }
    for id in signature.introduces.keys() {
        lines.push(format!("introduces {id}"));
    }
    lines
}

fn provenance_lines(provenance: &Provenance) -> Vec<String> {
    let facts = [
        ("source", &provenance.source),
        ("source id", &provenance.source_id),
        ("owner", &provenance.owner),
        ("owner id", &provenance.owner_id),
        ("builder", &provenance.builder),
        ("build config", &provenance.build_config),
        ("runner", &provenance.runner),
        ("trigger", &provenance.trigger),
    ];
    let said = facts.into_iter().filter_map(|(name, value)| {
        let value = value.as_ref()?;
        Some(format!("{name:<12} {}", shown(value)))
    });
    said.collect()
}

fn format_name(format: Format) -> &'static str {
    match format {
        Format::Cosign2 => "cosign 2",
        Format::Bundle => "bundle (cosign 3)",
    }
}

/// The first line with a bullet, the rest below it.
fn indented(lines: Vec<String>) -> impl Iterator<Item = String> {
    lines.into_iter().enumerate().map(|(at, line)| {
        if at == 0 {
            format!("  - {line}")
        } else {
            format!("      {line}")
        }
    })
}

#[cfg(test)]
#[path = "explanation_tests.rs"]
mod tests;

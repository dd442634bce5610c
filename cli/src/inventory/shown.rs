//! Short forms of facts, for people: images, signers, ages.
//!
//! Invariant: what somebody else wrote is cleaned and bounded here, and a signer's issuer is always recognisable: a name
//! of ours stands only for an issuer that is known to be the one, any other is shown itself, in brackets.

use super::{Entry, Found, Image, Place};
use chrono::{DateTime, TimeDelta, Utc};
use signature_continuity::baseline::{Baseline, Format, Lookup, Origin, SignerRecord};
use signature_continuity::clean::clean;
use signature_continuity::digest::Digest;
use signature_continuity::observe::Evidence;
use signature_continuity::posture::Posture;
use signature_continuity::signer::{Keyless, Signer};
use signature_continuity::subject::issuer_name;
use std::collections::BTreeSet;

/// The most characters of a signer.
const LONGEST_SIGNER: usize = 120;
/// The longest name of a Kubernetes object, and of whatever else has one.
const LONGEST_NAME: usize = 253;

/// `ghcr.io/acme/api:v1.9@9f3ac41d`; what is no reference in quotes.
#[must_use]
pub fn image(image: &Image, observed: Option<&Digest>) -> String {
    let Ok(reference) = &image.reference else {
        return format!("\"{}\"", clean(&image.spelled, LONGEST_NAME));
    };
    let tag = reference.tag().map(|tag| format!(":{tag}"));
    let digest = reference
        .digest()
        .or(image.running.as_ref())
        .or(observed)
        .map(|digest| format!("@{}", short(digest)));
    format!(
        "{}{}{}",
        reference.name(),
        tag.unwrap_or_default(),
        digest.unwrap_or_default()
    )
}

/// The first eight hex digits.
#[must_use]
pub fn short(digest: &Digest) -> &str {
    digest.hex().get(..8).unwrap_or_default()
}

/// `signed/2+3`: the posture, and in which formats the signatures are.
#[must_use]
pub fn posture(found: &Found) -> String {
    let formats: BTreeSet<Format> = found.seen.signatures.iter().map(|s| s.format()).collect();
    let formats: Vec<&str> = formats.into_iter().map(cosign).collect();
    let posture = found.shown().posture;
    if formats.is_empty() || posture != Posture::Signed {
        posture.to_string()
    } else {
        format!("{posture}/{}", formats.join("+"))
    }
}

/// The version of cosign that writes a format by default.
#[must_use]
pub fn cosign(format: Format) -> &'static str {
    match format {
        Format::Cosign2 => "2",
        Format::Bundle => "3",
    }
}

/// By whom an image is signed, as far as the policy sees: a known signer first, and how many there are besides.
#[must_use]
pub fn signers(found: &Found) -> Option<String> {
    let observation = found.shown();
    match &observation.evidence {
        Evidence::Verified(of) => return Some(signer(of)),
        Evidence::Tolerated => return Some("tolerated".to_owned()),
        Evidence::Allowed => return Some("allowed".to_owned()),
        Evidence::Proof | Evidence::ObservedUnsigned | Evidence::NotAsked => {}
    }
    // The policy ends its search with whoever is known; the others are told all the same.
    let observation = if found.learner_differs() {
        observation
    } else {
        &found.seen.observation
    };
    let all = observation.proven.iter().map(|p| p.signer()).collect();
    first_of(all, found)
}

/// The first of `signers`, known ones before others, and how many there are besides.
pub(super) fn first_of(mut signers: Vec<&Signer>, found: &Found) -> Option<String> {
    signers.sort_by_cached_key(|signer| {
        let id = signer.id();
        (!found.known.contains(&id), id)
    });
    signers.dedup();
    let (first, others) = signers.split_first()?;
    Some(match others.len() {
        0 => signer(first),
        more => format!("{} +{more}", signer(first)),
    })
}

/// A signer in a few words: `gh acme/api release tags`, `google dev@acme.example`, `key 1f0c77aa…`.
#[must_use]
pub fn signer(signer: &Signer) -> String {
    let text = match signer {
        Signer::Key(key) => format!("key {}…", key.sha256().get(..8).unwrap_or_default()),
        Signer::Keyless(keyless) => {
            let caller = keyless
                .caller
                .as_ref()
                .map(|caller| match caller.source_id.as_str() {
                    "" => " for an unknown repository".to_owned(),
                    id => format!(" for repository {id}"),
                });
            format!(
                "{} {}{}",
                issuer(&keyless.issuer),
                subject(keyless),
                caller.unwrap_or_default()
            )
        }
    };
    clean(&text, LONGEST_SIGNER)
}

/// A short name that is only given to the issuer that it belongs to; others are shown in brackets.
fn issuer(issuer: &str) -> String {
    match issuer_name(issuer) {
        Some("GitHub Actions") => match issuer.strip_prefix("https://token.actions.") {
            Some("githubusercontent.com") => "gh".to_owned(),
            Some(other) => format!("gh[{}]", other.trim_start_matches("githubusercontent.com/")),
            None => format!("gh[{issuer}]"),
        },
        Some("GitLab CI") => "gitlab".to_owned(),
        Some("GitHub login") => "github-login".to_owned(),
        Some(name) => name.to_lowercase(),
        None => format!("[{}]", issuer.strip_prefix("https://").unwrap_or(issuer)),
    }
}

/// A workflow in words, where the subject is one that the issuer writes itself; anything else as it is.
fn subject(keyless: &Keyless) -> String {
    let whole = || {
        let subject = keyless.subject.as_str();
        subject
            .strip_prefix("https://")
            .unwrap_or(subject)
            .to_owned()
    };
    match issuer_name(&keyless.issuer) {
        Some("GitHub Actions") => workflow(
            &keyless.subject,
            "https://github.com/",
            "/.github/workflows/",
        ),
        Some("GitLab CI") => workflow(&keyless.subject, "https://gitlab.com/", "//"),
        _ => None,
    }
    .unwrap_or_else(whole)
}

fn workflow(subject: &str, host: &str, between: &str) -> Option<String> {
    let (path, reference) = subject.strip_prefix(host)?.split_once('@')?;
    let (repository, file) = path.split_once(between)?;
    let stem = file
        .strip_suffix(".yml")
        .or_else(|| file.strip_suffix(".yaml"))
        .unwrap_or(file);
    let reference = match reference.strip_prefix("refs/") {
        Some("tags/*") => "tags",
        Some(other) => other.strip_prefix("heads/").unwrap_or(other),
        None => reference,
    };
    Some(format!("{repository} {stem} {reference}"))
}

/// `263d history`: since when there is a baseline, and how it began; a state where there is none.
#[must_use]
pub fn baseline(lookup: &Lookup, now: DateTime<Utc>) -> String {
    match lookup {
        Lookup::Absent => "-".to_owned(),
        Lookup::Unusable(_) => "unusable".to_owned(),
        Lookup::Lost => "lost".to_owned(),
        Lookup::Unread => "unread".to_owned(),
        Lookup::Usable(baseline) => {
            format!("{} {}", age(now - since(baseline)), origin(baseline))
        }
    }
}

/// Since when a repository is known to be signed: by its own past, where that was read.
#[must_use]
pub fn since(baseline: &Baseline) -> DateTime<Utc> {
    match &baseline.log {
        Some(log) if origin(baseline) == "history" => log.earliest.min(baseline.first_seen),
        _ => baseline.first_seen,
    }
}

/// How a baseline's oldest known signer came in.
#[must_use]
pub fn origin(baseline: &Baseline) -> &'static str {
    if !baseline.is_signed() {
        return "unsigned";
    }
    let oldest = baseline.known().min_by_key(|record| record.first_seen);
    oldest.map_or("retired", |record| origin_of(record))
}

/// How a signer came in.
#[must_use]
pub(crate) fn origin_of(record: &SignerRecord) -> &'static str {
    match record.origin {
        Origin::Observed => "observed",
        Origin::History => "history",
        Origin::Introduced(_) => "introduced",
        Origin::Approved { .. } => "approved",
    }
}

/// `45m`, `6h`, `263d`; what lies in the future is new.
#[must_use]
pub fn age(delta: TimeDelta) -> String {
    match delta.num_minutes().max(0) {
        minutes @ 0..60 => format!("{minutes}m"),
        minutes @ 60..2880 => format!("{}h", minutes / 60),
        minutes => format!("{}d", minutes / 1440),
    }
}

/// `prod/api +2`.
#[must_use]
pub fn places(entry: &Entry) -> String {
    let mut names: Vec<String> = entry.image.places.iter().map(place).collect();
    names.dedup();
    match names.split_first() {
        None => "-".to_owned(),
        Some((first, [])) => first.clone(),
        Some((first, others)) => format!("{first} +{}", others.len()),
    }
}

/// `prod/api`; without a namespace the name alone.
fn place(place: &Place) -> String {
    if place.namespace.is_empty() {
        clean(&place.name, LONGEST_NAME)
    } else {
        format!(
            "{}/{}",
            clean(&place.namespace, LONGEST_NAME),
            clean(&place.name, LONGEST_NAME)
        )
    }
}

#[cfg(test)]
#[path = "shown_tests.rs"]
mod tests;

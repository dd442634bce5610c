//! The images seen so far.
//!
//! Invariant: what there is depends on the objects, not on their order. An image that a workload declares is left out
//! only where a pod of it runs the same text with a known digest.

use std::collections::{BTreeMap, BTreeSet};

use kube::api::DynamicObject;
use serde_json::Value;
use signature_continuity::clean::{SHOWN, clean};
use signature_continuity::digest::Digest;
use signature_continuity::reference::{ImageReference, ReferenceError};
use signature_continuity::request::uses;

use super::owners::{self, Owners};
use super::status::{Running, running};
use crate::inventory::{Image, Place};

/// How many objects that cannot be read are named one by one.
const MOST_NAMED: usize = 20;

#[derive(Debug, Default)]
pub(super) struct Gathered {
    owners: Owners,
    /// What runs, by a status.
    running: BTreeMap<(String, Digest), BTreeSet<Place>>,
    /// What would run, or does and does not say with which digest.
    declared: BTreeMap<String, BTreeSet<Place>>,
    /// Those of them that run all the same.
    hidden: BTreeSet<String>,
    unreadable: BTreeSet<String>,
    further_unreadable: usize,
    finished: usize,
    notes: Vec<String>,
}

impl Gathered {
    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Takes in what a workload of this kind declares.
    pub(super) fn workload(&mut self, kind: &str, object: &DynamicObject) {
        let place = match kind {
            "ReplicaSet" | "Job" => self.owners.note(kind, &object.metadata),
            _ => owners::place(kind, &object.metadata),
        };
        // A Deployment declares what its newest ReplicaSet does; the older ones are its past.
        if kind == "ReplicaSet" && place.kind == "Deployment" {
            return;
        }
        if kind == "Job" && is_finished_job(&object.data) {
            self.finished += 1;
            return;
        }
        let found = match uses(kind, &object.data) {
            Ok(found) => found,
            Err(error) => return self.cannot_read(&place, &error.to_string()),
        };
        for image in found {
            self.declare(image.spelled, &place);
        }
    }

    /// Takes in what a pod runs.
    pub(super) fn pod(&mut self, object: &DynamicObject) {
        let pod = &object.data;
        let phase = pod.pointer("/status/phase").and_then(Value::as_str);
        if matches!(phase, Some("Succeeded" | "Failed")) {
            self.finished += 1;
            return;
        }
        let place = self.owners.of_pod(&object.metadata);
        let found = match uses("Pod", pod) {
            Ok(found) => found,
            Err(error) => return self.cannot_read(&place, &error.to_string()),
        };
        for image in found {
            let spelled = spelled_digest(image.spelled);
            match (running(pod, &image), spelled) {
                (Running::As(digest), spelled) => {
                    let digest = spelled.unwrap_or(digest);
                    self.runs(image.spelled, digest, &place);
                }
                (Running::Unnamed, Some(digest)) => self.runs(image.spelled, digest, &place),
                (Running::Unnamed, None) => {
                    self.hidden.insert(image.spelled.to_owned());
                    self.declare(image.spelled, &place);
                }
                (Running::Not, _) => self.declare(image.spelled, &place),
            }
        }
    }

    /// Each distinct image once, and what is to be said besides.
    pub(super) fn finish(mut self) -> (Vec<Image>, Vec<String>) {
        for ((spelled, _), places) in &self.running {
            if let Some(declared) = self.declared.get_mut(spelled)
                && !self.hidden.contains(spelled)
            {
                declared.retain(|place| !places.contains(place));
            }
        }
        let running = self
            .running
            .into_iter()
            .map(|((spelled, digest), places)| image(&spelled, Some(digest), false, places));
        let declared = self
            .declared
            .into_iter()
            .filter(|(_, places)| !places.is_empty())
            .map(|(spelled, places)| image(&spelled, None, self.hidden.contains(&spelled), places));
        let images = running.chain(declared).collect();
        let mut notes = self.notes;
        notes.extend(self.unreadable);
        if self.further_unreadable > 0 {
            notes.push(format!(
                "{} more objects cannot be read",
                self.further_unreadable
            ));
        }
        if self.finished > 0 {
            notes.push(format!(
                "{} finished pods and jobs are left out: they run nothing any more",
                self.finished
            ));
        }
        (images, notes)
    }

    fn runs(&mut self, spelled: &str, digest: Digest, place: &Place) {
        let places = self.running.entry((spelled.to_owned(), digest));
        places.or_default().insert(place.clone());
    }

    fn declare(&mut self, spelled: &str, place: &Place) {
        self.declared
            .entry(spelled.to_owned())
            .or_default()
            .insert(place.clone());
    }

    fn cannot_read(&mut self, place: &Place, why: &str) {
        if self.unreadable.len() >= MOST_NAMED {
            self.further_unreadable += 1;
            return;
        }
        let Place {
            namespace,
            kind,
            name,
        } = place;
        self.unreadable.insert(format!(
            "{kind} {namespace}/{name} cannot be read: {}",
            clean(why, SHOWN)
        ));
    }
}

/// What a text with a digest in it runs is that, whichever of its platforms the status names.
fn spelled_digest(spelled: &str) -> Option<Digest> {
    let reference: ImageReference = spelled.parse().ok()?;
    reference.digest().cloned()
}

fn image(spelled: &str, running: Option<Digest>, hidden: bool, places: BTreeSet<Place>) -> Image {
    let reference: Result<ImageReference, ReferenceError> = spelled.parse();
    let reference = match (reference, &running) {
        (Ok(reference), Some(digest)) if reference.digest().is_none() => {
            format!("{spelled}@{digest}").parse()
        }
        (reference, _) => reference,
    };
    Image {
        spelled: match &reference {
            Ok(_) => spelled.to_owned(),
            Err(_) => clean(spelled, SHOWN),
        },
        reference,
        running,
        hidden,
        places,
    }
}

fn is_finished_job(job: &Value) -> bool {
    let conditions = job.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|condition| {
        let field = |name| condition.get(name).and_then(Value::as_str);
        matches!(field("type"), Some("Complete" | "Failed")) && field("status") == Some("True")
    })
}

#[cfg(test)]
#[path = "gathered_tests.rs"]
mod tests;

//! The images seen so far.
//!
//! Invariant: what there is depends on the objects, not on their order. An image that a workload declares is left out
//! only where a pod of it runs the same text with a known digest.

use std::collections::{BTreeMap, BTreeSet};

use signature_continuity::clean::{SHOWN, clean};
use signature_continuity::digest::Digest;
use signature_continuity::reference::{ImageReference, ReferenceError};

use super::object::ObjectImages;
use super::owners::{counts_with, is_between};
use super::status::Running;
use crate::inventory::{Image, Place};

/// How many objects that cannot be read are named one by one.
const MOST_NAMED: usize = 20;

#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Of what stands between pods and workloads.
    owners: BTreeMap<Place, Place>,
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

    /// Takes in what an object says. Those that own what owns pods come before pods.
    pub(super) fn add(&mut self, object: &ObjectImages) {
        let owner = object.owner.as_ref();
        if let Some(owner) = owner.filter(|_| is_between(&object.place.kind)) {
            self.owners.insert(object.place.clone(), owner.clone());
        }
        let place = counts_with(&object.place, owner, |between| self.owners.get(between)).clone();
        if object.finished {
            self.finished += 1;
            return;
        }
        if let Some(why) = &object.unreadable {
            self.cannot_read(&place, why);
        }
        for image in &object.named {
            match &image.running {
                Running::As(digest) => self.runs(&image.spelled, digest.clone(), &place),
                Running::Unnamed => {
                    self.hidden.insert(image.spelled.clone());
                    self.declare(&image.spelled, &place);
                }
                Running::Not => self.declare(&image.spelled, &place),
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

pub(super) fn image(
    spelled: &str,
    running: Option<Digest>,
    hidden: bool,
    places: BTreeSet<Place>,
) -> Image {
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

#[cfg(test)]
#[path = "gathered_tests.rs"]
mod tests;

//! Where images to look at come from, besides a cluster: a list, manifests, recorded admission reviews.
//!
//! Invariant: each distinct image once, with every place that it was found in; whatever was not read (a file, a kind, a
//! line beyond the bounds) is named in a note. Only what was named itself and cannot be read is an error.

mod files;
mod list;
mod manifests;
mod reviews;

pub use list::list;
pub use manifests::manifests;
pub(crate) use reviews::reviews;

use super::{Image, Place};
use signature_continuity::clean::{SHOWN, clean};
use signature_continuity::digest::Digest;
use signature_continuity::request::{RequestError, RequestedImage, images_of};
use std::collections::{BTreeMap, BTreeSet};

/// The most notes of one sort that are told one by one.
const MOST_NOTES: usize = 20;
/// The most kinds that are named.
const MOST_KINDS: usize = 8;

/// The images of a source, and what of it was not read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Each distinct image, by how it is spelled and what of it runs.
    pub images: Vec<Image>,
    /// For people.
    pub notes: Vec<String>,
    /// What could not be read of what was named: more images may be in it. For people, too.
    pub unread: Vec<String>,
}

impl Gathered {
    /// Everything for people.
    pub(crate) fn remarks(&mut self) -> Vec<String> {
        let mut remarks = std::mem::take(&mut self.notes);
        remarks.append(&mut self.unread);
        remarks
    }
}

/// A source that was named and cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {what}")]
pub struct SourceError {
    /// Which.
    pub what: String,
    /// Why.
    #[source]
    pub source: std::io::Error,
}

/// Gathers images from wherever they are found.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    images: BTreeMap<(String, Option<Digest>), Image>,
    notes: Vec<String>,
    further_notes: usize,
    unread: Vec<String>,
    further_unread: usize,
    /// How many objects there were without images, by kind.
    others: BTreeMap<String, usize>,
}

impl Gathering {
    /// An image that was found; `running` is the digest that runs, where that is known.
    pub(crate) fn add(
        &mut self,
        requested: RequestedImage,
        running: Option<Digest>,
        place: Option<Place>,
    ) {
        let image = self
            .images
            .entry((requested.spelled.clone(), running.clone()))
            .or_insert_with(|| Image {
                spelled: requested.spelled,
                reference: requested.reference,
                running,
                hidden: false,
                places: BTreeSet::new(),
            });
        image.places.extend(place);
    }

    /// All images of an object of one of the kinds that have pods in them; any other is counted.
    ///
    /// # Errors
    /// When it is not of its kind's shape: for a note that says where it came from.
    pub(crate) fn add_object(
        &mut self,
        kind: &str,
        object: &serde_json::Value,
        place: &Place,
    ) -> Result<(), RequestError> {
        match images_of(kind, object) {
            Ok(images) => {
                for image in images {
                    self.add(image, None, Some(place.clone()));
                }
                Ok(())
            }
            Err(RequestError::UnknownKind { kind }) => {
                *self.others.entry(kind).or_default() += 1;
                Ok(())
            }
            Err(error @ RequestError::Unparsable { .. }) => Err(error),
        }
    }

    /// Something that people should know of; cleaned here.
    pub(crate) fn note(&mut self, text: &str) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(clean(text, SHOWN));
        } else {
            self.further_notes += 1;
        }
    }

    /// Something that could not be read, and may have images in it; cleaned here.
    pub(crate) fn unread(&mut self, text: &str) {
        if self.unread.len() < MOST_NOTES {
            self.unread.push(clean(text, SHOWN));
        } else {
            self.further_unread += 1;
        }
    }

    /// What was gathered.
    #[must_use]
    pub(crate) fn finish(mut self) -> Gathered {
        if self.further_notes > 0 {
            self.notes
                .push(format!("and {} more of this sort", self.further_notes));
        }
        self.notes.extend(others(&self.others));
        if self.further_unread > 0 {
            self.unread.push(format!(
                "and {} more that were not read",
                self.further_unread
            ));
        }
        Gathered {
            images: self.images.into_values().collect(),
            notes: self.notes,
            unread: self.unread,
        }
    }
}

/// `3 objects without images: 2 Service, 1 ConfigMap`.
fn others(kinds: &BTreeMap<String, usize>) -> Option<String> {
    let total: usize = kinds.values().sum();
    let mut kinds: Vec<(&String, &usize)> = kinds.iter().collect();
    kinds.sort_by_key(|(kind, number)| (std::cmp::Reverse(**number), (*kind).clone()));
    let named: Vec<String> = kinds
        .iter()
        .take(MOST_KINDS)
        .map(|(kind, number)| format!("{number} {kind}"))
        .collect();
    let more = match kinds.len().saturating_sub(MOST_KINDS) {
        0 => "",
        _ => " and others",
    };
    let plural = if total == 1 { "object" } else { "objects" };
    (total > 0).then(|| {
        format!(
            "{total} {plural} of kinds without pods: {}{more}",
            named.join(", ")
        )
    })
}

/// Every Kubernetes object in a file, or in all below a directory, lists taken apart; what could not be read is returned.
///
/// # Errors
/// When the file or directory itself cannot be read.
pub fn objects(
    path: &std::path::Path,
    mut take: impl FnMut(&str, &serde_json::Value),
) -> Result<Vec<String>, SourceError> {
    let mut gathering = Gathering::default();
    files::each(path, &mut gathering, |gathering, file, text| {
        manifests::documents(gathering, file, text, |gathering, object| {
            manifests::each_object(gathering, file, &object, &mut |object| take(file, object));
        });
    })?;
    Ok(gathering.finish().remarks())
}

/// Where an object is, by its own metadata. Without a namespace it is in `default`, as the API server would have it.
fn place(kind: &str, object: &serde_json::Value) -> Place {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(serde_json::Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let name = text("/metadata/name").or_else(|| text("/metadata/generateName"));
    Place {
        namespace: text("/metadata/namespace").unwrap_or("default").to_owned(),
        kind: clean(kind, 63),
        name: clean(name.unwrap_or("(unnamed)"), 253),
    }
}

#[cfg(test)]
#[path = "sources_tests.rs"]
mod tests;

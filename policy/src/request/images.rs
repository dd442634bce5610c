//! The images of a workload, and where in it they are.
//!
//! Invariant: every image that would run is here, each distinct text once, in the order of first appearance. A missing
//! or empty one is an unreadable reference, not nothing.

use super::object::{Node, Unexpected};
use crate::clean::{SHOWN, clean};
use crate::reference::{ImageReference, ReferenceError};
use serde_json::Value;
use std::collections::HashMap;

const LONGEST_NAME: usize = 63;
/// The most places of one image that are named one by one.
pub(super) const MOST_PLACES: usize = 8;

/// An image that a request wants to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedImage {
    /// As it was spelled; cleaned and cut where it is no reference.
    pub spelled: String,
    /// What it means.
    pub reference: Result<ImageReference, ReferenceError>,
    /// Where, cleaned: `container api`, `init container db`, `image volume models`. At most nine; the last one then says
    /// how many there are besides.
    pub places: Vec<String>,
}

/// The kinds that have pods in them, by where.
pub(super) fn path_to_pod(kind: &str) -> Option<&'static [&'static str]> {
    match kind {
        "Pod" => Some(&["spec"]),
        "ReplicationController"
        | "Deployment"
        | "ReplicaSet"
        | "StatefulSet"
        | "DaemonSet"
        | "Job" => Some(&["spec", "template", "spec"]),
        "CronJob" => Some(&["spec", "jobTemplate", "spec", "template", "spec"]),
        _ => None,
    }
}

/// One use of an image in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageUse<'a> {
    /// As it is spelled; empty where it is missing.
    pub spelled: &'a str,
    /// What uses it.
    pub by: ImageUser,
    /// The name of the container or volume, as it is spelled.
    pub name: Option<&'a str>,
    /// Its place in its list.
    at: usize,
}

/// What uses an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageUser {
    /// An init container, sidecars included.
    InitContainer,
    /// A container.
    Container,
    /// A container added to a running pod.
    EphemeralContainer,
    /// A volume whose content is an image.
    Volume,
}

impl ImageUser {
    fn words(self) -> &'static str {
        match self {
            Self::InitContainer => "init container",
            Self::Container => "container",
            Self::EphemeralContainer => "ephemeral container",
            Self::Volume => "image volume",
        }
    }
}

/// Every use of an image below `path` in `object`.
pub(super) fn uses<'a>(
    object: &'a Value,
    name: &str,
    path: &[&str],
) -> Result<Vec<ImageUse<'a>>, Unexpected> {
    let mut pod = Node::new(object, name.to_owned())?;
    for field in path {
        pod = pod.child(field)?;
    }
    let mut uses = Vec::new();
    for (list, by) in [
        ("initContainers", ImageUser::InitContainer),
        ("containers", ImageUser::Container),
        ("ephemeralContainers", ImageUser::EphemeralContainer),
    ] {
        for (at, container) in pod.children(list)?.iter().enumerate() {
            uses.push(ImageUse {
                spelled: container.text("image")?.unwrap_or_default(),
                by,
                name: container.text("name")?,
                at,
            });
        }
    }
    for (at, volume) in pod.children("volumes")?.iter().enumerate() {
        if let Some(image) = volume.optional_child("image")? {
            uses.push(ImageUse {
                spelled: image.text("reference")?.unwrap_or_default(),
                by: ImageUser::Volume,
                name: volume.text("name")?,
                at,
            });
        }
    }
    Ok(uses)
}

/// The texts of all images below `path` in `object`, each with its places.
pub(super) fn spelled_images<'a>(
    object: &'a Value,
    name: &str,
    path: &[&str],
) -> Result<Vec<(&'a str, Vec<String>)>, Unexpected> {
    let mut found = Found::default();
    for image in uses(object, name, path)? {
        found.add(image);
    }
    Ok(found
        .images
        .into_iter()
        .map(|(spelled, places)| (spelled, places.named()))
        .collect())
}

#[derive(Default)]
struct Found<'a> {
    images: Vec<(&'a str, Places)>,
    seen: HashMap<&'a str, usize>,
}

#[derive(Default)]
struct Places {
    named: Vec<String>,
    further: usize,
}

impl<'a> Found<'a> {
    fn add(&mut self, image: ImageUse<'a>) {
        let what = image.by.words();
        let index = *self.seen.entry(image.spelled).or_insert_with(|| {
            self.images.push((image.spelled, Places::default()));
            self.images.len() - 1
        });
        let Some((_, places)) = self.images.get_mut(index) else {
            return;
        };
        if places.named.len() == MOST_PLACES {
            places.further += 1;
            return;
        }
        places.named.push(match image.name {
            Some(name) => format!("{what} {}", clean(name, LONGEST_NAME)),
            None => format!("{what} {}", image.at + 1),
        });
    }
}

impl Places {
    fn named(mut self) -> Vec<String> {
        if self.further > 0 {
            self.named.push(format!("and {} more", self.further));
        }
        self.named
    }
}

impl RequestedImage {
    /// What somebody spelled, and where in an object.
    #[must_use]
    pub fn new(spelled: &str, places: Vec<String>) -> Self {
        let reference: Result<ImageReference, ReferenceError> = spelled.parse();
        let spelled = match &reference {
            Ok(_) => spelled.to_owned(),
            Err(_) => clean(spelled, SHOWN),
        };
        Self {
            spelled,
            reference,
            places,
        }
    }
}

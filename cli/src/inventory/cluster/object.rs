//! What one object of a cluster says of images: those that it names, and those that it runs.
//!
//! Invariant: read from the object alone, so that it can be kept instead of it. What cannot be read says so, and names no
//! image; what an object says of its owner only names a place.

use kube::api::DynamicObject;
use serde_json::Value;
use signature_continuity::clean::{SHOWN, clean};
use signature_continuity::digest::Digest;
use signature_continuity::reference::{ImageReference, Repository};
use signature_continuity::request::{ImageUse, uses};

use super::owners::{controller, place};
use super::status::{Running, running};
use crate::inventory::Place;

/// The images of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectImages {
    /// The object itself.
    pub(crate) place: Place,
    /// Who manages it, by its own word.
    pub(crate) owner: Option<Place>,
    /// Its `metadata.uid`; empty where it has none.
    pub(crate) uid: String,
    /// Its `metadata.generation`: another one where somebody changed what it declares.
    generation: Option<i64>,
    /// Each image that it names.
    pub(crate) named: Vec<NamedImage>,
    /// Whether it has ended, and runs nothing any more.
    pub(super) finished: bool,
    /// Why its images cannot be read, cleaned.
    pub(super) unreadable: Option<String>,
}

/// No reference is longer (Docker's limit for names is 255, for tags 128, and a digest has 71).
const LONGEST_REFERENCE: usize = 1024;

/// An image as an object names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NamedImage {
    /// As it is spelled; cut where no reference is so long.
    pub(crate) spelled: String,
    /// Of which repository, where it is a reference.
    pub(super) repository: Option<Repository>,
    /// What the object's status says of it.
    pub(crate) running: Running,
    /// Which digest the status itself names, whatever is spelled.
    reported: Option<Digest>,
}

impl ObjectImages {
    /// What an object of this kind says.
    pub(crate) fn of(kind: &str, object: &DynamicObject) -> Self {
        let mut images = Self {
            place: place(kind, &object.metadata),
            owner: controller(&object.metadata),
            uid: object.metadata.uid.clone().unwrap_or_default(),
            generation: object.metadata.generation,
            named: Vec::new(),
            finished: has_finished(kind, &object.data),
            unreadable: None,
        };
        if images.finished || images.is_past_of_a_deployment() {
            return images;
        }
        match uses(kind, &object.data) {
            Ok(found) => {
                let pod = (kind == "Pod").then_some(&object.data);
                let found = found.iter().map(|image| NamedImage::of(pod, image));
                images.named.extend(found);
                images.named.sort();
                images.named.dedup();
            }
            Err(error) => images.unreadable = Some(clean(&error.to_string(), SHOWN)),
        }
        images
    }

    /// Keeps so many images, and says so where there are more.
    pub(super) fn drop_what_is_too_much(&mut self, most: usize) {
        let all = self.named.len();
        if all > most {
            self.named.truncate(most);
            self.unreadable = Some(format!(
                "it names {all} images, and {most} of one object are looked at"
            ));
        }
    }

    /// Somebody may write another image into a pod that runs, and until it is started the status speaks of the one before:
    /// what is new, with a digest that was reported for another text, does not run yet.
    pub(super) fn drop_what_does_not_run_yet(&mut self, before: Option<&Self>) {
        let Some(before) = before else { return };
        let is_named = |text: &str| self.named.iter().any(|image| image.spelled == text);
        let replaced = before.named.iter().filter(|it| !is_named(&it.spelled));
        let stale: Vec<Digest> = replaced.filter_map(|it| it.reported.clone()).collect();
        for image in &mut self.named {
            let ran = |it: &NamedImage| it.spelled == image.spelled && it.running == image.running;
            let is_stale = image.reported.as_ref().is_some_and(|it| stale.contains(it));
            // And it stays so until its own digest is reported.
            let was_stale = |it: &NamedImage| {
                it.spelled == image.spelled
                    && it.running == Running::Not
                    && it.reported.is_some()
                    && it.reported == image.reported
            };
            let was_stale = before.named.iter().any(was_stale);
            if was_stale || (is_stale && !before.named.iter().any(ran)) {
                image.running = Running::Not;
            }
        }
    }

    /// The images that it names and the earlier version of it did not; all, where somebody changed it since.
    pub(super) fn named_since<'o>(
        &'o self,
        before: Option<&'o Self>,
    ) -> impl Iterator<Item = &'o NamedImage> {
        let unchanged = before.filter(|before| before.generation == self.generation);
        let before: &[NamedImage] = unchanged.map_or(&[], |before| &before.named);
        self.named.iter().filter(|named| !before.contains(named))
    }

    /// A Deployment declares what its newest ReplicaSet does; the older ones are its past.
    fn is_past_of_a_deployment(&self) -> bool {
        let owner = self.owner.as_ref().map(|owner| owner.kind.as_str());
        self.place.kind == "ReplicaSet" && owner == Some("Deployment")
    }
}

/// What a status says of an image. What a text with a digest in it runs is that, whichever of its platforms the status names.
fn runs(reported: Running, spelled: Option<&Digest>) -> Running {
    match (reported, spelled) {
        (Running::As(digest), spelled) => Running::As(spelled.cloned().unwrap_or(digest)),
        (Running::Unnamed, Some(digest)) => Running::As(digest.clone()),
        (unnamed @ Running::Unnamed, None) => unnamed,
        (Running::Not, _) => Running::Not,
    }
}

fn has_finished(kind: &str, object: &Value) -> bool {
    match kind {
        "Pod" => {
            let phase = object.pointer("/status/phase").and_then(Value::as_str);
            matches!(phase, Some("Succeeded" | "Failed"))
        }
        "Job" => {
            let conditions = object
                .pointer("/status/conditions")
                .and_then(Value::as_array);
            conditions.into_iter().flatten().any(|condition| {
                let field = |name| condition.get(name).and_then(Value::as_str);
                matches!(field("type"), Some("Complete" | "Failed"))
                    && field("status") == Some("True")
            })
        }
        _ => false,
    }
}

impl NamedImage {
    fn of(pod: Option<&Value>, image: &ImageUse<'_>) -> Self {
        let reported = pod.map_or(Running::Not, |pod| running(pod, image));
        let spelled = match image.spelled.len() {
            0..=LONGEST_REFERENCE => image.spelled.to_owned(),
            _ => clean(image.spelled, LONGEST_REFERENCE),
        };
        let reference = spelled.parse::<ImageReference>().ok();
        let reference = reference.as_ref();
        Self {
            repository: reference.map(|it| it.repository().clone()),
            reported: match &reported {
                Running::As(digest) => Some(digest.clone()),
                Running::Unnamed | Running::Not => None,
            },
            running: runs(reported, reference.and_then(ImageReference::digest)),
            spelled,
        }
    }

    /// The digest that runs, where a status names it.
    pub(crate) fn digest(&self) -> Option<&Digest> {
        match &self.running {
            Running::As(digest) => Some(digest),
            Running::Unnamed | Running::Not => None,
        }
    }
}

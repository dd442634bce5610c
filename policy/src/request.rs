//! From an admission request to the images that are looked at.
//!
//! Invariant: every image that the request would newly run is either in the list or an error says that it could not be
//! found out: an unknown kind with a pod template, or an object that is not of its kind's shape. Only DELETE, CONNECT,
//! objects without a pod template and mirror pods are let be.

mod context;
mod images;
mod mirror;
mod object;
mod template;

pub(crate) use context::{AdmissionContext, Operation};
pub use images::{ImageUse, ImageUser, RequestedImage};

use crate::clean::clean;
use images::{path_to_pod, spelled_images};
use kubewarden_policy_sdk::request::KubernetesAdmissionRequest;
use mirror::is_mirror_pod;
use object::Unexpected;
use serde_json::Value;
use std::collections::HashSet;

const LONGEST_KIND: usize = 63;

/// What there is to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// These images; none where an UPDATE adds none.
    Images(Vec<RequestedImage>),
    /// The copy of a static pod, which its node runs whatever the API server says.
    MirrorPod,
    /// Nothing would run: DELETE, CONNECT, and objects without a pod template, as subresources have them.
    Nothing,
}

/// Why it could not be found out what would run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A kind with pods where we do not know of, or an object that does not say what it is.
    #[error(
        "expected a Pod, ReplicationController, Deployment, ReplicaSet, StatefulSet, DaemonSet, Job or CronJob, got {kind}: leave it out of the policy's rules"
    )]
    UnknownKind {
        /// Cleaned.
        kind: String,
    },
    /// Not the shape of its kind.
    #[error("expected {expected} at {path} of the {kind}")]
    Unparsable {
        /// One of the known kinds.
        kind: String,
        /// Such as `object.spec.containers[0]`.
        path: String,
        /// What should have been there.
        expected: &'static str,
    },
}

/// The images that `request` would newly run.
///
/// # Errors
/// When the kind is not known or the object is not of its shape.
pub fn look(request: &KubernetesAdmissionRequest) -> Result<Looked, RequestError> {
    let operation = Operation::of(request);
    if matches!(operation, Operation::Delete | Operation::Connect) {
        return Ok(Looked::Nothing);
    }
    let kind = request.kind.kind.as_str();
    let Some(path) = path_to_pod(kind) else {
        // What the kind is called is its author's choice; what is in the object decides.
        let harmless = !kind.is_empty()
            && request.object.is_object()
            && !template::has_containers(&request.object);
        if harmless {
            return Ok(Looked::Nothing);
        }
        return Err(RequestError::UnknownKind {
            kind: clean(kind, LONGEST_KIND),
        });
    };
    let unparsable = |Unexpected { path, expected }| RequestError::Unparsable {
        kind: kind.to_owned(),
        path,
        expected,
    };
    let images = spelled_images(&request.object, "object", path).map_err(unparsable)?;
    if kind == "Pod" && is_mirror_pod(request).map_err(unparsable)? {
        return Ok(Looked::MirrorPod);
    }
    // An old object that does not parse excuses nothing: then all images are judged.
    let old = match operation {
        Operation::Update => {
            spelled_images(&request.old_object, "oldObject", path).unwrap_or_default()
        }
        Operation::Create | Operation::Delete | Operation::Connect | Operation::Other => Vec::new(),
    };
    let old: HashSet<&str> = old.into_iter().map(|(spelled, _)| spelled).collect();
    let new = images
        .into_iter()
        .filter(|(spelled, _)| !old.contains(spelled))
        .map(|(spelled, places)| RequestedImage::new(spelled, places))
        .collect();
    Ok(Looked::Images(new))
}

/// All images of an object of the kind `kind`, each distinct one once: for those who look at objects and not at
/// requests.
///
/// # Errors
/// When the kind is not known or the object is not of its shape.
pub fn images_of(kind: &str, object: &Value) -> Result<Vec<RequestedImage>, RequestError> {
    let images = spelled_images(object, "object", known_path(kind)?)
        .map_err(|unexpected| unparsable(kind, unexpected))?;
    Ok(images
        .into_iter()
        .map(|(spelled, places)| RequestedImage::new(spelled, places))
        .collect())
}

/// Every use of an image in an object of one of the kinds that have pods in them, by the same rules as in a request.
///
/// # Errors
/// When the kind is not known or the object is not of its shape.
pub fn uses<'a>(kind: &str, object: &'a Value) -> Result<Vec<ImageUse<'a>>, RequestError> {
    images::uses(object, "object", known_path(kind)?)
        .map_err(|unexpected| unparsable(kind, unexpected))
}

fn known_path(kind: &str) -> Result<&'static [&'static str], RequestError> {
    path_to_pod(kind).ok_or_else(|| RequestError::UnknownKind {
        kind: clean(kind, LONGEST_KIND),
    })
}

fn unparsable(kind: &str, Unexpected { path, expected }: Unexpected) -> RequestError {
    RequestError::Unparsable {
        kind: kind.to_owned(),
        path,
        expected,
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "request/shape_tests.rs"]
mod shape_tests;

#[cfg(test)]
#[path = "request/fixture_tests.rs"]
mod fixture_tests;

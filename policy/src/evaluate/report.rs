//! What an evaluation found out, as values: for the answer, and for whoever asks natively.

use crate::decision::{Code, Decision};
use crate::judgement::Judgement;
use crate::reference::ReferenceError;
use crate::request::{AdmissionContext, RequestError, RequestedImage};
use chrono::{DateTime, Utc};

/// What became of one request.
pub(crate) struct Evaluation<'a> {
    /// Who asked for what.
    pub(crate) context: AdmissionContext,
    /// When it began.
    pub(crate) now: DateTime<Utc>,
    /// What was looked at.
    pub(crate) outcome: Outcome<'a>,
    /// Whether the namespace is in any enforced scope.
    pub(crate) namespace_enforced: bool,
    /// Whether a rejection is reported although nothing is enforced.
    pub(crate) reported: bool,
    /// What is said besides the images.
    pub(crate) notes: Vec<String>,
    /// How many host calls were made.
    pub(crate) calls: u32,
}

/// What a request came to.
pub(crate) enum Outcome<'a> {
    /// Its images, in order of first appearance.
    Images(Vec<ImageReport<'a>>),
    /// A static pod's mirror: the node runs it already.
    MirrorPod,
    /// Nothing in it is run.
    Nothing,
    /// It could not be read.
    Unreadable(RequestError),
}

/// What became of one image.
pub(crate) struct ImageReport<'a> {
    /// As asked for.
    pub(crate) image: RequestedImage,
    /// Why it cannot be looked at; then there is no finding.
    pub(crate) finding: Result<Judgement<'a>, Unreadable>,
    /// Whether its scope is enforced.
    pub(crate) enforced: bool,
    /// What becomes of it where its scope rejects.
    pub(crate) decision: Decision,
}

/// Why an image cannot be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Its reference does not parse.
    Reference(ReferenceError),
    /// The host does not take its reference.
    Host,
}

impl Evaluation<'_> {
    /// Images whose scope rejects them.
    pub(crate) fn rejected(&self) -> impl Iterator<Item = (&ImageReport<'_>, Code)> {
        let images = match &self.outcome {
            Outcome::Images(images) => images.as_slice(),
            Outcome::MirrorPod | Outcome::Nothing | Outcome::Unreadable(_) => &[],
        };
        images.iter().filter_map(|image| match image.decision {
            Decision::Reject(code) if image.enforced || self.reported => Some((image, code)),
            Decision::Reject(_) | Decision::Admit => None,
        })
    }
}

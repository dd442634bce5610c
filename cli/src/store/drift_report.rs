//! What the learner found in its last run, kept beside its state: `data["drift.json"]`. Admission does not read it.
//!
//! Invariant: bounded, and what is left out is counted; texts are cleaned before they are kept.

use serde::{Deserialize, Serialize};
use signature_continuity::clean::clean;

/// The most images that are named.
const MOST: usize = 200;
const LONGEST_IMAGE: usize = 512;
const LONGEST_DRIFT: usize = 300;

/// The drift of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftReport {
    /// The version of this object.
    pub version: u64,
    /// How many images drift.
    pub drifting: u64,
    /// About how many nothing could be found out.
    pub undetermined: u64,
    /// The first of those that drift.
    pub images: Vec<DriftingImage>,
}

/// One image that drifts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftingImage {
    /// Which, as it was spelled.
    pub image: String,
    /// How, in words.
    pub drift: String,
}

impl DriftReport {
    /// Of these images, with their drift in words, and so many of which nothing is known.
    pub fn new(drifting: impl Iterator<Item = (String, String)>, undetermined: usize) -> Self {
        let mut report = Self {
            version: 1,
            undetermined: u64::try_from(undetermined).unwrap_or(u64::MAX),
            ..Self::default()
        };
        for (image, drift) in drifting {
            report.add(DriftingImage {
                image: clean(&image, LONGEST_IMAGE),
                drift: clean(&drift, LONGEST_DRIFT),
            });
        }
        report
    }

    /// With what an earlier run found, but for the images that this one looked at.
    #[must_use]
    pub fn over(mut self, earlier: &Self, looked_at: impl Fn(&str) -> bool) -> Self {
        for told in &earlier.images {
            if !looked_at(&told.image) {
                self.add(told.clone());
            }
        }
        self
    }

    /// So many more drift.
    pub(crate) fn add_unnamed(&mut self, more: usize) {
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        self.drifting = self.drifting.saturating_add(more);
    }

    fn add(&mut self, image: DriftingImage) {
        self.drifting = self.drifting.saturating_add(1);
        if self.images.len() < MOST {
            self.images.push(image);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(images: &[&str]) -> DriftReport {
        let drifting = images
            .iter()
            .map(|it| ((*it).to_owned(), "unsigned".to_owned()));
        DriftReport::new(drifting, 0)
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let many: Vec<String> = (0..MOST + 5).map(|n| format!("a/b:{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let mut all = report(&many);
        all.add_unnamed(2);
        assert_eq!((all.images.len(), all.drifting), (MOST, 207));
    }

    #[test]
    fn a_part_leaves_what_it_did_not_look_at() {
        let merged = report(&["a:2"]).over(&report(&["a:1", "b:1"]), |image| image == "a:1");
        let names: Vec<&str> = merged.images.iter().map(|it| it.image.as_str()).collect();
        assert_eq!((names, merged.drifting), (vec!["a:2", "b:1"], 2));
    }

    #[test]
    fn foreign_texts_are_cleaned() {
        let one = report(&["a\u{1b}[2Jb"]);
        assert_eq!(
            one.images.first().map(|it| it.image.as_str()),
            Some("a?[2Jb")
        );
    }
}

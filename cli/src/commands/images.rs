//! Arguments that say which images are looked at.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use signature_continuity::clean::{SHOWN, clean};

use super::contexts::is_another_cluster;
use crate::inventory::sources::{self, Gathered};
use crate::inventory::{Image, cluster_images};
use crate::kubernetes::Cluster;
use crate::learner::Share;
use crate::program::UsageError;
use crate::store::Location;

/// Which images.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which images")]
pub(crate) struct Images {
    /// Those of a cluster: its pods, and workloads scaled to zero. The default.
    #[arg(long, value_name = "CONTEXT", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    kubernetes: Option<String>,

    /// Those of manifests: a file, or a directory and what is below it.
    #[arg(long, value_name = "PATH", conflicts_with = "kubernetes")]
    manifests: Option<PathBuf>,

    /// Those of recorded AdmissionReviews: a file, or a directory and what is below it.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["kubernetes", "manifests"])]
    reviews: Option<PathBuf>,

    /// Of a cluster, those in this namespace only; may be given several times.
    #[arg(long = "namespace", short = 'n', value_name = "NAMESPACE", conflicts_with_all = ["manifests", "reviews"])]
    namespaces: Vec<String>,
}

impl Images {
    /// Whether a cluster is asked.
    pub(crate) fn are_of_a_cluster(&self) -> bool {
        self.manifests.is_none() && self.reviews.is_none()
    }

    /// The context that somebody named.
    pub(super) fn context(&self) -> Option<&str> {
        self.kubernetes
            .as_deref()
            .filter(|context| !context.is_empty())
    }

    /// Whether somebody said that a cluster is to be asked.
    pub(super) fn name_a_cluster(&self) -> bool {
        self.kubernetes.is_some() || !self.namespaces.is_empty()
    }

    /// What they are of all that runs where baselines are for.
    pub(super) fn share(&self, baselines: &Location) -> Share {
        match (self.are_of_a_cluster(), baselines) {
            // What runs in one cluster says nothing of what runs in another.
            (true, Location::Kubernetes(context))
                if is_another_cluster(context.as_deref(), self.context()) =>
            {
                Share::Part
            }
            (true, _) if self.namespaces.is_empty() => Share::Whole,
            (true, _) | (false, Location::Kubernetes(_)) => Share::Part,
            (false, Location::Directory(_)) => Share::Declared,
        }
    }

    #[cfg(test)]
    pub(super) fn of_context(context: &str) -> Self {
        Self {
            kubernetes: Some(context.to_owned()),
            ..Self::default()
        }
    }

    pub(crate) fn list(&self) -> anyhow::Result<Gathered> {
        match (&self.manifests, &self.reviews) {
            (Some(path), _) => Ok(sources::manifests(path)?),
            (None, Some(path)) => Ok(sources::reviews(path)?),
            (None, None) => self.of_the_cluster(),
        }
    }

    fn of_the_cluster(&self) -> anyhow::Result<Gathered> {
        let cluster = Cluster::connect(self.context())?;
        let mut gathered = Gathered::default();
        if self.namespaces.is_empty() {
            (gathered.images, gathered.notes) = cluster_images(&cluster, None)?;
            return Ok(gathered);
        }
        for namespace in &self.namespaces {
            let (images, notes) = cluster_images(&cluster, Some(namespace))?;
            for image in images {
                merge(&mut gathered.images, image);
            }
            gathered.notes.extend(notes);
        }
        Ok(gathered)
    }
}

/// The images of a list: references, files with one on each line, or `-` for standard input.
pub(crate) fn listed(values: &[String]) -> anyhow::Result<Gathered> {
    let mut gathered = Gathered::default();
    for value in values {
        let path = Path::new(value);
        if value != "-" && !path.is_file() && looks_like_a_file(value) {
            return Err(UsageError(format!(
                "there is no file `{}` with a list of images",
                clean(value, SHOWN)
            ))
            .into());
        }
        if value == "-" || path.is_file() {
            let listed = sources::list(Path::new(value))?;
            for image in listed.images {
                merge(&mut gathered.images, image);
            }
            gathered.notes.extend(listed.notes);
            continue;
        }
        let image = Image {
            spelled: clean(value, SHOWN),
            reference: value.parse(),
            running: None,
            hidden: false,
            places: BTreeSet::new(),
        };
        if let Err(error) = &image.reference {
            return Err(UsageError(format!(
                "`{}` is neither a file nor an image reference: {error}",
                image.spelled
            ))
            .into());
        }
        merge(&mut gathered.images, image);
    }
    Ok(gathered)
}

/// Whether somebody means a file, and not `docker.io/library/images.txt`: by where it begins and how it ends.
fn looks_like_a_file(value: &str) -> bool {
    const ENDINGS: [&str; 6] = [".txt", ".list", ".lst", ".csv", ".yaml", ".json"];
    let begins = ["/", "./", "../", "~/"];
    begins.iter().any(|begin| value.starts_with(begin))
        || ENDINGS.iter().any(|ending| value.ends_with(ending))
        || Path::new(value).is_dir()
}

/// Each distinct image once.
fn merge(images: &mut Vec<Image>, image: Image) {
    let same =
        |present: &&mut Image| present.spelled == image.spelled && present.running == image.running;
    match images.iter_mut().find(same) {
        Some(present) => {
            present.hidden |= image.hidden;
            present.places.extend(image.places);
        }
        None => images.push(image),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("images.txt")]
    #[case("./images")]
    #[case("/nowhere/images")]
    #[case("lists/production.yaml")]
    fn a_list_that_is_not_there_is_no_image(#[case] value: &str) {
        let error = listed(&[value.to_owned()]).unwrap_err();
        assert!(error.is::<UsageError>(), "{error}");
        assert!(error.to_string().contains("there is no file"), "{error}");
    }

    #[rstest]
    #[case("nginx")]
    #[case("ghcr.io/acme/api:v1.json-2")]
    #[case("images.example/list")]
    fn an_image_is_one(#[case] value: &str) {
        assert_eq!(listed(&[value.to_owned()]).unwrap().images.len(), 1);
    }

    #[test]
    fn what_runs_elsewhere_establishes_nothing() {
        let images = Images::of_context("prod");
        let here = Location::Kubernetes(Some("prod".to_owned()));
        let elsewhere = Location::Kubernetes(Some("staging".to_owned()));
        assert_eq!(images.share(&here), Share::Whole);
        assert_eq!(images.share(&elsewhere), Share::Part);
        assert_eq!(images.share(&Location::Directory("d".into())), Share::Whole);
    }
}

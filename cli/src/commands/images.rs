//! Arguments that say which images are looked at.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use signature_continuity::clean::{SHOWN, clean};

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

    /// What they are of all that runs where baselines are for.
    pub(crate) fn share(&self, baselines: Option<&Location>) -> Share {
        let whole = self.namespaces.is_empty();
        match (self.are_of_a_cluster(), baselines) {
            (true, _) if whole => Share::Whole,
            (true, _) | (false, None | Some(Location::Kubernetes(_))) => Share::Part,
            (false, Some(Location::Directory(_))) => Share::Declared,
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
        let context = self.kubernetes.as_deref();
        let cluster = Cluster::connect(context.filter(|context| !context.is_empty()))?;
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
        if value == "-" || Path::new(value).is_file() {
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

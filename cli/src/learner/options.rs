//! How a run is done, and what its images are of all that runs.

use crate::inventory::TimeLimits;
use signature_continuity::digest::Digest;
use signature_continuity::reference::Repository;
use std::collections::BTreeSet;

/// How learning is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How many images are looked at at once.
    pub concurrency: usize,
    /// Nothing is written.
    pub dry_run: bool,
    /// Whether repositories' own past is examined.
    pub history: History,
    /// How many tags of one repository are examined.
    pub history_limit: usize,
    /// How many baselines one run begins.
    pub most_new: usize,
    /// The repositories whose lost baselines somebody gave up: they may begin again.
    pub accept_lost: BTreeSet<Repository>,
    /// What the images are of all that runs.
    pub share: Share,
    /// For how long.
    pub time: TimeLimits,
    /// Where images are looked at one by one: what else of their repository runs, by what objects say.
    pub also_running: Option<BTreeSet<Digest>>,
}

/// What the images of a run are of all that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// All of a cluster: what runs is what a status says.
    Whole,
    /// What somebody declares to run: manifests, recorded reviews.
    Declared,
    /// What somebody declares to run, but for files that could not be read: what runs is there, and not all of it.
    DeclaredPart,
    /// A part, such as some namespaces. Nothing becomes established by it: what runs elsewhere would not be tolerated.
    Part,
    /// Single images, as objects begin to name them. Nothing becomes established by them, and nobody is written down as
    /// never signed.
    Arriving,
}

/// Whether repositories' own past is examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// No.
    Not,
    /// Of repositories that were not examined today.
    Daily,
    /// Of all.
    Again,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            concurrency: 8,
            dry_run: false,
            history: History::Not,
            history_limit: 50,
            most_new: 10_000,
            accept_lost: BTreeSet::new(),
            share: Share::Whole,
            time: TimeLimits::default(),
            also_running: None,
        }
    }
}

impl Share {
    /// Whether what is declared is what runs.
    #[must_use]
    pub(crate) fn is_declared(self) -> bool {
        match self {
            Self::Declared | Self::DeclaredPart => true,
            Self::Whole | Self::Part | Self::Arriving => false,
        }
    }

    /// Whether something may run that is not among the images.
    #[must_use]
    pub(crate) fn is_partial(self) -> bool {
        match self {
            Self::Part | Self::DeclaredPart | Self::Arriving => true,
            Self::Whole | Self::Declared => false,
        }
    }

    /// The same, of which a part could not be read.
    #[must_use]
    pub fn cut(self) -> Self {
        match self {
            Self::Declared | Self::DeclaredPart => Self::DeclaredPart,
            Self::Whole | Self::Part => Self::Part,
            Self::Arriving => Self::Arriving,
        }
    }
}

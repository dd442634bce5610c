//! What became of looking a baseline up, and what that alone says.

use super::{Baseline, ConfigMapData};
use crate::reference::Repository;

/// What became of looking a baseline up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// There is none, and none is missed: the repository is new.
    Absent,
    /// There is one.
    Usable(Box<Baseline>),
    /// There is one that cannot be used, or reading it failed; says why.
    Unusable(String),
    /// It was signed, and what it was signed by is gone: its name is kept, see [`super::Names`].
    Lost,
    /// It was not read: there was no time, or there were too many images.
    Unread,
}

impl Lookup {
    /// What a ConfigMap that is there says about `repository`.
    #[must_use]
    pub fn of_config_map(map: &ConfigMapData, repository: &Repository) -> Self {
        match Baseline::from_config_map(map, repository) {
            Ok(baseline) => Self::Usable(Box::new(baseline)),
            Err(reason) => Self::Unusable(reason),
        }
    }

    /// The baseline, where there is a usable one.
    #[must_use]
    pub fn baseline(&self) -> Option<&Baseline> {
        match self {
            Self::Usable(baseline) => Some(baseline),
            Self::Absent | Self::Unusable(_) | Self::Lost | Self::Unread => None,
        }
    }

    /// Whether the names of signed repositories have to be looked at before this is believed: somebody may have deleted
    /// the baseline, or put one of a repository that was never signed in its place.
    #[must_use]
    pub fn could_be_lost(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::Usable(baseline) => !baseline.is_signed(),
            Self::Unusable(_) | Self::Lost | Self::Unread => false,
        }
    }

    /// The same, once it is known whether the repository is named among those that were signed. Names that cannot be
    /// read (say why) leave it open whether it is lost, and so it is not called new.
    #[must_use]
    pub fn held_against_names(self, is_named: Result<bool, String>) -> Self {
        if !self.could_be_lost() {
            return self;
        }
        match is_named {
            Ok(true) => Self::Lost,
            Ok(false) => self,
            Err(why) => Self::Unusable(why),
        }
    }
}

//! Which generation of Kubewarden's host answers.
//!
//! Both are in the field, and they answer the same question in different words. Invariant: a policy that is right on one
//! and wrong on the other shows it here, not in a cluster.

use std::fmt;
use std::str::FromStr;

/// A generation of hosts, named after the Kubewarden version that they came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum HostGeneration {
    /// Until 1.36.0: sigstore 0.13, oci-client 0.17.
    Kubewarden135,
    /// 1.36.0 and later: sigstore 0.14, oci-client 0.18.
    #[default]
    Kubewarden136,
}

/// Not a generation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 1.35 or 1.36, got {0:?}")]
pub struct NoSuchGeneration(String);

impl HostGeneration {
    /// All, the oldest first.
    pub const ALL: [Self; 2] = [Self::Kubewarden135, Self::Kubewarden136];

    /// As typed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kubewarden135 => "1.35",
            Self::Kubewarden136 => "1.36",
        }
    }
}

impl fmt::Display for HostGeneration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for HostGeneration {
    type Err = NoSuchGeneration;

    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|generation| generation.as_str() == typed)
            .ok_or_else(|| NoSuchGeneration(typed.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_read_as_they_are_shown() {
        for generation in HostGeneration::ALL {
            assert_eq!(generation.to_string().parse(), Ok(generation));
        }
        assert!("1.34".parse::<HostGeneration>().is_err());
    }
}

//! The Sigstore trust root: which authority issues certificates, which log timestamps signatures.
//!
//! Invariant: fails closed. Without a trust root no keyless signature verifies, and that is said aloud, once.

pub(crate) mod issuance;
pub(crate) mod material;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sigstore_trust_root::TrustedRoot;
use thiserror::Error;

/// How long the public root is waited for. It is small; what takes longer than this is a network that drops packets.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Where the trust root comes from.
#[derive(Debug, Clone, Default)]
pub enum TrustSource {
    /// Sigstore's public-good instance, fetched when it is first needed.
    #[default]
    PublicGood,
    /// One that was given.
    Given(Arc<GivenRoot>),
    /// None: only signatures by keys verify.
    Nothing,
}

/// A trust root that was given.
#[derive(Debug)]
pub struct GivenRoot {
    json: String,
    pub(super) trusted_root: TrustedRoot,
    /// The file, where it was one, and when that was written.
    pub(super) file: Option<(PathBuf, Option<DateTime<Utc>>)>,
}

impl GivenRoot {
    /// The `trusted_root.json`, as it was given.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }
}

/// Why a trust configuration cannot be used.
#[derive(Debug, Error)]
pub enum TrustConfigError {
    /// It cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// It is not JSON.
    #[error("`{}` is not JSON", path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// It is some other JSON.
    #[error(
        "`{}` has no `trustedRoot`: expected a ClientTrustConfig; a bare trusted_root.json goes below that key",
        path.display()
    )]
    NoTrustedRoot {
        /// The file.
        path: PathBuf,
    },
    /// Its trusted root is none.
    #[error("the trusted root in `{}` does not parse", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: TrustedRootError,
    },
}

/// Why a text is no trusted root.
#[derive(Debug, Error)]
#[error("expected a trusted_root.json: {0}")]
pub struct TrustedRootError(String);

impl TrustSource {
    /// Reads a ClientTrustConfig.
    ///
    /// # Errors
    /// When it cannot be read or has no usable trusted root.
    pub fn read(path: &Path) -> Result<Self, TrustConfigError> {
        let bytes = std::fs::read(path).map_err(|source| TrustConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let not_json = |source| TrustConfigError::NotJson {
            path: path.to_owned(),
            source,
        };
        let config: Value = serde_json::from_slice(&bytes).map_err(not_json)?;
        let root = config
            .get("trustedRoot")
            .ok_or_else(|| TrustConfigError::NoTrustedRoot {
                path: path.to_owned(),
            })?;
        let root = serde_json::to_vec(root).map_err(not_json)?;
        let written = std::fs::metadata(path).and_then(|file| file.modified());
        let file = (path.to_owned(), written.ok().map(DateTime::from));
        Self::given(&root, Some(file)).map_err(|source| TrustConfigError::Invalid {
            path: path.to_owned(),
            source,
        })
    }

    /// Parses a `trusted_root.json`. Whoever calls this vouches for it.
    ///
    /// # Errors
    /// When it does not parse.
    pub fn parse(trusted_root: &[u8]) -> Result<Self, TrustedRootError> {
        Self::given(trusted_root, None)
    }

    fn given(
        trusted_root: &[u8],
        file: Option<(PathBuf, Option<DateTime<Utc>>)>,
    ) -> Result<Self, TrustedRootError> {
        let json = std::str::from_utf8(trusted_root)
            .map_err(|error| TrustedRootError(error.to_string()))?;
        let root =
            TrustedRoot::from_json(json).map_err(|error| TrustedRootError(error.to_string()))?;
        // The library takes any object, and an empty root would only turn everything unverifiable.
        if root.certificate_authorities.is_empty() && root.tlogs.is_empty() {
            let why = "it names neither certificate authorities nor logs";
            return Err(TrustedRootError(why.to_owned()));
        }
        Ok(Self::Given(Arc::new(GivenRoot {
            json: json.to_owned(),
            trusted_root: root,
            file,
        })))
    }
}

/// Where the public root is kept. Without a directory to keep it in, it is fetched each time.
pub(crate) fn cache_directory() -> Option<PathBuf> {
    dirs::cache_dir()
        .map(|cache| cache.join("continuity").join("sigstore"))
        .filter(|directory| std::fs::create_dir_all(directory).is_ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use sigstore_trust_root::SigningConfig;

    use super::*;

    fn fixtures() -> PathBuf {
        Path::new(env!("RECORDINGS")).join("turn-2")
    }

    #[test]
    #[cfg_attr(not(recordings), ignore = "needs the recordings beside the project")]
    fn the_trust_roots_of_today_are_read() {
        let folder = fixtures();
        for name in [
            "root-signing/targets/trusted_root.json",
            "sigstore-go/examples/trusted-root-public-good.json",
            "sigstore-python/sigstore/_store/https%3A%2F%2Ftuf-repo-cdn.sigstage.dev/trusted_root.json",
            "sigstore-rust/crates/sigstore-trust-root/src/trusted_root_github.json",
        ] {
            let bytes = std::fs::read(folder.join(name)).unwrap();
            let root = TrustSource::parse(&bytes).unwrap().material().unwrap().root;
            let root = root.unwrap();
            assert!(!root.certificate_authorities.is_empty(), "{name}");
        }
        let config = folder.join("sigstore-python/test/assets/trust_config/config.v1.json");
        assert!(TrustSource::read(&config).is_ok());
        // One that is no trust root is said to be none.
        let bare = folder.join("root-signing/targets/trusted_root.json");
        assert!(matches!(
            TrustSource::read(&bare),
            Err(TrustConfigError::NoTrustedRoot { .. })
        ));
        assert!(TrustSource::parse(&std::fs::read(&config).unwrap()).is_err());
    }

    #[test]
    #[cfg_attr(not(recordings), ignore = "needs the recordings beside the project")]
    fn the_signing_configs_of_today_are_read() {
        let folder = fixtures();
        for name in [
            "root-signing/targets/signing_config.v0.2.json",
            "root-signing/targets/signing_config_rekor_v2.v0.2.json",
            "sigstore-go/examples/signing_config.v0.2.json",
        ] {
            let text = std::fs::read_to_string(folder.join(name)).unwrap();
            assert!(SigningConfig::from_json(&text).is_ok(), "{name}");
        }
    }
}

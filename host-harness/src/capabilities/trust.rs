//! The Sigstore trust root: which authority issues certificates, which log timestamps signatures.
//!
//! Invariant: fails closed. Without a trust root no keyless signature verifies, and that is said aloud, once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sigstore::trust::sigstore::SigstoreTrustRoot;
use sigstore_trust_root::TrustedRoot;
use thiserror::Error;

/// The public root is small; what takes longer than this is a network that drops packets.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

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

/// A trust root that was given, for both libraries that verify with it.
#[derive(Debug)]
pub struct GivenRoot {
    root: Arc<SigstoreTrustRoot>,
    pub(super) trusted_root: TrustedRoot,
    /// The file, where it was one, and when that was written.
    pub(super) file: Option<(PathBuf, Option<DateTime<Utc>>)>,
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
        let root = SigstoreTrustRoot::from_trusted_root_json_unchecked(trusted_root)
            .map_err(|error| TrustedRootError(error.to_string()))?;
        let json = std::str::from_utf8(trusted_root)
            .map_err(|error| TrustedRootError(error.to_string()))?;
        let trusted_root =
            TrustedRoot::from_json(json).map_err(|error| TrustedRootError(error.to_string()))?;
        Ok(Self::Given(Arc::new(GivenRoot {
            root: Arc::new(root),
            trusted_root,
            file,
        })))
    }

    /// The root itself, or nothing if there is none to be had.
    pub(crate) async fn root(&self) -> Option<Arc<SigstoreTrustRoot>> {
        match self {
            Self::Given(given) => Some(Arc::clone(&given.root)),
            Self::Nothing => None,
            Self::PublicGood => match fetch().await {
                Ok(root) => Some(Arc::new(root)),
                Err(reason) => {
                    tracing::warn!(
                        reason,
                        "the public Sigstore trust root cannot be fetched: keyless signatures will not verify; \
                         give one with --sigstore-trust-config"
                    );
                    None
                }
            },
        }
    }
}

async fn fetch() -> Result<SigstoreTrustRoot, String> {
    let cache = cache_directory();
    match tokio::time::timeout(PATIENCE, SigstoreTrustRoot::new(cache.as_deref())).await {
        Ok(Ok(root)) => Ok(root),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

/// Where the public root is kept. Without a directory to keep it in, it is fetched each time.
pub(super) fn cache_directory() -> Option<PathBuf> {
    dirs::cache_dir()
        .map(|cache| cache.join("continuity").join("sigstore"))
        .filter(|directory| std::fs::create_dir_all(directory).is_ok())
}

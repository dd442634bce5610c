//! The trust root, as the host's own library reads it.
//!
//! Invariant: fails closed. Without a trust root no keyless signature verifies, and that is said aloud.

use std::path::PathBuf;
use std::time::Duration;

use super::sigstore_rs::trust::sigstore::SigstoreTrustRoot;
use continuity_registry::TrustSource;

/// How long the public root is waited for. It is small; what takes longer than this is a network that drops packets.
const PATIENCE: Duration = Duration::from_secs(30);

/// The root, or nothing if there is none to be had.
pub(super) async fn trust_root(source: &TrustSource) -> Option<SigstoreTrustRoot> {
    let root = match source {
        TrustSource::Given(given) => {
            SigstoreTrustRoot::from_trusted_root_json_unchecked(given.json().as_bytes())
                .map_err(|error| error.to_string())
        }
        TrustSource::Nothing => return None,
        TrustSource::PublicGood => fetch().await,
    };
    root.inspect_err(|reason| {
        tracing::warn!(
            reason,
            "there is no usable Sigstore trust root: keyless signatures will not verify; \
             give one with --sigstore-trust-config"
        );
    })
    .ok()
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
fn cache_directory() -> Option<PathBuf> {
    dirs::cache_dir()
        .map(|cache| cache.join("continuity").join("sigstore"))
        .filter(|directory| std::fs::create_dir_all(directory).is_ok())
}

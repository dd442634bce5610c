//! Settings that nothing obeys yet: read and checked like the others, and refused where they would have to do something.
//!
//! Invariant: a setting is never accepted and then without effect: whoever writes `provenance: deny` counts on it. Each
//! function here is one setting; to lift the refusal is to use the plain reader in its place.

use super::guard::Guard;
use super::scope::ProvenanceMode;
use super::wire;
use serde::de::{Deserialize, Deserializer, Error};

/// `provenance`: nothing looks at provenance, so that only the values by which nothing is rejected are true.
pub(super) fn provenance<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<ProvenanceMode, D::Error> {
    match ProvenanceMode::deserialize(deserializer)? {
        ProvenanceMode::Deny => Err(D::Error::custom(
            "expected off or warn, got deny: this version rejects nothing for its provenance",
        )),
        mode @ (ProvenanceMode::Off | ProvenanceMode::Warn) => Ok(mode),
    }
}

/// `modifyImagesWithDigest`
pub(super) fn modify_images_with_digest<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<bool, D::Error> {
    if bool::deserialize(deserializer)? {
        return Err(D::Error::custom(
            "expected false, got true: this version modifies no images",
        ));
    }
    Ok(false)
}

/// `guard`
pub(super) fn guard<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Guard, D::Error> {
    let _: Guard = wire::object(deserializer)?;
    Err(D::Error::custom(
        "expected no guard: this version does not watch who writes baselines, RBAC has to",
    ))
}

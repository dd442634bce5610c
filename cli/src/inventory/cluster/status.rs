//! Which digest a container runs, by its pod's status.
//!
//! Invariant: only `repository@sha256:…` counts. A bare id is the digest of a configuration, under which no registry
//! has a manifest.

use serde_json::Value;
use signature_continuity::digest::Digest;
use signature_continuity::request::{ImageUse, ImageUser};

/// What a status says of an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Running {
    /// It runs, or ran, with this digest.
    As(Digest),
    /// It runs, or ran; with which digest is not said.
    Unnamed,
    /// Nothing: it was not started.
    Not,
}

/// What the status of `pod` says of this container's image.
pub(super) fn running(pod: &Value, image: &ImageUse<'_>) -> Running {
    match image_id(pod, image) {
        None | Some("") => Running::Not,
        Some(image_id) => digest_of(image_id).map_or(Running::Unnamed, Running::As),
    }
}

fn image_id<'p>(pod: &'p Value, image: &ImageUse<'_>) -> Option<&'p str> {
    let list = match image.by {
        ImageUser::Container => "containerStatuses",
        ImageUser::InitContainer => "initContainerStatuses",
        ImageUser::EphemeralContainer => "ephemeralContainerStatuses",
        ImageUser::Volume => return None,
    };
    let statuses = pod.get("status")?.get(list)?.as_array()?;
    let name = image.name?;
    let of_name = |status: &&Value| status.get("name").and_then(Value::as_str) == Some(name);
    statuses.iter().find(of_name)?.get("imageID")?.as_str()
}

/// `docker-pullable://ghcr.io/acme/api@sha256:…`, with or without the prefix of a runtime.
fn digest_of(image_id: &str) -> Option<Digest> {
    let name = image_id
        .split_once("://")
        .map_or(image_id, |(_, name)| name);
    let (repository, digest) = name.split_once('@')?;
    if repository.is_empty() {
        return None;
    }
    digest.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const DIGEST: &str = "sha256:9f3ac41d6e0b7a52c8d1f4e3b6a59788c0d2e4f61a3b5c7d9e8f0a1b2c3d4e5f";

    #[rstest]
    #[case("ghcr.io/acme/api@DIGEST")]
    #[case("docker-pullable://ghcr.io/acme/api@DIGEST")]
    #[case("mirror.corp.example:5000/acme/api@DIGEST")]
    fn a_repositorys_digest_is_taken(#[case] image_id: &str) {
        let found = digest_of(&image_id.replace("DIGEST", DIGEST));
        assert_eq!(found.map(String::from).as_deref(), Some(DIGEST));
    }

    #[rstest]
    #[case("")]
    #[case("DIGEST")]
    #[case("docker://DIGEST")]
    #[case("@DIGEST")]
    #[case("ghcr.io/acme/api:v1")]
    #[case("ghcr.io/acme/api@sha512:00")]
    #[case("ghcr.io/acme/api@DIGEST@DIGEST")]
    fn nothing_else_is(#[case] image_id: &str) {
        assert_eq!(digest_of(&image_id.replace("DIGEST", DIGEST)), None);
    }
}

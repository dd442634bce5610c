//! What a signed payload says: for which digest and repository it was made, and whom it introduces.
//!
//! Invariant: only what was signed is read here; what it names is somebody else's text and is cleaned before it is
//! shown. Only a payload that names this repository introduces anybody.

use std::collections::BTreeSet;

use serde::Deserialize;
use signature_continuity::clean::{SHOWN, clean};
use signature_continuity::digest::Digest;
use signature_continuity::reference::{ImageReference, Repository};
use signature_continuity::settings::Settings;
use signature_continuity::signer::SignerId;

use crate::observation::SignedRepository;

/// cosign's signature spec, "Simple Signing".
const TYPE: &str = "cosign container image signature";
const INTRODUCES: &str = "signature-continuity/introduces";
/// The most signers that one payload introduces.
const MOST_INTRODUCED: usize = 16;

/// A payload of simple signing.
#[derive(Debug, Deserialize)]
pub(super) struct Payload {
    critical: Critical,
    optional: Option<serde_json::Map<String, serde_json::Value>>,
}

#[derive(Debug, Deserialize)]
struct Critical {
    identity: Identity,
    image: Image,
    r#type: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Identity {
    #[serde(default)]
    docker_reference: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Image {
    docker_manifest_digest: String,
}

impl Payload {
    /// From the signed bytes, where they name exactly this digest.
    pub(super) fn naming(digest: &Digest, bytes: &[u8]) -> Option<Self> {
        let payload: Self = serde_json::from_slice(bytes).ok()?;
        (payload.critical.image.docker_manifest_digest == digest.as_str()).then_some(payload)
    }

    /// Whether it was made for `repository`, which is a name after aliases.
    pub(super) fn signed_repository(
        &self,
        repository: &Repository,
        settings: &Settings,
    ) -> SignedRepository {
        if self.critical.r#type != TYPE {
            return SignedRepository::Elsewhere(clean(
                &format!("a payload of the type {}", self.critical.r#type),
                SHOWN,
            ));
        }
        let named = &self.critical.identity.docker_reference;
        // Some tools write the tag too.
        let is_here = named.parse::<ImageReference>().is_ok_and(|reference| {
            let named = reference.repository();
            named == repository || settings.aliased(named) == *repository
        });
        if is_here {
            SignedRepository::Here
        } else {
            SignedRepository::Elsewhere(clean(named, SHOWN))
        }
    }

    /// Whom its annotations introduce: one id, or several with commas. A text that is no id introduces nobody.
    pub(super) fn introduces(&self) -> BTreeSet<SignerId> {
        let text = self
            .optional
            .as_ref()
            .and_then(|annotations| annotations.get(INTRODUCES))
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default();
        text.split(',')
            .take(MOST_INTRODUCED)
            .filter_map(|id| id.trim().parse().ok())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use continuity_testkit::sigstore::SimpleSigning;
    use rstest::rstest;

    use super::*;

    fn read(signing: &SimpleSigning) -> Payload {
        Payload::naming(&Digest::of(b""), &signing.bytes()).unwrap()
    }

    fn cosign(reference: &str) -> SimpleSigning {
        SimpleSigning::cosign(reference, Digest::of(b"").as_str())
    }

    fn settings() -> Settings {
        Settings::parse(br#"{"aliases": [{"from": "mirror.example/ghcr/**", "to": "ghcr.io/**"}]}"#)
            .unwrap()
    }

    #[rstest]
    #[case::same("ghcr.io/acme/api", "ghcr.io/acme/api", true)]
    #[case::tag("ghcr.io/acme/api:v1", "ghcr.io/acme/api", true)]
    #[case::alias("mirror.example/ghcr/acme/api", "ghcr.io/acme/api", true)]
    #[case::docker_hub("index.docker.io/library/nginx", "docker.io/library/nginx", true)]
    #[case::short("nginx", "docker.io/library/nginx", true)]
    #[case::longer("ghcr.io/acme/api2", "ghcr.io/acme/api", false)]
    #[case::empty("", "ghcr.io/acme/api", false)]
    #[case::no_reference("ghcr.io/acme/api\u{202e}", "ghcr.io/acme/api", false)]
    fn knows_its_home(#[case] named: &str, #[case] repository: &str, #[case] here: bool) {
        let signed_repository =
            read(&cosign(named)).signed_repository(&repository.parse().unwrap(), &settings());
        assert_eq!(
            signed_repository == SignedRepository::Here,
            here,
            "{signed_repository:?}"
        );
    }

    #[test]
    fn a_payload_of_another_type_is_elsewhere() {
        let mut signing = cosign("ghcr.io/acme/api");
        signing.kind = "something\nelse".to_owned();
        assert_eq!(
            read(&signing).signed_repository(&"ghcr.io/acme/api".parse().unwrap(), &settings()),
            SignedRepository::Elsewhere("a payload of the type something?else".to_owned())
        );
    }

    #[test]
    fn names_exactly_one_digest() {
        let bytes = cosign("r").bytes();
        assert!(Payload::naming(&Digest::of(b"other"), &bytes).is_none());
        assert!(Payload::naming(&Digest::of(b""), b"{}").is_none());
    }

    #[rstest]
    #[case::one("{a}", 1)]
    #[case::several("{a}, {b}", 2)]
    #[case::short("7c1f09ab42de", 0)]
    #[case::mixed("{a},nobody", 1)]
    #[case::none("", 0)]
    fn reads_introductions(#[case] text: &str, #[case] count: usize) {
        let text = text
            .replace("{a}", &"a".repeat(64))
            .replace("{b}", &"b".repeat(64));
        let payload = read(&cosign("r").with_annotation(INTRODUCES, &text));
        assert_eq!(payload.introduces().len(), count);
        assert!(read(&cosign("r")).introduces().is_empty());
    }
}

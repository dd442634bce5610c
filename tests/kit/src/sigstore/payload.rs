//! The signed text of an image signature, byte for byte as cosign writes it.
//!
//! Invariant: [`SimpleSigning::cosign`] without changes gives cosign's default payload.

use std::collections::BTreeMap;

use serde::Serialize;

/// The fields of a simple-signing payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimpleSigning {
    /// The repository for which the signature was made.
    pub reference: String,
    /// The digest that is signed.
    pub digest: String,
    /// `cosign container image signature` unless it was made for something else.
    pub kind: String,
    /// Signed annotations; cosign writes `null` where there are none.
    pub optional: Option<BTreeMap<String, serde_json::Value>>,
}

impl SimpleSigning {
    /// What `cosign sign REPOSITORY@DIGEST` signs.
    #[must_use]
    pub fn cosign(repository: &str, digest: &str) -> Self {
        Self {
            reference: repository.to_owned(),
            digest: digest.to_owned(),
            kind: "cosign container image signature".to_owned(),
            optional: None,
        }
    }

    /// The same with one more signed annotation, as `cosign sign -a KEY=VALUE` adds it.
    #[must_use]
    pub fn with_annotation(mut self, key: &str, value: &str) -> Self {
        self.optional
            .get_or_insert_default()
            .insert(key.to_owned(), value.into());
        self
    }

    /// The bytes that are signed.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let payload = Payload {
            critical: Critical {
                identity: Identity {
                    docker_reference: &self.reference,
                },
                image: Image {
                    docker_manifest_digest: &self.digest,
                },
                kind: &self.kind,
            },
            optional: self.optional.as_ref(),
        };
        let json = serde_json::to_string(&payload).unwrap_or_default();
        // Go's encoder escapes these three in strings; they stand nowhere else in JSON.
        json.replace('&', "\\u0026")
            .replace('<', "\\u003c")
            .replace('>', "\\u003e")
            .into_bytes()
    }
}

#[derive(Serialize)]
struct Payload<'a> {
    critical: Critical<'a>,
    optional: Option<&'a BTreeMap<String, serde_json::Value>>,
}

#[derive(Serialize)]
struct Critical<'a> {
    identity: Identity<'a>,
    image: Image<'a>,
    #[serde(rename = "type")]
    kind: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Identity<'a> {
    docker_reference: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Image<'a> {
    docker_manifest_digest: &'a str,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn is_cosigns_default_payload() {
        let bytes = SimpleSigning::cosign("ghcr.io/acme/api", "sha256:00").bytes();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            r#"{"critical":{"identity":{"docker-reference":"ghcr.io/acme/api"},"image":{"docker-manifest-digest":"sha256:00"},"type":"cosign container image signature"},"optional":null}"#
        );
    }

    #[test]
    fn carries_signed_annotations() {
        let bytes = SimpleSigning::cosign("r", "d")
            .with_annotation("introduces", "a<b")
            .bytes();
        assert!(
            String::from_utf8(bytes)
                .unwrap()
                .ends_with(r#""optional":{"introduces":"a\u003cb"}}"#)
        );
    }
}

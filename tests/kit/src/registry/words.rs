//! What registries say in place of a manifest: status, headers and body, as each of them writes it.
//!
//! Invariant: the body is the registry's own down to the order of its fields, since hosts repeat what they do not
//! understand word for word.

use serde_json::json;

use super::faults::Answer;

/// A registry, or a state of one, and what it says then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Words {
    /// Absent: the reference implementation.
    Distribution,
    /// Absent: Docker Hub.
    DockerHub,
    /// Absent: GitHub.
    Ghcr,
    /// Absent: Quay.
    Quay,
    /// Absent, since the tag has expired, under a code of Quay's own.
    QuayExpired,
    /// Absent: Zot.
    Zot,
    /// Absent: Amazon ECR.
    Ecr,
    /// Absent: JFrog Artifactory.
    Jfrog,
    /// Absent: Harbor.
    Harbor,
    /// Absent: Azure.
    Acr,
    /// Absent: Google.
    Google,
    /// Absent: Pulp.
    Pulp,
    /// Absent: the two words the other way round.
    UnknownManifest,
    /// The repository is absent.
    NameUnknown,
    /// 404 with an empty list of errors.
    EmptyList,
    /// 404 with an error whose message is empty.
    EmptyMessage,
    /// 404 with an error that has no message at all.
    NoMessage,
    /// 404 with a body that is no error of OCI's.
    NoEnvelope,
    /// 404 with an error of OCI's in words that nobody uses.
    Unheard,
    /// 401 with an error of OCI's.
    Unauthorized,
    /// 401 without a body.
    BareUnauthorized,
    /// 403 with an error of OCI's.
    Denied,
    /// 403 from something in front of the registry.
    BareForbidden,
    /// 429: Docker Hub.
    RateLimited,
    /// 429 from something in front of the registry.
    BareRateLimited,
    /// 503 from something in front of the registry.
    Unavailable,
    /// 503 with an error of OCI's.
    UnavailableEnvelope,
    /// 200 and a page for people.
    Page,
    /// 200 and JSON that is no manifest.
    OtherJson,
    /// 200 and a manifest of schema 1.
    SchemaOne,
}

impl Words {
    /// All of them.
    pub const ALL: [Self; 30] = [
        Self::Distribution,
        Self::DockerHub,
        Self::Ghcr,
        Self::Quay,
        Self::QuayExpired,
        Self::Zot,
        Self::Ecr,
        Self::Jfrog,
        Self::Harbor,
        Self::Acr,
        Self::Google,
        Self::Pulp,
        Self::UnknownManifest,
        Self::NameUnknown,
        Self::EmptyList,
        Self::EmptyMessage,
        Self::NoMessage,
        Self::NoEnvelope,
        Self::Unheard,
        Self::Unauthorized,
        Self::BareUnauthorized,
        Self::Denied,
        Self::BareForbidden,
        Self::RateLimited,
        Self::BareRateLimited,
        Self::Unavailable,
        Self::UnavailableEnvelope,
        Self::Page,
        Self::OtherJson,
        Self::SchemaOne,
    ];

    /// The body, where the manifest `reference` of `repository` was asked for.
    #[must_use]
    pub fn body(self, repository: &str, reference: &str) -> String {
        let separator = if reference.contains(':') { '@' } else { ':' };
        // serde_json sorts fields; where a registry has another order it is written out.
        let unknown = |message: &str| error("MANIFEST_UNKNOWN", message);
        match self {
            Self::Distribution => format!(
                r#"{{"errors":[{{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{{"Tag":"{reference}"}}}}]}}"#
            ),
            Self::DockerHub => format!(
                r#"{{"errors":[{{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":"unknown tag={reference}"}}]}}"#
            ),
            Self::Ghcr => r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#.to_owned(),
            Self::Quay => {
                r#"{"errors":[{"code":"MANIFEST_UNKNOWN","detail":{},"message":"manifest unknown"}]}"#.to_owned()
            }
            Self::QuayExpired => {
                let message =
                    format!("Tag {reference} was deleted or has expired. To pull, revive via time machine");
                format!(
                    r#"{{"errors":[{{"code":"TAG_EXPIRED","detail":{{"message":"{message}"}},"message":"{message}"}}]}}"#
                )
            }
            Self::Zot => format!(
                r#"{{"errors":[{{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","description":"This error is returned when the manifest, identified by name and tag is unknown to the repository.","detail":{{"reference":"{reference}"}}}}]}}"#
            ),
            Self::Ecr => unknown("Requested image not found"),
            Self::Jfrog => unknown("The named manifest is not known to the registry."),
            Self::Harbor => error(
                "NOT_FOUND",
                &format!("artifact {repository}{separator}{reference} not found"),
            ),
            Self::Acr if separator == '@' => unknown(&format!("manifest {reference} is not found")),
            Self::Acr => unknown(&format!("manifest tagged by \"{reference}\" is not found")),
            Self::Google => unknown(&format!("Failed to fetch \"{reference}\"")),
            Self::Pulp => unknown("Manifest not found."),
            Self::UnknownManifest => unknown("Unknown manifest"),
            Self::NameUnknown => error("NAME_UNKNOWN", "repository name not known to registry"),
            Self::EmptyList => r#"{"errors":[]}"#.to_owned(),
            Self::EmptyMessage => unknown(""),
            Self::NoMessage => r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#.to_owned(),
            Self::NoEnvelope => "404 page not found\n".to_owned(),
            Self::Unheard => unknown("the cupboard is bare"),
            Self::Unauthorized => error("UNAUTHORIZED", "authentication required"),
            Self::BareUnauthorized => String::new(),
            Self::Denied => error("DENIED", "requested access to the resource is denied"),
            Self::BareForbidden => "Forbidden".to_owned(),
            Self::RateLimited => error(
                "TOOMANYREQUESTS",
                "You have reached your pull rate limit.",
            ),
            Self::BareRateLimited => "Too Many Requests".to_owned(),
            Self::Unavailable => "no healthy upstream".to_owned(),
            Self::UnavailableEnvelope => error("UNAVAILABLE", "service unavailable"),
            Self::Page => "<!doctype html><title>Sign in</title>".to_owned(),
            Self::OtherJson => r#"{"status":"ok"}"#.to_owned(),
            Self::SchemaOne => {
                format!(r#"{{"schemaVersion":1,"name":"{repository}","tag":"{reference}","fsLayers":[],"history":[]}}"#)
            }
        }
    }

    fn status(self) -> u16 {
        match self {
            Self::Page | Self::OtherJson | Self::SchemaOne => 200,
            Self::Unauthorized | Self::BareUnauthorized => 401,
            Self::Denied | Self::BareForbidden => 403,
            Self::RateLimited | Self::BareRateLimited => 429,
            Self::Unavailable | Self::UnavailableEnvelope => 503,
            Self::Distribution
            | Self::DockerHub
            | Self::Ghcr
            | Self::Quay
            | Self::QuayExpired
            | Self::Zot
            | Self::Ecr
            | Self::Jfrog
            | Self::Harbor
            | Self::Acr
            | Self::Google
            | Self::Pulp
            | Self::UnknownManifest
            | Self::NameUnknown
            | Self::EmptyList
            | Self::EmptyMessage
            | Self::NoMessage
            | Self::NoEnvelope
            | Self::Unheard => 404,
        }
    }

    pub(super) fn answer(self, repository: &str, reference: &str) -> Answer {
        let body = self.body(repository, reference);
        let content_type = if self == Self::SchemaOne {
            "application/vnd.docker.distribution.manifest.v1+prettyjws"
        } else if body.starts_with('{') {
            "application/json"
        } else if body.starts_with('<') {
            "text/html; charset=utf-8"
        } else {
            "text/plain; charset=utf-8"
        };
        let answer = Answer::new(self.status(), content_type, body.into_bytes());
        if self == Self::RateLimited {
            return answer
                .with("ratelimit-limit", "100;w=21600")
                .with("ratelimit-remaining", "0;w=21600");
        }
        answer
    }
}

fn error(code: &str, message: &str) -> String {
    json!({"errors": [{"code": code, "message": message, "detail": {}}]}).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_registry_is_listed_once() {
        let listed: HashSet<Words> = Words::ALL.into_iter().collect();
        assert_eq!(listed.len(), Words::ALL.len());
    }

    #[test]
    fn whatever_looks_like_json_is() {
        for words in Words::ALL {
            for reference in ["v1", "sha256:00"] {
                let body = words.body("acme/api", reference);
                let is_json = serde_json::from_str::<serde_json::Value>(&body).is_ok();
                assert_eq!(is_json, body.starts_with('{'), "{words:?}: {body}");
            }
        }
    }
}

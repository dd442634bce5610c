//! Ways in which a registry fails, in the words that real ones use.
//!
//! Invariant: a fault is answered to reading (GET and HEAD) of what its rule matches, and to nothing else.

use std::time::Duration;

use serde_json::json;

use super::Words;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// What to answer in place of the truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A bare status with a body that is not JSON: 503 and its kin.
    Status(u16),
    /// 429 in the words of Docker Hub.
    RateLimited,
    /// 401 without a challenge.
    Unauthorized,
    /// 403 with an OCI body.
    Denied,
    /// Absent, as this registry would say it.
    Absent(Absence),
    /// In the words of this registry.
    Says(Words),
    /// Any status, content type and body.
    Body {
        /// The status.
        status: u16,
        /// The content type.
        content_type: String,
        /// The body.
        body: Vec<u8>,
    },
    /// A status, 429 or 503, with a `Retry-After` of this text.
    RetryAfter(u16, String),
    /// A redirect to this address.
    Redirect(String),
    /// 200, and that what is there has this digest.
    Means(String),
    /// 200 and bytes that are no JSON.
    Garbage,
    /// Nothing for so long, then the truth.
    Hang(Duration),
}

/// The words of registries for "no such tag".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// Distribution, Docker Hub, GHCR, Quay, Zot.
    Distribution,
    /// Amazon ECR.
    Ecr,
    /// JFrog Artifactory.
    Jfrog,
    /// Harbor.
    Harbor,
    /// Azure.
    Acr,
    /// Google Artifact Registry.
    Google,
    /// The repository itself is absent.
    Repository,
    /// 404 without an OCI body.
    NoBody,
    /// 404 with an OCI body in words that nobody uses.
    Unheard,
}

impl Absence {
    /// Every registry whose words are known to mean "absent".
    pub const KNOWN: [Self; 7] = [
        Self::Distribution,
        Self::Ecr,
        Self::Jfrog,
        Self::Harbor,
        Self::Acr,
        Self::Google,
        Self::Repository,
    ];

    fn words(self, repository: &str, reference: &str) -> Option<(&'static str, String)> {
        let manifest_unknown = "MANIFEST_UNKNOWN";
        Some(match self {
            Self::Distribution => (manifest_unknown, "manifest unknown".to_owned()),
            Self::Ecr => (manifest_unknown, "Requested image not found".to_owned()),
            Self::Jfrog => (
                manifest_unknown,
                "The named manifest is not known to the registry.".to_owned(),
            ),
            Self::Harbor => (
                "NOT_FOUND",
                format!("artifact {repository}:{reference} not found"),
            ),
            Self::Acr => (
                manifest_unknown,
                format!("manifest tagged by \"{reference}\" is not found"),
            ),
            Self::Google => (manifest_unknown, format!("Failed to fetch \"{reference}\"")),
            Self::Repository => (
                "NAME_UNKNOWN",
                "repository name not known to registry".to_owned(),
            ),
            Self::Unheard => (manifest_unknown, "the cupboard is bare".to_owned()),
            Self::NoBody => return None,
        })
    }
}

/// A status, a content type and a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub(super) fn new(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Self {
            status,
            content_type: content_type.to_owned(),
            body,
            headers: Vec::new(),
        }
    }

    pub(super) fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((header, value.into()));
        self
    }

    pub(super) fn oci(status: u16, code: &str, message: &str) -> Self {
        let body = json!({"errors": [{"code": code, "message": message, "detail": null}]});
        Self::new(status, "application/json", body.to_string().into_bytes())
    }

    fn text(status: u16, body: &str) -> Self {
        Self::new(status, "text/plain", body.as_bytes().to_vec())
    }
}

impl Fault {
    /// What is answered; nothing where the truth follows after all.
    pub(super) fn answer(&self, repository: &str, reference: &str) -> Option<Answer> {
        Some(match self {
            Self::Status(status) => Answer::text(*status, "out of order"),
            Self::RateLimited => Answer::oci(
                429,
                "TOOMANYREQUESTS",
                "You have reached your pull rate limit.",
            ),
            Self::Unauthorized => Answer::oci(401, "UNAUTHORIZED", "authentication required"),
            Self::Denied => {
                Answer::oci(403, "DENIED", "requested access to the resource is denied")
            }
            Self::Absent(absence) => match absence.words(repository, reference) {
                Some((code, message)) => Answer::oci(404, code, &message),
                None => Answer::text(404, "404 page not found"),
            },
            Self::Says(words) => words.answer(repository, reference),
            Self::Body {
                status,
                content_type,
                body,
            } => Answer::new(*status, content_type, body.clone()),
            Self::RetryAfter(status, after) => {
                Answer::text(*status, "come back later").with("retry-after", after)
            }
            Self::Redirect(address) => Answer::text(307, "elsewhere").with("location", address),
            Self::Means(digest) => {
                Answer::new(200, MANIFEST, b"{}".to_vec()).with("docker-content-digest", digest)
            }
            Self::Garbage => Answer::new(200, MANIFEST, b"\x00<html>not a manifest".to_vec()),
            Self::Hang(_) => return None,
        })
    }
}

/// Where and when a fault applies. Patterns know `*`, any number of any characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRule {
    repository: String,
    reference: String,
    fault: Fault,
    spare: u32,
    times: Option<u32>,
}

impl FaultRule {
    /// `fault` for every tag and digest that `reference` matches, of every repository that `repository` matches.
    #[must_use]
    pub fn new(repository: &str, reference: &str, fault: Fault) -> Self {
        Self {
            repository: repository.to_owned(),
            reference: reference.to_owned(),
            fault,
            spare: 0,
            times: None,
        }
    }

    /// Only after `count` matching requests have been answered truthfully. One look-up can be two
    /// requests: clients ask HEAD, then GET.
    #[must_use]
    pub fn after(mut self, count: u32) -> Self {
        self.spare = count;
        self
    }

    /// Only `count` times.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.times = Some(count);
        self
    }

    /// The fault for this request, if the rule applies; counts the request.
    pub(super) fn strike(&mut self, repository: &str, reference: &str) -> Option<Fault> {
        if !matches(&self.repository, repository) || !matches(&self.reference, reference) {
            return None;
        }
        if self.spare > 0 {
            self.spare -= 1;
            return None;
        }
        if let Some(times) = &mut self.times {
            *times = times.checked_sub(1)?;
        }
        Some(self.fault.clone())
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
            tail.char_indices()
                .map(|(at, _)| at)
                .chain([tail.len()])
                .any(|at| matches(rest, tail.split_at(at).1))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_patterns() {
        assert!(matches("*", "acme/api"));
        assert!(matches("acme/*", "acme/api"));
        assert!(matches("sha256-*.sig", "sha256-00.sig"));
        assert!(!matches("sha256-*.sig", "sha256-00"));
        assert!(!matches("acme/api", "acme/api2"));
    }

    #[test]
    fn strikes_after_and_so_many_times() {
        let mut rule = FaultRule::new("*", "v1", Fault::Denied).after(1).times(2);
        assert_eq!(rule.strike("acme/api", "v2"), None);
        assert_eq!(rule.strike("acme/api", "v1"), None);
        assert_eq!(rule.strike("acme/api", "v1"), Some(Fault::Denied));
        assert_eq!(rule.strike("acme/api", "v1"), Some(Fault::Denied));
        assert_eq!(rule.strike("acme/api", "v1"), None);
    }
}

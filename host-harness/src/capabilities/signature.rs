//! What a signature has to satisfy, in the words that the host uses when it does not.
//!
//! Invariant: the YAML of a [`Signature`] is part of an error text that policies read, so its fields and their order
//! are the host's.

use std::collections::BTreeMap;

use serde::Serialize;
use sigstore::cosign::SignatureLayer;
use sigstore::cosign::signature_layers::{CertificateSignature, CertificateSubject};
use sigstore::cosign::verification_constraint::{
    AnnotationVerifier, PublicKeyVerifier, VerificationConstraint,
};
use sigstore::errors::{Result, SigstoreError};
use url::Url;

const GITHUB_ACTIONS: &str = "https://token.actions.githubusercontent.com";

/// One demand.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub(crate) enum Signature {
    PubKey {
        owner: Option<String>,
        key: String,
        annotations: Option<BTreeMap<String, String>>,
    },
    GenericIssuer {
        issuer: String,
        subject: Subject,
        annotations: Option<BTreeMap<String, String>>,
    },
    GithubAction {
        owner: String,
        repo: Option<String>,
        annotations: Option<BTreeMap<String, String>>,
    },
}

/// A demand on the subject of a certificate.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Subject {
    Equal(String),
    UrlPrefix(Url),
}

impl Signature {
    /// What checks it, if it can be checked at all.
    pub(crate) fn constraint(&self) -> Result<Box<dyn VerificationConstraint>> {
        Ok(match self {
            Self::PubKey {
                key, annotations, ..
            } => Box::new(SignedByKey {
                key: PublicKeyVerifier::try_from(key.as_bytes())?,
                annotations: annotated(annotations),
            }),
            Self::GenericIssuer {
                issuer,
                subject,
                annotations,
            } => Box::new(SignedBySubject {
                issuer: issuer.clone(),
                subject: subject.clone(),
                annotations: annotated(annotations),
            }),
            Self::GithubAction {
                owner,
                repo,
                annotations,
            } => Box::new(SignedInGitHub {
                owner: owner.clone(),
                repository: repo.clone(),
                annotations: annotated(annotations),
            }),
        })
    }
}

fn annotated(annotations: &Option<BTreeMap<String, String>>) -> Option<AnnotationVerifier> {
    annotations.as_ref().map(|annotations| AnnotationVerifier {
        annotations: annotations.clone(),
    })
}

fn carries(annotations: &Option<AnnotationVerifier>, layer: &SignatureLayer) -> Result<bool> {
    annotations
        .as_ref()
        .map_or(Ok(true), |annotations| annotations.verify(layer))
}

#[derive(Debug)]
struct SignedByKey {
    key: PublicKeyVerifier,
    annotations: Option<AnnotationVerifier>,
}

impl VerificationConstraint for SignedByKey {
    fn verify(&self, layer: &SignatureLayer) -> Result<bool> {
        Ok(self.key.verify(layer)? && carries(&self.annotations, layer)?)
    }
}

#[derive(Debug)]
struct SignedBySubject {
    issuer: String,
    subject: Subject,
    annotations: Option<AnnotationVerifier>,
}

impl VerificationConstraint for SignedBySubject {
    fn verify(&self, layer: &SignatureLayer) -> Result<bool> {
        let Some(certificate) = &layer.certificate_signature else {
            return Ok(false);
        };
        let subject = subject_of(certificate);
        let fits = match &self.subject {
            Subject::Equal(expected) => subject == expected,
            Subject::UrlPrefix(prefix) => {
                // A slash at its end keeps `…/acme` from matching `…/acme-evil`.
                let prefix = prefix.as_str();
                let slash = if prefix.ends_with('/') { "" } else { "/" };
                subject.starts_with(&format!("{prefix}{slash}"))
            }
        };
        Ok(fits
            && certificate.issuer.as_ref() == Some(&self.issuer)
            && carries(&self.annotations, layer)?)
    }
}

#[derive(Debug)]
struct SignedInGitHub {
    owner: String,
    repository: Option<String>,
    annotations: Option<AnnotationVerifier>,
}

impl VerificationConstraint for SignedInGitHub {
    fn verify(&self, layer: &SignatureLayer) -> Result<bool> {
        let Some(certificate) = &layer.certificate_signature else {
            return Ok(false);
        };
        let CertificateSubject::Uri(subject) = &certificate.subject else {
            return Ok(false);
        };
        if certificate.issuer.as_deref() != Some(GITHUB_ACTIONS) {
            return Ok(false);
        }
        let url = Url::parse(subject)
            .ok()
            .filter(|url| url.host_str() == Some("github.com"))
            .ok_or_else(|| {
                SigstoreError::VerificationConstraintError(format!(
                    "not a workflow on github.com: {subject}"
                ))
            })?;
        let mut segments = url.path_segments().into_iter().flatten();
        let owner = segments.next();
        let repository = segments.next();
        Ok(owner == Some(self.owner.as_str())
            && self
                .repository
                .as_deref()
                .is_none_or(|expected| repository == Some(expected))
            && carries(&self.annotations, layer)?)
    }
}

fn subject_of(certificate: &CertificateSignature) -> &str {
    match &certificate.subject {
        CertificateSubject::Email(email) => email,
        CertificateSubject::Uri(uri) => uri,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn prints_demands_as_the_host_does() {
        let key = Signature::PubKey {
            owner: None,
            key: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n".to_owned(),
            annotations: None,
        };
        assert_eq!(
            yaml_serde::to_string(&key).unwrap(),
            "kind: pubKey\nowner: null\nkey: |\n  -----BEGIN PUBLIC KEY-----\n  AAAA\n  \
             -----END PUBLIC KEY-----\nannotations: null\n"
        );
        let subject = Signature::GenericIssuer {
            issuer: "https://i".to_owned(),
            subject: Subject::Equal("s".to_owned()),
            annotations: None,
        };
        assert_eq!(
            yaml_serde::to_string(&subject).unwrap(),
            "kind: genericIssuer\nissuer: https://i\nsubject: !equal s\nannotations: null\n"
        );
    }

    #[test]
    fn rejects_keys_that_do_not_parse() {
        let key = Signature::PubKey {
            owner: None,
            key: "no key".to_owned(),
            annotations: None,
        };
        assert!(key.constraint().is_err());
    }
}

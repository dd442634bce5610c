//! What checks that a layer is what a [`Signature`] demands.
//!
//! Invariant: a demand is satisfied as the host satisfies it, also where that proves less than its name says: the
//! identity of a certificate is no proof that its key made the signature.

use std::collections::BTreeMap;

use url::Url;

use super::sigstore_rs::cosign::SignatureLayer;
use super::sigstore_rs::cosign::signature_layers::{CertificateSignature, CertificateSubject};
use super::sigstore_rs::cosign::verification_constraint::{
    AnnotationVerifier, PublicKeyVerifier, VerificationConstraint,
};
use super::sigstore_rs::errors::{Result, SigstoreError};
use crate::capabilities::signature::{Signature, Subject};

const GITHUB_ACTIONS: &str = "https://token.actions.githubusercontent.com";

/// What checks a demand, if it can be checked at all.
pub(super) fn constraint(demand: &Signature) -> Result<Box<dyn VerificationConstraint>> {
    Ok(match demand {
        Signature::PubKey {
            key, annotations, ..
        } => Box::new(SignedByKey {
            key: PublicKeyVerifier::try_from(key.as_bytes())?,
            annotations: annotated(annotations),
        }),
        Signature::GenericIssuer {
            issuer,
            subject,
            annotations,
        } => Box::new(SignedBySubject {
            issuer: issuer.clone(),
            subject: subject.clone(),
            annotations: annotated(annotations),
        }),
        Signature::GithubAction {
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
    use super::*;

    #[test]
    fn rejects_keys_that_do_not_parse() {
        let key = Signature::PubKey {
            owner: None,
            key: "no key".to_owned(),
            annotations: None,
        };
        assert!(constraint(&key).is_err());
    }
}

//! What a signature has to satisfy, in the words that the host uses when it does not.
//!
//! Invariant: the YAML of a [`Signature`] is part of an error text that policies read, so its fields and their order
//! are the host's.

use std::collections::BTreeMap;

use serde::Serialize;
use url::Url;

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
}

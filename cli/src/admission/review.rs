//! Whatever describes a request: an AdmissionReview, the request in it, or a manifest that is about to be applied.
//!
//! Invariant: one file is one request. What holds several is refused, since judging the first of them would say nothing
//! about the rest.

use serde::Deserialize as _;
use serde_json::Value;
use thiserror::Error;

use super::manifest;

/// A request to be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    request: Value,
}

/// Why something is no request.
#[derive(Debug, Error)]
pub enum ReviewError {
    /// Neither JSON nor YAML.
    #[error("neither JSON nor YAML")]
    Unparsable(#[source] yaml_serde::Error),
    /// More than one YAML document.
    #[error("expected one object, got {0} YAML documents; give them one file each")]
    Several(usize),
    /// A list of objects.
    #[error("expected one object, got a {0}; give its items one file each")]
    List(String),
    /// An AdmissionReview that asks nothing.
    #[error("the AdmissionReview has no `request`; is it a response?")]
    NoRequest,
    /// Something else.
    #[error(
        "expected an AdmissionReview, an AdmissionRequest or a manifest with `apiVersion` and `kind`, got {0}"
    )]
    SomethingElse(&'static str),
}

impl Review {
    /// Parses JSON or YAML.
    ///
    /// # Errors
    /// When it is not exactly one request.
    pub fn parse(text: &str) -> Result<Self, ReviewError> {
        Self::from_value(parse_one(text)?)
    }

    /// Takes a request out of whatever it comes in.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_value(mut value: Value) -> Result<Self, ReviewError> {
        let kind = value.get("kind").and_then(Value::as_str);
        let api_version = value.get("apiVersion").and_then(Value::as_str);
        match (api_version, kind) {
            (Some(version), Some("AdmissionReview"))
                if version.starts_with("admission.k8s.io/") =>
            {
                match value.get_mut("request").map(Value::take) {
                    Some(request @ Value::Object(_)) => Ok(Self { request }),
                    Some(_) | None => Err(ReviewError::NoRequest),
                }
            }
            (Some(_), Some(kind)) if kind.ends_with("List") && value.get("items").is_some() => {
                Err(ReviewError::List(kind.to_owned()))
            }
            (Some(_), Some(_)) => Ok(Self {
                request: manifest::create_request(value),
            }),
            _ if value.get("uid").is_some() && value.get("operation").is_some() => {
                Ok(Self { request: value })
            }
            _ => Err(ReviewError::SomethingElse(describe(&value))),
        }
    }

    /// The AdmissionRequest.
    #[must_use]
    pub fn request(&self) -> &Value {
        &self.request
    }

    /// The request's id; empty where it has none.
    #[must_use]
    pub fn uid(&self) -> &str {
        self.request
            .get("uid")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

fn parse_one(text: &str) -> Result<Value, ReviewError> {
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    let mut documents = Vec::new();
    for document in yaml_serde::Deserializer::from_str(text) {
        let value = Value::deserialize(document).map_err(ReviewError::Unparsable)?;
        if !value.is_null() {
            documents.push(value);
        }
    }
    let count = documents.len();
    match (documents.pop(), count) {
        (Some(value), 1) => Ok(value),
        (None, _) => Ok(Value::Null),
        (Some(_), count) => Err(ReviewError::Several(count)),
    }
}

fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) | Value::Number(_) | Value::String(_) => "a scalar",
        Value::Array(_) => "a list",
        Value::Object(_) => "another object",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::v1(
        r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u"}}"#
    )]
    #[case::v1beta1(
        "apiVersion: admission.k8s.io/v1beta1\nkind: AdmissionReview\nrequest: {uid: u}"
    )]
    #[case::request("---\nuid: u\noperation: UPDATE\nkind: {kind: Pod}\n---\n")]
    fn accepts_requests(#[case] text: &str) {
        assert_eq!(Review::parse(text).unwrap().uid(), "u");
    }

    #[test]
    fn accepts_manifests_as_creations() {
        let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\n";
        let review = Review::parse(text).unwrap();
        let request = review.request();
        for (pointer, expected) in [
            ("/operation", json!("CREATE")),
            ("/namespace", json!("default")),
            ("/name", json!("api")),
            (
                "/kind",
                json!({"group": "apps", "version": "v1", "kind": "Deployment"}),
            ),
            (
                "/resource",
                json!({"group": "apps", "version": "v1", "resource": "deployments"}),
            ),
            ("/object/metadata/namespace", json!("default")),
            ("/oldObject", Value::Null),
        ] {
            assert_eq!(request.pointer(pointer), Some(&expected), "{pointer}");
        }
        // Without a user it would pass for the audit scanner.
        assert!(
            request
                .pointer("/userInfo/username")
                .is_some_and(Value::is_string)
        );
    }

    #[rstest]
    #[case::documents(
        "apiVersion: v1\nkind: Pod\n---\napiVersion: v1\nkind: Pod\n",
        "got 2 YAML documents"
    )]
    #[case::list("apiVersion: v1\nkind: List\nitems: []", "got a List")]
    #[case::response(
        r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{}}"#,
        "is it a response?"
    )]
    #[case::null_request(
        r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":null}"#,
        "is it a response?"
    )]
    #[case::empty("", "got nothing")]
    #[case::text("hello", "got a scalar")]
    #[case::array("[]", "got a list")]
    #[case::other("{a: 1}", "got another object")]
    #[case::broken("{a: [}", "neither JSON nor YAML")]
    fn rejects_everything_else(#[case] text: &str, #[case] expected: &str) {
        let error = Review::parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

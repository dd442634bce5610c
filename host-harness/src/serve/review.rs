//! The AdmissionReview that an API server sends.
//!
//! Invariant: a policy gets to see the fields that policy-server passes on, and no others: what is `null` or unknown is left
//! out. What is no AdmissionReview is refused with policy-server's statuses, and no policy is asked about it.

use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use signature_continuity::clean::clean;

use continuity_cli::admission::Review;

/// As much of a name as a log line shows.
const SHOWN: usize = 253;

/// A request, and what logs say of it.
#[derive(Debug)]
pub(crate) struct ReceivedReview {
    /// What the policy judges.
    pub(crate) review: Review,
    /// The request's namespace.
    pub(crate) namespace: Option<String>,
    /// What is done to what, for people.
    pub(crate) summary: String,
}

/// Why something is no AdmissionReview.
#[derive(Debug, thiserror::Error)]
#[error("the request is no AdmissionReview: {0}")]
pub(crate) struct NoReview(#[from] serde_json::Error);

impl NoReview {
    /// The status that policy-server answers with.
    pub(crate) fn status(&self) -> StatusCode {
        if self.0.is_data() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::BAD_REQUEST
        }
    }
}

#[derive(Deserialize)]
struct AdmissionReview {
    request: AdmissionRequest,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AdmissionRequest {
    uid: String,
    kind: Kind,
    resource: ResourceName,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_resource: Option<ResourceName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_sub_resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    operation: String,
    user_info: serde_json::Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_object: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Value>,
}

#[derive(Serialize, Deserialize)]
struct Kind {
    group: String,
    version: String,
    kind: String,
}

#[derive(Serialize, Deserialize)]
struct ResourceName {
    group: String,
    version: String,
    resource: String,
}

impl ReceivedReview {
    /// Parses the body of a request.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, NoReview> {
        let AdmissionReview { request } = serde_json::from_slice(body)?;
        let summary = summary(&request);
        let namespace = request.namespace.clone();
        let review = Review::from_value(serde_json::to_value(request)?)
            .map_err(<serde_json::Error as serde::de::Error>::custom)?;
        Ok(Self {
            review,
            namespace,
            summary,
        })
    }
}

fn summary(request: &AdmissionRequest) -> String {
    let subresource = request.sub_resource.as_deref().filter(|it| !it.is_empty());
    let text = format!(
        "{} {}{}{} {}/{}",
        request.operation,
        request.kind.kind,
        if subresource.is_some() { "/" } else { "" },
        subresource.unwrap_or_default(),
        request.namespace.as_deref().unwrap_or_default(),
        request.name.as_deref().unwrap_or_default(),
    );
    clean(&text, SHOWN)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn request() -> Value {
        json!({
            "uid": "u",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "namespace": "prod", "operation": "UPDATE", "name": "a\u{1b}[31m",
            "userInfo": {"username": "ada"},
            "object": {"kind": "Pod"}, "oldObject": null, "dryRun": false, "extra": 1,
        })
    }

    fn review(request: Value) -> Vec<u8> {
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn passes_on_what_policy_server_passes_on() {
        let received = ReceivedReview::parse(&review(request())).unwrap();
        let mut expected = request();
        let fields = expected.as_object_mut().unwrap();
        fields.remove("oldObject");
        fields.remove("extra");
        assert_eq!(received.review.request(), &expected);
        assert_eq!(received.namespace.as_deref(), Some("prod"));
        assert_eq!(received.summary, "UPDATE Pod prod/a?[31m");
    }

    #[test]
    fn the_audit_scanner_has_no_user_name() {
        let mut request = request();
        request["userInfo"] = json!({});
        let received = ReceivedReview::parse(&review(request)).unwrap();
        assert_eq!(
            received.review.request().pointer("/userInfo"),
            Some(&json!({}))
        );
    }

    #[rstest]
    #[case::no_json(b"{".to_vec(), StatusCode::BAD_REQUEST)]
    #[case::nothing(Vec::new(), StatusCode::BAD_REQUEST)]
    #[case::binary(vec![0xff, 0xfe], StatusCode::BAD_REQUEST)]
    #[case::deep(
        format!("{{\"request\":{{\"object\":{}", "[".repeat(100_000)).into_bytes(),
        StatusCode::BAD_REQUEST
    )]
    #[case::other(b"{}".to_vec(), StatusCode::UNPROCESSABLE_ENTITY)]
    #[case::response(
        br#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{}}"#.to_vec(),
        StatusCode::UNPROCESSABLE_ENTITY
    )]
    #[case::no_user(
        br#"{"request":{"uid":"u","kind":{"group":"","version":"v1","kind":"Pod"},
        "resource":{"group":"","version":"v1","resource":"pods"},"operation":"CREATE"}}"#.to_vec(),
        StatusCode::UNPROCESSABLE_ENTITY
    )]
    #[case::array_for_object(b"[1]".to_vec(), StatusCode::UNPROCESSABLE_ENTITY)]
    fn refuses_what_is_none(#[case] body: Vec<u8>, #[case] status: StatusCode) {
        let error = ReceivedReview::parse(&body).unwrap_err();
        assert_eq!(error.status(), status, "{error}");
    }
}

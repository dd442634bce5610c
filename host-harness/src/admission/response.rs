//! The answer to a request, in the shape in which kwctl prints it.
//!
//! Invariant: names and order of fields are kwctl's, and maps are sorted, so that the same answer is the same text.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kubewarden_policy_sdk::response::ValidationResponse;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An AdmissionResponse.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// The request's id.
    pub uid: String,
    /// The verdict.
    pub allowed: bool,
    /// `JSONPatch`, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch_type: Option<String>,
    /// What to change, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// For the audit log.
    pub audit_annotations: Option<BTreeMap<String, String>>,
    /// For whoever asked.
    pub warnings: Option<Vec<String>>,
}

/// Why a request is rejected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What else is to be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Details>,
    /// As an HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
}

/// More about a rejection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// Where a definition has a message of its own: what the policy said.
    pub causes: Vec<Cause>,
}

/// One cause of a rejection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Nothing, as there.
    pub reason: Option<String>,
    /// In words.
    pub message: String,
    /// Nothing, as there.
    pub field: Option<String>,
}

impl Response {
    /// The response that a policy's answer amounts to, where `object` is what it was asked about.
    #[must_use]
    pub fn new(uid: &str, object: Option<&Value>, answer: ValidationResponse) -> Self {
        let object = object.filter(|object| !object.is_null());
        let patch = match (&answer.mutated_object, object) {
            (None, _) => None,
            (Some(_), None) => {
                return Self::rejected(
                    uid,
                    "Incoming object is null, which happens only with DELETE operations, but the policy is \
                     attempting a mutation. This is not allowed",
                    None,
                );
            }
            (Some(mutated), Some(object)) => {
                let patch = json_patch::diff(object, mutated);
                (!patch.0.is_empty()).then(|| STANDARD.encode(patch.to_string()))
            }
        };
        Self {
            uid: uid.to_owned(),
            allowed: answer.accepted,
            patch_type: patch.as_ref().map(|_| "JSONPatch".to_owned()),
            patch,
            status: (answer.message.is_some() || answer.code.is_some()).then_some(Status {
                message: answer.message,
                details: None,
                code: answer.code,
            }),
            audit_annotations: answer
                .audit_annotations
                .map(|annotations| annotations.into_iter().collect()),
            warnings: answer.warnings,
        }
    }

    /// What becomes of it where the policy is not allowed to change objects.
    #[must_use]
    pub fn without_mutation(self, policy: &str) -> Self {
        if self.patch.is_none() {
            return self;
        }
        let message = format!(
            "Request rejected by policy {policy}. The policy attempted to mutate the request, but it is \
             currently configured to not allow mutations."
        );
        Self {
            audit_annotations: self.audit_annotations,
            warnings: self.warnings,
            ..Self::rejected(&self.uid, &message, None)
        }
    }

    /// What becomes of it in monitor mode: everything passes unchanged, and the warnings stay.
    #[must_use]
    pub fn monitored(self) -> Self {
        Self {
            allowed: true,
            patch_type: None,
            patch: None,
            status: None,
            ..self
        }
    }

    /// What becomes of it where the definition has a message of its own: the policy's moves to where few look.
    #[must_use]
    pub fn with_message(mut self, message: &str) -> Self {
        if !self.allowed {
            let status = self.status.get_or_insert_default();
            let own = status.message.replace(message.to_owned());
            let cause = Cause {
                message: own.unwrap_or_default(),
                ..Cause::default()
            };
            status.details.get_or_insert_default().causes.push(cause);
        }
        self
    }

    /// A rejection that is not the policy's own.
    pub(crate) fn rejected(uid: &str, message: &str, code: Option<u16>) -> Self {
        Self {
            uid: uid.to_owned(),
            status: Some(Status {
                message: Some(message.to_owned()),
                details: None,
                code,
            }),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    fn answer(accepted: bool, mutated: Option<Value>) -> ValidationResponse {
        ValidationResponse {
            accepted,
            message: (!accepted).then(|| "no".to_owned()),
            code: None,
            mutated_object: mutated,
            audit_annotations: None,
            warnings: Some(vec!["careful".to_owned()]),
        }
    }

    #[test]
    fn prints_what_kwctl_prints() {
        let response = Response::new("u", None, answer(false, None));
        assert_eq!(
            serde_json::to_string(&response).unwrap(),
            r#"{"uid":"u","allowed":false,"status":{"message":"no"},"auditAnnotations":null,"warnings":["careful"]}"#
        );
    }

    #[test]
    fn patches_where_the_object_changed() {
        let before = json!({"a": 1});
        let changed = Response::new("u", Some(&before), answer(true, Some(json!({"a": 2}))));
        let patch = STANDARD.decode(changed.patch.clone().unwrap()).unwrap();
        assert_eq!(patch, br#"[{"op":"replace","path":"/a","value":2}]"#);
        let same = Response::new("u", Some(&before), answer(true, Some(before.clone())));
        assert_eq!(same.patch_type, None);
        assert!(same.clone().without_mutation("p").allowed);
        let refused = changed.without_mutation("p");
        assert!(!refused.allowed);
        assert_eq!(refused.patch, None);
        assert_eq!(refused.warnings.unwrap(), ["careful"]);
    }

    #[test]
    fn rejects_changes_of_nothing() {
        for object in [None, Some(&Value::Null)] {
            let response = Response::new("u", object, answer(true, Some(json!({}))));
            assert!(!response.allowed);
        }
    }

    #[test]
    fn keeps_warnings_in_monitor_mode() {
        let response = Response::new("u", None, answer(false, None)).monitored();
        assert!(response.allowed);
        assert_eq!(response.status, None);
        assert_eq!(response.warnings.unwrap(), ["careful"]);
    }

    #[test]
    fn lets_definitions_speak_for_themselves_only_when_rejecting() {
        let rejected = Response::new("u", None, answer(false, None)).with_message("see the wiki");
        let status = rejected.status.unwrap();
        assert_eq!(status.message.unwrap(), "see the wiki");
        assert_eq!(
            status.details.unwrap().causes.first().unwrap().message,
            "no"
        );
        let allowed = Response::new("u", None, answer(true, None)).with_message("see the wiki");
        assert_eq!(allowed.status, None);
    }
}

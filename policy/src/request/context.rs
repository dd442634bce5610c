//! Who asks for what: the parts of an admission request that are not images.
//!
//! Invariant: what is compared (namespace, user, groups) is as the API server wrote it; what is only shown (kind, name)
//! is cleaned here.

use crate::clean::clean;
use kubewarden_policy_sdk::request::KubernetesAdmissionRequest;
use std::collections::BTreeSet;

/// The longest name of a Kubernetes object (RFC 1123 subdomain).
const LONGEST_NAME: usize = 253;
const LONGEST_KIND: usize = 63;

/// An admission request without its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AdmissionContext {
    /// As requested; empty for objects without one. Clean it before it is shown.
    pub namespace: String,
    /// What is to be done.
    pub operation: Operation,
    /// `kind.kind`, cleaned.
    pub kind: String,
    /// Whether the object only holds a pod template: its controller makes the pods, and each is judged anew.
    pub template: bool,
    /// The object's name, or what its name will start with, cleaned.
    pub name: String,
    /// Who asks; none: the audit scanner. Clean it before it is shown.
    pub user: Option<String>,
    /// The user's groups. Clean them before they are shown.
    pub groups: BTreeSet<String>,
    /// Such as `ephemeralcontainers`, cleaned; empty for the object itself.
    pub sub_resource: String,
    /// Whether nothing will be kept.
    pub dry_run: bool,
}

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// A new object.
    Create,
    /// Another state of one.
    Update,
    /// The end of one.
    Delete,
    /// A connection to one.
    Connect,
    /// A word that is not known: all of its images are looked at, as in a new object.
    Other,
}

impl Operation {
    /// By the API server's word for it.
    #[must_use]
    pub(crate) fn of(request: &KubernetesAdmissionRequest) -> Self {
        match request.operation.as_str() {
            "CREATE" => Self::Create,
            "UPDATE" => Self::Update,
            "DELETE" => Self::Delete,
            "CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }
}

impl AdmissionContext {
    /// Of `request`.
    #[must_use]
    pub(crate) fn of(request: &KubernetesAdmissionRequest) -> Self {
        let metadata = |field| {
            request
                .object
                .get("metadata")
                .and_then(|metadata| metadata.get(field))
                .and_then(serde_json::Value::as_str)
                .filter(|name| !name.is_empty())
        };
        let name = Some(request.name.as_str())
            .filter(|name| !name.is_empty())
            .or_else(|| metadata("name"))
            .or_else(|| metadata("generateName"))
            .unwrap_or_default();
        Self {
            namespace: request.namespace.clone(),
            operation: Operation::of(request),
            kind: clean(&request.kind.kind, LONGEST_KIND),
            template: request.kind.kind != "Pod",
            name: clean(name, LONGEST_NAME),
            user: user(request).map(str::to_owned),
            groups: request.user_info.groups.iter().cloned().collect(),
            sub_resource: clean(&request.sub_resource, LONGEST_KIND),
            dry_run: request.dry_run,
        }
    }
}

/// Who asks. Only the audit scanner's requests have no user name: the API server's always have one.
pub(super) fn user(request: &KubernetesAdmissionRequest) -> Option<&str> {
    Some(request.user_info.username.as_str()).filter(|user| !user.is_empty())
}

//! Copies of static pods: what a node runs whatever the API server says.
//!
//! Invariant: a copy has the kubelet's annotation and belongs to a Node, and it is a node (the one that it belongs to)
//! or the audit scanner that asks. From anybody else the annotation means nothing: whoever may create pods could write
//! it. Where one of these is missing, the pod is looked at like any other.

use super::context;
use super::object::{Node, Unexpected};
use kubewarden_policy_sdk::request::KubernetesAdmissionRequest;

/// What kubelets put on the API server's copy of a static pod.
const MIRROR: &str = "kubernetes.io/config.mirror";
/// The users that kubelets are.
const NODE: &str = "system:node:";

/// Whether this is a kubelet's copy of a static pod.
pub(super) fn is_mirror_pod(request: &KubernetesAdmissionRequest) -> Result<bool, Unexpected> {
    let object = Node::new(&request.object, "object".to_owned())?;
    let Some(metadata) = object.optional_child("metadata")? else {
        return Ok(false);
    };
    let marked = match metadata.optional_child("annotations")? {
        Some(annotations) => annotations.text(MIRROR)?.is_some(),
        None => false,
    };
    if !marked {
        return Ok(false);
    }
    let asker = match context::user(request) {
        None => None,
        Some(user) => match user.strip_prefix(NODE) {
            Some(node) => Some(node),
            None => return Ok(false),
        },
    };
    for owner in metadata.children("ownerReferences")? {
        let is_node =
            owner.text("apiVersion")? == Some("v1") && owner.text("kind")? == Some("Node");
        let name = owner.text("name")?;
        if is_node && name.is_some() && asker.is_none_or(|asker| name == Some(asker)) {
            return Ok(true);
        }
    }
    Ok(false)
}

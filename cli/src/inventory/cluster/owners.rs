//! Which workload an object belongs to, as people know it: the Deployment, not one of its ReplicaSets.
//!
//! Invariant: what an object says of its owner only names a place. Whoever may create pods could write it, so it hides
//! nothing, and it is cleaned.

use kube::api::ObjectMeta;
use signature_continuity::clean::clean;

use crate::inventory::Place;

const LONGEST_KIND: usize = 63;
const LONGEST_NAME: usize = 253;

/// Whether an object of this kind stands between pods and the workload that people know.
pub(super) fn is_between(kind: &str) -> bool {
    matches!(kind, "ReplicaSet" | "Job")
}

/// Where an object counts: what is made for a workload with that, a pod with whoever its owner is made for. The copy of a
/// static pod is one of its own, since it belongs to its node. `owner_of` says who manages what [`is_between`].
pub(super) fn counts_with<'o>(
    object: &'o Place,
    owner: Option<&'o Place>,
    owner_of: impl Fn(&Place) -> Option<&'o Place>,
) -> &'o Place {
    match (object.kind.as_str(), owner) {
        (kind, Some(owner)) if is_between(kind) => owner,
        ("Pod", Some(owner)) if owner.kind != "Node" => owner_of(owner).unwrap_or(owner),
        (_, Some(_) | None) => object,
    }
}

/// The object itself.
pub(super) fn place(kind: &str, metadata: &ObjectMeta) -> Place {
    Place {
        namespace: namespace(metadata),
        kind: kind.to_owned(),
        name: clean(metadata.name.as_deref().unwrap_or_default(), LONGEST_NAME),
    }
}

/// The owner that manages it.
pub(super) fn controller(metadata: &ObjectMeta) -> Option<Place> {
    let owner = metadata
        .owner_references
        .iter()
        .flatten()
        .find(|owner| owner.controller == Some(true))?;
    Some(Place {
        namespace: namespace(metadata),
        kind: clean(&owner.kind, LONGEST_KIND),
        name: clean(&owner.name, LONGEST_NAME),
    })
}

fn namespace(metadata: &ObjectMeta) -> String {
    clean(
        metadata.namespace.as_deref().unwrap_or_default(),
        LONGEST_NAME,
    )
}

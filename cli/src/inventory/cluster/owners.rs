//! Which workload an object belongs to, as people know it: the Deployment, not one of its ReplicaSets.
//!
//! Invariant: what an object says of its owner only names a place. Whoever may create pods could write it, so it hides
//! nothing, and it is cleaned.

use std::collections::BTreeMap;

use kube::api::ObjectMeta;
use signature_continuity::clean::clean;

use crate::inventory::Place;

const LONGEST_KIND: usize = 63;
const LONGEST_NAME: usize = 253;

/// The owners of ReplicaSets and Jobs.
#[derive(Debug, Default)]
pub(super) struct Owners(BTreeMap<Place, Place>);

impl Owners {
    /// Notes whom a ReplicaSet or a Job belongs to.
    pub(super) fn note(&mut self, object: &Place, owner: &Place) {
        self.0.insert(object.clone(), owner.clone());
    }

    /// Where an object counts: with its owner, and its owner's; the copy of a static pod is one of its own, since it
    /// belongs to its node.
    pub(super) fn place_of<'o>(&'o self, object: &'o Place, owner: Option<&'o Place>) -> &'o Place {
        match owner {
            Some(owner) if owner.kind != "Node" => self.0.get(owner).unwrap_or(owner),
            Some(_) | None => object,
        }
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

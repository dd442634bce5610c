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
    /// Notes whom a ReplicaSet or a Job belongs to, and says where it counts.
    pub(super) fn note(&mut self, kind: &str, metadata: &ObjectMeta) -> Place {
        let this = place(kind, metadata);
        match controller(metadata) {
            Some(owner) => {
                self.0.insert(this, owner.clone());
                owner
            }
            None => this,
        }
    }

    /// Where a pod counts.
    pub(super) fn of_pod(&self, metadata: &ObjectMeta) -> Place {
        match controller(metadata) {
            // The copy of a static pod belongs to its node, and each is one of its own.
            Some(owner) if owner.kind != "Node" => self.0.get(&owner).unwrap_or(&owner).clone(),
            Some(_) | None => place("Pod", metadata),
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

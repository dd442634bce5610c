//! Whether an object of a kind that is not known has pods in it.
//!
//! Invariant: whatever has a list of containers anywhere has a pod template, under whatever name and kind. Objects of
//! subresources (a Scale, an Eviction, a Binding, a token) have none, and neither do those of most kinds.

use serde_json::Value;

/// The lists of containers of a pod's spec.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// Whether `object` has a list of containers somewhere.
pub(super) fn has_containers(object: &Value) -> bool {
    let mut left = vec![object];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(fields) => {
                let has = |name: &&str| fields.get(*name).is_some_and(Value::is_array);
                if CONTAINERS.iter().any(has) {
                    return true;
                }
                left.extend(fields.values());
            }
            Value::Array(entries) => left.extend(entries),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    false
}

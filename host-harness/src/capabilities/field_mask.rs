//! Field masks: the parts of a Kubernetes object that a policy wants.
//!
//! A mask is a set of paths like `metadata.labels`. What lies below a path is kept whole, lists are looked through, and
//! an empty set keeps everything.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

#[derive(Debug, Default)]
struct Node(BTreeMap<String, Node>);

/// Removes from `value` what no path of `masks` leads to.
pub(crate) fn apply(masks: &BTreeSet<String>, value: &mut Value) {
    let mut root = Node::default();
    for path in masks {
        let mut node = &mut root;
        for segment in path.split('.') {
            node = node.0.entry(segment.to_owned()).or_default();
        }
    }
    prune(&root, value);
}

fn prune(node: &Node, value: &mut Value) {
    if node.0.is_empty() {
        return;
    }
    match value {
        Value::Object(fields) => fields.retain(|name, field| match node.0.get(name) {
            Some(child) => {
                prune(child, field);
                true
            }
            None => false,
        }),
        Value::Array(items) => {
            for item in items {
                prune(node, item);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::nothing_masked(&[], json!({"a": 1}), json!({"a": 1}))]
    #[case::nested(&["a.b", "d"], json!({"a": {"b": 1, "c": 2}, "d": {"e": 3}, "f": 4}), json!({"a": {"b": 1}, "d": {"e": 3}}))]
    #[case::lists(&["a.n"], json!({"a": [{"n": 1, "x": 2}, {"n": 3}]}), json!({"a": [{"n": 1}, {"n": 3}]}))]
    #[case::scalars_on_the_way(&["a.b"], json!({"a": "text"}), json!({"a": "text"}))]
    fn keeps_what_the_paths_lead_to(
        #[case] masks: &[&str],
        #[case] mut value: Value,
        #[case] expected: Value,
    ) {
        apply(
            &masks.iter().map(|&mask| mask.to_owned()).collect(),
            &mut value,
        );
        assert_eq!(value, expected);
    }
}

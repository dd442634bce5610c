//! The manifests of `deploy/`, as they are published.

use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde_json::Value;

/// The overlays, each of which is rendered as one file.
pub const OVERLAYS: [&str; 6] = [
    "audit",
    "enforce",
    "learn",
    "monitoring",
    "watch",
    "watch-enforce",
];

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every object of a text, in its order.
pub fn parse(text: &str) -> Vec<Value> {
    yaml_serde::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).unwrap())
        .filter(|object| !object.is_null())
        .collect()
}

/// The objects of a rendered overlay.
pub fn objects(overlay: &str) -> Vec<Value> {
    let path = root().join(format!("deploy/rendered/{overlay}.yaml"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let objects = parse(&text);
    assert!(!objects.is_empty(), "{overlay}");
    objects
}

/// `Kind/name`, or `Kind/namespace/name`.
pub fn name(object: &Value) -> String {
    let metadata = &object["metadata"];
    let words = [&object["kind"], &metadata["namespace"], &metadata["name"]];
    let words: Vec<_> = words.iter().filter_map(|word| word.as_str()).collect();
    words.join("/")
}
